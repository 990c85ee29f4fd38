"""How large a file may be that is read: what is larger is refused with a finding, before it fills the memory.

The numbers are settings (`limits` of study.yaml). What refuses a file names its limit, so that whoever has a file that
is rightly so large knows what to raise.
"""

from dataclasses import dataclass
from typing import NoReturn

from alliance_etl.reading.model import Unreadable

_MIB = 1 << 20
_FREE_BYTES = 64 * _MIB


@dataclass(frozen=True)
class Limits:
    """What a file may be at most.

    file_mib        MiB, as it came and unpacked
    unpacked_times  times its packed size, once it unpacks to more than 64 MiB: text packs to a tenth, bombs to nothing
    whole_mib       MiB of a file that is read whole (workbook, statistics file, FHIR Bundle), unpacked
    cells           cells of a sheet, or of a statistics file, up to the last row and the last column that hold anything
    columns         columns of a table
    line_mib        MiB of a line
    """

    file_mib: int = 4096
    unpacked_times: int = 200
    whole_mib: int = 512
    cells: int = 20_000_000
    columns: int = 10_000
    line_mib: int = 16

    @property
    def file_bytes(self) -> int:
        return self.file_mib * _MIB

    @property
    def whole_bytes(self) -> int:
        return self.whole_mib * _MIB

    @property
    def line_bytes(self) -> int:
        return self.line_mib * _MIB

    def unpacked_bytes(self, packed: int, most: int) -> int:
        """What a file of `packed` bytes may unpack to, where it may have `most` bytes anyway."""
        return min(most, max(_FREE_BYTES, packed * self.unpacked_times))

    def refuse_size(self, size: int) -> None:
        """Raise Unreadable (too_large) for a file of so many bytes."""
        if size > self.file_bytes:
            raise too_large(f"it has {mib(size)}", "file_mib", mib(self.file_bytes))

    def refuse_whole(self, size: int, kind: str) -> None:
        """The same for a file of a kind that is read whole."""
        if size > self.whole_bytes:
            raise too_large(f"{kind} of {mib(size)}", "whole_mib", mib(self.whole_bytes))

    def allow(self, rows: int, columns: int) -> bool:
        """Whether a table that is read whole may have so many."""
        return columns <= self.columns and rows * columns <= self.cells

    def refuse_cells(self, rows: int, columns: int) -> None:
        """The same for a table that is read whole."""
        self.refuse_columns(columns)
        if not self.allow(rows, columns):
            found = f"its {rows:,} rows of {columns:,} columns are {rows * columns:,} cells"
            raise too_large(found, "cells", f"{self.cells:,} cells")

    def refuse_columns(self, columns: int) -> None:
        """The same for a table of so many columns."""
        if columns > self.columns:
            raise too_large(f"it has {columns:,} columns", "columns", f"{self.columns:,} columns")

    def refuse_line(self, line: int) -> NoReturn:
        """Raise Unreadable (too_large) for a line, 1-based, that is longer than a line may be."""
        raise too_large(f"line {line:,} goes on for more than {self.line_mib:,} MiB", "line_mib", mib(self.line_bytes))


UNLIMITED = Limits(*(1 << 40 for _ in range(6)))
"""For what has been read before."""


def too_large(found: str, setting: str, most: str) -> Unreadable:
    """`found` in words, and at most what the `setting` below `limits` allows."""
    return Unreadable("too_large", {"found": found, "setting": f"limits.{setting}", "most": most})


def mib(size: int) -> str:
    """Bytes in words, rounded up: what is over a limit never looks as if it were not."""
    return f"{-(-size // _MIB):,} MiB"
