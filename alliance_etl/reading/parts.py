"""The parts of a zipped workbook as they really are, and how far its sheets reach, before anybody reads it whole.

What an archive says of itself may be a lie: sizes are counted while the parts are unpacked, in pieces. A sheet is kept
by its reader as a full rectangle, up to the last cell that holds anything: one cell at XFD1048576 makes 17 thousand
million of them.
"""

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from alliance_etl.reading.limits import Limits, mib, too_large

_CHUNK = 1 << 20
_LOCAL = struct.Struct("<4s22xHH")
_TAG = rb"""(?:[^<>"']|"[^"]*"|'[^']*')*"""
_XLSX_PLACE = re.compile(
    rb"<(?:[\w.-]+:)?(?:row|c)\s" + _TAG + rb"""?(?<=\s)r\s*=\s*["']([A-Za-z]{0,3})(\d{1,9})["'](""" + _TAG + rb")>"
)
_XLSX_CELL = re.compile(rb"<(?:[\w.-]+:)?c[\s/>]")
_USUAL_CELL = re.compile(rb'<c r="([A-Z]{1,3})(\d{1,7})"')
_UNUSUAL_CELL = re.compile(rb"<c[^ a-z]|:c[\s/>]")
_ODS_TAG = re.compile(rb"<(/?)(?:[\w.-]+:)?(table-row|(?:covered-)?table-cell|table)(?=[\s/>])(" + _TAG + rb")>")
_REPEATED = re.compile(rb"""number-(?:rows|columns)-repeated\s*=\s*["']\s*(\d{1,9})""")
_LONGEST_TAG = 1 << 16


def refuse_large_parts(path: Path, kind: str, limits: Limits) -> None:
    """Raise Unreadable (too_large) for an .xlsx or .ods that unpacks to more, or reaches further, than is allowed.

    zipfile.BadZipFile where the archive is damaged.
    """
    size = path.stat().st_size
    most = limits.unpacked_bytes(size, limits.whole_bytes)
    unpacked = 0
    with zipfile.ZipFile(path) as archive, path.open("rb") as file:
        for info in archive.infolist():
            reach = _XlsxReach(limits) if kind == "xlsx" else _OdsReach(limits)
            is_sheet = info.filename.endswith(".xml") if kind == "xlsx" else info.filename == "content.xml"
            held = b""
            for chunk in _unpacked(file, info):
                unpacked += len(chunk)
                if unpacked > most:
                    raise too_large(f"{kind} that unpacks to more than {mib(most)}", _named(limits, most), mib(most))
                if is_sheet:
                    text = held + chunk
                    begun = text.rfind(b"<")
                    stop = begun if begun >= 0 and len(text) - begun < _LONGEST_TAG else len(text)
                    reach.see(text[:stop])
                    held = text[stop:]
            if is_sheet:
                reach.see(held)


def _named(limits: Limits, most: int) -> str:
    return "whole_mib" if most >= limits.whole_bytes else "unpacked_times"


def _unpacked(file: BinaryIO, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """A part's bytes, all that its packed bytes unpack to, in pieces, up to where they are damaged: whether that
    matters is for its reader to say.
    """
    file.seek(info.header_offset)
    head = file.read(_LOCAL.size)
    if len(head) < _LOCAL.size or not head.startswith(b"PK\x03\x04"):
        return
    _, name, extra = _LOCAL.unpack(head)
    file.seek(name + extra, 1)
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise zipfile.BadZipFile("packed in a way that no spreadsheet uses")
    inflate = zlib.decompressobj(-zlib.MAX_WBITS) if info.compress_type == zipfile.ZIP_DEFLATED else None
    left = info.compress_size
    while left > 0 and (packed := file.read(min(left, _CHUNK))):
        left -= len(packed)
        while packed:
            try:
                yield inflate.decompress(packed, _CHUNK) if inflate else packed
            except zlib.error:
                return
            packed = inflate.unconsumed_tail if inflate else b""


class _XlsxReach:
    """How far the sheet of an .xlsx reaches. A cell that does not say where it is stands in the row that it is in."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._rows = self._columns = self._rows_told = 0
        self._all_say_where = True

    def see(self, text: bytes) -> None:
        """Look at whole tags. Raises Unreadable (too_large)."""
        usual = _USUAL_CELL.findall(text)
        if len(usual) == text.count(b"<c ") and not _UNUSUAL_CELL.search(text):
            rows = max(self._rows, *(int(row) for row in {row for _, row in usual}), 0, 0)
            columns = max(self._columns, *map(_number, {letters for letters, _ in usual}), 0, 0)
            if self._limits.allow(rows, columns):
                self._rows, self._columns = rows, columns
                return
        self._look_closely(text)

    def _look_closely(self, text: bytes) -> None:
        """The same however the tags are written, and without cells that hold nothing."""
        found = _XLSX_PLACE.findall(text)
        cells = [(letters, row) for letters, row, rest in found if letters and not rest.endswith(b"/")]
        # a tag that closes itself is a cell that only has a look
        self._all_say_where &= len(_XLSX_CELL.findall(text)) == sum(bool(letters) for letters, _, _ in found)
        self._rows_told = max(self._rows_told, *(int(row) for letters, row, _ in found if not letters), 0, 0)
        self._rows = max(self._rows, *(int(row) for row in {row for _, row in cells}), 0, 0)
        self._columns = max(self._columns, *map(_number, {letters for letters, _ in cells}), 0, 0)
        rows = self._rows if self._all_say_where else max(self._rows, self._rows_told)
        self._limits.refuse_cells(rows, max(self._columns, 1))


class _OdsReach:
    """How far the widest and longest sheet of an .ods reaches."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._row = self._column = self._height = self._width = self._times = 0
        self._filled = False

    def see(self, text: bytes) -> None:
        """Look at whole tags. Raises Unreadable (too_large)."""
        for closes, name, rest in _ODS_TAG.findall(text):
            if name == b"table":
                self._limits.refuse_cells(self._height, self._width)
                self._row = self._height = self._width = 0
            elif name == b"table-row":
                self._of_row(rest, closes=bool(closes))
            elif not closes:
                self._column += _times(rest)
                if b"value-type" in rest or b"formula" in rest:
                    self._filled, self._width = True, max(self._width, self._column)
        self._limits.refuse_cells(self._height, self._width)

    def _of_row(self, rest: bytes, *, closes: bool) -> None:
        if not closes:
            self._times, self._column, self._filled = _times(rest), 0, False
        if closes or rest.endswith(b"/"):
            self._row += self._times
            self._height = self._row if self._filled else self._height


def _times(rest: bytes) -> int:
    found = _REPEATED.search(rest)
    return int(found[1]) if found else 1


def _number(letters: bytes) -> int:
    """A column's number by its letters: A is 1, XFD is 16384."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
