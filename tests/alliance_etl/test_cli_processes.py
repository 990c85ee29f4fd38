"""Runs as processes: two at once, interrupted, killed; and what is left in Dagster's books."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from alliance_etl.state.layout import Layout
from alliance_etl.state.lock import study_lock
from assets.home import open_instance
from tests.assets.tiny_study import TELLTALE, drop_srs, drop_wai, write_study, write_study_with_dagster

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_study_with_dagster(tmp_path / "study")


def started(folder: Path, *arguments: str, ends_with: signal.Signals | None = None) -> "subprocess.Popen[str]":
    """`alliance-etl run` in a process of its own; `ends_with` is sent to it as it puts its first new file away."""
    program = ["tests.alliance_etl.run_that_ends", str(int(ends_with))] if ends_with else ["alliance_etl.cli"]
    return subprocess.Popen(
        [sys.executable, "-m", *program, "run", "--study", str(folder), "--json", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: "subprocess.Popen[str]") -> tuple[int, dict[str, Any]]:
    """Exit status and document."""
    out, _ = process.communicate(timeout=300)
    return process.returncode, json.loads(out)


def published_forms(folder: Path) -> int:
    with duckdb.connect(str(folder / "warehouse" / "alliance.duckdb"), read_only=True) as published:
        ((forms,),) = published.execute("SELECT count(*) FROM forms").fetchall()
    return int(forms)


@pytest.mark.parametrize(("verb", "status"), [("--version", 0), ("trance", 2)])
def test_the_status_is_the_verbs_own_whatever_a_native_library_does_at_the_end(verb: str, status: int) -> None:
    at_exit = "libc = ctypes.CDLL(None); libc.__cxa_atexit(ctypes.cast(libc.abort, ctypes.c_void_p), None, None)"
    program = f"import ctypes, sys; {at_exit}; from alliance_etl.cli import main; sys.argv = ['a', {verb!r}]; main()"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, check=False).returncode == status


def test_two_first_runs_at_once_end_well(tmp_path: Path) -> None:
    folder = write_study(tmp_path / "study")
    drop_wai(folder)
    drop_srs(folder)

    outcomes = [ended(process) for process in [started(folder), started(folder)]]

    assert [status for status, _ in outcomes] == [0, 0]
    assert sorted(len(told["drops"]) for _, told in outcomes) == [0, 2]
    assert published_forms(folder) == 4


def test_a_run_that_may_not_wait_exits_with_3(folder: Path) -> None:
    layout = Layout(folder)
    layout.make()

    with study_lock(layout.lock, wait_seconds=0):
        status, told = ended(started(folder, "--wait", "0"))

    assert status == 3
    assert "another run" in told["error"]


@pytest.mark.parametrize(
    ("sent", "status"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)], ids=["Ctrl-C", "kill -9"]
)
def test_a_run_that_is_ended_is_made_good_by_the_next(folder: Path, sent: signal.Signals, status: int) -> None:
    drop_srs(folder)
    ended(started(folder))
    drop_wai(folder, forms=10)

    process = started(folder, ends_with=sent)
    process.communicate(timeout=120)
    stood = published_forms(folder)
    again, _ = ended(started(folder))

    assert (process.returncode, stood, again) == (status, 1, 0)
    assert published_forms(folder) == 11


def test_no_run_stays_open_in_dagsters_books_after_a_kill(folder: Path) -> None:
    drop_wai(folder)
    killed = started(folder, ends_with=signal.SIGKILL)
    killed.communicate(timeout=120)

    ended(started(folder))

    with open_instance(folder / ".state" / "dagster") as instance:
        assert {run.status.value for run in instance.get_runs()} <= {"FAILURE", "SUCCESS"}


def test_no_id_of_a_site_gets_into_dagsters_books(folder: Path) -> None:
    drop_wai(folder)
    drop_wai(folder, "wai_bad.csv", answer=f"{TELLTALE} says hello")

    ended(started(folder, "--verbose"))

    books = [path for path in (folder / ".state" / "dagster").rglob("*") if path.is_file()]
    assert books
    assert [path for path in books if TELLTALE.encode() in path.read_bytes()] == []
