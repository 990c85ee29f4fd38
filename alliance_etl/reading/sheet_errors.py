"""Cells of an .xlsx that show an error, or a formula that was never computed: python-calamine gives them as empty.

An empty cell is a missing answer; these are none, and whoever reads them must be told. openpyxl is asked only where the
sheets' text has anything of the kind.
"""

import zipfile
from collections.abc import Sequence
from pathlib import Path

NOT_COMPUTED = "#FORMULA!"


def with_errors(path: Path, sheet: str, rows: Sequence[Sequence[object]]) -> Sequence[Sequence[object]]:
    """The rows with what stands in such cells, in the sheet of that name."""
    if not _has_any(path):
        return rows
    from openpyxl import load_workbook

    mended = [list(row) for row in rows]
    with path.open("rb") as file:
        book = load_workbook(file, read_only=True)
        for cells in book[sheet].iter_rows():
            for cell in cells:
                if cell.data_type in ("e", "f"):
                    _put(mended, cell.row - 1, cell.column - 1, cell.value if cell.data_type == "e" else NOT_COMPUTED)
        book.close()
    return mended


def _has_any(path: Path) -> bool:
    with zipfile.ZipFile(path) as parts:
        sheets = [name for name in parts.namelist() if name.startswith("xl/worksheets/") and name.endswith(".xml")]
        return any(b't="e"' in text or b"<f>" in text or b"<f " in text for text in map(parts.read, sheets))


def _put(rows: list[list[object]], row: int, column: int, text: object) -> None:
    """Only where nothing was read: a formula with a value is that value."""
    if row < len(rows) and column < len(rows[row]) and rows[row][column] == "":
        rows[row][column] = str(text)
