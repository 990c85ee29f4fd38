"""A study small enough to be run in every test: three sites, two instruments, ids that are easy to find again."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from alliance_etl.state.layout import Layout
from assets.home import open_instance

# No participant of any test has another id than one that begins so: nothing but drops/ may hold it.
TELLTALE = "Klient4711"

STUDY = """\
study: tiny
title: Tiny study
timezone: Europe/Berlin
schedule: "0 2 * * *"
settle_seconds: 0
sites:
  berlin:
    title: Berlin clinic
    exports:
      wai: {files: "wai*.csv", instrument: wai_sr_client, participant: Klient, session: Sitzung, items: "WAI{n}"}
  oslo:
    exports:
      srs: {files: "srs*.csv", instrument: srs3_client, participant: Pasient, session: Time, items: "SRS{n}"}
  quiet:
    exports:
      wai: {files: "wai*.csv", instrument: wai_sr_client, participant: Klient, session: Sitzung, items: "WAI{n}"}
"""


def write_study(folder: Path, text: str = STUDY) -> Path:
    """A study's folder with empty drop folders."""
    for site in ("berlin", "oslo", "quiet"):
        (folder / "drops" / site).mkdir(parents=True)
    (folder / "study.yaml").write_text(text, encoding="utf-8")
    return folder


def write_study_with_dagster(folder: Path, text: str = STUDY) -> Path:
    """The same with Dagster's databases, which take seconds to make and are copied here."""
    write_study(folder, text)
    Layout(folder).make()
    shutil.copytree(databases(), Layout(folder).dagster)
    return folder


@cache
def databases() -> Path:
    home = Path(tempfile.mkdtemp(prefix="alliance-etl-test-"))
    atexit.register(shutil.rmtree, home)
    with open_instance(home):
        return home


def drop_wai(folder: Path, name: str = "wai.csv", *, site: str = "berlin", answer: object = 4, forms: int = 3) -> Path:
    """Drop a file with so many forms, all answers alike."""
    header = ["Klient", "Sitzung", *(f"WAI{n}" for n in range(1, 13))]
    rows = [[f"{TELLTALE}-{number}", 1, *([answer] * 12)] for number in range(forms)]
    return _write(folder / "drops" / site / name, [header, *rows])


def drop_srs(folder: Path, name: str = "srs.csv", *, answer: object = 8) -> Path:
    header = ["Pasient", "Time", *(f"SRS{n}" for n in range(1, 5))]
    return _write(folder / "drops" / "oslo" / name, [header, [f"{TELLTALE}-9", 1, *([answer] * 4)]])


def _write(path: Path, rows: list[list[object]]) -> Path:
    path.write_text("".join(";".join(map(str, row)) + "\n" for row in rows), encoding="utf-8")
    return path
