"""The same three forms as the real tools write them in each format, for tests."""

import gzip
import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyreadstat
import xlwt

from tests.scenario import EXPORT

COLUMNS = ["client", "session", "day", "q1", "q2", "q3"]
# ids that keep their leading zero, dates as dates, an answer missing
ROWS: list[list[Any]] = [
    ["007", 1, date(2026, 2, 5), 1, 2, 3],
    ["007", 2, date(2025, 12, 31), 5, None, 1],
    ["Müller", 1, date(2025, 1, 1), 4, 4, 4],
]
DATED = {**EXPORT, "files": "*", "date": "day", "date_format": "%d.%m.%Y"}


def as_text(rows: list[list[Any]] = ROWS) -> str:
    said = [[cell.strftime("%d.%m.%Y") if isinstance(cell, date) else cell for cell in row] for row in rows]
    lines = [COLUMNS, *said]
    return "".join(";".join("" if cell is None else str(cell) for cell in line) + "\n" for line in lines)


def xlsx(
    rows: list[list[Any]] = ROWS, *, above: int = 0, epoch: datetime | None = None, **more: list[list[Any]]
) -> bytes:
    book = openpyxl.Workbook()
    if epoch:
        book.epoch = epoch
    sheet = book.active
    for n in range(above):
        sheet.append([f"Title {n}"])
        sheet.merge_cells(start_row=n + 1, start_column=1, end_row=n + 1, end_column=6)
    for row in [COLUMNS, *rows]:
        sheet.append(row)
    for name, others in more.items():
        other = book.create_sheet(name)
        for row in others:
            other.append(row)
    return saved(book.save)


def saved(save: Callable[[Any], object]) -> bytes:
    target = io.BytesIO()
    save(target)
    return target.getvalue()


def xls() -> bytes:
    book = xlwt.Workbook()
    sheet = book.add_sheet("answers")
    style = xlwt.easyxf(num_format_str="DD.MM.YYYY")
    for at, row in enumerate([COLUMNS, *ROWS]):
        for column, cell in enumerate(row):
            if cell is not None:
                sheet.write(at, column, cell, *([style] if isinstance(cell, date) else []))
    return saved(book.save)


def frame() -> pd.DataFrame:
    table = pd.DataFrame(ROWS, columns=COLUMNS)
    return table.assign(q2=table["q2"].astype(float))


def ods() -> bytes:
    return saved(lambda target: frame().to_excel(target, engine="odf", index=False))


def by_pyreadstat(write: Callable[..., None], folder: Path, **options: Any) -> bytes:
    path = folder / "file"
    write(frame(), str(path), **options)
    return path.read_bytes()


FORMATS: dict[str, Callable[[Path], bytes]] = {
    "xlsx": lambda _: xlsx(),
    "titled.xlsx": lambda _: xlsx(above=3),
    "1904.xlsx": lambda _: xlsx(epoch=openpyxl.utils.datetime.CALENDAR_MAC_1904),
    "xls": lambda _: xls(),
    "ods": lambda _: ods(),
    "sav": lambda folder: by_pyreadstat(pyreadstat.write_sav, folder),
    "zsav": lambda folder: by_pyreadstat(pyreadstat.write_sav, folder, compress=True),
    "dta": lambda folder: by_pyreadstat(pyreadstat.write_dta, folder),
    "xpt": lambda folder: by_pyreadstat(pyreadstat.write_xport, folder, file_format_version=8),
    "csv.gz": lambda _: gzip.compress(as_text().encode()),
    "zip": lambda _: zipped({"inner.csv": as_text().encode()}),
    "xlsx.zip": lambda _: zipped({"__MACOSX/._x": b"x", "folder/inner.xlsx": xlsx()}),
}


def zipped(files: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


_CODES = {"#N/A": 0x2A, "#DIV/0!": 0x07}
ERRORS = (["A", 1, None, "#N/A", 2, 3], ["B", 1, None, 1, "#DIV/0!", 3], ["C", 1, None, 1, 2, 3])


def xls_with_errors() -> bytes:
    book = xlwt.Workbook()
    for name in ("notes", "answers"):
        sheet = book.add_sheet(name)
        for at, row in enumerate([COLUMNS, *ERRORS] if name == "answers" else [["#N/A"]]):
            for column, cell in enumerate(row):
                if isinstance(cell, str) and cell.startswith("#"):
                    sheet.row(at).set_cell_error(column, _CODES[cell])
                elif cell is not None:
                    sheet.write(at, column, cell)
    return saved(book.save)


def ods_with_errors() -> bytes:
    """As LibreOffice writes them: a text without value, of which only what is shown tells; two in one repeated cell."""
    content = ods()
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        files = {name: parts.read(name) for name in parts.namelist()}
    error = (
        '<table:table-cell table:formula="of:=NA()" office:value-type="string" office:string-value="" '
        'calcext:value-type="error"><text:p>#N/A</text:p></table:table-cell>'
    )
    twice = error.replace("<table:table-cell", '<table:table-cell table:number-columns-repeated="2"')
    body = files["content.xml"].decode()
    head, *rows = body.split("<table:table-row>")
    # the last two answers of the first row become one cell of two errors
    given = rows[1].split("<table:table-cell")
    rows[1] = "<table:table-cell".join(given[:-2]) + twice + given[-1].partition("</table:table-cell>")[2]
    namespace = 'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0" '
    body = "<table:table-row>".join([head, *rows]).replace(
        "<office:document-content ", f"<office:document-content {namespace}", 1
    )
    files["content.xml"] = body.encode()
    return zipped(files)
