"""`site add` at a terminal: a coordinator is asked what the file leaves open, and has the last word."""

import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from alliance_etl.study.load import load_study
from tests.alliance_etl.site_files import IDS, NAMES, csv, rows_of


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = tmp_path / "study"
    folder.mkdir()
    (folder / "study.yaml").write_text("study: north\n# by hand\n", encoding="utf-8")
    return folder


def at_a_terminal(words: list[str], dialogue: list[tuple[str, str]]) -> tuple[str, int]:
    """What stands on the screen after a dialogue, each answer typed when what is asked has appeared; exit status."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "alliance_etl.cli", *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "dumb", "COLUMNS": "120"},
        close_fds=True,
    )
    os.close(theirs)
    screen, seen, until = "", 0, time.monotonic() + 120
    waiting = list(dialogue)
    while time.monotonic() < until:
        if not select.select([ours], [], [], 0.2)[0]:
            if process.poll() is not None:
                break
            continue
        try:
            read = os.read(ours, 1 << 16)
        except OSError:  # the other end has closed
            break
        if not read:
            break
        screen += read.decode("utf-8", "replace")
        if waiting and (found := re.search(waiting[0][0], screen[seen:])):
            seen += found.end()
            os.write(ours, f"{waiting.pop(0)[1]}\n".encode())
    status = process.wait(timeout=30)
    os.close(ours)
    assert not waiting, f"never asked: {waiting[0][0]}\n{screen}"
    return screen, status


@pytest.mark.slow
def test_a_coordinator_is_led_from_a_blank_page_to_a_checked_file(study: Path, tmp_path: Path) -> None:
    names = [name.replace("wai_sr_client_", "WAI") for name in NAMES]
    file = csv(tmp_path, rows_of(), names)

    screen, status = at_a_terminal(
        ["site", "add", str(file), "--study", str(study)],
        [
            (r"Site[^\n]*: ", "Berlin Mitte"),
            (r"lower-case letters[\s\S]*Site \[berlin_mitte\]: ", "berlin"),
            (r"Its name for people[^\n]*: ", "Berlin, Charité"),
            (r"How are the dates[\s\S]*Number or name: ", "9"),
            (r"no number 9[\s\S]*Number or name: ", "1"),
            (r"Which form are WAI1[\s\S]*Number or name: ", "wai_sr_client"),
            (r"Write it [^\n]*: ", "therapist"),
            (r"therapist:[\s\S]*Number or name: ", "none"),
            (r"Write it [^\n]*: ", ""),
        ],
    )

    assert status == 0
    assert "60 new" in screen
    assert not any(person in screen for person in IDS)
    site = load_study(study).sites["berlin"]
    export = site.exports["wai"]
    assert site.title == "Berlin, Charité"
    assert (export.instrument, export.date_format, export.therapist) == ("wai_sr_client", "%d/%m/%Y", None)


@pytest.mark.slow
def test_who_says_no_at_the_end_has_written_nothing(study: Path, tmp_path: Path) -> None:
    before = (study / "study.yaml").read_bytes()

    screen, status = at_a_terminal(
        ["site", "add", str(csv(tmp_path, rows_of(last_day=28))), "--study", str(study), "--site", "a"],
        [(r"Write it [^\n]*: ", "n")],
    )

    assert status == 130
    assert "nothing is written" in screen
    assert (study / "study.yaml").read_bytes() == before
