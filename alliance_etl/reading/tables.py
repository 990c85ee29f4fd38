"""Tables in a text of unknown column names: where titles end, which rows are the header, where the next one begins."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from alliance_etl.reading.kinds import TYPED, kind_of

HEADER_ROWS = 5
_TYPED_SHARE = 0.8


@dataclass(frozen=True)
class Row:
    """A record's cells, and its first line (1-based)."""

    line: int
    cells: list[str]

    @property
    def filled(self) -> int:
        return sum(bool(cell.strip()) for cell in self.cells)


@dataclass(frozen=True)
class Table:
    """One table: titles above it, header rows (none where the first record is data), records, notes below it.

    names   of the columns: header rows joined by a space, column by column; empty where there is no header
    """

    titles: tuple[Row, ...]
    header: tuple[Row, ...]
    records: tuple[Row, ...]
    notes: tuple[Row, ...]

    @property
    def names(self) -> tuple[str, ...]:
        width = max((len(row.cells) for row in self.header), default=0)
        columns = ([row.cells[at].strip() for row in self.header if at < len(row.cells)] for at in range(width))
        return tuple(" ".join(filter(None, column)) for column in columns)


def usual_width(widths: Sequence[int]) -> int:
    """How many fields most records have; the larger number where two are as frequent."""
    counts = Counter(widths)
    return max(counts, key=lambda width: (counts[width], width), default=0)


def split_tables(rows: Sequence[Row]) -> list[Table]:
    """Every row that is not blank, in one of the tables' parts, in order."""
    rows = [row for row in rows if row.filled]
    if not rows:
        return []
    first = _first_full(rows)
    header = _header_rows(rows[first:])
    names = [cell.strip() for cell in rows[first].cells if cell.strip()] if header else []
    start = first + header
    again = next((at for at in range(start, len(rows)) if _is_header_again(rows[at], names)), len(rows))
    end = again
    while end - start > 1 and _is_aside(rows[end - 1], rows[start:end]):
        end -= 1
    table = Table(tuple(rows[:first]), tuple(rows[first:start]), tuple(rows[start:end]), tuple(rows[end:again]))
    return [table, *(split_tables(rows[again:]) if again < len(rows) else [])]


def _first_full(rows: Sequence[Row]) -> int:
    """Index of the first row that is no title: a title fills one cell where most rows fill several."""
    usual = usual_width([row.filled for row in rows])
    if usual < 3:
        return 0
    return next((at for at, row in enumerate(rows) if row.filled > 1), 0)


def _is_aside(row: Row, rows: Sequence[Row]) -> bool:
    """A note under a table: its first cell alone is filled, where most rows fill several."""
    return row.filled == 1 and bool(row.cells[0].strip()) and usual_width([each.filled for each in rows]) >= 3


def _header_rows(rows: Sequence[Row]) -> int:
    """How many rows at the beginning are names: none has the kind that its columns have in what follows."""
    body = rows[1:] if len(rows) > 1 else rows
    kinds = _column_kinds(body[HEADER_ROWS:] if len(body) > 3 * HEADER_ROWS else body)
    if not kinds:
        return int(_could_be_names(rows[0]))
    count = 0
    for row in rows[:HEADER_ROWS]:
        # Of the header's second row on: a row that leaves most columns without a name is none.
        if _has_kinds(row, kinds) or (count and 2 * row.filled < rows[0].filled):
            break
        count += 1
    return count


def _column_kinds(rows: Sequence[Row]) -> dict[int, str]:
    """The columns whose cells are nearly all of one kind that no name has."""
    width = usual_width([len(row.cells) for row in rows])
    found = {}
    for column in range(width):
        kinds = Counter(kind_of(row.cells[column].strip()) for row in rows if len(row.cells) == width)
        filled = kinds.total() - kinds.pop("empty", 0)
        kind, count = kinds.most_common(1)[0] if kinds else ("empty", 0)
        if kind in TYPED and count >= _TYPED_SHARE * filled:
            found[column] = kind
    return found


def _has_kinds(row: Row, kinds: dict[int, str]) -> bool:
    """True where the row holds what its columns hold, or anything else that no name is: a few slips do not matter."""
    held = [kind_of(cell.strip()) in TYPED for cell in row.cells]
    return 4 * sum(held) >= len(kinds)


def _could_be_names(row: Row) -> bool:
    cells = [cell.strip() for cell in row.cells if cell.strip()]
    return len(set(cells)) == len(cells) and not any(kind_of(cell) in TYPED for cell in cells)


def _is_header_again(row: Row, names: Sequence[str]) -> bool:
    """Most of the first header's names once more, in their order: another table begins."""
    cells = [cell.strip() for cell in row.cells if cell.strip()]
    shared = [cell for cell in cells if cell in names]
    kept = sorted(shared, key=names.index) == shared
    return len(shared) > 1 and kept and 4 * len(shared) >= 3 * min(len(cells), len(names))
