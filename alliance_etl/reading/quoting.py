"""Files that quote with ' or write a quote within quotes as \\": how they are turned into what the grammar reads.

The grammar (alliance_etl.reading.grammar) knows one way of quoting. Such a file's bytes are put into that way before
they are read, and its cells' texts are put back afterwards: ' and " change places, and an escaped character becomes one
that stands in no text. Which files are such is decided in alliance_etl.reading.quoted; every other one passes as it is.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import polars as pl

from alliance_etl.reading.model import Block

Quote = Literal['"', "'"]
Escape = Literal["doubled", "backslash"]

_SWAPPED = bytes.maketrans(b"'\"", b"\"'")
_ESCAPED = re.compile(rb'\\([\\"])')
# Noncharacters of Unicode: they stand in no text that is exchanged.
_BACKSLASH, _QUOTE = "\ufdd0", "\ufdd1"
_FOREIGN = re.compile(b"|".join((_BACKSLASH.encode(), _QUOTE.encode())))
# Half of a letter, as alliance_etl.reading.source has it for bytes that do not decode: the line is held.
_UNDECODED = b"\xed\xb3\xbf"


@dataclass(frozen=True)
class Quoting:
    """Which character encloses cells, and how it is written within them."""

    quote: Quote = '"'
    escape: Escape = "doubled"

    @property
    def is_usual(self) -> bool:
        return self.quote == '"' and self.escape == "doubled"

    @property
    def facts(self) -> dict[str, object]:
        """For the receipt, where it is not the usual one."""
        return {} if self.is_usual else {"quote": self.quote, "escape": self.escape}

    def inward(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """A file's UTF-8 as the grammar reads it. No line is longer or shorter by a line break than it was."""
        if self.quote == "'":
            chunks = (chunk.translate(_SWAPPED) for chunk in chunks)
        return _without_escapes(chunks) if self.escape == "backslash" else chunks

    def name_inward(self, name: str) -> str:
        """A column's name as the grammar will find it."""
        return b"".join(self.inward(iter([name.encode()]))).decode(errors="replace") if self.quote == "'" else name

    def outward(self, text: str) -> str:
        """What a cell says, of the text that the grammar gives."""
        return text if self.is_usual else re.sub("[\"'\ufdd0\ufdd1]", lambda each: self._meanings[each[0]], text)

    def cell_outward(self, cell: bytes) -> bytes:
        """The same for bytes that may not decode."""
        return (
            cell
            if self.is_usual
            else self.outward(cell.decode(errors="surrogateescape")).encode(errors="surrogateescape")
        )

    def written(self, text: bytes) -> bytes:
        """A piece of the file as it was written, of what the grammar reads."""
        if self.escape == "backslash":
            text = text.replace(_BACKSLASH.encode(), b"\\\\").replace(_QUOTE.encode(), b'\\"')
        return text.translate(_SWAPPED) if self.quote == "'" else text

    def block(self, block: Block) -> Block:
        """The block with what its cells say."""
        if self.is_usual:
            return block
        told = pl.col(pl.String).str.replace_many(list(self._meanings), list(self._meanings.values()))
        return replace(block, frame=block.frame.with_columns(told))

    def quoted(self, cell: str) -> str:
        """A cell in quotes, as the file would have it."""
        inside = cell.replace("\\", "\\\\") if self.escape == "backslash" else cell
        escaped = f"\\{self.quote}" if self.escape == "backslash" else self.quote * 2
        return f"{self.quote}{inside.replace(self.quote, escaped)}{self.quote}"

    @property
    def _meanings(self) -> dict[str, str]:
        """Character in the grammar's texts → what it stands for."""
        swapped = {"'": '"', '"': "'"} if self.quote == "'" else {"'": "'", '"': '"'}
        return {**swapped, _BACKSLASH: "\\", _QUOTE: self.quote}


USUAL = Quoting()
QUOTINGS: Sequence[Quoting] = (Quoting("'"), Quoting('"', "backslash"), Quoting("'", "backslash"))
"""The unusual ones, the simplest first."""


def _without_escapes(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Each escaped quote and backslash as one character; backslashes at a chunk's end wait for what follows."""
    held = b""
    for chunk in chunks:
        text = held + chunk
        size = len(text.rstrip(b"\\"))
        held, text = text[size:], text[:size]
        yield _unescaped(text)
    yield _unescaped(held)


def _unescaped(text: bytes) -> bytes:
    text = _FOREIGN.sub(_UNDECODED, text)
    return _ESCAPED.sub(lambda found: (_QUOTE if found[1] == b'"' else _BACKSLASH).encode(), text)
