"""What a workbook's cells are: errors, formulas, dates and texts that look like dates."""

import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
import xlwt

from tests.alliance_etl.format_files import (
    COLUMNS,
    DATED,
    ROWS,
    ods_with_errors,
    saved,
    xls,
    xls_with_errors,
    xlsx,
    zipped,
)
from tests.alliance_etl.staging import staged
from tests.scenario import Scenario, codes, counted, site


@pytest.fixture
def study(tmp_path: Path) -> Scenario:
    return Scenario(tmp_path / "study", {"berlin": site(pocket=DATED)})


def test_error_cells_of_an_old_workbook_are_held(study: Scenario) -> None:
    drop = study.received("a.xls", xls_with_errors())
    assert counted(drop) == {"rows_read": 3, "new": 1, "held": 2}
    assert [found["cell"] for found in study.findings(drop)] == ["D2", "E3"]


def test_error_cells_of_an_open_document_are_held(study: Scenario) -> None:
    drop = study.received("a.ods", ods_with_errors())
    assert counted(drop) == {"rows_read": 3, "new": 2, "held": 1}
    assert [(found["cell"], found["code"]) for found in study.findings(drop)] == [
        ("E2", "answer_unreadable"),
        ("F2", "answer_unreadable"),
    ]


def test_a_formula_whose_result_is_an_empty_text_is_an_empty_cell(study: Scenario) -> None:
    content = xlsx([["A", 1, None, '=IF(1=1,"",1)', 2, 3]])
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        files = {name: parts.read(name) for name in parts.namelist()}
    # as Excel and LibreOffice write a formula that they have computed
    files["xl/worksheets/sheet1.xml"] = files["xl/worksheets/sheet1.xml"].replace(b'<c r="D2">', b'<c r="D2" t="str">')
    drop = study.received("a.xlsx", zipped(files))
    assert counted(drop) == {"rows_read": 1, "new": 1}


@pytest.mark.parametrize(("from_1904", "serial"), [(False, 46058), (True, 44596)])
def test_an_old_workbook_says_from_which_day_its_dates_count(study: Scenario, from_1904: bool, serial: int) -> None:
    book = xlwt.Workbook()
    book.dates_1904 = from_1904
    sheet = book.add_sheet("answers")
    for at, row in enumerate([COLUMNS, ["A", 1, serial, 1, 2, 3]]):
        for column, cell in enumerate(row):
            sheet.write(at, column, cell)
    drop = staged(study, saved(book.save), name="a.xls")
    assert drop.exports[0].forms["session_date"].to_list() == [date(2026, 2, 5)]


def test_a_text_that_looks_like_a_date_of_the_file_is_read_as_the_export_says(study: Scenario) -> None:
    rows = [["A", 1, "2026-02-05", 1, 2, 3], ["B", 1, date(2026, 2, 5), 1, 2, 3]]
    drop = study.received("a.xlsx", xlsx(rows))
    assert counted(drop) == {"rows_read": 2, "new": 1, "held": 1}
    assert codes(study.findings(drop)) == ["date_unreadable"]
    back = study.received(
        "fixme.xlsx", (study.folder / "receipts" / "berlin" / drop.drop_id / "fixme.xlsx").read_bytes()
    )
    assert codes(study.findings(back)) == ["date_unreadable"]


def test_a_held_row_of_a_workbook_goes_back_with_a_date_as_a_date(study: Scenario) -> None:
    drop = study.received("a.xlsx", xlsx([["A", 1, date(2026, 2, 5), 9, 2, 3]]))
    book = openpyxl.load_workbook(study.folder / "receipts" / "berlin" / drop.drop_id / "fixme.xlsx")
    assert book.active["C2"].value == datetime(2026, 2, 5)


def test_a_workbook_without_its_header_on_top_holds_its_rows(study: Scenario) -> None:
    book = openpyxl.Workbook()
    for row in [ROWS[0], COLUMNS, ROWS[1], [], ROWS[2]]:
        book.active.append(row)
    drop = study.received("a.xlsx", saved(book.save))
    assert (drop.status, counted(drop)) == ("rejected", {"rows_read": 4, "held": 4})


def looped(content: bytes) -> bytes:
    """An .xls whose directory's chain of sectors leads back into itself ([MS-CFB] 2.2, 2.3)."""
    table = 512 * (1 + int.from_bytes(content[0x4C:0x50], "little"))
    directory = int.from_bytes(content[0x30:0x34], "little")
    at = table + 4 * directory
    return content[:at] + directory.to_bytes(4, "little") + content[at + 4 :]


@pytest.mark.parametrize(
    "spoil",
    [looped, lambda content: content[:3000], lambda content: content[:30] + b"\xff\xff" + content[32:]],
    ids=["a chain without end", "cut off", "sectors of an impossible size"],
)
def test_a_damaged_old_workbook_is_told_and_stops_nothing(study: Scenario, spoil: Callable[[bytes], bytes]) -> None:
    drop = study.received("a.xls", spoil(xls()))
    assert (drop.status, codes(study.findings(drop))) == ("rejected", ["not_text"])
