"""Workbooks, statistics programs' files and packed files, each written by the real tool, are read as the same study."""

import gzip
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyreadstat
import pytest

from alliance_etl.check import check_file
from alliance_etl.findings.comment import exports_told
from alliance_etl.reading import open_file
from alliance_etl.study.load import load_study
from tests.alliance_etl.format_files import COLUMNS, DATED, FORMATS, ROWS, as_text, saved, xlsx, zipped
from tests.alliance_etl.staging import forms, staged
from tests.scenario import EXPORT, Scenario, all_promises, codes, counted, registry_in, site


@pytest.fixture
def study(tmp_path: Path) -> Scenario:
    return Scenario(tmp_path / "study", {"berlin": site(pocket=DATED)})


@pytest.mark.parametrize("name", FORMATS)
def test_a_study_is_the_same_in_every_format(study: Scenario, tmp_path: Path, name: str) -> None:
    content = FORMATS[name](tmp_path)
    drop = staged(study, content, name=f"wai.{name}")
    assert [finding.code for finding in drop.findings] == []
    assert drop.exports[0].forms.drop("line", "n_lines").sort("form_id").equals(forms(study, as_text()))


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_is_told_by_its_content(study: Scenario, tmp_path: Path, name: str) -> None:
    drop = staged(study, FORMATS[name](tmp_path), name="wai.csv")
    assert drop.exports[0].forms.height == len(ROWS)


@pytest.mark.parametrize("name", ["xlsx", "titled.xlsx", "xls", "ods", "sav", "dta", "csv.gz", "zip"])
def test_a_fixme_file_of_any_format_is_understood_when_it_comes_back(
    study: Scenario, tmp_path: Path, name: str
) -> None:
    bad = [*ROWS, ["008", 1, date(2026, 3, 1), 9, 2, 3]]
    content = {"xlsx": lambda: xlsx(bad), "titled.xlsx": lambda: xlsx(bad, above=2)}.get(name, lambda: b"")()
    if not content:
        ROWS.append(bad[-1])
        try:
            content = zipped({"a.csv": as_text(bad).encode()}) if name == "zip" else FORMATS[name](tmp_path)
        finally:
            ROWS.pop()
    drop = study.received(f"wai.{name}", content)
    assert counted(drop) == {"rows_read": 4, "new": 3, "held": 1}
    (written,) = (study.folder / "receipts" / "berlin" / drop.drop_id).glob("fixme*")
    opened = open_file(written, written.name, COLUMNS)
    assert exports_told(opened.header) == ("pocket",)

    back = study.received(written.name, corrected(written))

    assert counted(back) == {"rows_read": 1, "new": 1}
    study.night()
    assert study.rows("SELECT session_date FROM forms WHERE drop_id = '" + back.drop_id + "'") == [(date(2026, 3, 1),)]


def corrected(path: Path) -> bytes:
    """The 9 is a 5 now, and nothing else is touched."""
    if path.suffix != ".xlsx":
        return path.read_bytes().replace(b";9;", b";5;")
    book = openpyxl.load_workbook(path)
    book.active["D2"] = 5
    return saved(book.save)


def test_cells_of_a_sheet_are_named_as_the_sheet_shows_them(study: Scenario) -> None:
    drop = study.received("a.xlsx", xlsx([["A", 1, date(2026, 1, 1), 1, 2, 3], ["B", 1, None, 1, 9, 3]], above=3))
    (finding,) = study.findings(drop)
    assert (finding["cell"], finding["line"], finding["code"]) == ("E6", "6", "answer_out_of_range")


def test_blank_rows_between_are_skipped_and_those_below_are_not_there(study: Scenario) -> None:
    blank: list[Any] = [None] * 6
    drop = study.received("a.xlsx", xlsx([ROWS[0], blank, ROWS[1], blank, blank]))
    assert counted(drop) == {"rows_read": 3, "new": 2, "skipped": 1}


@pytest.mark.parametrize(("epoch", "serial"), [(None, 46058), (openpyxl.utils.datetime.CALENDAR_MAC_1904, 44596.75)])
def test_a_serial_date_that_was_never_formatted_is_a_date(study: Scenario, epoch: Any, serial: float) -> None:
    drop = staged(study, xlsx([["A", 1, serial, 1, 2, 3]], epoch=epoch), name="a.xlsx")
    assert drop.exports[0].forms["session_date"].to_list() == [date(2026, 2, 5)]


def test_a_number_that_is_no_date_is_held(study: Scenario) -> None:
    assert codes(study.findings(study.received("a.xlsx", xlsx([["A", 1, 5, 1, 2, 3]])))) == ["date_unreadable"]


def test_text_dates_of_a_workbook_follow_the_export(study: Scenario) -> None:
    drop = staged(study, xlsx([["A", 1, "05.02.2026", 1, 2, 3]]), name="a.xlsx")
    assert drop.exports[0].forms["session_date"].to_list() == [date(2026, 2, 5)]


