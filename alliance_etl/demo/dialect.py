"""Rows to bytes, as a clinic's software writes them, broken lines included."""

from collections.abc import Mapping, Sequence

from alliance_etl.demo.plan import Writes
from alliance_etl.demo.rows import Row

BYTE_ORDER_MARK = "\ufeff"
# Stands in the text where a byte is to be that is no character in the file's encoding.
_NO_CHARACTER = "\ue000"
_BAD_BYTE = b"\xe9"
_WORKBOOK_SIGNATURE = b"PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00!\x00"


def written(columns: Sequence[str], rows: Sequence[Row], writes: Writes, rename: Mapping[str, str]) -> bytes:
    """The file. Each row is one line; the header is line 1."""
    header = _line([rename.get(column, column) for column in columns], writes)
    lines = [header, *(_written_row(columns, row, writes) for row in rows)]
    text = BYTE_ORDER_MARK * writes.bom + "".join(line + writes.newline for line in lines)
    return _BAD_BYTE.join(piece.encode(writes.encoding) for piece in text.split(_NO_CHARACTER))


def workbook() -> bytes:
    """A spreadsheet file as far as its first bytes, which is as far as anyone reads who expects text."""
    return _WORKBOOK_SIGNATURE + bytes(range(256)) * 8


def _written_row(columns: Sequence[str], row: Row, writes: Writes) -> str:
    cells = [row.cells.get(column, "") for column in columns]
    at = columns.index(row.damaged_column) if row.damaged_column else -1
    match row.damage:
        case "empty_line":
            return ""
        case "row_too_short":
            return _line(cells[: len(cells) * 2 // 3], writes)
        case "row_too_long":
            return _line([*cells, "", "siehe Akte"], writes)
        case "unterminated_quote":
            return writes.delimiter.join([*cells[:at], '"' + cells[at], *cells[at + 1 :]])
        case "nul_bytes":
            return _line([*cells[:at], "\0" * 4, *cells[at + 1 :]], writes)
        case "undecodable_bytes":
            return _line([*cells[:at], cells[at] + _NO_CHARACTER, *cells[at + 1 :]], writes)
        case _:
            return _line(cells, writes)


def _line(cells: Sequence[str], writes: Writes) -> str:
    return writes.delimiter.join(_quoted(cell, writes) for cell in cells)


def _quoted(cell: str, writes: Writes) -> str:
    needs_it = writes.quote == "all" or any(mark in cell for mark in (writes.delimiter, '"', "\n", "\r"))
    return '"' + cell.replace('"', '""') + '"' if needs_it else cell
