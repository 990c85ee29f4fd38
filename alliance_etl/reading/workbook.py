"""Excel (.xlsx, .xls) and OpenDocument (.ods) through python-calamine: which sheet, and which row is the header.

Merged titles above the header are passed over; rows and columns keep the numbers that the sheet shows.
"""

import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from alliance_etl.reading.biff import Biff
from alliance_etl.reading.contained import DamageTold
from alliance_etl.reading.grid import Grid, names_of
from alliance_etl.reading.header import HEADER_WITHIN, cut, shown
from alliance_etl.reading.limits import UNLIMITED, Limits
from alliance_etl.reading.model import Unreadable
from alliance_etl.reading.opendocument import OpenDocument
from alliance_etl.reading.opened import Typed
from alliance_etl.reading.parts import refuse_large_parts
from alliance_etl.reading.sheet_errors import with_errors

LIKE_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?")
EPOCH_1900, EPOCH_1904 = "1899-12-30", "1904-01-01"


def open_workbook(
    path: Path,
    kind: str,
    wanted: Sequence[str],
    sheet: str | int | None = None,
    header_line: int | None = None,
    limits: Limits = UNLIMITED,
) -> Grid:
    """The sheet with most of the wanted names, or the one called `sheet` (or of that number, from 1); the header in the
    row with most of them, or in `header_line` (1-based). Raises Unreadable.

    empty_file    no sheet holds anything
    not_text      kind: a workbook under a password, or damaged
    too_large     it unpacks to more, or its sheets reach further, than the limits allow
    no_sheet      the sheet that is asked for is not there; or several have the same wanted names
    no_header     rows of data stand above the header
    """
    with DamageTold(kind):
        _refuse_large(path, kind, limits)
        names, tables = _sheets(path, kind, sheet)
    name, rows = _chosen(tables, names, wanted)
    with DamageTold(kind):
        rows = with_errors(path, kind, names.index(name), name, rows)
        epoch = _epoch(path, kind)
    at, header = _header(rows, wanted) if header_line is None else (header_line - 1, names_of(rows[header_line - 1]))
    _refuse_data_above(rows, at, header, wanted)
    stop = max(number for number, row in enumerate(rows, 1) if names_of(row))
    # a sheet may be called by a person's name: its number tells as much
    facts = {"format": kind, "sheet": names.index(name) + 1, "header_line": at + 1, "columns": len(header)}
    typed = Typed(epoch=epoch, text_dates=_text_dates(rows, at + 1))
    return Grid(header, at + 1, rows[at + 1 : stop], typed, facts, title=name)


def sheet_names(path: Path, kind: str, limits: Limits) -> list[str]:
    """The names of a workbook's sheets, in their order. Raises Unreadable (not_text, too_large)."""
    with DamageTold(kind):
        _refuse_large(path, kind, limits)
        return _sheets(path, kind, None)[0]


def _refuse_large(path: Path, kind: str, limits: Limits) -> None:
    if limits is not UNLIMITED and zipfile.is_zipfile(path):
        refuse_large_parts(path, kind, limits)


Rows = Sequence[Sequence[object]]


def _sheets(path: Path, kind: str, sheet: str | int | None) -> tuple[list[str], dict[str, Rows]]:
    """The names of all sheets, and the rows of all or of the one that is asked for."""
    from python_calamine import CalamineError, PasswordError, load_workbook

    if kind == "xls":
        Biff(path)
    try:
        book = load_workbook(str(path))
        names = list(book.sheet_names)
        if isinstance(sheet, int):
            sheet = names[sheet - 1] if sheet <= len(names) else str(sheet)
        if sheet is not None and sheet not in names:
            raise Unreadable("no_sheet", {"found": f"{len(names)} others", "ambiguous": False})
        asked = names if sheet is None else [sheet]
        return names, {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in asked}
    except PasswordError:
        raise Unreadable("not_text", {"kind": f"{kind} under a password"}) from None
    except CalamineError:
        raise Unreadable("not_text", {"kind": f"a damaged {kind}"}) from None


def _chosen(tables: Mapping[str, Rows], names: Sequence[str], wanted: Sequence[str]) -> tuple[str, Rows]:
    filled = {name: rows for name, rows in tables.items() if any(names_of(row) for row in rows)}
    if not filled:
        raise Unreadable("empty_file", {"bytes": 0})
    found = {name: _named(_header(rows, wanted)[1], wanted) for name, rows in filled.items()}
    most = max(found.values())
    best = [name for name, number in found.items() if number == most]
    if most and len(best) > 1:
        numbers = ", ".join(str(names.index(name) + 1) for name in best)
        raise Unreadable("no_sheet", {"found": f"sheets {numbers}", "ambiguous": True})
    return best[0], filled[best[0]]


def _refuse_data_above(rows: Rows, at: int, header: Sequence[str], wanted: Sequence[str]) -> None:
    """A sheet that was sorted together with its header: numbers stand above it in columns that are wanted."""
    held = sum(bool(names_of(row)) for row in rows)
    columns = [position for position, name in enumerate(header) if name in {cut(each) for each in wanted}]
    for number, row in enumerate(rows[:at], 1):
        numbers = sum(isinstance(row[column], float) for column in columns if column < len(row))
        if numbers > 1:
            facts = {"line": number, "fields": len(names_of(row)), "header_at": at + 1, "rows": held}
            raise Unreadable("no_header", facts)


def _text_dates(rows: Rows, header_line: int) -> dict[int, frozenset[int]]:
    found: dict[int, set[int]] = {}
    for line, row in enumerate(rows[header_line:], header_line + 1):
        for position, cell in enumerate(row):
            if isinstance(cell, str) and "-" in cell and LIKE_DATE.fullmatch(cell.strip()):
                found.setdefault(position, set()).add(line)
    return {position: frozenset(lines) for position, lines in found.items()}


def _header(rows: Rows, wanted: Sequence[str]) -> tuple[int, tuple[str, ...]]:
    """The first row with most of the wanted names, else the first that is not empty: its index and its names."""
    candidates = [(index, names_of(row)) for index, row in enumerate(rows[:HEADER_WITHIN])]
    candidates = [candidate for candidate in candidates if candidate[1]]
    if not candidates:
        return next((index, names_of(row)) for index, row in enumerate(rows) if names_of(row))
    return max(candidates, key=lambda candidate: _named(candidate[1], wanted))


def _named(header: Sequence[str], wanted: Sequence[str]) -> int:
    return shown(frozenset(map(cut, wanted)), header)


def _epoch(path: Path, kind: str) -> str:
    """Day 0 of the workbook's serial dates: old Macs counted from 1904, and each format says so in its own way."""
    if kind == "xls":
        return EPOCH_1904 if Biff(path).counts_from_1904 else EPOCH_1900
    if kind == "ods":
        return OpenDocument(path).null_date or EPOCH_1900
    with zipfile.ZipFile(path) as parts:
        try:
            text = parts.read("xl/workbook.xml")[: 1 << 20]
        except KeyError:
            return EPOCH_1900
    return EPOCH_1904 if re.search(rb'date1904="(1|true)"', text) else EPOCH_1900
