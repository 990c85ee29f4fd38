"""Bad input, case by case: what a site sends, and what it is told; read by test_bad_input.py and test_findings.py."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import openpyxl

from tests.scenario import EXPORT, HEADER, site, table

GOOD = ("A1,1,1,2,3", "B2,1,5,4,3")
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\6\0\0\0"
XLSX = b"PK\x03\x04\x14\0\6\0\x08\0\0\0!\0xl/workbook.xml" + bytes(60)
LONG = {"layout": {"item": "item", "value": "value"}, "items": "q{n}"}
LONG_HEADER = "client,session,item,value"
BY_DATE = {"session": None, "date": "day", "date_format": "%d.%m.%Y"}
DATE_HEADER = "client,day,q1,q2,q3"
TWO_RATERS = f"{HEADER},r1,r2,r3"
TWO_SITES = {
    "berlin": site(pocket=EXPORT),
    "ulm": site(pocket={**EXPORT, "participant": "Klient", "items": "F{n}", "delimiter": ";"}),
}


@dataclass(frozen=True)
class Told:
    """A finding as findings.csv tells it; `value` and `cell` are "" where there is none, `expected` is a part of it."""

    code: str
    line: int | None = None
    cell: str = ""
    value: str = ""
    expected: str = ""


@dataclass(frozen=True)
class Case:
    """A file of one site, by default Berlin's `pocket.csv`, and what is due: status, counts, findings."""

    name: str
    content: str | bytes
    status: str
    counts: Mapping[str, int]
    told: tuple[Told, ...]
    export: Mapping[str, Any] = field(default_factory=dict)
    sites: Mapping[str, Any] | None = None
    site: str = "berlin"
    file: str = "pocket.csv"
    before: tuple[tuple[str, str, str], ...] = ()
    """Files that came before: site, name, content."""


def rejected(name: str, content: str | bytes, held: int, *told: Told, **more: Any) -> Case:
    counts = {"rows_read": held, "held": held} if held else {}
    return Case(name, content, "rejected", counts, told, **more)


def held(name: str, row: str, *told: Told, header: str = HEADER, **more: Any) -> Case:
    """Two good rows, and one in line 4 that is held."""
    good = ("A1,05.02.2026,1,2,3", "B2,06.02.2026,5,4,3") if header == DATE_HEADER else GOOD
    counts = {"rows_read": 3, "new": 2, "held": 1}
    return Case(name, table(*good, row, header=header), "accepted_with_findings", counts, told, **more)


def many_rows(bad_line: int, bad: bytes) -> bytes:
    """100 001 rows, one of them as given; the header is line 1."""
    rows = [b"P%d,1,1,2,3" % number for number in range(100_001)]
    rows[bad_line - 2] = bad
    return b"\n".join((HEADER.encode(), *rows, b""))


def two_sheets() -> bytes:
    """A workbook whose sheets might both be meant."""
    book, target = openpyxl.Workbook(), io.BytesIO()
    for sheet in (book.active, book.create_sheet("old")):
        sheet.append(HEADER.split(","))
    book.save(target)
    return target.getvalue()


BAD_BYTE = Told("undecodable_bytes", 100_001, expected="utf-8")
MANY = {"rows_read": 100_001, "new": 100_000, "held": 1}
ALL_COLUMNS = "'client', 'session', 'q1', 'q2', 'q3'"

