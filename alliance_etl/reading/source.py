"""A file as a stream of UTF-8 bytes, and the window through which its lines are read.

A byte that its encoding cannot decode becomes a lone surrogate, which is never valid UTF-8: from here on
there is one way to tell a line that does not decode, whatever the file's encoding.
"""

import codecs
from collections.abc import Iterator
from typing import BinaryIO, Protocol

import pyarrow as pa

CHUNK_BYTES = 1 << 20
AHEAD_BYTES = 1 << 16
"""A record that spans lines is shorter than this, so a window that holds as much beyond a line holds the record."""

_ERRORS = "alliance_etl.reading.mark"
ANY_LENGTH = 1 << 60


class LineTooLong(Exception):
    """A line is longer than a line may be; it begins where reading has come to, or later."""


def _mark(error: UnicodeError) -> tuple[str, int]:
    """Error handler of codecs: a lone surrogate for one undecodable unit, resume after it."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wide = error.encoding.replace("_", "-").lower().startswith(("utf-16", "utf-32"))
    # Byte by byte, lest a newline that follows a broken multi-byte letter is taken with it.
    return "\udcff", error.end if wide else error.start + 1


codecs.register_error(_ERRORS, _mark)


def is_utf8(text: bytes) -> bool:
    """True for strict UTF-8, decided without decoding."""
    if text.isascii():
        return True
    offsets = pa.py_buffer(bytes(8) + len(text).to_bytes(8, "little"))
    try:
        pa.Array.from_buffers(pa.large_string(), 1, [None, offsets, pa.py_buffer(text)]).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def count_lines(text: bytes) -> int:
    """Lines of a text, the last with or without a line break."""
    breaks = text.count(b"\n")
    if b"\r" in text:
        breaks += text.count(b"\r") - text.count(b"\r\n")
    return breaks + (not text.endswith((b"\n", b"\r")))


def utf8_chunks(file: BinaryIO, encoding: str) -> Iterator[bytes]:
    """What follows in `file`, as UTF-8."""
    raw = iter(lambda: file.read(CHUNK_BYTES), b"")
    if encoding == "utf-8":
        yield from raw
        return
    decoder = codecs.getincrementaldecoder(encoding)(_ERRORS)
    for chunk in raw:
        yield decoder.decode(chunk).encode("utf-8", "surrogatepass")
    yield decoder.decode(b"", True).encode("utf-8", "surrogatepass")


class Translation(Protocol):
    """What the bytes of a file go through before they are cut into lines (alliance_etl.reading.quoting)."""

    def inward(self, chunks: Iterator[bytes]) -> Iterator[bytes]: ...


def whole_lines(
    file: BinaryIO, encoding: str = "utf-8", translation: Translation | None = None, most_line: int = ANY_LENGTH
) -> Iterator[bytes]:
    """What follows in `file`, as UTF-8 in chunks that end with a line; a longer line is a chunk.

    LineTooLong where a line has more than about `most_line` bytes; then it is the next one.
    """
    chunks = utf8_chunks(file, encoding)
    window = Window(translation.inward(chunks) if translation else chunks, most_line)
    while stop := window.line_end(0, 4 * CHUNK_BYTES):
        yield window.data[:stop]
        window.drop(stop)


class Window:
    """As much of a stream as is being read. `data` grows at its end and is dropped at its start."""

    def __init__(self, chunks: Iterator[bytes], most_line: int = ANY_LENGTH) -> None:
        self._chunks, self._most_line = chunks, most_line
        self.data = b""
        self.ended = False

    def fill(self, size: int) -> None:
        """Hold at least `size` bytes, or all that are left."""
        parts, held = [self.data], len(self.data)
        while held < size and not self.ended:
            chunk = next(self._chunks, None)
            self.ended = chunk is None
            if chunk:
                parts.append(chunk)
                held += len(chunk)
        if len(parts) > 1:
            self.data = b"".join(parts)

    def drop(self, size: int) -> None:
        self.data = self.data[size:]

    def line_end(self, start: int, size: int) -> int:
        """Where the last line ends that ends within `size` bytes of start; else where the first one ends.

        A line break counts to the line that it ends. At least AHEAD_BYTES more are held, or all that are left.
        LineTooLong where the first one does not end within what a line may have.
        """
        size = max(size, 1)
        self.fill(start + size + AHEAD_BYTES)
        if self.ended and start + size >= len(self.data):
            return len(self.data)
        stop = max(self.data.rfind(newline, start, start + size) for newline in (b"\n", b"\r")) + 1
        if not stop:
            stop = self._first_line_end(start, start + size)
        self.fill(stop + AHEAD_BYTES)
        return stop + (self.data[stop - 1 : stop + 1] == b"\r\n")

    def _first_line_end(self, start: int, searched: int) -> int:
        while True:
            found = [at for at in (self.data.find(newline, searched) for newline in (b"\n", b"\r")) if at >= 0]
            stop = min(found) + 1 if found else len(self.data)
            if stop - start > self._most_line:
                raise LineTooLong
            if found or self.ended:
                return stop
            searched = len(self.data)
            self.fill(min(2 * searched, start + self._most_line) + CHUNK_BYTES)
