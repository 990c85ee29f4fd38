"""A delimited file, opened: its dialect and header at once, its records in blocks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from alliance_etl.reading.careful import CarefulReader
from alliance_etl.reading.clean import read_clean
from alliance_etl.reading.encoding import Encoding, encoding_of
from alliance_etl.reading.grammar import Grammar, Shape
from alliance_etl.reading.header import cut, find_header
from alliance_etl.reading.limits import UNLIMITED, Limits
from alliance_etl.reading.model import Block, Dialect, Unreadable, joined
from alliance_etl.reading.qualtrics import legacy_header, more_header
from alliance_etl.reading.quoted import quoting_of
from alliance_etl.reading.quoting import USUAL, Quoting
from alliance_etl.reading.source import AHEAD_BYTES, CHUNK_BYTES, LineTooLong, Window, utf8_chunks

CAREFUL_BYTES = 1 << 18
"""What is read line by line where something in it is not clean: small, so that clean text around it is not."""
_GROWTH = 4
_ANY_SIZE = 1 << 40


@dataclass(frozen=True)
class DelimitedText:
    """A file whose header is known.

    header            names as in the file, outer space and quotes cut, doubles kept, "" where a column has none
    other_delimiters  delimiter → how many wanted names the header has when read with it, the chosen one included
    encoding_note     what the site or the data manager should know of the encoding, None where nothing is odd
    """

    path: Path
    dialect: Dialect
    header: tuple[str, ...]
    header_line: int
    other_delimiters: Mapping[str, int]
    encoding_note: str | None
    _mark_bytes: int
    _records_at: int
    _records_line: int
    header_rows: int = 1
    packed: str | None = None
    _quoting: Quoting = USUAL
    _limits: Limits = UNLIMITED
    holder: object | None = None
    """Keeps the bytes of a packed file there while they are read."""

    typed = None

    @property
    def encoding(self) -> str:
        return self.dialect.encoding

    @property
    def facts(self) -> dict[str, object]:
        """How the file is written, for the receipt."""
        return {
            "encoding": self.dialect.encoding,
            "bom": self.dialect.bom,
            "delimiter": self.dialect.delimiter,
            "newline": self.dialect.newline,
            "header_line": self.header_line,
            "columns": len(self.header),
            **({"legacy_header": True} if self.header_rows == 2 else {}),
            **({"encoding_note": self.encoding_note} if self.encoding_note else {}),
            **self._quoting.facts,
            **({"packed": self.packed} if self.packed else {}),
        }

    def blocks(self, positions: Sequence[int] | None = None, block_bytes: int = 16 << 20) -> Iterator[Block]:
        """All records after the header, in order; columns by position in the header, all of them where None.

        Memory is bounded by block_bytes, or by the longest line. What a record is does not depend on block_bytes.
        Raises Unreadable (too_large) at a line that is longer than a line may be.
        """
        columns = tuple(dict.fromkeys(range(len(self.header)) if positions is None else positions))
        if not all(0 <= position < len(self.header) for position in columns):
            raise IndexError(f"the header has {len(self.header)} columns, asked for positions {columns}")
        with self.path.open("rb") as file:
            file.seek(self._mark_bytes)
            chunks = self._quoting.inward(utf8_chunks(file, self.dialect.encoding))
            window = Window(chunks, self._limits.line_bytes)
            window.fill(self._records_at)
            window.drop(self._records_at)
            reader = _BlockReader(self, columns, window)
            try:
                while block := reader.next(max(block_bytes, 1)):
                    yield self._quoting.block(block)
            except LineTooLong:
                self._limits.refuse_line(reader.line)


class _BlockReader:
    """Walks through a window: as much as possible by the fast path, the rest line by line."""

    def __init__(self, text: DelimitedText, positions: Sequence[int], window: Window) -> None:
        self._grammar = Grammar(text.dialect.delimiter)
        self._shape = Shape.of(text.header)
        self._positions = positions
        self._careful = CarefulReader(self._grammar, self._shape, positions)
        self._window = window
        self._line = text._records_line
        self._hopeful = _ANY_SIZE

    @property
    def line(self) -> int:
        """The line (1-based) that comes next."""
        return self._line

    def next(self, block_bytes: int) -> Block | None:
        """The records of about block_bytes, None at the end of the file."""
        pieces: list[Block] = []
        start = 0
        # A block may be a little shorter, lest its last piece is a line or two.
        while start < block_bytes - block_bytes // 16:
            stop = self._window.line_end(start, min(block_bytes - start, self._hopeful))
            if stop == start:
                break
            piece, start = self._piece(start, stop)
            if piece is not None:
                pieces.append(piece)
        self._window.drop(start)
        return joined(pieces) if pieces else None

    def _piece(self, start: int, stop: int) -> tuple[Block | None, int]:
        """The records of one piece and where it ends; None where a smaller piece is to be tried."""
        text = self._window.data[start:stop]
        block = read_clean(text, self._line, self._grammar, self._shape, self._positions)
        if block is not None:
            self._line += block.frame.height + block.blank.height
            self._hopeful = min(self._hopeful * _GROWTH, _ANY_SIZE)
            return block, stop
        if len(text) > CAREFUL_BYTES and self._hopeful > CAREFUL_BYTES:
            # smaller than the last one that was tried: one line may be larger than all of them
            self._hopeful = max(min(len(text) // _GROWTH**2, self._hopeful // _GROWTH), CAREFUL_BYTES)
            return None, start
        self._hopeful = CAREFUL_BYTES
        block, size, lines = self._careful.read(self._window.data, start, stop, self._line)
        self._line += lines
        return block, start + size


def open_delimited(
    path: Path,
    wanted: Sequence[str],
    *,
    delimiter: str | None = None,
    encoding: str | None = None,
    limits: Limits = UNLIMITED,
) -> DelimitedText:
    """Find encoding, delimiter and header of a file, the latter two by the column names that the study hopes to find.

    A declared delimiter (one ASCII character) or encoding (a Python codec) is taken as such. Raises Unreadable.
    """
    if delimiter is not None and (len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n'):
        raise ValueError("a delimiter is one ASCII character, neither quote nor line break")
    found = encoding_of(path, encoding, limits)
    window = _beginning(path, found, USUAL)
    quoting = quoting_of(window.data, wanted, whole=window.ended, delimiter=delimiter)
    if not quoting.is_usual:
        window, wanted = _beginning(path, found, quoting), list(map(quoting.name_inward, wanted))
    try:
        header, named = find_header(window.data, wanted, whole=window.ended, delimiter=delimiter)
    except Unreadable as error:
        if error.code != "bad_encoding":
            raise
        facts: dict[str, int | str | bool] = {"encoding": found.name, "declared": encoding is not None}
        raise Unreadable("bad_encoding", {**facts, **error.facts}) from None
    names, (lines, size) = header.names, more_header(window.data[header.end :], header.delimiter)
    rows = 3 if lines else 1
    if legacy := legacy_header(names, window.data[header.end :], header.delimiter, set(map(cut, wanted))):
        rows, (names, lines, size) = 2, legacy
    return DelimitedText(
        path=path,
        dialect=Dialect(found.name, bool(found.mark), header.delimiter, _newline(window.data)),
        header=tuple(map(quoting.outward, names)),
        header_line=header.line,
        other_delimiters=named,
        encoding_note=found.note,
        _mark_bytes=len(found.mark),
        header_rows=rows,
        _records_at=header.end + size,
        _records_line=header.line + header.lines + lines,
        _quoting=quoting,
        _limits=limits,
    )


def _beginning(path: Path, encoding: Encoding, quoting: Quoting) -> Window:
    with path.open("rb") as file:
        file.seek(len(encoding.mark))
        window = Window(quoting.inward(utf8_chunks(file, encoding.name)))
        window.fill(CHUNK_BYTES + AHEAD_BYTES)
    return window


def _newline(sample: bytes) -> str:
    if b"\r" not in sample:
        return "\n"
    pairs = sample.count(b"\r\n")
    counts = {"\n": sample.count(b"\n") - pairs, "\r\n": pairs, "\r": sample.count(b"\r") - pairs}
    return max(counts, key=lambda newline: counts[newline])