def test_the_sheet_with_the_columns_is_taken_and_two_of_them_are_told(study: Scenario) -> None:
    notes = [["what", "when"], ["a", "b"]]
    assert counted(study.received("a.xlsx", xlsx(Notes=notes))) == {"rows_read": 3, "new": 3}
    twice = study.received("b.xlsx", xlsx(Old=[COLUMNS, *ROWS]))
    assert (twice.status, codes(study.findings(twice))) == ("rejected", ["no_sheet"])
    study.sites["berlin"]["exports"]["pocket"]["sheet"] = "Old"
    study.write()
    study.take_in()
    assert [drop["status"] for drop in by_file(study)] == ["rejected", "accepted"]


def by_file(study: Scenario) -> list[dict[str, Any]]:
    from alliance_etl.status import study_status

    drops = study_status(load_study(study.folder))["drops"]
    return sorted(drops, key=lambda drop: str(drop["file"]))


def test_missing_values_of_spss_keep_their_reason_and_labels_are_understood(study: Scenario, tmp_path: Path) -> None:
    table = pd.DataFrame(
        {"client": ["A", "B", "C"], "session": [1.0, 1, 1], "q1": [1.0, -98, -99], "q2": [2.0, 2, 2], "q3": [5.0, 4, 9]}
    )
    pyreadstat.write_sav(
        table,
        str(tmp_path / "a.sav"),
        missing_ranges={"q1": [-98, -99], "q3": [{"lo": 9, "hi": 9}]},
        variable_value_labels={"q1": {-98: "Refused to say", 1: "selten"}, "q3": {5: "immer"}},
    )
    study.sites["berlin"]["exports"]["pocket"] = {
        **EXPORT,
        "files": "*",
        "missing": {"-99": "not_asked"},
        "labels": {"Immer": 1},
    }
    study.write()
    study.received("a.sav", (tmp_path / "a.sav").read_bytes())
    study.night()
    told = study.rows("SELECT item, value, missing FROM responses WHERE item <> 2 ORDER BY ALL")
    assert told == [
        (1, 1.0, None),
        (1, None, "not_asked"),
        (1, None, "refused_to_say"),
        (3, 1.0, None),
        (3, 4.0, None),
        (3, None, "user_missing"),
    ]


def test_missing_values_of_stata_keep_their_letter(study: Scenario, tmp_path: Path) -> None:
    table = pd.DataFrame({"client": ["A", "B"], "session": [1, 1], "q1": [1, "a"], "q2": [2, 2], "q3": [3, 3]})
    pyreadstat.write_dta(table, str(tmp_path / "a.dta"), missing_user_values={"q1": ["a"]})
    study.sites["berlin"]["exports"]["pocket"] = {**EXPORT, "files": "*"}
    study.write()
    study.received("a.dta", (tmp_path / "a.dta").read_bytes())
    study.night()
    assert study.rows("SELECT missing FROM responses WHERE value IS NULL") == [("user_missing_a",)]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.zip", zipped({"a.csv": b"x", "b.csv": b"y"}), "a zip archive with 2 files"),
        ("a.zip", zipped({}), "by its content it is zip"),
        ("a.zip", zipped({"a.zip": zipped({"a.csv": b"x"})}), "an archive within an archive"),
        ("a.gz", gzip.compress(b"x" * 1000, mtime=0)[:-9], "a damaged gzip file"),
        ("a.xlsx", xlsx()[:-300], "a damaged xlsx"),
        ("a.sav", b"$FL2" + b"\0" * 500, "a damaged sav"),
        ("a.csv", b"%PDF-1.7 ...", "pdf"),
    ],
)
def test_what_is_no_table_is_told_in_words(study: Scenario, name: str, content: bytes, words: str) -> None:
    drop = study.received(name, content)
    assert drop.status == "rejected"
    (finding,) = study.findings(drop)
    assert finding["code"] == "not_text"
    assert words in finding["message"]


def test_a_path_inside_an_archive_leads_nowhere(study: Scenario, tmp_path: Path) -> None:
    drop = study.received("a.zip", zipped({"../../../escaped.csv": as_text().encode()}))
    assert counted(drop)["new"] == 3
    assert not list(tmp_path.rglob("escaped*"))


@pytest.mark.parametrize("name", FORMATS)
def test_check_gives_the_verdict_of_a_run(study: Scenario, tmp_path: Path, name: str) -> None:
    path = tmp_path / f"wai.{name}"
    path.write_bytes(FORMATS[name](tmp_path))
    report = check_file(load_study(study.folder), registry_in(study.folder), all_promises(), path, "berlin")
    drop = study.received(path.name, path.read_bytes())
    assert (report.drop.status, counted(report.drop)) == (drop.status, counted(drop))


def test_two_exports_may_read_two_sheets_of_one_workbook(study: Scenario) -> None:
    own = {**DATED, "sheet": "Sheet"}
    study.sites["berlin"]["exports"] = {"mine": own, "yours": {**own, "sheet": "Old", "rater_role": "therapist"}}
    study.write()
    drop = study.received("a.xlsx", xlsx(Old=[COLUMNS, ROWS[0], ["B", 1, None, 1, 9, 3]]))
    assert {name: counts.new for name, counts in drop.exports.items()} == {"mine": 3, "yours": 1}
    assert counted(drop) == {"rows_read": 5, "new": 4, "held": 1}


