"""The grammar of delimited text: the cells of a line, and how many fields a record must have.

A quote opens a cell only at its very beginning and closes it only before a delimiter or the end of a line; `""` is a
quote, any other quote is plain text. Everything here is bytes of UTF-8; delimiter, quote and newline are ASCII.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from alliance_etl.reading.model import BrokenCode

SEP_LINE = re.compile(rb"\"?sep=([^\w\"\r\n])\"?\1*[\r\n]*", re.IGNORECASE | re.ASCII)
"""Excel's first line that names the delimiter."""

ASCII_SPACE = b"\t\n\v\f\r\x1c\x1d\x1e\x1f "
"""What str.strip takes for white space, as far as it is ASCII."""


@dataclass(frozen=True)
class Shape:
    """How many fields a record has: the header's, except that unnamed columns at its end need not be there."""

    required: int
    offered: int

    @classmethod
    def of(cls, header: Sequence[str]) -> "Shape":
        named = [position for position, name in enumerate(header, 1) if name]
        return cls(named[-1] if named else len(header), len(header))

    def fault(self, cells: Sequence[bytes]) -> BrokenCode | None:
        """row_too_short, row_too_long or None; empty cells beyond the header are a trailing delimiter."""
        if len(cells) < self.required:
            return "row_too_short"
        if any(not is_blank_cell(cell) for cell in cells[self.offered :]):
            return "row_too_long"
        return None


def is_blank_cell(cell: bytes) -> bool:
    cell = cell.lstrip(ASCII_SPACE)
    return not cell or (cell[0] >= 0x80 and not cell.decode(errors="replace").strip())


class Closing(NamedTuple):
    """Offsets in a line: where the open cell's text ends, and where the next cell begins (beyond the end: nowhere)."""

    cell_end: int
    next_cell: int


class Grammar:
    """Splits lines at one delimiter, a single ASCII character."""

    def __init__(self, delimiter: str) -> None:
        self.delimiter = delimiter.encode()
        stop = re.escape(self.delimiter)
        # Possessive, so that every line takes linear time. The delimiter after the last cell is added to the line.
        inside = rb'((?:[^"]++|""|"(?!["%b]))*+)"%b' % (stop, stop)
        self._cell = re.compile(rb'"%b|((?!")[^%b]*+)%b' % (inside, stop, stop))
        self._closing = re.compile(inside)
        self._regular_cell = rb'(?:"(?:[^"]++|"")*+"|[^"%b]*+)%b' % (stop, stop)
        self._regular = re.compile(rb"(?:%b)++" % self._regular_cell)

    def cells(self, line: bytes) -> tuple[list[bytes], int | None]:
        """Unquoted cells of a line without its line break, and where a quote is left open (its offset), if one is."""
        if b'"' not in line:
            return line.split(self.delimiter), None
        text = line + self.delimiter
        found: list[bytes] = []
        at = 0
        while at < len(text):
            match = self._cell.match(text, at)
            if match is None:
                return found, at
            quoted, plain = match.groups()
            found.append(plain if quoted is None else quoted.replace(b'""', b'"'))
            at = match.end()
        return found, None

    def closing(self, line: bytes) -> Closing | None:
        """Where a line closes a quote that an earlier one left open; None where it does not."""
        match = self._closing.match(line + self.delimiter)
        return Closing(match.end(1), match.end()) if match else None

    def is_regular(self, line: bytes) -> bool:
        """True where every quote of the line opens, closes or doubles, as the textbook has it."""
        return self._regular.fullmatch(line + self.delimiter) is not None

    def regular_record(self, fields: int) -> re.Pattern[bytes]:
        """Matches regular lines of so many fields, with a delimiter put after the last."""
        return re.compile(b"(?:%b){%d}" % (self._regular_cell, fields))

    def is_blank(self, line: bytes) -> bool:
        """True where all cells of one physical line are empty or white space."""
        if b'"' in line:
            cells, opened = self.cells(line)
            return opened is None and all(map(is_blank_cell, cells))
        return is_blank_cell(line.translate(None, self.delimiter))
