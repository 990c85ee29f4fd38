"""Cells of a line that breaks the rules of quoting: of all ways to read it, the one with the fewest slips.

A slip is a quote within quotes that is neither doubled nor escaped, or one at the edge of a cell that is not quoted.
For detection and for what a person will look at; intake holds such lines (alliance_etl.reading.careful).
"""

import re
from functools import cache

from alliance_etl.reading.guess import Writing, cell_pattern

MISCOUNT = 1.5
"""What another number of fields weighs against slips: more than one, less than two."""
_WAYS = 1000
_FIELDS = 300
"""Beyond these a line has too many ways to be read to weigh them all; its first one is taken."""


class LooseGrammar:
    """Reads single lines of one writing into cells without quotes."""

    def __init__(self, writing: Writing) -> None:
        self.writing = writing
        self._pattern = cell_pattern(writing)
        self._pair = "\\" + writing.quote if writing.escape == "backslash" else writing.quote * 2

    def cells(self, line: str, width: int | None = None) -> list[str]:
        """The cells; `width` is how many there should be, where that is known."""
        if self.writing.quote not in line:
            return line.split(self.writing.delimiter)
        cells = self.regular(line)
        if cells is not None and width in (None, len(cells)):
            return cells
        fields = line.count(self.writing.delimiter) + 1
        if fields > _FIELDS or line.count(self.writing.quote) * fields > _WAYS:
            return cells or self._first_way(line)
        return self._fewest_slips(line, width)

    def regular(self, line: str) -> list[str] | None:
        """The cells where every quote of the line is in its place, else None."""
        found = self._pattern.findall(line + self.writing.delimiter)
        if any(self._slips(cell) for cell in found):
            return None
        return [self._text(cell) for cell in found]

    def is_open(self, line: str) -> bool:
        """True where a cell's opening quote is not closed in the line."""
        found = self._pattern.findall(line + self.writing.delimiter)
        return any(cell[:1] == self.writing.quote and not self._is_quoted(cell) for cell in found)

    def may_close(self, line: str) -> bool:
        """True where a quote stands before a delimiter or at the end, as one does that closes a cell."""
        quote = self.writing.quote
        return quote + self.writing.delimiter in line or line.endswith(quote)

    def _first_way(self, line: str) -> list[str]:
        return [self._text(cell) for cell in self._pattern.findall(line + self.writing.delimiter)]

    def _is_quoted(self, cell: str) -> bool:
        return len(cell) > 1 and cell[0] == self.writing.quote == cell[-1]

    def _text(self, cell: str) -> str:
        return cell[1:-1].replace(self._pair, self.writing.quote) if self._is_quoted(cell) else cell

    def _slips(self, cell: str) -> int:
        quote = self.writing.quote
        if self._is_quoted(cell):
            return cell[1:-1].replace(self._pair, "").count(quote)
        return (cell[:1] == quote) + (len(cell) > 1 and cell[-1] == quote)

    def _fewest_slips(self, line: str, width: int | None) -> list[str]:
        """By dynamic programming over where cells begin; per number of cells the best way."""
        delimiter, quote = self.writing.delimiter, self.writing.quote
        stops = [match.start() for match in re.finditer(f"(?={re.escape(delimiter)})", line)] + [len(line)]

        @cache
        def ways(start: int) -> dict[int, tuple[int, tuple[str, ...]]]:
            """Number of cells from `start` to the end → slips, cells as they stand."""
            best: dict[int, tuple[int, tuple[str, ...]]] = {}
            for stop in ends(start):
                cell = line[start:stop]
                rest = {0: (0, ())} if stop == len(line) else ways(stop + len(delimiter))
                for count, (slips, cells) in rest.items():
                    total = self._slips(cell) + slips
                    if count + 1 not in best or total < best[count + 1][0]:
                        best[count + 1] = (total, (cell, *cells))
            return best

        def ends(start: int) -> list[int]:
            """Where a cell that begins there may end: at the next delimiter, or after any quote before one."""
            first = next(stop for stop in stops if stop >= start)
            if line[start : start + 1] != quote:
                return [first]
            return [first, *(stop for stop in stops if stop > first and line[stop - 1] == quote)]

        found = ways(0)
        count = min(found, key=lambda each: (found[each][0] + MISCOUNT * (width not in (None, each)), each))
        return [self._text(cell) for cell in found[count][1]]