def test_a_cell_that_shows_an_error_is_no_missing_answer(study: Scenario) -> None:
    drop = study.received("a.xlsx", xlsx([["A", 1, None, "#N/A", 2, 3], ["B", 1, None, "=1+1", 2, 3], ROWS[0]]))
    assert counted(drop) == {"rows_read": 3, "new": 1, "held": 2}
    assert codes(study.findings(drop)) == ["answer_unreadable", "answer_unreadable"]


def test_rows_above_the_header_are_not_lost(study: Scenario) -> None:
    book = openpyxl.Workbook()
    for row in [ROWS[0], COLUMNS, ROWS[1]]:
        book.active.append(row)
    drop = study.received("a.xlsx", saved(book.save))
    (finding,) = study.findings(drop)
    assert (drop.status, finding["code"]) == ("rejected", "no_header")
    assert "stand in line 2" in finding["message"]


def test_the_name_of_a_sheet_is_told_to_nobody(study: Scenario) -> None:
    drop = study.received("a.xlsx", xlsx(Telltale=[COLUMNS, *ROWS]))
    told = list((study.folder / "receipts" / "berlin" / drop.drop_id).iterdir())
    assert told
    assert not [path for path in told if b"Telltale" in path.read_bytes()]


def test_a_packed_file_goes_by_the_name_without_its_packing(study: Scenario) -> None:
    study.sites["berlin"]["exports"]["pocket"]["files"] = "wai*.csv"
    study.write()
    assert counted(study.received("wai_1.csv.gz", gzip.compress(as_text().encode()))) == {"rows_read": 3, "new": 3}


def test_held_rows_of_two_sheets_go_back_in_two_sheets(study: Scenario) -> None:
    own = {**DATED, "sheet": "Sheet"}
    study.sites["berlin"]["exports"] = {"mine": own, "yours": {**own, "sheet": "Old", "rater_role": "therapist"}}
    study.write()
    bad = [["A", 1, None, 9, 2, 3], ["B", 1, None, 1, 9, 3]]
    drop = study.received("a.xlsx", xlsx([*ROWS, bad[0]], Old=[["a title"], COLUMNS, ROWS[0], bad[1]]))
    assert counted(drop) == {"rows_read": 6, "new": 4, "held": 2}
    book = openpyxl.load_workbook(study.folder / "receipts" / "berlin" / drop.drop_id / "fixme.xlsx")
    assert {sheet.title: sheet.max_row for sheet in book} == {"Sheet": 2, "Old": 2}

    page = (study.folder / "receipts" / "berlin" / drop.drop_id / "receipt.html").read_text(encoding="utf-8")
    assert "header in row 2, 6 columns, read by yours" in page

    book["Sheet"]["D2"], book["Old"]["E2"] = 5, 5
    back = study.received("fixme.xlsx", saved(book.save))

    assert {name: counts.new for name, counts in back.exports.items()} == {"mine": 1, "yours": 1}
    assert counted(back) == {"rows_read": 2, "new": 2}


def test_a_held_row_of_a_sheet_that_is_named_goes_back_in_a_sheet_of_that_name(study: Scenario) -> None:
    study.export(sheet="Old")
    drop = study.received("a.xlsx.gz", gzip.compress(xlsx(Old=[["a title"], COLUMNS, ["A", 1, None, 9, 2, 3]])))
    back = study.received(
        "fixme.xlsx", (study.folder / "receipts" / "berlin" / drop.drop_id / "fixme.xlsx").read_bytes()
    )
    assert (counted(back), codes(study.findings(back))) == ({"rows_read": 1, "held": 1}, ["answer_out_of_range"])


def test_a_number_of_single_precision_is_as_it_was_typed(study: Scenario, tmp_path: Path) -> None:
    table = pd.DataFrame({"q1": [5.1, float("nan")]}).astype("float32")
    table.to_stata(tmp_path / "a.dta", write_index=False)
    (block,) = open_file(tmp_path / "a.dta", "a.dta", ["q1"]).blocks()
    assert block.frame["0"].to_list() == ["5.1"]


def test_a_file_that_crashes_its_reader_stops_nothing(study: Scenario, tmp_path: Path) -> None:
    """With value labels for a variable that is not there (record 4: how many variables, which) pyreadstat 1.3 ends in a
    segmentation fault."""
    pyreadstat.write_sav(
        pd.DataFrame({"q1": [1.0, 2]}), str(tmp_path / "a.sav"), variable_value_labels={"q1": {1: "selten"}}
    )
    content = (tmp_path / "a.sav").read_bytes()
    at = content.index(b"\x04\0\0\0\x01\0\0\0") + 8
    drop = study.received("a.sav", content[:at] + b"\xff\xff\xff\x7f" + content[at + 4 :])
    assert (drop.status, codes(study.findings(drop))) == ("rejected", ["not_text"])
