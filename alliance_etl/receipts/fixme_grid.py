"""The fixme file of a site that sends no text: a workbook for a workbook, and text for a statistics program's file.

Cells are as the intake read them (in text: dates in ISO 8601, a point in numbers), and as it understands them again.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from alliance_etl.findings.comment import comment_column, defused, exports_told, without_comment
from alliance_etl.reading import OpenedFile
from alliance_etl.reading.grid import Grid
from alliance_etl.reading.workbook import LIKE_DATE

_NO_TITLE, _LONGEST_TITLE = re.compile(r"[\[\]:*?/\\]"), 31
_FIRST_YEAR = 1901  # a workbook has no dates before


@dataclass(frozen=True)
class HeldRows:
    """The rows of a sheet (or file) that `said` has a comment for, by line; `exports` have read it."""

    opened: OpenedFile
    exports: Sequence[str]
    said: Mapping[int, str]


def write_fixme_grid(sheets: Sequence[HeldRows], target: Path, suffix: str) -> None:
    """Write the held rows as .xlsx, each sheet under its own name, or as .csv."""
    if suffix == ".xlsx":
        _write_workbook(sheets, target)
    else:
        with target.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file, delimiter=";").writerows(row.cells for sheet in sheets for row in _rows(sheet))


@dataclass(frozen=True)
class _Row:
    """A row of the fixme file, and where its cells stand in the site's file."""

    cells: Sequence[str | None]
    line: int
    positions: Sequence[int] = ()


def _rows(sheet: HeldRows) -> Iterator[_Row]:
    opened, exports, said = sheet.opened, sheet.exports, sheet.said
    names = without_comment(opened.header)
    come_back = bool(exports_told(opened.header))
    positions = [opened.header.index(name) for name in names] if come_back else list(range(len(names)))
    yield _Row([*names, comment_column(exports)], opened.header_line)
    lines = pl.Series(list(said), dtype=pl.Int64)
    for block in opened.blocks(sorted(set(positions))):
        held = block.frame.filter(pl.col("line").is_in(lines.implode())).sort("line")
        for row in held.iter_rows(named=True):
            cells = [row[str(position)] for position in positions]
            harmless = [cell if cell is None or come_back else defused(cell) for cell in cells]
            yield _Row([*harmless, said[row["line"]]], row["line"], positions)


def _write_workbook(sheets: Sequence[HeldRows], target: Path) -> None:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    for held in sheets:
        title = _NO_TITLE.sub("_", (isinstance(held.opened, Grid) and held.opened.title) or "fixme")
        sheet: Any = book.create_sheet(title[:_LONGEST_TITLE])
        texts = held.opened.typed.text_dates if held.opened.typed else {}
        for row in _rows(held):
            values = [
                _value(cell, is_text=row.line in texts.get(position, ()))
                for cell, position in zip(row.cells, row.positions, strict=False)
            ]
            sheet.append([*values, *row.cells[len(values) :]])
    with target.open("wb") as file:
        book.save(file)


def _value(cell: str | None, *, is_text: bool) -> str | int | datetime | None:
    """Whole numbers and dates as such, so that they can be typed over; whatever begins with 0 is an id, and a text."""
    if cell is None or is_text:
        return cell
    if cell.isascii() and cell.isdigit() and len(cell) < 10 and (cell == "0" or cell[0] != "0"):
        return int(cell)
    return datetime.fromisoformat(cell) if LIKE_DATE.fullmatch(cell) and _is_day(cell) else cell


def _is_day(cell: str) -> bool:
    try:
        return datetime.fromisoformat(cell).year >= _FIRST_YEAR
    except ValueError:
        return False
