"""Reading an example file, of any format, of which no export says anything yet: its tables, column by column.

The only module of this package that reads. The header is found by the file's own evidence; then the file is opened
just as intake opens it, so that what is proposed is what a run will find.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl

from alliance_etl.errors import ConfigurationError
from alliance_etl.proposal.column import Column
from alliance_etl.reading import Limits, OpenedFile, Typed, Unreadable, open_file
from alliance_etl.reading.contained import unpacked
from alliance_etl.reading.detect import Detected, detect
from alliance_etl.reading.formats import kind_of
from alliance_etl.reading.grid import Grid, text_of
from alliance_etl.reading.tables import Row, split_tables
from alliance_etl.reading.workbook import open_workbook, sheet_names

MOST_ROWS = 500_000
"""So many rows are looked at: what decides has shown itself by then."""
_HEAD_BYTES = 1 << 20
_HEAD_ROWS = 200
_WORKBOOKS = ("xlsx", "xls", "ods")
_FAULTS = {
    "empty_file": "is empty",
    "not_text": "cannot be read: it is {kind}",
    "bad_encoding": "is not in {encoding}",
    "no_header": "has no column names in its first line; export it once more, with the names of the columns",
    "no_sheet": "has no such sheet",
    "broken_json": "is no JSON: it breaks in line {line}, character {column}",
    "too_large": "is larger than is read: {found}, and at most {most} are read",
}


@dataclass(frozen=True)
class Table:
    """One table of the file: `frame` has a String column per position, named str(position), outer space cut.

    `sheet` is the workbook's, None elsewhere; `packed`, `format` and the like are in `facts`.
    """

    name: str
    header: tuple[str, ...]
    frame: pl.DataFrame
    facts: Mapping[str, object]
    typed: Typed | None = None
    sheet: str | None = None
    broken: int = 0
    delimiter: str | None = None

    @property
    def stem(self) -> str:
        """The file's name without its ends."""
        return self.name.partition(".")[0]

    @cached_property
    def columns(self) -> dict[str, Column]:
        """The named columns, by name; of doubled names the first. What the file declares missing counts as empty."""
        absent = self.typed.missing if self.typed else {}
        found: dict[str, Column] = {}
        for position, name in enumerate(self.header):
            if name and name not in found:
                counts = self.frame[str(position)].drop_nulls().value_counts()
                held = {text: count for text, count in counts.iter_rows() if text not in absent}
                found[name] = Column(name, position, self.frame.height, held)
        return found

    def texts(self, name: str) -> pl.Series:
        return self.frame[str(self.columns[name].position)]


def read_tables(
    path: Path, *, delimiter: str | None = None, encoding: str | None = None, sheet: str | None = None
) -> list[Table]:
    """The file's tables: of a workbook one per sheet that holds anything. ConfigurationError where there is none."""
    if not path.is_file():
        raise ConfigurationError(f"there is no file {path}")
    try:
        kind = kind_of(path, path.name)
        if kind in _WORKBOOKS:
            tables = list(_sheets(path, kind, sheet))
        else:
            names, found = _names(path, kind, encoding)
            tables = [_table(path, names, delimiter or found, encoding)]
    except Unreadable as unreadable:
        raise ConfigurationError(_told(path, unreadable)) from None
    if not tables:
        raise ConfigurationError(f"{path.name} is empty")
    return tables


def _told(path: Path, unreadable: Unreadable) -> str:
    facts = {"kind": "of another kind", "encoding": "the encoding that it seems to have", **unreadable.facts}
    if "header_at" in facts:
        line = facts["header_at"]
        return f"{path.name} has its column names in line {line}: delete the lines above them, and try again"
    return f"{path.name} {_FAULTS[unreadable.code].format(**facts)}"


def _names(path: Path, kind: str | None, encoding: str | None) -> tuple[list[str], str | None]:
    """What the header's cells seem to be, and the delimiter; nothing for files with types, which tell it."""
    if kind in ("gzip", "zip"):
        inside = unpacked(path, kind, path.name, Limits())
        return _names(inside.path, kind_of(inside.path, inside.name), encoding)
    if kind is not None:
        return [], None
    detected = detect(path, encoding=encoding, most_bytes=_HEAD_BYTES)
    if not detected.tables:
        raise Unreadable("empty_file", {"bytes": 0})
    table = detected.tables[0]
    if not table.header:
        raise Unreadable("no_header", {"line": 1})
    return [cell.strip() for row in table.header for cell in row.cells if cell.strip()], _delimiter(detected)


def _delimiter(detected: Detected) -> str | None:
    mark = detected.writing.delimiter
    return mark if len(mark) == 1 and detected.width > 1 else None


def _table(
    path: Path, names: Sequence[str], delimiter: str | None, encoding: str | None, sheet: str | None = None
) -> Table:
    opened = open_file(path, path.name, names, delimiter=delimiter, encoding=encoding, sheet=sheet, limits=Limits())
    frame, broken = _rows(opened)
    unaided = delimiter and _delimiter_unaided(path, opened.header, encoding)
    return Table(
        path.name,
        opened.header,
        frame,
        opened.facts,
        opened.typed,
        sheet,
        broken,
        delimiter if delimiter != unaided else None,
    )


def _delimiter_unaided(path: Path, header: Sequence[str], encoding: str | None) -> object:
    """The delimiter that intake finds by the names alone, which then needs not be said."""
    try:
        return open_file(
            path, path.name, [name for name in header if name], encoding=encoding, limits=Limits()
        ).facts.get("delimiter")
    except Unreadable:
        return None


def _rows(opened: OpenedFile) -> tuple[pl.DataFrame, int]:
    frames, broken, rows = [], 0, 0
    for block in opened.blocks():
        frames.append(block.frame)
        broken += block.broken.height
        rows += block.frame.height
        if rows >= MOST_ROWS:
            break
    positions = [str(position) for position in range(len(opened.header))]
    frame = pl.concat(
        [pl.DataFrame(schema=dict.fromkeys(positions, pl.String)), *(f.select(positions) for f in frames)]
    )
    bare = pl.all().str.strip_chars()
    return frame.head(MOST_ROWS).select(pl.when(bare != "").then(bare).name.keep()), broken


def _sheets(path: Path, kind: str, sheet: str | None) -> Iterator[Table]:
    """The sheets that hold a table, in their order."""
    names = [name for name in sheet_names(path, kind, Limits()) if sheet in (None, name)]
    if not names:
        raise Unreadable("no_sheet", {"found": "others", "ambiguous": False})
    for name in names:
        try:
            top = open_workbook(path, kind, (), name, limits=Limits())
        except Unreadable as unreadable:
            if unreadable.code == "empty_file":
                continue
            raise
        header = _header_of(top)
        if header:
            yield _table(path, header, None, None, name)


def _header_of(sheet: Grid) -> list[str]:
    """The names of a sheet, below titles that may stand above them."""
    cells = [sheet.header, *([text_of(cell) or "" for cell in row] for row in sheet.rows[:_HEAD_ROWS])]
    width = max(map(len, cells))
    rows = [Row(line, [*row, *[""] * (width - len(row))]) for line, row in enumerate(cells, start=sheet.header_line)]
    tables = split_tables(rows)
    return [cell.strip() for row in tables[0].header for cell in row.cells if cell.strip()] if tables else []


def key_counts(table: Table, names: Sequence[str]) -> Counter[int]:
    """How many rows share the same cells in these columns: rows per key → keys."""
    frame = table.frame.select(str(table.columns[name].position) for name in names).drop_nulls()
    return Counter(frame.group_by(frame.columns).len()["len"].to_list())
