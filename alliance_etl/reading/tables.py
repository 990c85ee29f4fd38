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

    names   of the columns: header rows joined by a space, column by column, a name above several columns in each;
            empty where there is no header
    """

    titles: tuple[Row, ...]
    header: tuple[Row, ...]
    records: tuple[Row, ...]
    notes: tuple[Row, ...]

    @property
    def names(self) -> tuple[str, ...]:
        width = max((len(row.cells) for row in self.header), default=0)
        upper = [_spread_right(row.cells) for row in self.header[:-1]]
        last = [[cell.strip() for cell in row.cells] for row in self.header[-1:]]
        columns = ([row[at] for row in (*upper, *last) if at < len(row)] for at in range(width))
        return tuple(" ".join(filter(None, column)) for column in columns)


def _spread_right(cells: Sequence[str]) -> list[str]:
    """A name above several columns stands over the first of them alone."""
    spread: list[str] = []
    for cell in cells:
        spread.append(cell.strip() or (spread[-1] if spread else ""))
    return spread


def usual_width(widths: Sequence[int]) -> int:
    """How many fields most records have; the larger number where two are as frequent."""
    counts = Counter(widths)
    return max(counts, key=lambda width: (counts[width], width), default=0)


def split_tables(rows: Sequence[Row]) -> list[Table]:
    """Every row that is not blank, in one of the tables' parts, in order."""
    rows = [row for row in rows if row.filled]
    if not rows:
        return []
    first, start = _header_at(rows)
    names = [cell.strip() for cell in rows[start - 1].cells if cell.strip()] if first < start else []
    again = next((at for at in range(start, len(rows)) if _is_header_again(rows[at], names)), len(rows))
    end = again
    while end - start > 1 and _is_aside(rows[end - 1], rows[start:end]):
        end -= 1
    table = Table(tuple(rows[:first]), tuple(rows[first:start]), tuple(rows[start:end]), tuple(rows[end:again]))
    return [table, *(split_tables(rows[again:]) if again < len(rows) else [])]


def _is_aside(row: Row, rows: Sequence[Row]) -> bool:
    """A note under a table: its first cell alone is filled, where most rows fill several."""
    return row.filled == 1 and bool(row.cells[0].strip()) and usual_width([each.filled for each in rows]) >= 3


def _header_at(rows: Sequence[Row]) -> tuple[int, int]:
    """Where the header begins and where it ends; both the same where there is none, and titles are before it.

    Names are what stands above the first row that holds what its columns hold in the rest, and fills most columns.
    """
    kinds = _column_kinds(rows)
    if not kinds:
        titles = _lone(rows)
        return titles, titles + _could_be_names(rows[titles])
    width = usual_width([len(row.cells) for row in rows])
    data = next((at for at, row in enumerate(rows) if _has_kinds(row, kinds)), len(rows))
    full = [at for at in range(data) if 2 * rows[at].filled >= width]
    first = next((at for at in full if len(rows[at].cells) == width), min(full, default=None))
    if first is None:
        titles = min(_lone(rows), data)
        return titles, titles
    stop = next((at for at in range(first, data) if at not in full), data)
    while first and rows[first - 1].filled > 1 and len(rows[first - 1].cells) == width:
        first -= 1
    return max(first, stop - HEADER_ROWS), stop


def _lone(rows: Sequence[Row]) -> int:
    """How many rows at the beginning fill one cell, where most rows fill several."""
    if usual_width([row.filled for row in rows]) < 3:
        return 0
    return next((at for at, row in enumerate(rows) if row.filled > 1), 0)


def _column_kinds(rows: Sequence[Row]) -> dict[int, str]:
    """The columns whose cells are nearly all of one kind that no name has; of the last rows, where there are many."""
    rows = rows[-max(len(rows) // 2, len(rows) - 3 * HEADER_ROWS) :] if len(rows) > 2 else rows[-1:]
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
