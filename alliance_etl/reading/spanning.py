"""Records that span lines: when a quote left open belongs to its record, and when it is a slip of its line.

It belongs where the record is closed within bounds and no line in between, nor the one that closes it, is a record
by itself; else one stray quote would swallow the good rows after it.
"""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass

from alliance_etl.reading.grammar import Grammar, Shape
from alliance_etl.reading.source import AHEAD_BYTES

RECORD_LINES = 200
"""A quote that is still open after so many lines was never meant to open a cell."""


@dataclass(frozen=True)
class Record:
    """Unquoted cells, and how many lines they take."""

    cells: list[bytes]
    lines: int


class Lines:
    """Consecutive lines, each with its line break, as records to be read from any of them."""

    def __init__(
        self, lines: list[bytes], grammar: Grammar, shape: Shape | None, ahead: Callable[[], list[bytes]] = list
    ) -> None:
        """Without a shape no line is a record by itself. `ahead` gives the lines after these, should they matter."""
        self._lines = lines
        self._grammar = grammar
        self._shape = shape
        self._ahead: Callable[[], list[bytes]] | None = ahead
        self._searched = 0
        self._decisive: list[int] = []

    def __getitem__(self, index: int) -> bytes:
        return self._lines[index]

    def record(self, index: int) -> Record | None:
        """The record that begins with that line; None where a quote stays open. Ask in ascending order."""
        cells, opened = self._grammar.cells(self._lines[index].rstrip(b"\r\n"))
        last, size = index, len(self._lines[index])
        rest = self._lines[index]
        while opened is not None:
            decisive = self._next_decisive(last, index + RECORD_LINES - 1)
            if decisive is None:
                return None
            line = self._lines[decisive]
            content = line.rstrip(b"\r\n")
            closing = self._grammar.closing(content)
            size += sum(map(len, self._lines[last + 1 : decisive + 1]))
            if closing is None or size >= AHEAD_BYTES or self._is_record(content, closes=True):
                return None
            cell = b"".join([rest[opened + 1 :], *self._lines[last + 1 : decisive], content[: closing.cell_end]])
            cells.append(cell.replace(b'""', b'"'))
            last, rest, opened = decisive, line[closing.next_cell :], None
            if closing.next_cell <= len(content):
                more, opened = self._grammar.cells(content[closing.next_cell :])
                cells += more
        return Record(cells, last - index + 1)

    def _next_decisive(self, index: int, last: int) -> int | None:
        """The first line after `index`, up to `last`, that closes an open quote or is a record by itself.

        What was searched is remembered: where every line leaves a quote open, each is judged once, not 200 times.
        """
        known = bisect_right(self._decisive, index)
        number = max(self._searched, index)
        while known == len(self._decisive) and number < last and self._reaches(number + 1):
            number += 1
            self._searched = number
            content = self._lines[number].rstrip(b"\r\n")
            closes = self._grammar.closing(content) is not None
            if closes or self._is_record(content, closes=False):
                self._decisive.append(number)
        return self._decisive[known] if known < len(self._decisive) and self._decisive[known] <= last else None

    def _is_record(self, content: bytes, *, closes: bool) -> bool:
        """A record by itself. A line that would close the open quote is one only if no quote of its own is left over:
        `rest of a remark";3;4` is the end of a cell."""
        if self._shape is None or self._grammar.is_blank(content):
            return False
        cells, opened = self._grammar.cells(content)
        fits = opened is None and self._shape.fault(cells) is None
        return fits and (not closes or self._grammar.is_regular(content))

    def _reaches(self, index: int) -> bool:
        if index >= len(self._lines) and self._ahead is not None:
            self._lines.extend(self._ahead())
            self._ahead = None
        return index < len(self._lines)
