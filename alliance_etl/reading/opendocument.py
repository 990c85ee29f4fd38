"""What python-calamine does not tell of an .ods: cells that show an error, and the first day of its dates.

An error has no value there, only the text that is shown (OpenDocument 1.3, part 3, 9.1.4 and 19.387).
"""

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from alliance_etl.reading.model import Unreadable

_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_MAY_BE_ERROR = re.compile(rb'value-type="error"|>(?:#|Err:)')
_NULL_DATE = re.compile(rb'null-date\s[^>]*?date-value="(\d{4}-\d{2}-\d{2})"')


class OpenDocument:
    """A workbook's content. Raises Unreadable (not_text: damaged)."""

    def __init__(self, path: Path) -> None:
        with zipfile.ZipFile(path) as parts:
            try:
                self._content = parts.read("content.xml")
            except KeyError:
                raise Unreadable("not_text", {"kind": "a damaged ods"}) from None

    @property
    def null_date(self) -> str | None:
        """Day 0 of serial dates, where the file says so."""
        found = _NULL_DATE.search(self._content)
        return found[1].decode() if found else None

    def errors(self, sheet: str, height: int, width: int) -> Iterator[tuple[int, int, str]]:
        """Row, column (both from 0) and text of the cells of that sheet that may show an error, within its size."""
        if not _MAY_BE_ERROR.search(self._content):
            return
        try:
            yield from self._errors(sheet, height, width)
        except ElementTree.ParseError:
            raise Unreadable("not_text", {"kind": "a damaged ods"}) from None

    def _errors(self, sheet: str, height: int, width: int) -> Iterator[tuple[int, int, str]]:
        row, is_there = 0, False
        # expat itself bounds what entities may grow to
        for event, element in ElementTree.iterparse(io.BytesIO(self._content), ("start", "end")):  # noqa: S314
            if element.tag == f"{_TABLE}table":
                is_there = event == "start" and element.get(f"{_TABLE}name") == sheet
                row = 0
            elif event == "end" and element.tag == f"{_TABLE}table-row":
                lines = _times(element, "rows")
                for column, text in _shown(element, width) if is_there else ():
                    for line in range(row, min(row + lines, height)):
                        yield line, column, text
                row += lines
                element.clear()


def _shown(row: ElementTree.Element, width: int) -> Iterator[tuple[int, str]]:
    column = 0
    for cell in row:
        times = _times(cell, "columns")
        text = "".join("".join(part.itertext()) for part in cell.iter(f"{_TEXT}p"))
        if text.startswith(("#", "Err:")):
            for at in range(column, min(column + times, width)):
                yield at, text
        column += times


def _times(element: ElementTree.Element, what: str) -> int:
    told = element.get(f"{_TABLE}number-{what}-repeated", "1")
    return int(told) if told.isdecimal() and len(told) < 9 else 1
