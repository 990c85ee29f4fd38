"""Excel (.xlsx, .xls) and OpenDocument (.ods) through python-calamine: which sheet, and which row is the header.

Merged titles above the header are passed over; rows and columns keep the numbers that the sheet shows.
"""

import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from alliance_etl.reading.grid import Grid, names_of
from alliance_etl.reading.header import cut
from alliance_etl.reading.model import Unreadable
from alliance_etl.reading.opened import Typed

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook

HEADER_WITHIN = 50
"""The header stands in one of so many first rows."""
EPOCH_1900, EPOCH_1904 = "1899-12-30", "1904-01-01"


def open_workbook(
    path: Path, kind: str, wanted: Sequence[str], sheet: str | None = None, header_line: int | None = None
) -> Grid:
    """The sheet with most of the wanted names, or the one called `sheet`; the header in the row with most of them, or
    in `header_line` (1-based). Raises Unreadable.

    empty_file    no sheet holds anything
    not_text      kind: a workbook under a password, or damaged
    no_sheet      the sheet that is asked for is not there; or several have the same wanted names
    """
    from python_calamine import CalamineError, PasswordError, WorksheetNotFound, load_workbook

    try:
        book = load_workbook(str(path))
        names = [sheet] if sheet is not None else list(book.sheet_names)
        tables = {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in names}
    except WorksheetNotFound:
        raise Unreadable("no_sheet", {"found": ", ".join(map(repr, book.sheet_names)), "ambiguous": False}) from None
    except PasswordError:
        raise Unreadable("not_text", {"kind": f"{kind} under a password"}) from None
    except CalamineError:
        raise Unreadable("not_text", {"kind": f"a damaged {kind}"}) from None
    name, rows = _chosen(tables, wanted)
    at, header = _header(rows, wanted) if header_line is None else (header_line - 1, names_of(rows[header_line - 1]))
    stop = max(number for number, row in enumerate(rows, 1) if names_of(row))
    facts = {"format": kind, "sheet": name, "header_line": at + 1, "columns": len(header)}
    return Grid(header, at + 1, rows[at + 1 : stop], Typed(epoch=_epoch(path, book)), facts)


Rows = Sequence[Sequence[object]]


def _chosen(tables: Mapping[str, Rows], wanted: Sequence[str]) -> tuple[str, Rows]:
    filled = {name: rows for name, rows in tables.items() if any(names_of(row) for row in rows)}
    if not filled:
        raise Unreadable("empty_file", {"bytes": 0})
    found = {name: _named(_header(rows, wanted)[1], wanted) for name, rows in filled.items()}
    most = max(found.values())
    best = [name for name, number in found.items() if number == most]
    if most and len(best) > 1:
        raise Unreadable("no_sheet", {"found": ", ".join(map(repr, best)), "ambiguous": True})
    return best[0], filled[best[0]]


def _header(rows: Rows, wanted: Sequence[str]) -> tuple[int, tuple[str, ...]]:
    """The first row with most of the wanted names, else the first that is not empty: its index and its names."""
    candidates = [(index, names_of(row)) for index, row in enumerate(rows[:HEADER_WITHIN])]
    candidates = [candidate for candidate in candidates if candidate[1]]
    if not candidates:
        return next((index, names_of(row)) for index, row in enumerate(rows) if names_of(row))
    return max(candidates, key=lambda candidate: _named(candidate[1], wanted))


def _named(header: Sequence[str], wanted: Sequence[str]) -> int:
    return len({cut(name) for name in wanted} & set(header))


def _epoch(path: Path, book: "CalamineWorkbook") -> str:
    """Day 0 of the workbook's serial dates: old Macs counted from 1904, and an .xlsx says so."""
    if not zipfile.is_zipfile(path):
        return EPOCH_1900
    with zipfile.ZipFile(path) as parts:
        try:
            text = parts.read("xl/workbook.xml")[: 1 << 20]
        except KeyError:
            return EPOCH_1900
    return EPOCH_1904 if re.search(rb'date1904="(1|true)"', text) else EPOCH_1900
