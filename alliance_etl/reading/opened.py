"""What every opened file offers, whatever its format: a header, and records as texts with exact lines."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from alliance_etl.reading.model import Block

SEVERAL = "\x1d"
"""Stands between the texts of a cell that has several answers, where only one is due (`Typed.resources`)."""


@dataclass(frozen=True)
class Typed:
    """What a format with types says beside the cells' texts. Dates are in ISO 8601 there, numbers have a point.

    missing  text of a cell that the file itself declares missing → (its code, the reason that it gives)
    labels   column → code as in the cell → the file's label of that value
    epoch    day 0 of serial dates, None where the format has none
    text_dates  position → lines of cells that are texts, and no dates, although they look like one in ISO 8601
    resources  a row is a resource of its own: it leaves out what nobody answered, may answer something twice, and has
               instants instead of dates; no spreadsheet shows it
    """

    missing: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    epoch: str | None = None
    text_dates: Mapping[int, frozenset[int]] = field(default_factory=dict)
    resources: bool = False


class OpenedFile(Protocol):
    """A file whose header is known."""

    @property
    def header(self) -> tuple[str, ...]:
        """Names as in the file, outer space cut, doubles kept, "" where a column has none."""

    @property
    def header_line(self) -> int:
        """Line (or row of the sheet) at which the header stands, 1-based."""

    @property
    def header_rows(self) -> int:
        """How many rows of a sheet the header takes: three where Qualtrics wrote it, none where no sheet shows it."""

    @property
    def other_delimiters(self) -> Mapping[str, int]:
        """Delimiter → how many wanted names the header has when read with it; empty where there is none."""

    @property
    def typed(self) -> Typed | None:
        """None for text, which has no types."""

    @property
    def facts(self) -> Mapping[str, object]:
        """How the file is written, for the receipt: numbers and names, never a cell's text."""

    @property
    def encoding(self) -> str:
        """The encoding of its text."""

    def blocks(self, positions: Sequence[int] | None = None, block_bytes: int = 16 << 20) -> Iterator[Block]:
        """All records after the header, in order; columns by position in the header, all of them where None."""
