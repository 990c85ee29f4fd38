"""The fixme file: the site's own file with only the rows that are held, and a column that says what is wrong.

Written as the site wrote: delimiter, encoding, byte order mark, line breaks, every cell as it came. It holds what the
site calls people, as the file itself does, and goes to nobody else. Dropped back after correction it is understood by
the name of its last column (alliance_etl.findings.comment).
"""

import codecs
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from alliance_etl.findings.comment import comment_column, defused, exports_told, origin, without_comment
from alliance_etl.findings.frame import worded
from alliance_etl.reading.grammar import Shape
from alliance_etl.reading.quoting import USUAL, Quoting
from alliance_etl.reading.raw import RawRecord, raw_records

_MARKS = {
    "utf-8": codecs.BOM_UTF8,
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "utf-32-le": codecs.BOM_UTF32_LE,
    "utf-32-be": codecs.BOM_UTF32_BE,
}


def comments(cells: pl.DataFrame, drop_id: str) -> dict[int, str]:
    """Line of each held row (failing cells as CELLS), in the file's order, and all that is wrong with it."""
    errors = worded(cells.filter(pl.col("line").is_not_null()).sort("line", "position")).filter(severity="error")
    said: dict[int, dict[str, None]] = {}
    for finding in errors.iter_rows(named=True):
        said.setdefault(finding["line"], {})[_comment(finding)] = None
    return {line: f"{' | '.join(texts)} {origin(drop_id, line)}" for line, texts in said.items()}


def _comment(finding: Mapping[str, Any]) -> str:
    where = f"{finding['column']} ({finding['code']}): " if finding["column"] else f"({finding['code']}) "
    expected = finding["expected"]
    wanted = f" Expected: {expected}." if expected and expected not in finding["message"] else ""
    return f"{where}{finding['message']}{wanted} {finding['how_to_fix']}"


def write_fixme(
    source: Path, target: Path, facts: Mapping[str, Any], exports: Sequence[str], said: Mapping[int, str]
) -> None:
    """Write the rows of `source` (delimited text, written as `facts` says) that `said` has a comment for."""
    encoding, delimiter = str(facts["encoding"]), str(facts["delimiter"])
    mark = _MARKS.get(encoding, b"") if facts["bom"] else b""
    newline = str(facts["newline"])
    header_line = int(facts["header_line"])
    # the second row of Qualtrics' legacy header tells what the columns are; the texts of the usual one are no names
    header_lines = [header_line, header_line + 1] if facts.get("legacy_header") else [header_line]
    quoting = Quoting(facts.get("quote", '"'), facts.get("escape", "doubled"))
    header, *below = raw_records(source, encoding, len(mark), delimiter, None, header_lines, quoting)
    names = [cell.decode("utf-8", "replace").strip() for cell in header.cells]
    shape = Shape.of(names)
    width = len(without_comment(names[: shape.required]))
    form = _Form(delimiter, width, bool(exports_told(names)), quoting)
    with target.open("wb") as file:
        file.write(mark)
        name = _plain(comment_column(exports), form)
        # by its quotes the file is known for what it is, though no row of it may show it
        name = name if quoting.quote == '"' else quoting.quoted(name)
        file.write(_encoded(_ended(header, form), name, delimiter, newline, encoding))
        for row in below:
            file.write(_encoded(_ended(row, form), "", delimiter, newline, encoding))
        for record in raw_records(source, encoding, len(mark), delimiter, shape, list(said), quoting):
            text = _ended(record, form)
            file.write(_encoded(text, _plain(said[record.line], form), delimiter, newline, encoding))


def _encoded(text: bytes, last: str, delimiter: str, newline: str, encoding: str) -> bytes:
    """A line with one more cell, in the file's encoding; where that is UTF-8, broken bytes stay as they are."""
    if encoding == "utf-8":
        return b"".join([text, f"{delimiter}{last}{newline}".encode()])
    return f"{text.decode('utf-8', 'replace')}{delimiter}{last}{newline}".encode(encoding, "replace")


@dataclass(frozen=True)
class _Form:
    """How many cells a row has to the left of comments, whether the file is a fixme file come back, and its quotes."""

    delimiter: str
    width: int
    is_fixme: bool
    quoting: Quoting


def _ended(record: RawRecord, form: _Form) -> bytes:
    """The record as it came, less an earlier comment and unnamed empty cells at its end; with formulas defused."""
    if not record.cells:
        return record.text
    cells = [cell.decode("utf-8", "replace") for cell in record.cells]
    harmless = cells if form.is_fixme else [defused(cell) for cell in cells]
    if harmless == cells and len(cells) == form.width:
        return record.text
    return form.delimiter.join(_quoted(cell, form) for cell in harmless[: form.width]).encode()


def _quoted(cell: str, form: _Form) -> str:
    special = (form.delimiter, form.quoting.quote, "\r", "\n", *("\\" * (form.quoting.escape == "backslash")))
    return form.quoting.quoted(cell) if any(mark in cell for mark in special) else cell


def _plain(text: str, form: _Form) -> str:
    """A text that needs no quotation marks: a line that is not closed cannot swallow it, nor it the line."""
    other = "'" if form.quoting == USUAL else "`"
    for mark in {'"', form.quoting.quote, "\\" if form.quoting.escape == "backslash" else '"'}:
        text = text.replace(mark, other)
    text = text.replace(form.delimiter, {",": ";", ";": ","}.get(form.delimiter, " "))
    return text.replace("\r", " ").replace("\n", " ")
