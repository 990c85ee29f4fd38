"""Qualtrics writes three rows of header: field ids, question texts, and import ids, which nothing else looks like.

Its legacy format has two: V1, V2, … for what is known of a response, and below them what these are. There the columns
go by either name.
"""

import re
from collections.abc import Collection, Sequence

from alliance_etl.reading.grammar import Grammar, is_blank_cell
from alliance_etl.reading.spanning import RECORD_LINES, Lines

_IMPORT_ID = b'{"ImportId":'
_LEGACY = re.compile(r"V\d+")
_FIRST_LEGACY = ("V1", "V2", "V3")


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


def legacy_header(
    names: Sequence[str], after: bytes, delimiter: str, wanted: Collection[str]
) -> tuple[tuple[str, ...], int, int] | None:
    """The names of a legacy header with V1, V2, … told by the row below them, unless the V names are wanted; and how
    many lines and bytes that row takes. None where the header is no legacy one.
    """
    if tuple(names[: len(_FIRST_LEGACY)]) != _FIRST_LEGACY:
        return None
    lines = after.splitlines(keepends=True)[:RECORD_LINES]
    record = Lines(lines, Grammar(delimiter), None).record(0) if lines else None
    if record is None or record.cells[0] != b"ResponseID":
        return None
    below = [cell.decode(errors="replace").strip() for cell in record.cells]
    told = (
        below[at] if _LEGACY.fullmatch(name) and name not in wanted and at < len(below) else name
        for at, name in enumerate(names)
    )
    return tuple(told), record.lines, sum(map(len, lines[: record.lines]))
