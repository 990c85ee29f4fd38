"""Finding the header: which line, which delimiter, which names. By name only, never by position."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from alliance_etl.reading.grammar import ASCII_SPACE, SEP_LINE, Grammar
from alliance_etl.reading.model import Unreadable
from alliance_etl.reading.spanning import RECORD_LINES, Lines

CANDIDATES = (",", ";", "\t", "|")
UNUSUAL = ("^", "~", " ", ":", "#", "&", "*", "\x1f", "\x01")
LINES_COMPARED = 50
HEADER_WITHIN = 50
"""Titles may stand above the header, which is one of so many first lines (of a workbook: rows)."""

_OUTER = re.compile(r"^[\s\ufeff\u200b]+|[\s\ufeff\u200b]+$")
_NO_NAME = re.compile(r"[\d+\-.,]|$")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?")


@dataclass(frozen=True)
class Header:
    """The header as read with one delimiter; `lines` and `end` (a byte offset) tell where records begin."""

    delimiter: str
    names: tuple[str, ...]
    line: int
    lines: int
    end: int


def cut(name: str) -> str:
    """A column's name without outer white space, byte order marks and zero-width spaces."""
    return _OUTER.sub("", name)


def shown(wanted: frozenset[str], names: Sequence[str]) -> int:
    """How many wanted names stand among a header's; one that ends in * stands for any that begins so."""
    begun = [name[:-1] for name in wanted if name.endswith("*") and name not in names]
    return len(wanted & set(names)) + sum(any(name.startswith(start) for name in names) for start in begun)


def find_header(
    sample: bytes, wanted: Sequence[str], *, whole: bool, delimiter: str | None
) -> tuple[Header, dict[str, int]]:
    """The header in a file's first bytes (UTF-8; `whole` where that is all), and per delimiter how many wanted names.

    Without `delimiter`, the one with most wanted names is taken, spelt as wanted or nearly so; among equals Excel's
    `sep=`, then the one with which most lines have as many fields as the header. An unusual one is tried only where
    no usual one shows a wanted name, and taken only if it shows several and every line has as many fields. Titles above
    the header are passed over, as above that of a workbook.
    Raises Unreadable: empty_file, no_header, bad_encoding (without the codec's name).
    """
    lines = sample.splitlines(keepends=True)
    if not whole and len(lines) > 1:
        lines.pop()
    start, hinted = _first_record(lines)
    if start == len(lines):
        raise Unreadable("empty_file" if whole else "no_header", {"bytes": len(sample)})
    names = frozenset(map(cut, wanted))
    candidates = tuple(dict.fromkeys((*CANDIDATES, *filter(None, (hinted, delimiter)))))
    start = _below_titles(lines, start, names, (delimiter,) if delimiter else candidates)
    headers = {candidate: _read(lines, start, candidate, names) for candidate in candidates}
    found = {candidate: shown(names, header.names) for candidate, header in headers.items()}
    alike = {candidate: len(_loose(names) & _loose(header.names)) for candidate, header in headers.items()}
    best = max(
        candidates,
        key=lambda each: (found[each], alike[each], each == hinted, _agreement(lines, headers[each])),
    )
    if names and not found[best] and delimiter is None:
        unusual = _unusual(lines, start, names)
        if unusual is not None:
            return unusual, {**found, unusual.delimiter: shown(names, unusual.names)}
    if names and not alike[best] and not found[best]:
        _refuse_records(lines, headers[best], names, candidates)
    return headers[delimiter or best], found


def _unusual(lines: list[bytes], start: int, wanted: frozenset[str]) -> Header | None:
    """The header with the one unusual delimiter that shows several wanted names and cuts every line alike."""
    headers = [_read(lines, start, delimiter, wanted) for delimiter in UNUSUAL if delimiter.encode() in lines[start]]
    fitting = [each for each in headers if shown(wanted, each.names) > 1 and _agreement(lines, each) == 2]
    return fitting[0] if len(fitting) == 1 else None


