"""Cells of a workbook that show an error, or a formula that was never computed: python-calamine gives them as empty.

An empty cell is a missing answer; these are none, and whoever reads them must be told. Another reader is asked only
where the file has anything of the kind.
"""

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from alliance_etl.reading.biff import Biff
from alliance_etl.reading.opendocument import OpenDocument

NOT_COMPUTED = "#FORMULA!"


def with_errors(
    path: Path, kind: str, number: int, name: str, rows: Sequence[Sequence[object]]
) -> Sequence[Sequence[object]]:
    """The rows with what stands in such cells, in the sheet of that number (from 0) and name."""
    if kind == "xls":
        return _mended(rows, Biff(path).errors(number))
    if kind == "ods":
        return _mended(rows, OpenDocument(path).errors(name, len(rows), max(map(len, rows))))
    return _mended(rows, _of_xlsx(path, name)) if _has_any(path) else rows


def _of_xlsx(path: Path, sheet: str) -> Iterator[tuple[int, int, str]]:
    """A formula whose result is an empty text is empty; one that has no result was never computed."""
    from openpyxl import load_workbook

    with path.open("rb") as file, path.open("rb") as again:
        written, computed = load_workbook(file, read_only=True), load_workbook(again, read_only=True, data_only=True)
        both = written[sheet], computed[sheet]
        for each in both:
            each.reset_dimensions()  # what a sheet says of its own size may be a thousand million cells
        for formulas, results in zip(*(each.iter_rows() for each in both), strict=True):
            for formula, result in zip(formulas, results, strict=True):
                if result.data_type == "e":
                    yield result.row - 1, result.column - 1, str(result.value)
                elif formula.data_type == "f" and result.data_type == "n" and result.value is None:
                    yield formula.row - 1, formula.column - 1, NOT_COMPUTED
        written.close()
        computed.close()


def _has_any(path: Path) -> bool:
    with zipfile.ZipFile(path) as parts:
        sheets = [name for name in parts.namelist() if name.startswith("xl/worksheets/") and name.endswith(".xml")]
        return any(b't="e"' in text or b"<f>" in text or b"<f " in text for text in map(parts.read, sheets))


def _mended(rows: Sequence[Sequence[object]], errors: Iterable[tuple[int, int, str]]) -> Sequence[Sequence[object]]:
    """Only where nothing was read: a formula with a value is that value. Rows of nothing else may be there no more."""
    mended: list[list[object]] | None = None
    for row, column, text in errors:
        if row < len(rows) and column < len(rows[row]) and rows[row][column] != "":
            continue
        mended = mended or [list(each) for each in rows]
        mended += ([] for _ in range(len(mended), row + 1))
        mended[row] += [""] * (column + 1 - len(mended[row]))
        mended[row][column] = text
    return mended or rows
