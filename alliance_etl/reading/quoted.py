"""Whether a file quotes in an unusual way: decided once, over its first megabyte, and only by evidence.

Evidence is names of columns that are found when it is read so, a column whose cells are all enclosed, or records that
are whole when it is read so and are not otherwise, while none becomes worse. A name like O'Brien or 't Hart is none.
Without evidence the file is read as any other. Every file pays for the question with one look for the characters.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from alliance_etl.findings.comment import exports_told
from alliance_etl.reading.grammar import Grammar, Shape
from alliance_etl.reading.header import Header, cut, find_header
from alliance_etl.reading.model import Unreadable
from alliance_etl.reading.quoting import QUOTINGS, Quoting
from alliance_etl.reading.spanning import Lines

LINES_WEIGHED = 500
"""So many lines are looked at that hold a character on which the readings differ."""
_LINES_OF_COLUMNS = 200
_ENCLOSED_USUALLY = re.compile(rb'(?m)(?:^|[,;\t|])"')
_FEWEST_CURED = {"doubled": 2, "backslash": 1}
"""How many records must be whole that were not: `\\"` tells by itself, one ' at a cell's edge may be a slip."""


@dataclass(frozen=True)
class _Reading:
    """A file's beginning, read with one quoting: how many names are found, and which lines are whole, which broken."""

    found: int
    sound: frozenset[int]
    broken: frozenset[int]


def quoting_of(sample: bytes, wanted: Sequence[str], *, whole: bool, delimiter: str | None) -> Quoting:
    """How a file quotes whose first bytes (UTF-8; `whole` where that is all) are these."""
    possible = [each for each in QUOTINGS if _mark(each) in sample]
    if not possible:
        return Quoting()
    lines = sample.splitlines() if whole else sample.splitlines()[:-1]
    marks = {_mark(each) for each in possible}
    marked = [number for number, line in enumerate(lines) if any(mark in line for mark in marks)]
    usual, *others = (
        _read(quoting, sample, _header(quoting, sample, wanted, whole=whole, delimiter=delimiter), wanted, marked)
        for quoting in (Quoting(), *possible)
    )
    enclosed = _is_enclosed(lines, _header(Quoting(), sample, wanted, whole=whole, delimiter=delimiter), wanted)
    is_mixed = _ENCLOSED_USUALLY.search(sample) is not None
    evident = [
        (other, quoting)
        for quoting, other in zip(possible, others, strict=True)
        if other and _is_evident(quoting, usual, other, enclosed=enclosed, is_mixed=is_mixed)
    ]
    if not evident:
        return Quoting()
    return max(evident, key=lambda each: (each[0].found, -len(each[0].broken), len(each[0].sound)))[1]


def _mark(quoting: Quoting) -> bytes:
    return f"\\{quoting.quote}".encode() if quoting.escape == "backslash" else quoting.quote.encode()


def _is_evident(quoting: Quoting, usual: _Reading | None, other: _Reading, *, enclosed: bool, is_mixed: bool) -> bool:
    if usual is None or other.found > usual.found:
        return other.found > 0
    if quoting.quote == "'" and is_mixed:
        return False
    if quoting.quote == "'" and enclosed and other.broken <= usual.broken:
        return True
    return usual.sound <= other.sound and len(other.sound - usual.sound) >= _FEWEST_CURED[quoting.escape]


def _header(
    quoting: Quoting, sample: bytes, wanted: Sequence[str], *, whole: bool, delimiter: str | None
) -> Header | None:
    text = b"".join(quoting.inward(iter([sample])))
    try:
        return find_header(text, list(map(quoting.name_inward, wanted)), whole=whole, delimiter=delimiter)[0]
    except Unreadable:
        return None


def _read(
    quoting: Quoting, sample: bytes, header: Header | None, wanted: Sequence[str], marked: Sequence[int]
) -> _Reading | None:
    """None where there is no header."""
    if header is None:
        return None
    names = [cut(quoting.outward(name)) for name in header.names]
    grammar, shape = Grammar(header.delimiter), Shape.of(header.names)
    lines = b"".join(quoting.inward(iter([sample]))).splitlines(keepends=True)
    records = Lines(lines, grammar, shape)
    sound, broken = set(), set()
    first = header.line - 1 + header.lines
    for number in [each for each in marked if each >= first][:LINES_WEIGHED]:
        record = records.record(number)
        if record is None or shape.fault(record.cells):
            broken.add(number)
        elif grammar.is_regular(b"".join(lines[number : number + record.lines]).rstrip(b"\r\n")):
            sound.add(number)
    found = len(set(names) & set(map(cut, wanted))) + len(exports_told(names))
    return _Reading(found, frozenset(sound), frozenset(broken))


def _is_enclosed(lines: Sequence[bytes], header: Header | None, wanted: Sequence[str]) -> bool:
    """Whether all cells of a wanted column stand between apostrophes, and there are several."""
    if header is None:
        return False
    grammar = Grammar(header.delimiter)
    first = header.line - 1 + header.lines
    rows = [grammar.cells(line)[0] for line in lines[first : first + _LINES_OF_COLUMNS]]
    for position in (at for at, name in enumerate(header.names) if cut(name) in {cut(each) for each in wanted}):
        cells = [row[position] for row in rows if position < len(row) and row[position]]
        if len(cells) > 1 and all(len(cell) > 1 and cell[:1] == b"'" == cell[-1:] for cell in cells):
            return True
    return False