FILES = [
    rejected("empty file", b"", 0, Told("empty_file", expected=ALL_COLUMNS)),
    rejected("only blank lines", b"\n \n\n", 0, Told("empty_file", expected=ALL_COLUMNS)),
    Case("header only", table(), "accepted_with_findings", {}, (Told("header_only", 1, expected="rows of answers"),)),
    rejected("no header, numbers", table(header=GOOD[0]) + GOOD[1], 2, Told("no_header", 1, expected=ALL_COLUMNS)),
    rejected(
        "no header, labels only", "MEIER,ONE,rarely,often,never\nBERG,TWO,rarely,often,always\n", 1,
        Told("no_header", 1, expected=ALL_COLUMNS),
    ),
    Case(
        "header below a title", f"Export of the clinic,2026\n\n{table(*GOOD)}", "accepted",
        {"rows_read": 2, "new": 2}, (),
    ),
    rejected(
        "header below a row", f"{GOOD[0]}\n{table(GOOD[1])}", 3, Told("no_header", 1, expected=ALL_COLUMNS)
    ),
    rejected(
        "header below a row of labels", f"MEIER,ONE,rarely,often,never\n{table(*GOOD)}", 4,
        Told("no_header", 1, expected=ALL_COLUMNS),
    ),
    rejected(
        "wrong delimiter declared", table(*GOOD), 2, Told("wrong_delimiter", 1, expected="a comma"),
        export={"delimiter": ";"},
    ),
    Case(
        "a bad byte in row 100 000, encoding detected", many_rows(100_001, b"P\xff,1,1,2,3"), "accepted_with_findings",
        MANY, (BAD_BYTE,),
    ),
    Case(
        "a bad byte in row 100 000, encoding declared", many_rows(100_001, b"P9,1,\xe4,2,3"), "accepted_with_findings",
        MANY, (BAD_BYTE,), export={"encoding": "utf-8"},
    ),
    rejected(
        "header in another encoding than declared", table("A1,1,1,2,3", header="Größe," + HEADER).encode("cp1252"), 1,
        Told("bad_encoding", expected="utf-8"), export={"encoding": "utf-8"},
    ),
    rejected("picture", PNG, 0, Told("not_text", expected="a table")),
    rejected("spreadsheet under a CSV's name", XLSX, 0, Told("not_text", expected="a table")),
    rejected("two sheets with the columns", two_sheets(), 0, Told("no_sheet")),
    rejected("column missing", table("A1,1,1,2", header="client,session,q1,q2"), 1,
             Told("column_missing", 1, expected="'q3'")),
    rejected("column renamed", table(*GOOD, header="client,session,q1,Q-2,q3"), 2,
             Told("column_missing", 1, expected="'q2'")),
    rejected("column doubled", table("A1,1,1,2,3,4", header=HEADER + ",q3"), 1,
             Told("column_doubled", 1, expected="'q3'")),
    Case("column added", table("A1,1,1,2,3,x", header=HEADER + ",remark"), "accepted_with_findings",
         {"rows_read": 1, "new": 1}, (Told("columns_not_read", 1),)),
    Case("column that tells who somebody is", table("A1,1,1,2,3,x", header=HEADER + ",RecipientEmail"),
         "accepted_with_findings", {"rows_read": 1, "new": 1},
         (Told("columns_not_read", 1), Told("identifiers_in_file", 1, expected="no column that identifies"))),
    Case("ids that name people", table('"Meier, Anna",1,1,2,3'), "accepted_with_findings", {"rows_read": 1, "new": 1},
         (Told("participant_identifies", 1, expected="'client'"),)),
    rejected("a name that no export reads", table(*GOOD), 0, Told("no_export", expected="*.csv"), file="pocket.txt"),
    rejected(
        "another site's file, same delimiter", "Klient,session,F1,F2,F3\nA1,1,1,2,3\n", 1,
        Told("column_missing", 1, expected="'client'"), sites=TWO_SITES,
    ),
    rejected(
        "another site's file, other delimiter", table(*GOOD), 2, Told("no_header", 1, expected="'Klient'"),
        sites=TWO_SITES, site="ulm",
    ),
    Case(
        "exactly a file of another site", table(*GOOD), "accepted_with_findings", {"rows_read": 2, "new": 2},
        (Told("other_sites_file"),), sites={name: site(pocket=EXPORT) for name in ("berlin", "ulm")}, site="ulm",
        before=(("berlin", "pocket.csv", table(*GOOD)),),
    ),
    Case(
        "a snapshot that lacks forms", table(GOOD[0]), "accepted_with_findings", {"rows_read": 1, "unchanged": 1},
        (Told("forms_vanished"),), export={"snapshot": True}, before=(("berlin", "before.csv", table(*GOOD)),),
    ),
]  # fmt: skip

