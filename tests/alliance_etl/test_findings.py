"""Findings: causes folded, cells named as a spreadsheet does, receipts that tell everything and quote nobody."""

import json
import re
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from alliance_etl.check import check_file
from alliance_etl.findings.catalogue import KINDS, Kind
from alliance_etl.findings.frame import MOST_OF_A_COLUMN, causes, cell_name, fold, shown
from alliance_etl.intake.cells import CellLog
from alliance_etl.night.reports import DropReport
from alliance_etl.receipts.files import defused
from alliance_etl.study.load import load_study
from tests.alliance_etl.bad_input_cases import CELLS, FILES, LINES, Case
from tests.scenario import Scenario, all_promises, registry_in, table

# What `check` cannot know: other sites' files, earlier files. The long files of one case would only take time here.
OF_ITS_OWN = [case for case in (*FILES, *LINES, *CELLS) if not case.before and len(case.content) < 10_000]


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.code)
def test_a_kind_says_what_is_wrong_and_what_to_do(kind: Kind) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", kind.code)
    assert kind.message[0].isupper()
    assert kind.how_to_fix[0].isupper()
    assert kind.how_to_fix.endswith(".")
    assert set(re.findall(r"{(\w+)}", kind.message)) <= {"expected", "detail"}


@given(position=st.integers(0, 20_000), row=st.integers(1, 2_000_000))
def test_a_cell_is_named_as_a_spreadsheet_names_it(position: int, row: int) -> None:
    name = cell_name(position, row) or ""
    letters, digits = name.rstrip("0123456789"), name.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64

    assert (column - 1, int(digits)) == (position, row)


@pytest.mark.parametrize(("position", "name"), [(0, "A7"), (25, "Z7"), (26, "AA7"), (701, "ZZ7"), (702, "AAA7")])
def test_the_columns_after_z_have_two_letters(position: int, name: str) -> None:
    assert cell_name(position, 7) == name


@pytest.mark.parametrize(("texts", "told"), [(MOST_OF_A_COLUMN, MOST_OF_A_COLUMN), (5_000, MOST_OF_A_COLUMN + 1)])
def test_a_column_of_free_text_is_no_flood_of_findings(texts: int, told: int) -> None:
    log = CellLog("wai", ())
    remarks = pl.Series([f"remark {number}" for number in range(texts)])
    lines = pl.Series(range(2, texts + 2), dtype=pl.Int64)
    for position, column in enumerate(("q1", "q2")):
        log.note(lines, "answer_unreadable", position=position, column=column, expected="1 to 5", text=remarks)

    folded = fold(log.frame())

    assert (folded.height, causes(log.frame())) == (2 * told, 2 * told)
    assert folded.group_by("column").agg(pl.col("count").sum()).sort("column").rows() == [("q1", texts), ("q2", texts)]
    assert folded["line"].is_sorted()


def test_a_cell_below_a_row_of_several_lines_is_named_by_its_row_in_a_spreadsheet(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    rows = ('A,1,1,2,3,"first\nsecond"', "B,1,9,2,3,x")

    drop = study.received("a.csv", table(*rows, header="client,session,q1,q2,q3,remark"))

    (finding,) = (each for each in study.findings(drop) if each["code"] == "answer_out_of_range")
    assert (finding["line"], finding["cell"]) == ("4", "C3")


def test_findings_of_one_cause_are_folded_into_one_with_their_count(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    rows = [f"P{n},1,6,2,3" for n in range(40)] + [f"Q{n},1,1,2,oft" for n in range(30)] + ["Z,1,1,2,nie"]
    study.drop("a.csv", table(*rows))

    study.night()

    assert study.rows('SELECT line, "column", cell, value, count FROM findings ORDER BY line') == [
        (2, "q1", "C2", "6", 40),
        (42, "q3", "E42", "text, 3 characters", 30),
        (72, "q3", "E72", "text, 3 characters", 1),
    ]


def test_the_receipt_counts_causes_and_findings_csv_lists_every_cell(tmp_path: Path) -> None:
    study = Scenario(tmp_path)

    drop = study.received("a.csv", table(*(f"P{n},1,6,2,3" for n in range(40))))

    receipt = study.receipt(drop)
    assert [(finding["code"], finding["count"]) for finding in receipt["findings"]] == [("answer_out_of_range", 40)]
    assert len(study.findings(drop)) == 40
    assert drop.findings == 1


def test_dates_in_one_wrong_format_have_one_cause(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    study.export(session=None, date="day")
    rows = ("A,05.02.2026,1,2,3", "B,31.12.2025,1,2,3", "C,Feb 2026,1,2,3")

    drop = study.received("a.csv", table(*rows, header="client,day,q1,q2,q3"))

    assert [finding["count"] for finding in study.receipt(drop)["findings"]] == [2, 1]


@given(
    notes=st.lists(
        st.tuples(
            st.integers(1, 9), st.sampled_from(["answer_out_of_range", "answer_unreadable"]), st.text(max_size=2)
        ),
        max_size=12,
    )
)
def test_folding_loses_no_cell(notes: list[tuple[int, str, str]]) -> None:
    log = CellLog("pocket", ())
    for line, code, text in notes:
        cell = pl.Series([text])
        log.note(pl.Series([line]), code, position=2, column="q1", expected="a number", text=cell)

    folded = fold(log.frame())

    assert folded["count"].sum() == len(notes)
    assert folded.height == len({(code, text.strip()) for _, code, text in notes})
    twice = pl.concat([log.frame().with_columns(drop=pl.lit(drop)) for drop in (1, 2)])
    expected = [folded.with_columns(drop=pl.lit(drop)).select("drop", *folded.columns) for drop in (1, 2)]
    assert_frame_equal(fold(twice, within=["drop"]), pl.concat(expected))


@given(text=st.text(max_size=12))
def test_what_is_shown_of_a_cell_is_short_and_has_no_letters_of_it(text: str) -> None:
    value = shown(text) or ""

    letters = {letter for letter in text if letter.isalpha()} - set("text, characters")
    assert not letters & set(value)


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\tx", "\r=1"])
def test_a_text_that_a_spreadsheet_would_run_is_defused(text: str) -> None:
    assert pl.DataFrame({"cell": [text]}).select(defused(pl.col("cell"))).item() == f"'{text}"


@pytest.mark.parametrize("text", ["-99", "+3", "-2,5", "plain", "", "a=b"])
def test_numbers_and_plain_texts_stay_as_they_are(text: str) -> None:
    assert pl.DataFrame({"cell": [text]}).select(defused(pl.col("cell"))).item() == text


def good_and_bad(drop: DropReport) -> tuple[int, ...]:
    """The counts, except which of the good rows are new: `check` does not compare them with anything."""
    counts = drop.counts
    return counts.rows_read, counts.new + counts.changed + counts.unchanged, counts.held, counts.skipped


@pytest.mark.parametrize("case", OF_ITS_OWN, ids=lambda case: case.name)
def test_check_says_of_a_file_what_a_run_says(case: Case, tmp_path: Path) -> None:
    study = Scenario(tmp_path, **({"sites": dict(case.sites)} if case.sites else {}))
    if case.export:
        study.export(**case.export)
    path = study.drop(case.file, case.content, case.site)
    checked = check_file(load_study(tmp_path), registry_in(tmp_path), all_promises(), path, case.site)

    drop = study.take_in().drop

    assert (checked.drop.status, good_and_bad(checked.drop)) == (drop.status, good_and_bad(drop))
    assert json.loads(json.dumps(checked.findings)) == study.receipt(drop)["findings"]
