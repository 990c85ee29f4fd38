"""The fixme file of a site that sends no text: a workbook for a workbook, and text for a statistics program's file.

Cells are texts as the intake read them (dates in ISO 8601, a point in numbers), which it understands in a fixme file.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from alliance_etl.findings.comment import comment_column, defused, exports_told, without_comment
from alliance_etl.reading import OpenedFile

Row = list[str | None]


def write_fixme_grid(
    opened: OpenedFile, target: Path, suffix: str, exports: Sequence[str], said: Mapping[int, str]
) -> None:
    """Write the rows that `said` has a comment for, as .xlsx or as .csv."""
    rows = _rows(opened, exports, said)
    if suffix == ".xlsx":
        _write_workbook(rows, target)
    else:
        with target.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file, delimiter=";").writerows(rows)


def _rows(opened: OpenedFile, exports: Sequence[str], said: Mapping[int, str]) -> Iterator[Row]:
    names = without_comment(opened.header)
    come_back = bool(exports_told(opened.header))
    positions = [opened.header.index(name) for name in names] if come_back else list(range(len(names)))
    yield [*names, comment_column(exports)]
    lines = pl.Series(list(said), dtype=pl.Int64)
    for block in opened.blocks(sorted(set(positions))):
        held = block.frame.filter(pl.col("line").is_in(lines.implode())).sort("line")
        for row in held.iter_rows(named=True):
            cells = [row[str(position)] for position in positions]
            harmless = [cell if cell is None or come_back else defused(cell) for cell in cells]
            yield [*harmless, said[row["line"]]]


def _write_workbook(rows: Iterator[Row], target: Path) -> None:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet: Any = book.create_sheet("fixme")
    for row in rows:
        sheet.append([_value(cell) for cell in row])
    with target.open("wb") as file:
        book.save(file)


def _value(cell: str | None) -> str | int | None:
    """Whole numbers as numbers, so that they can be typed over; whatever begins with 0 is an id, and stays a text."""
    is_number = (
        cell is not None and cell.isascii() and cell.isdigit() and len(cell) < 10 and (cell == "0" or cell[0] != "0")
    )
    return int(cell) if cell is not None and is_number else cell
