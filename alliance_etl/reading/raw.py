"""The records of a delimited file as they were written, byte for byte, by the lines at which they begin."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from alliance_etl.reading.grammar import Grammar, Shape
from alliance_etl.reading.quoting import USUAL, Quoting
from alliance_etl.reading.source import count_lines, whole_lines
from alliance_etl.reading.spanning import RECORD_LINES, Lines


@dataclass(frozen=True)
class RawRecord:
    """A record's text in UTF-8 without its last line break, and its cells; no cells where it cannot be taken apart.

    A byte that the file's encoding cannot decode is no valid UTF-8 here.
    """

    line: int
    text: bytes
    cells: tuple[bytes, ...]


def raw_records(
    path: Path,
    encoding: str,
    mark_bytes: int,
    delimiter: str,
    shape: Shape | None,
    lines: Sequence[int],
    quoting: Quoting = USUAL,
) -> Iterator[RawRecord]:
    """The records that begin at these lines (1-based, ascending). The file is read once, in bounded memory."""
    grammar = Grammar(delimiter)
    with path.open("rb") as file:
        file.seek(mark_bytes)
        chunks = whole_lines(file, encoding, quoting)
        wanted, first = list(lines), 1
        chunk = next(chunks, b"")
        while chunk and wanted:
            following = next(chunks, b"")
            height = count_lines(chunk)
            here = [line for line in wanted if line < first + height]
            if here:
                own = chunk.splitlines(keepends=True)
                ahead = islice(following.splitlines(keepends=True), RECORD_LINES)
                records = Lines([*own, *ahead], grammar, shape)
                yield from (_record(records, line, line - first, shape, quoting) for line in here)
                wanted = wanted[len(here) :]
            first, chunk = first + height, following


def _record(lines: Lines, number: int, index: int, shape: Shape | None, quoting: Quoting) -> RawRecord:
    record = lines.record(index)
    if record is not None and record.lines > 1 and shape is not None and shape.fault(record.cells):
        record = None
    height = record.lines if record else 1
    text = b"".join(lines[each] for each in range(index, index + height)).rstrip(b"\r\n")
    sound = record is not None and (shape is None or not shape.fault(record.cells))
    cells = tuple(quoting.cell_outward(cell) for cell in record.cells) if record and sound else ()
    return RawRecord(number, quoting.written(text), cells)
