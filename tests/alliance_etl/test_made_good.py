"""Held rows that a later file has made good wait no more; the counts of the drop that held them stay as they were."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alliance_etl.held import held_rows
from alliance_etl.status import study_status
from alliance_etl.study.load import load_study
from tests.scenario import EXPORT, HEADER, Scenario, counted, site, table


def waiting(study: Scenario, file: str = "1.csv") -> tuple[int, int, list[int]]:
    """Rows of a file made good and still waiting, and the lines that wait."""
    (told,) = [drop for drop in held_rows(load_study(study.folder)) if drop["file"] == file]
    assert told["held"] == told["made_good"] + told["waiting"]
    return told["made_good"], told["waiting"], sorted({row["line"] for row in told["rows"]})


def after(study: Scenario, name: str, content: str) -> Any:
    study.drop(name, content)
    return study.night().drop


def receipt_folder(study: Scenario, drop: Any) -> Path:
    return study.folder / "receipts" / drop.site / drop.drop_id


def fixme_of(study: Scenario, drop: Any) -> str:
    return (receipt_folder(study, drop) / "fixme.csv").read_text()


@pytest.mark.parametrize(
    ("held", "later", "good"),
    [
        pytest.param("A,1,1,2,9", "A,1,1,2,3", True, id="an answer out of range"),
        pytest.param("A,1,1,2,x", "A,1,1,2,3", True, id="an answer that is none"),
        pytest.param("A,1,1,2,9", "A,1,1,2,8", False, id="wrong again"),
        pytest.param("A,1,1,2,9", "A,2,1,2,3", False, id="another session"),
        pytest.param("A,1,1,2,9", "B,1,1,2,3", False, id="another person"),
        pytest.param(",1,1,2,3", "A,1,1,2,3", False, id="nobody knows whose it was"),
        pytest.param("A,one,1,2,3", "A,1,1,2,3", False, id="nobody knows of when"),
    ],
)
def test_a_held_row_is_made_good_when_its_form_comes_properly(
    held: str, later: str, good: bool, tmp_path: Path
) -> None:
    study = Scenario(tmp_path)
    first = after(study, "1.csv", table(held, "Z,1,1,2,3"))

    after(study, "2.csv", table(later))

    assert waiting(study) == ((1, 0, []) if good else (0, 1, [2]))
    assert counted(first) == {"rows_read": 2, "new": 1, "held": 1}
    assert study.rows("SELECT held FROM drops WHERE file = '1.csv'") == [(1,)]
    assert (receipt_folder(study, first) / "fixme.csv").exists() is not good
    assert study.receipt(first)["made_good"] == int(good)
    status = {s["site"]: (s["held"], s["made_good"]) for s in study_status(load_study(study.folder))["sites"]}
    still = int("8" in later) if good is False else 0
    assert status == {"berlin": (1 + still, 0) if not good else (0, 1)}


def test_an_older_version_of_the_form_makes_nothing_good(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    after(study, "0.csv", table("A,1,1,2,3"))

    after(study, "1.csv", table("A,1,1,2,9"))

    assert waiting(study) == (0, 1, [2])


def test_both_rows_of_a_form_that_came_twice_are_made_good(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    after(study, "1.csv", table("A,1,1,2,3", "A,1,1,2,4"))

    after(study, "2.csv", table("A,1,1,2,4"))

    assert waiting(study) == (2, 0, [])


def test_the_lines_of_a_long_form_are_made_good_together(tmp_path: Path) -> None:
    long = {**EXPORT, "items": "q{n}", "layout": {"item": "item", "value": "answer"}}
    study = Scenario(tmp_path, {"berlin": site(pocket=long)})
    header = "client,session,item,answer"
    after(study, "1.csv", table("A,1,q1,1", "A,1,q2,2", "A,1,q3,9", header=header))

    after(study, "2.csv", table("A,1,q1,1", "A,1,q2,2", "A,1,q3,3", header=header))

    assert waiting(study) == (3, 0, [])


MENDS: dict[str, Callable[[str], str]] = {
    ",1,1,2,3": lambda row: row.replace(",1,1,2,3", "A,1,1,2,3", 1),
    "A,one,1,2,3": lambda row: row.replace("A,one", "A,1", 1),
    "A,1,1,2,9": lambda row: row.replace("A,1,1,2,9", "A,1,1,2,3", 1),
    "A,1,1,2": lambda row: row.replace("A,1,1,2,", "A,1,1,2,3,", 1),
}


@pytest.mark.parametrize("held", MENDS, ids=["nobody", "no session", "out of range", "too short"])
def test_a_row_that_comes_back_mended_in_the_fixme_file_is_made_good(held: str, tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    first = after(study, "1.csv", table("Z,1,1,2,3", held, "Y,1,1,2,9"))

    after(study, "fixme.csv", MENDS[held](fixme_of(study, first)))

    assert waiting(study) == (1, 1, [4])
    assert [row["client"] for row in csv.DictReader(io.StringIO(fixme_of(study, first)))] == ["Y"]


def test_a_row_mended_at_the_second_try_is_made_good_in_both_files(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    first = after(study, "1.csv", table("A,one,1,2,9"))
    second = after(study, "fixme.csv", fixme_of(study, first).replace("A,one", "A,1", 1))
    before = waiting(study), waiting(study, "fixme.csv")

    after(study, "fixme.csv", fixme_of(study, second).replace("1,1,2,9", "1,1,2,3", 1))

    assert before == ((0, 1, [2]), (0, 1, [2]))
    assert (waiting(study), waiting(study, "fixme.csv")) == ((1, 0, []), (1, 0, []))


def test_without_its_comment_a_row_without_form_waits(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    first = after(study, "1.csv", table(",1,1,2,3", "A,1,1,2,9"))
    header = fixme_of(study, first).splitlines()[0]

    after(study, "fixme.csv", table("B,1,1,2,3,", "A,1,1,2,3,", header=header))

    assert waiting(study) == (1, 1, [2])


def test_a_rebuild_tells_the_same(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    first = after(study, "1.csv", table(",1,1,2,3", "A,1,1,2,9", "B,1,1,2,9"))
    after(study, "fixme.csv", fixme_of(study, first).replace("\n,1,1,2,3", "\nC,1,1,2,3"))
    after(study, "2.csv", table("A,1,1,2,3"))
    before = waiting(study), study.receipt(first)

    study.night(rebuild=True)

    assert before[0] == (2, 1, [4])
    assert (waiting(study), study.receipt(first)) == before


def test_the_page_says_what_was_made_good(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    first = after(study, "1.csv", table("A,1,1,2,9", "B,1,1,2,9", header=HEADER))
    after(study, "2.csv", table("A,1,1,2,3"))

    page = (receipt_folder(study, first) / "receipt.html").read_text()

    assert (
        "0 of 2 rows were taken in; 1 held then has been made good by later files, 1 still waits to be mended." in page
    )
