"""What python-calamine does not tell of an .xls (BIFF5, BIFF8): cells that show an error, and where its dates begin.

[MS-XLS] 2.4: BoolErr, Formula, BoundSheet8, Date1904. A record is its number, its size and its content.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import olefile

from alliance_etl.reading.model import Unreadable

_FORMULA, _BOOLERR, _BOUNDSHEET, _DATE_1904 = 0x0006, 0x0205, 0x0085, 0x0022
_BOF, _EOF = 0x0809, 0x000A
_ERRORS = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
}


class _Loop(Exception):
    pass


def _refuse_loops(container: Any) -> None:
    """A chain of sectors that leads back into itself has no end; python-calamine would follow it until memory ends."""
    entries = [entry for entry in container.direntries if entry is not None]
    big = [entry.isectStart for entry in entries if not entry.is_minifat]
    small = [entry.isectStart for entry in entries if entry.is_minifat]
    if small:
        container.loadminifat()
    chains = [
        (container.fat, [container.first_dir_sector, container.first_mini_fat_sector, *big]),
        (container.minifat or (), small),
    ]
    for table, starts in chains:
        for start in starts:
            at = start
            for _ in range(len(table) + 1):
                if at >= len(table):
                    break
                at = table[at]
            else:
                raise _Loop


class Biff:
    """The records of a workbook. Raises Unreadable (not_text: damaged)."""

    def __init__(self, path: Path) -> None:
        try:
            with path.open("rb") as file, olefile.OleFileIO(file) as container:
                _refuse_loops(container)
                name = "Workbook" if container.exists("Workbook") else "Book"
                self._stream = container.openstream(name).read()
        except (OSError, struct.error, IndexError, ValueError, _Loop):
            raise Unreadable("not_text", {"kind": "a damaged xls"}) from None

    @property
    def counts_from_1904(self) -> bool:
        return any(kind == _DATE_1904 and content[:1] == b"\1" for kind, content in self._records(0))

    def errors(self, sheet: int) -> Iterator[tuple[int, int, str]]:
        """Row, column (both from 0) and text of each error in the sheet at that place among the workbook's sheets."""
        starts = [int.from_bytes(content[:4], "little") for kind, content in self._records(0) if kind == _BOUNDSHEET]
        for kind, content in self._records(starts[sheet]) if sheet < len(starts) else ():
            code = None
            if kind == _BOOLERR and len(content) >= 8 and content[7] == 1:
                code = content[6]
            elif kind == _FORMULA and content[12:14] == b"\xff\xff" and content[6] == 2:
                code = content[8]
            if code is not None:
                row, column = struct.unpack_from("<HH", content)
                yield row, column, _ERRORS.get(code, "#N/A")

    def _records(self, at: int) -> Iterator[tuple[int, bytes]]:
        """The records from there to the end of that part, those of charts within it included."""
        depth = 0
        while at + 4 <= len(self._stream):
            kind, size = struct.unpack_from("<HH", self._stream, at)
            depth += (kind == _BOF) - (kind == _EOF)
            if depth <= 0:
                return
            yield kind, self._stream[at + 4 : at + 4 + size]
            at += 4 + size
