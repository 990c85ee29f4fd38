"""A table of cells in memory, as a workbook or a statistics file has it, offered like a file of text."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import islice

import polars as pl

from alliance_etl.reading.header import cut
from alliance_etl.reading.model import BLANK_SCHEMA, BROKEN_SCHEMA, Block, frame_schema
from alliance_etl.reading.opened import Typed

_ROWS = 50_000


@dataclass(frozen=True)
class Grid:
    """Rows of Python values; the first one stands in line `first_line`, and `header_line` is one of them."""

    header: tuple[str, ...]
    header_line: int
    rows: Sequence[Sequence[object]]
    typed: Typed
    facts: Mapping[str, object]
    other_delimiters: Mapping[str, int] = field(default_factory=dict)
    encoding: str = "utf-8"
    header_rows: int = 1
    title: str | None = None
    """What the sheet is called, which may be anybody's name: for the fixme file only."""

    def blocks(self, positions: Sequence[int] | None = None, block_bytes: int = 16 << 20) -> Iterator[Block]:
        """All records after the header; a row whose cells are all empty is blank. No record is broken here."""
        columns = tuple(dict.fromkeys(range(len(self.header)) if positions is None else positions))
        rows = iter(self.rows)
        line = self.header_line + 1
        while part := list(islice(rows, _ROWS)):
            yield _block(part, line, columns)
            line += len(part)


def _block(rows: Sequence[Sequence[object]], first_line: int, columns: Sequence[int]) -> Block:
    blank = [all(_is_empty(cell) for cell in row) for row in rows]
    kept = [row for row, is_blank in zip(rows, blank, strict=True) if not is_blank]
    lines = [first_line + n for n, is_blank in enumerate(blank) if not is_blank]
    texts = {str(at): [text_of(row[at]) if at < len(row) else None for row in kept] for at in columns}
    return Block(
        pl.DataFrame({**texts, "line": lines}, schema=frame_schema(columns)),
        pl.DataFrame(schema=BROKEN_SCHEMA),
        pl.DataFrame({"line": [first_line + n for n, is_blank in enumerate(blank) if is_blank]}, schema=BLANK_SCHEMA),
    )


def _is_empty(cell: object) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def text_of(cell: object) -> str | None:
    """A cell as the shortest text that says the same: 3.0 is 3, a date is ISO 8601, nothing is None."""
    if cell is None or cell == "":
        return None
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return None if cell != cell else str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(sep=" ", timespec="seconds")
    if isinstance(cell, date | time):
        return cell.isoformat()
    return str(timedelta(seconds=round(cell.total_seconds()))) if isinstance(cell, timedelta) else str(cell)


def names_of(row: Sequence[object]) -> tuple[str, ...]:
    """A row as a header: names to the last one that is there."""
    names = [cut(text_of(cell) or "") for cell in row]
    while names and not names[-1]:
        names.pop()
    return tuple(names)
