"""The seeded faults: every kind is there, and each sits where it says."""

import csv

import pytest

from alliance_etl.demo.study import DemoFile, Fault, demo_files
from alliance_etl.findings.catalogue import KINDS

FILES: dict[tuple[str, str], DemoFile] = {(file.site, file.name): file for file in demo_files()}
FAULTS = [fault for file in FILES.values() for fault in file.faults]
DIALECTS = {
    "berlin": ("cp1252", ";"),
    "goteborg": ("utf-8-sig", ";"),
    "montreal": ("utf-16", "\t"),
    "amsterdam": ("latin-1", ";"),
    "valencia": ("cp1252", ";"),
    "boston": ("utf-8", ","),
    "leeds": ("utf-8", ","),
    "zurich": ("utf-8", ","),
}


def lines_of(site: str, name: str) -> list[str]:
    """The file's lines; a byte that is no character becomes U+FFFD."""
    encoding, _ = DIALECTS[site]
    return FILES[site, name].content.decode(encoding, errors="replace").splitlines()


def cells_of(site: str, line: str) -> list[str]:
    return next(csv.reader([line], delimiter=DIALECTS[site][1]), [])


def the(kind: str, site: str | None = None) -> Fault:
    return next(fault for fault in FAULTS if fault.kind == kind and site in (None, fault.site))


def line_at(fault: Fault) -> str:
    assert fault.line is not None
    return lines_of(fault.site, fault.file)[fault.line - 1]


@pytest.mark.parametrize(
    "kind",
    [
        *("answer_out_of_range", "answer_unreadable", "answer_between_steps", "score_out_of_range", "total_differs"),
        *("participant_missing", "session_missing", "session_unreadable", "date_unreadable", "date_in_future"),
        *("form_twice", "form_repeated", "row_too_short", "row_too_long", "unterminated_quote", "nul_bytes"),
        *("undecodable_bytes", "blank_line", "blank_cells", "repeated_header", "skipped_row"),
        *("column_missing", "no_export", "not_text", "header_only"),
    ],
)
def test_every_kind_of_fault_is_seeded(kind: str) -> None:
    assert the(kind).explanation


def test_every_code_is_one_of_the_catalogue() -> None:
    assert {fault.code_hint for fault in FAULTS} - {None} <= set(KINDS)


@pytest.mark.parametrize(
    ("site", "name", "line", "column", "text"),
    [
        ("berlin", "wai_klient_2026q1.csv", 7, "WAI5", "weiß nicht"),
        ("berlin", "wai_klient_2026q1.csv", 12, "WAI9", "44"),
        ("berlin", "wai_klient_2026q1.csv", 18, "Datum", "31.02.2026"),
        ("berlin", "wai_klient_2026q1.csv", 24, "Datum", "2026-02-12"),
        ("berlin", "wai_klient_2026q1.csv", 30, "Klient-ID", ""),
        ("berlin", "srs_2026q1.csv", 26, "SRS_Summe", "12,3"),
        ("berlin", "srs_2026q1.csv", 41, "SRS_Ziele", "78"),
        ("goteborg", "wai_vt26.csv", 61, "Träff", "fjärde"),
        ("goteborg", "haq_vt26.csv", 9, "haq07", "3,5"),
        ("montreal", "alliance_2026-01.txt", 11, "Date", "2062-01-13"),
        ("montreal", "alliance_2026-01.txt", 23, "ITA_18", "0"),
        ("montreal", "alliance_2026-01.txt", 38, "EES_buts", "7;5"),
        ("amsterdam", "haq_2026.csv", 29, "HAQ_totaal", "41"),
        ("valencia", "wai_invierno.csv", 19, "WAI-SR 3", "5"),
        ("boston", "wai_long_batch1.csv", 107, "response", "8"),
        ("leeds", "srs_to_march.csv", 32, "SRS Total", "41.5"),
        ("leeds", "srs_to_march.csv", 53, "Session No", ""),
    ],
)
def test_a_wrong_cell_holds_what_it_says(site: str, name: str, line: int, column: str, text: str) -> None:
    lines = lines_of(site, name)
    cell = cells_of(site, lines[line - 1])[cells_of(site, lines[0]).index(column)]
    assert cell == text
    assert [f for f in FAULTS if (f.site, f.file, f.line, f.column) == (site, name, line, column)]


@pytest.mark.parametrize(("kind", "is_longer"), [("row_too_short", False), ("row_too_long", True)])
def test_a_ragged_row_has_another_number_of_cells(kind: str, is_longer: bool) -> None:
    fault = the(kind)
    header = lines_of(fault.site, fault.file)[0]
    assert (line_at(fault).count(";") > header.count(";")) is is_longer
    assert line_at(fault).count(";") != header.count(";")


@pytest.mark.parametrize(
    ("kind", "text"),
    [("unterminated_quote", ';"'), ("nul_bytes", "\0"), ("undecodable_bytes", "\ufffd"), ("skipped_row", "Preview")],
)
def test_a_damaged_line_holds_the_damage_and_its_neighbours_do_not(kind: str, text: str) -> None:
    fault = the(kind)
    assert fault.line is not None
    lines = lines_of(fault.site, fault.file)
    marked = [number for number, line in enumerate(lines, start=1) if text in line]
    assert marked == sorted(f.line for f in FAULTS if f.kind == kind and f.line is not None)


@pytest.mark.parametrize(("kind", "text"), [("blank_line", ""), ("blank_cells", ",")])
def test_a_blank_row_holds_nothing_but_delimiters(kind: str, text: str) -> None:
    assert line_at(the(kind)).strip(",") == ""
    assert line_at(the(kind))[:1] == text


def test_the_column_names_stand_again_in_the_middle() -> None:
    fault = the("repeated_header")
    assert line_at(fault) == lines_of(fault.site, fault.file)[0]


@pytest.mark.parametrize("site", ["berlin", "goteborg"])
def test_a_form_that_comes_twice_differs_in_one_cell(site: str) -> None:
    first, second = (fault for fault in FAULTS if fault.kind == "form_twice" and fault.site == site)
    cells, others = (cells_of(site, line_at(fault)) for fault in (first, second))
    header = cells_of(site, lines_of(site, first.file)[0])
    assert [name for name, cell, other in zip(header, cells, others, strict=True) if cell != other] == [first.column]


def test_a_form_that_is_repeated_is_the_line_before_again() -> None:
    fault = the("form_repeated")
    assert fault.line is not None
    lines = lines_of(fault.site, fault.file)
    assert lines[fault.line - 1] == lines[fault.line - 2]


def test_a_missing_column_stands_there_under_another_name() -> None:
    fault = the("column_missing")
    header = cells_of(fault.site, lines_of(fault.site, fault.file)[0])
    assert fault.column not in header
    assert f"{fault.column}nummer" in header


def test_a_file_with_column_names_only_has_one_line() -> None:
    fault = the("header_only")
    assert len(lines_of(fault.site, fault.file)) == 1


def test_a_spreadsheet_under_a_csv_name_is_no_text() -> None:
    fault = the("not_text")
    assert fault.file.endswith(".csv")
    assert FILES[fault.site, fault.file].content.startswith(b"PK\x03\x04")