def _first_record(lines: Sequence[bytes]) -> tuple[int, str | None]:
    """Index of the first line that is not blank, past Excel's `sep=;`, and the delimiter named there."""
    empty = ASCII_SPACE + b'"' + "".join(CANDIDATES).encode()
    hinted = None
    for index, line in enumerate(lines):
        if hinted is None and (named := SEP_LINE.fullmatch(line)):
            hinted = named[1].decode()
        elif line.strip(empty):
            return index, hinted
    return len(lines), hinted


def _below_titles(lines: Sequence[bytes], start: int, wanted: frozenset[str], delimiters: Sequence[str]) -> int:
    """Index of the line with most of the wanted names, several at least, where the first one shows none; else `start`.

    Rows of data above it are no titles: they fill most of the columns that are wanted, or have numbers there.
    """
    above = [_split(line, delimiters) for line in lines[start : start + HEADER_WITHIN]]
    if not above or any(shown(wanted, cells) for cells in above[0].values()):
        return start
    best, delimiter = max(
        ((at, each) for at, line in enumerate(above) for each in line),
        key=lambda place: (shown(wanted, above[place[0]][place[1]]), -place[0]),
    )
    header = above[best][delimiter]
    columns = [position for position, name in enumerate(header) if shown(wanted, [name])]
    if len(columns) < 2:
        return start
    for cells in (line[delimiter] for line in above[:best]):
        filled = [cells[column] for column in columns if column < len(cells) and cells[column]]
        if 2 * len(filled) > len(columns) or sum(map(bool, map(_NUMBER.fullmatch, filled))) > 1:
            return start
    return start + best


def _split(line: bytes, delimiters: Sequence[str]) -> dict[str, list[str]]:
    """A line's cells by delimiter, quotes cut."""
    text = line.decode(errors="replace").replace('"', "")
    return {delimiter: list(map(cut, text.split(delimiter))) for delimiter in delimiters}


def _read(lines: list[bytes], start: int, delimiter: str, wanted: frozenset[str]) -> Header:
    """The header with that delimiter. It may span lines, where that does not cost it a wanted name."""
    grammar = Grammar(delimiter)
    content = lines[start].rstrip(b"\r\n")
    names, height = _names(content.split(grammar.delimiter), start), 1
    record = Lines(lines[start : start + RECORD_LINES], grammar, None).record(0)
    if record is not None:
        spanning = _names(record.cells, start)
        if record.lines == 1 or shown(wanted, spanning) >= shown(wanted, names):
            names, height = spanning, record.lines
    end = sum(map(len, lines[: start + height]))
    return Header(delimiter, names, start + 1, height, end)


def _names(cells: Sequence[bytes], start: int) -> tuple[str, ...]:
    try:
        return tuple(cut(cell.decode()) for cell in cells)
    except UnicodeDecodeError:
        raise Unreadable("bad_encoding", {"line": start + 1}) from None


def _agreement(lines: Sequence[bytes], header: Header) -> float:
    """Share of the next lines with as many fields as the header; twice that where there is more than one field."""
    grammar = Grammar(header.delimiter)
    first = header.line - 1 + header.lines
    compared = [line for line in lines[first : first + LINES_COMPARED] if line.strip()]
    agreeing = sum(len(grammar.cells(line.rstrip(b"\r\n"))[0]) == len(header.names) for line in compared)
    share = agreeing / len(compared) if compared else 1.0
    return share * (1 + (len(header.names) > 1))


def _refuse_records(lines: Sequence[bytes], header: Header, wanted: frozenset[str], candidates: Sequence[str]) -> None:
    """Raise no_header unless the line can be a header of other names: what it holds might be a person's answers."""
    facts: dict[str, int | str | bool] = {"line": header.line, "fields": len(header.names)}
    for number, line in enumerate(lines[header.line : header.line + RECORD_LINES], header.line + 1):
        if any(wanted & set(cells) for cells in _split(line, candidates).values()):
            raise Unreadable("no_header", {**facts, "header_at": number})
    named = [name for name in header.names if name]
    if len(named) < 2 or len(set(named)) < len(named) or any(map(_NO_NAME.match, named)):
        raise Unreadable("no_header", facts)


def _loose(names: Iterable[str]) -> set[str]:
    """Names without case, space and punctuation, as people retype them."""
    return {"".join(filter(str.isalnum, name.casefold())) for name in names} - {""}
