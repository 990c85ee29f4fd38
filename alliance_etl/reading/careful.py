"""The careful path: a piece of text that is not clean, line by line."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from alliance_etl.reading.clean import numbered, parse
from alliance_etl.reading.grammar import Grammar, Shape, is_blank_cell
from alliance_etl.reading.model import BLANK_SCHEMA, BROKEN_SCHEMA, Block, BrokenCode, frame_schema
from alliance_etl.reading.source import AHEAD_BYTES, is_utf8
from alliance_etl.reading.spanning import Lines

_PLAIN_BYTES = 1 << 16
"""pyarrow refuses a line that is longer than its own blocks (a megabyte)."""


@dataclass
class _Found:
    """What became of the records, by first line: plain lines by fields and quotes, cells, faults, blanks."""

    plain: dict[tuple[int, bool], tuple[list[int], list[bytes]]] = field(default_factory=dict)
    records: list[tuple[int, list[bytes]]] = field(default_factory=list)
    broken: list[tuple[int, BrokenCode, int, int]] = field(default_factory=list)
    blank: list[int] = field(default_factory=list)


class CarefulReader:
    """Reads the pieces of one file that are not clean."""

    def __init__(self, grammar: Grammar, shape: Shape, positions: Sequence[int]) -> None:
        self._grammar = grammar
        self._shape = shape
        self._positions = positions
        self._regular_record = grammar.regular_record(shape.offered)
        # The line that closes an open quote of an earlier one without making a record of it: `rest of a remark";3;4`
        # has the right number of fields by chance, and is no row. Such a line is never clean.
        self._tail: int | None = None

    def read(self, data: bytes, start: int, stop: int, first_line: int) -> tuple[Block, int, int]:
        """The records that begin in data[start:stop] (whole lines), how many bytes they take, and how many lines.

        The last record may reach beyond `stop`, into at most AHEAD_BYTES more.
        """
        piece = data[start:stop]
        own = piece.splitlines(keepends=True)
        lines = Lines(
            list(own), self._grammar, self._shape, lambda: data[stop : stop + AHEAD_BYTES].splitlines(keepends=True)
        )
        is_clean = is_utf8(piece)
        found = _Found()
        index = size = 0
        while index < len(own):
            number, text, height = first_line + index, own[index], 1
            if not self._is_plain(text, number, found, is_clean):
                record = lines.record(index)
                if record is not None and record.lines > 1 and self._shape.fault(record.cells):
                    self._tail = number + record.lines - 1
                    record = None
                height = record.lines if record else 1
                text = b"".join(lines[each] for each in range(index, index + height))
                self._sort(text, record.cells if record else None, number, found)
            index += height
            size += len(text)
        return self._block(found), size, index

    def _is_plain(self, line: bytes, number: int, found: _Found, is_clean: bool) -> bool:
        """Take in a line that pyarrow reads as the grammar does, and that is not blank, to be parsed with its like."""
        content = line.rstrip(b"\r\n")
        delimiter = self._grammar.delimiter
        first = content.lstrip(delimiter + b'"')[:1]
        # Whether cells are blank is for `_sort` to say where the first character leaves it open.
        if not b" " < first < b"\x7f" or b"\0" in content or not (is_clean or is_utf8(content)):
            return False
        if len(content) > _PLAIN_BYTES:
            return False
        quoted = b'"' in content
        fields = self._shape.offered if quoted else content.count(delimiter) + 1
        surplus = fields - self._shape.offered
        if quoted and not self._regular_record.fullmatch(content + delimiter):
            return False
        if fields < self._shape.required or (surplus > 0 and not content.endswith(delimiter * surplus)):
            return False
        numbers, texts = found.plain.setdefault((fields, quoted), ([], []))
        numbers.append(number)
        texts.append(content)
        return True

    def _sort(self, record: bytes, cells: list[bytes] | None, number: int, found: _Found) -> None:
        """Put a record where it belongs; `cells` is None where its quote is never closed."""
        fault: BrokenCode | None = "unterminated_quote"
        if cells is None:
            # The cell left open counts as one.
            cells = [*self._grammar.cells(record.rstrip(b"\r\n"))[0], b'"']
        elif number != self._tail:
            fault = self._shape.fault(cells)
        if b"\0" in record:
            fault = "nul_bytes"
        elif not is_utf8(record):
            fault = "undecodable_bytes"
        elif all(map(is_blank_cell, cells)):
            found.blank.append(number)
            return
        if fault is None:
            found.records.append((number, cells))
        else:
            expected = self._shape.offered if fault == "row_too_long" else self._shape.required
            found.broken.append((number, fault, len(cells), expected))

    def _block(self, found: _Found) -> Block:
        schema = frame_schema(self._positions)
        frames = [self._parsed(*kind, *plain) for kind, plain in found.plain.items()]
        columns = {
            str(position): [_text(cells, position) for _, cells in found.records] for position in self._positions
        }
        frames.append(pl.DataFrame({**columns, "line": [number for number, _ in found.records]}, schema=schema))
        return Block(
            pl.concat([frame.select(list(schema)) for frame in frames]).sort("line"),
            pl.DataFrame(found.broken, schema=BROKEN_SCHEMA, orient="row"),
            pl.DataFrame({"line": found.blank}, schema=BLANK_SCHEMA),
        )

    def _parsed(self, fields: int, quoted: bool, numbers: list[int], texts: list[bytes]) -> pl.DataFrame:
        text = b"\n".join(texts) + b"\n"
        table = parse(text, self._grammar.delimiter, fields, self._shape, self._positions, quoted=quoted)
        assert table is not None, "pyarrow reads every regular line"
        return numbered(table, numbers)


def _text(cells: list[bytes], position: int) -> str | None:
    return (cells[position].decode() or None) if position < len(cells) else None
