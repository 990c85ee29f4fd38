"""FHIR QuestionnaireResponses, in JSON or NDJSON, as a table: one resource is one row, one linkId one column.

A resource does not mention what nobody answered. So a column that is asked for and stands nowhere in the file is one
that is empty throughout, where other linkIds that are asked for are there.
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path, PurePath
from typing import Literal

import polars as pl

from alliance_etl.findings.comment import comment_column
from alliance_etl.reading.encoding import Encoding, encoding_of
from alliance_etl.reading.fhir_entries import Document, Entries, Entry, Lines, comment_of
from alliance_etl.reading.fhir_resource import FIELDS, Cells, NoResponse, cells_of, persons_columns
from alliance_etl.reading.header import cut
from alliance_etl.reading.json_text import BrokenJson, only_value
from alliance_etl.reading.limits import UNLIMITED, Limits
from alliance_etl.reading.model import BLANK_SCHEMA, BROKEN_SCHEMA, Block, BrokenCode, Unreadable, frame_schema
from alliance_etl.reading.opened import Typed
from alliance_etl.reading.source import LineTooLong, whole_lines

_BYTES_PER_ROW = 1 << 10
_FEWEST_ROWS, _MOST_ROWS = 100, 20_000
_LINES = (".ndjson", ".jsonl")
_LINES_TRIED = 10


@dataclass(frozen=True)
class _Column:
    """Where the cells of a column come from."""

    name: str
    kind: Literal["field", "answer", "ordinal", "nothing"]
    key: str = ""

    def cell(self, cells: Cells) -> str | None:
        if self.kind == "field":
            return cells.fields.get(self.key)
        if self.kind == "answer":
            return cells.answers.get(self.key)
        return cells.ordinals.get(self.key) if self.kind == "ordinal" else None


@dataclass(frozen=True)
class FhirFile:
    """A file of resources, offered like a file of rows.

    The line of a row is the one at which its resource starts; where several start on one line (a document without line
    breaks), resources are counted instead, and `facts` say so.
    """

    header: tuple[str, ...]
    typed: Typed
    encoding: str
    _columns: tuple[_Column, ...]
    _entries: Entries
    _counted: bool
    _unanswered: int
    packed: str | None = None
    holder: object | None = None
    """Keeps the bytes of a packed file there while they are read."""

    header_line = 1
    header_rows = 0
    other_delimiters: Mapping[str, int] = field(default_factory=dict)

    @property
    def shape(self) -> str:
        """ndjson, resource, bundle or array."""
        return self._entries.shape

    @property
    def bundle_type(self) -> str:
        """The type of the Bundle, where it is one."""
        return self._entries.bundle_type

    @property
    def facts(self) -> dict[str, object]:
        """`unanswered` counts the columns at the end of the header that no resource has."""
        return {
            "format": "fhir",
            "shape": self.shape,
            "encoding": self.encoding,
            "header_line": self.header_line,
            "columns": len(self.header),
            "lines": "resources" if self._counted else "lines",
            **({"unanswered": self._unanswered} if self._unanswered else {}),
            **({"packed": self.packed} if self.packed else {}),
        }

    def numbered(self) -> Iterator[tuple[int, Entry]]:
        """All entries, each with the line under which it is known."""
        return ((number if self._counted else entry.line, entry) for number, entry in enumerate(self._entries, 1))

    def blocks(self, positions: Sequence[int] | None = None, block_bytes: int = 16 << 20) -> Iterator[Block]:
        """All resources in order; blank is only a blank line of NDJSON, or a fixme file's comment."""
        at = tuple(dict.fromkeys(range(len(self.header)) if positions is None else positions))
        entries = self.numbered()
        most = min(max(block_bytes // _BYTES_PER_ROW, _FEWEST_ROWS), _MOST_ROWS)
        while block := _block(islice(entries, most), {str(position): self._columns[position] for position in at}):
            yield block


def _block(entries: Iterator[tuple[int, Entry]], columns: Mapping[str, _Column]) -> Block | None:
    """Of each entry only the cells that are asked for are kept; None where there is no entry."""
    rows: list[tuple[str | int | None, ...]] = []
    broken: list[tuple[int, BrokenCode, int, int]] = []
    blank: list[int] = []
    for number, entry in entries:
        cells = _read(entry)
        if isinstance(cells, Cells):
            rows.append((*(column.cell(cells) for column in columns.values()), number))
        elif cells is None:
            blank.append(number)
        else:
            broken.append((number, cells, entry.column, 0))
    if not (rows or broken or blank):
        return None
    return Block(
        pl.DataFrame(rows, schema=frame_schema(list(map(int, columns))), orient="row"),
        pl.DataFrame(broken, schema=BROKEN_SCHEMA, orient="row"),
        pl.DataFrame({"line": blank}, schema=BLANK_SCHEMA),
    )


def _read(entry: Entry) -> Cells | BrokenCode | None:
    """An entry's cells, what is wrong with it, or None where it is blank."""
    if entry.resource is None:
        return entry.fault
    try:
        return cells_of(entry.resource)
    except NoResponse as refused:
        return "not_understood" if refused.modifier else "not_a_resource"


def open_fhir(
    path: Path, name: str, wanted: Sequence[str], *, encoding: str | None = None, limits: Limits = UNLIMITED
) -> FhirFile:
    """All linkIds of the file, what of the resources' own fields is wanted, and what may tell who somebody is.

    Without `wanted`, all there is. Raises Unreadable.
    """
    try:
        found = encoding_of(path, encoding, replace(limits, line_mib=limits.whole_mib))  # a Bundle may be one line
    except Unreadable as unreadable:
        if unreadable.code == "too_large":
            limits.refuse_whole(path.stat().st_size, "JSON")
        raise
    if encoding is None and found.name == "cp1252":
        found = Encoding("utf-8")  # as FHIR has it: bytes that are none are damage, no other encoding
    entries: Entries
    if _is_lines(path, name, found, limits):
        entries = Lines(path, found, limits)
    else:
        limits.refuse_whole(path.stat().st_size, "JSON")
        entries = Document(path, found)
    seen = _Seen()
    for entry in entries:
        seen.see(entry)
    if seen.entries and not seen.resources:
        raise Unreadable("not_text", {"kind": "JSON without a FHIR resource", "rows": seen.entries})
    there = [*seen.columns(frozenset(map(_spelled, wanted)))]
    absent = seen.unanswered(wanted, there)
    columns = (*there, *absent)
    labels = {column.name: told for column in there if column.kind == "answer" and (told := seen.labels_of(column.key))}
    return FhirFile(
        header=tuple(column.name for column in columns),
        typed=Typed(seen.missing, labels, resources=True),
        encoding=found.name,
        _columns=columns,
        _entries=entries,
        _counted=not seen.rising,
        _unanswered=len(absent),
    )


def _is_lines(path: Path, name: str, encoding: Encoding, limits: Limits) -> bool:
    """NDJSON: so called (and not spread over lines all the same), or half of the first lines are an object each."""
    with path.open("rb") as file:
        file.seek(len(encoding.mark))
        try:
            first = next(whole_lines(file, encoding.name, most_line=limits.whole_bytes), b"")
        except LineTooLong:
            return False
    lines = [line.strip() for line in first.splitlines() if line.strip()]
    if PurePath(name).suffix.lower() in _LINES:
        return not lines or lines[0] not in (b"{", b"[")
    seen = lines[:_LINES_TRIED]
    return len(lines) > 1 and 2 * sum(map(_is_object, seen)) >= len(seen)


def _is_object(line: bytes) -> bool:
    try:
        return line.startswith(b"{") and isinstance(only_value(line.decode(errors="replace")), dict)
    except BrokenJson:
        return False


def _spelled(name: str) -> str:
    return unicodedata.normalize("NFC", cut(name))


@dataclass
class _Seen:
    """What a first look at all entries finds."""

    entries: int = 0
    resources: int = 0
    rising: bool = True
    missing: dict[str, tuple[str, str]] = field(default_factory=dict)
    _line: int = 0
    _fields: dict[str, None] = field(default_factory=dict)
    _links: dict[str, None] = field(default_factory=dict)
    _ordinals: set[str] = field(default_factory=set)
    _labels: dict[str, dict[str, set[str]]] = field(default_factory=dict)
    _persons: dict[str, None] = field(default_factory=dict)
    _exports: dict[str, None] = field(default_factory=dict)

    def see(self, entry: Entry) -> None:
        self.entries += 1
        self.rising &= entry.line > self._line
        self._line = entry.line
        cells = _read(entry)
        if not isinstance(cells, Cells) or entry.resource is None:
            return
        self.resources += 1
        self._persons |= dict.fromkeys(persons_columns(entry.resource))
        self._fields |= dict.fromkeys(cells.fields)
        self._links |= dict.fromkeys(cells.answers)
        self._ordinals |= {link for link, ordinal in cells.ordinals.items() if ordinal}
        self.missing |= cells.missing
        for link, told in cells.labels.items():
            for code, display in told.items():
                self._labels.setdefault(link, {}).setdefault(code, set()).add(display)
        if told_exports := comment_of(entry.resource):
            self._exports |= dict.fromkeys(told_exports.split())

    def labels_of(self, link: str) -> dict[str, str]:
        """Code → display, where the file has one display for it."""
        return {code: min(told) for code, told in self._labels.get(link, {}).items() if len(told) == 1}

    def columns(self, wanted: frozenset[str]) -> Iterator[_Column]:
        """Fields, then linkIds in the order in which they come; one that is called like a field is `item.` and it."""
        known = dict.fromkeys((*(FIELDS if wanted else ()), *self._fields))
        for name in known:
            if not wanted or name in wanted or (name in self._fields and name.endswith(".display")):
                yield _Column(name, "field", name)
        for link in self._links:
            name = f"item.{link}" if link in known or link in FIELDS else cut(link)
            yield _Column(name, "answer", link)
            ordinal = f"{name}.ordinal"
            if link in self._ordinals and (not wanted or _spelled(ordinal) in wanted):
                yield _Column(ordinal, "ordinal", link)
        yield from (_Column(name, "nothing") for name in self._persons)
        if self._exports:
            yield _Column(comment_column(list(self._exports)), "nothing")

    def unanswered(self, wanted: Sequence[str], there: Sequence[_Column]) -> list[_Column]:
        """Columns for what is wanted and is not there: if some of the answers that are wanted are, or nothing is."""
        names = {_spelled(name): name for name in wanted}
        answers = {_spelled(column.name) for column in there if column.kind in ("answer", "ordinal")}
        if self.entries and not answers & set(names):
            return []
        told = {_spelled(column.name) for column in there}
        return [_Column(name, "nothing") for spelled, name in names.items() if spelled not in told]