LINES = [
    held("row too short", "C3,1,1,2", Told("row_too_short", 4, expected="5 cells")),
    held("row too long", "C3,1,1,2,3,4", Told("row_too_long", 4, expected="5 cells")),
    held("NUL bytes", "C3,1,\0\0\0,2,3", Told("nul_bytes", 4, expected="text without NUL bytes")),
    Case(
        "unterminated quote, good rows after it", table(*GOOD, 'C3,1,"1,2,3', "D4,1,1,1,1", "E5,1,1,1,1"),
        "accepted_with_findings", {"rows_read": 5, "new": 4, "held": 1},
        (Told("unterminated_quote", 4, expected="closes"),),
    ),
    Case(
        "the header again", table(*GOOD, HEADER, "C3,1,1,2,3"), "accepted_with_findings",
        {"rows_read": 4, "new": 3, "held": 1}, (Told("repeated_header", 4, expected="answers"),),
    ),
    Case(
        "another header", table(*GOOD, "session,client,q3,q2,q1", "1,C3,1,2,3"), "accepted_with_findings",
        {"rows_read": 4, "new": 2, "held": 2},
        (Told("second_header", 4, expected="answers"), Told("second_header", 5, expected="answers")),
    ),
    Case(
        "the same form twice, different answers", table(*GOOD, "A1,1,5,5,5"), "accepted_with_findings",
        {"rows_read": 3, "new": 1, "held": 2},
        (Told("form_twice", 2, expected="lines 2, 4"), Told("form_twice", 4, expected="lines 2, 4")),
    ),
    Case(
        "two exports make one form of a row", table("A1,1,1,2,3,3,2,1", "B2,1,1,2,3,1,2,3", header=TWO_RATERS),
        "accepted_with_findings", {"rows_read": 4, "new": 1, "unchanged": 1, "held": 2},
        (Told("form_in_two_exports", 2, expected="told apart"), Told("form_in_two_exports", 2, expected="told apart")),
        sites={"berlin": site(pocket=EXPORT, other={**EXPORT, "items": "r{n}"})},
    ),
    Case("the same form twice, equal answers", table(*GOOD, GOOD[0]), "accepted",
         {"rows_read": 3, "new": 2, "unchanged": 1}, ()),
    Case(
        "the same form twice, equal answers, another date and another therapist",
        table("A,1,2026-02-05,T1,1,2,3", "A,1,2026-02-12,T1,1,2,3", "A,1,2026-02-05,,1,2,3",
              header="client,session,day,who,q1,q2,q3"),
        "accepted_with_findings", {"rows_read": 3, "new": 1, "unchanged": 2},
        (Told("form_repeated_differs", 3, expected="the date of line 2"),
         Told("form_repeated_differs", 4, expected="the therapist of line 2")),
        export={"date": "day", "therapist": "who"},
    ),
]  # fmt: skip

