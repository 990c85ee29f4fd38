"""Weeks in the life of one study: corrections, deletions, a file in the middle of a run. Each run is a real one."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.kit import COMMAND, Publication, alliance_etl, write

pytestmark = pytest.mark.slow

STUDY = """
study: life
settle_seconds: 0
sites:
  ulm:
    exports:
      srs:
        files: "*.csv"
        instrument: srs3_client
        participant: id
        session: s
        items: "q{n}"
"""
HEADER = "id,s,q1,q2,q3,q4\n"
VERSIONS = "SELECT form_id, revision, drop_id, line, superseded_at IS NULL FROM revisions ORDER BY ALL"
ANSWERS = "SELECT form_id, item, value, keyed, missing FROM responses ORDER BY ALL"
DROPS = "SELECT file, status, rows_read, new, changed, unchanged, held, skipped FROM drops ORDER BY received_at"


def ran(folder: Path, *arguments: str) -> dict[str, object]:
    ended = alliance_etl("run", "--json", *arguments, "--study", folder)
    assert ended.status == 0, ended.err
    return dict(ended.document)


@pytest.fixture(scope="module")
def corrected(tmp_path_factory: pytest.TempPathFactory) -> Publication:
    """A night without any settled file, a form and its first correction in the next, its second in the one after.

    Nobody may write to the folder of drops while a run is at work.
    """
    folder = write(tmp_path_factory.mktemp("life"), {"study.yaml": STUDY.replace("_seconds: 0", "_seconds: 3600")})
    drops = folder / "drops" / "ulm"
    _answered(drops, "srs.csv", 1, age=60)
    assert ran(folder)["forms"] == 0
    (folder / "study.yaml").write_text(STUDY, encoding="utf-8")
    _answered(drops, "srs 2.csv", 5, age=30)
    ran(folder)
    _answered(drops, "srs.csv", 7, age=0)
    ran(folder)
    return Publication(folder)


def _answered(drops: Path, name: str, answer: int, age: float) -> None:
    if drops.exists():
        drops.chmod(0o755)
    write(drops, {name: f"{HEADER}a,1,{answer},1,1,1\nb,1,2,2,2,2\n"})
    os.utime(drops / name, (time.time() - age,) * 2)
    drops.chmod(0o555)


def test_a_form_corrected_twice_keeps_its_id_and_all_its_versions(corrected: Publication) -> None:
    rows = corrected.rows(
        "SELECT count(DISTINCT form_id), list(revision ORDER BY revision), count(superseded_at) FROM revisions "
        "GROUP BY form_id ORDER BY 3"
    )
    newest = corrected.rows("SELECT max(value) FROM responses")

    assert (rows, newest) == ([(1, [1], 0), (1, [1, 2, 3], 2)], [(7.0,)])
    assert corrected.rows(DROPS) == [
        ("srs.csv", "accepted", 2, 2, 0, 0, 0, 0),
        ("srs 2.csv", "accepted", 2, 0, 1, 1, 0, 0),
        ("srs.csv", "accepted", 2, 0, 1, 1, 0, 0),
    ]


def test_what_is_deleted_comes_back_from_the_archive_of_drops_as_it_was(corrected: Publication) -> None:
    before = [corrected.rows(sql) for sql in (VERSIONS, ANSWERS, DROPS)]
    receipts = {path.parent.name: path.read_bytes() for path in corrected.folder.rglob("receipt.json")}
    (corrected.folder / "drops" / "ulm").chmod(0o755)
    for name in ("drops/ulm", "warehouse", "receipts", ".state/forms"):
        subprocess.run(["rm", "-r", corrected.folder / name], check=True)

    ran(corrected.folder, "--rebuild")

    assert [corrected.rows(sql) for sql in (VERSIONS, ANSWERS, DROPS)] == before
    assert {path.parent.name: path.read_bytes() for path in corrected.folder.rglob("receipt.json")} == receipts


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[Publication, "subprocess.Popen[str]"]]:
    """A study in the middle of a run: its first file is taken in."""
    first = f"{HEADER}a,1,1,1,1,1\n"
    folder = write(tmp_path / "study", {"study.yaml": STUDY, "drops/ulm/first.csv": first})
    process = subprocess.Popen(
        [COMMAND, "run", "--json", "--study", folder], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    for _ in range(3000):
        if list((folder / ".state").glob("archive/**/*")) or process.poll() is not None:
            break
        time.sleep(0.01)
    yield Publication(folder), process
    process.kill()
    process.wait()


def test_a_file_that_comes_while_a_run_is_at_work_is_taken_in_by_it_or_by_the_next(
    running: tuple[Publication, "subprocess.Popen[str]"],
) -> None:
    study, process = running
    write(study.folder, {"drops/ulm/second.csv": f"{HEADER}b,1,2,2,2,2\n"})
    process.communicate(timeout=300)

    ran(study.folder)

    assert process.returncode == 0
    assert study.rows("SELECT file, new FROM drops ORDER BY file") == [("first.csv", 1), ("second.csv", 1)]
