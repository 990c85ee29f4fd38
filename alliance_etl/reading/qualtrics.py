"""Qualtrics writes three rows of header: field ids, question texts, and import ids, which nothing else looks like."""

from alliance_etl.reading.grammar import Grammar, is_blank_cell
from alliance_etl.reading.spanning import RECORD_LINES, Lines

_IMPORT_ID = b'{"ImportId":'


def more_header(after: bytes, delimiter: str) -> tuple[int, int]:
    """Of the text that follows the field ids: how many lines and bytes are header, too; (0, 0) where none is.

    Question texts may span lines. They are header only where the import ids stand right below them.
    """
    if b"ImportId" not in after:
        return 0, 0
    lines = after.splitlines(keepends=True)[: 2 * RECORD_LINES]
    records = Lines(lines, Grammar(delimiter), None)
    at = 0
    for _ in ("question texts", "import ids"):
        record = records.record(at) if at < len(lines) else None
        if record is None:
            return 0, 0
        at += record.lines
        cells = [cell for cell in record.cells if not is_blank_cell(cell)]
    if not cells or not all(cell.startswith(_IMPORT_ID) for cell in cells):
        return 0, 0
    return at, sum(map(len, lines[:at]))