WHOLE = "a whole number from 1 to 5"
CELLS = [
    held("no participant", ",1,1,2,3", Told("participant_missing", 4, "A4", expected="participant")),
    held("blank participant", "  ,1,1,2,3", Told("participant_missing", 4, "A4", expected="participant")),
    held("neither session nor date", "C3,,1,2,3", Told("session_missing", 4, "B4", expected="session number")),
    held("session in words", "C3,first,1,2,3",
         Told("session_unreadable", 4, "B4", "text, 5 characters", "a whole number")),
    held("session with a fraction", "C3,1.5,1,2,3", Told("session_unreadable", 4, "B4", "1.5", "a whole number")),
    held("negative session", "C3,-1,1,2,3", Told("session_unreadable", 4, "B4", "-1", "a whole number")),
    held("date in another format", "C3,2026-02-05,1,2,3",
         Told("date_unreadable", 4, "B4", "2026-02-05", "%d.%m.%Y"), header=DATE_HEADER, export=BY_DATE),
    held("impossible date", "C3,30.02.2026,1,2,3",
         Told("date_unreadable", 4, "B4", "30.02.2026", "%d.%m.%Y"), header=DATE_HEADER, export=BY_DATE),
    held("date in the future", "C3,01.01.2999,1,2,3",
         Told("date_in_future", 4, "B4", "01.01.2999", "a date up to 20"), header=DATE_HEADER, export=BY_DATE),
    held("date in antiquity", "C3,05.02.0026,1,2,3",
         Told("date_too_early", 4, "B4", "05.02.0026", "a date from 1920-01-01"), header=DATE_HEADER, export=BY_DATE),
    held("session with thousands, or with decimals", 'C3,"1,000",1,2,3',
         Told("session_unreadable", 4, "B4", "1,000", "a whole number")),
    held("date in words", "C3,yesterday,1,2,3",
         Told("date_unreadable", 4, "B4", "text, 9 characters", "%d.%m.%Y"), header=DATE_HEADER, export=BY_DATE),
    held("answer out of range", "C3,1,1,6,3", Told("answer_out_of_range", 4, "D4", "6", WHOLE)),
    held("undeclared code", "C3,1,1,2,-99", Told("answer_out_of_range", 4, "E4", "-99", WHOLE)),
    held("decimal where whole numbers are due", "C3,1,2.5,2,3", Told("answer_between_steps", 4, "C4", "2.5", WHOLE)),
    held("text", "C3,1,1,2,lovely", Told("answer_unreadable", 4, "E4", "text, 6 characters", WHOLE)),
    held("two bad answers in a row", "C3,1,7,2,x", Told("answer_out_of_range", 4, "C4", "7", WHOLE),
         Told("answer_unreadable", 4, "E4", "text, 1 characters", WHOLE)),
    Case(
        "scores that cannot be", table("A1,1,9", "B2,1,x", "C3,1,99", header="client,session,sum"),
        "accepted_with_findings", {"rows_read": 3, "new": 1, "held": 2},
        (Told("score_unreadable", 3, "C3", "text, 1 characters", "from 3 to 15"),
         Told("score_out_of_range", 4, "C4", "99", "from 3 to 15")),
        export={"items": None, "scores": {"total": "sum"}},
    ),
    Case(
        "totals that differ, or have nothing to be compared with",
        table("A1,1,1,2,3,6", "B2,1,1,2,3,7", "C3,1,1,2,3,n/a", "D4,1,1,,3,4", "E5,1,1,,3,", header=HEADER + ",sum"),
        "accepted_with_findings", {"rows_read": 5, "new": 5},
        (Told("total_differs", 3, "F3", "7", "total score"),
         Told("total_unreadable", 4, "F4", "text, 3 characters", "total score"),
         Told("total_not_compared", 5, "F5", "4", "total score")),
        export={"totals": {"total": "sum"}},
    ),
    Case(
        "long: an item that is none", table("A1,1,q1,3", "A1,1,q9,4", "B2,1,q1,1", header=LONG_HEADER),
        "accepted_with_findings", {"rows_read": 3, "new": 1, "held": 2},
        (Told("form_incomplete", 2, expected="held rows"),
         Told("item_unknown", 3, "C3", "text, 2 characters", "q1 to q3")),
        export=LONG,
    ),
    Case(
        "long: an item twice", table("A1,1,q1,3", "A1,1,q1,4", "B2,1,q1,1", "B2,1,q1,1", header=LONG_HEADER),
        "accepted_with_findings", {"rows_read": 4, "new": 1, "unchanged": 1, "held": 2},
        (Told("item_twice", 2, expected="one answer"), Told("item_twice", 3, expected="one answer")),
        export=LONG,
    ),
]  # fmt: skip

AGAIN = Case(
    "exactly the same file again", table(*GOOD), "duplicate", {"rows_read": 2, "unchanged": 2},
    (Told("duplicate_file", expected="pocket.csv"),), file="pocket_again.csv",
    before=(("berlin", "pocket.csv", table(*GOOD)),),
)  # fmt: skip

CASES = [*FILES, *LINES, *CELLS]
