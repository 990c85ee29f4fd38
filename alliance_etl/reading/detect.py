"""A delimited file of which nothing is known: encoding, dialect, records and tables by its own evidence.

For looking at a file that no export of study.yaml describes yet. Every line is in exactly one row; ragged rows are
returned as they are. Intake reads by the names that study.yaml expects and holds what is ragged: open_delimited.
"""

import re
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from alliance_etl.reading.encoding import Encoding, encoding_of
from alliance_etl.reading.guess import Writing, guess_writing
from alliance_etl.reading.kinds import TYPED, kind_of
from alliance_etl.reading.loose import LooseGrammar
from alliance_etl.reading.model import Unreadable
from alliance_etl.reading.spanning import RECORD_LINES
from alliance_etl.reading.tables import Row, Table, split_tables, usual_width

SAMPLE_CHARACTERS = 1 << 20
WIDTH_LINES = 2000
_TRIES = 4
_OTHER = (",", ";", "\t", "|", " ")


@dataclass(frozen=True)
class Detected:
    """What was found: `newline` is the most frequent one, `width` how many fields most records have."""

    encoding: str
    bom: bool
    newline: str
    writing: Writing
    width: int
    tables: tuple[Table, ...]


def detect(path: Path, *, encoding: str | None = None, most_bytes: int | None = None) -> Detected:
    """Read a file by its own evidence, or the whole lines of its first `most_bytes`; an empty one has no tables.

    Raises Unreadable: not_text, bad_encoding.
    """
    try:
        found = encoding_of(path, encoding)
    except Unreadable as error:
        if error.code != "empty_file":
            raise
        return Detected("utf-8", bom=False, newline="\n", writing=Writing(), width=0, tables=())
    text = _text(path, found, most_bytes)
    newline, lines = split_lines(text)
    writing = guess_writing(split_lines(text[:SAMPLE_CHARACTERS])[1])
    rows, width = records(lines, writing)
    return Detected(found.name, bool(found.mark), newline, writing, width, tuple(split_tables(rows)))


def _text(path: Path, encoding: Encoding, most_bytes: int | None) -> str:
    """What follows the mark; where bytes were left out, without the last line, which may be cut."""
    with path.open("rb") as file:
        file.seek(len(encoding.mark))
        content = file.read(-1 if most_bytes is None else most_bytes)
        is_cut = bool(file.read(1))
    text = content.decode(encoding.name, "surrogateescape" if encoding.name == "utf-8" else "replace")
    end = max(text.rfind("\n"), text.rfind("\r")) + 1 if is_cut else 0
    return text[: end or len(text)]


def split_lines(text: str) -> tuple[str, list[str]]:
    """The most frequent line break, and the lines without theirs; all three kinds break a line."""
    pairs = text.count("\r\n")
    counts = {"\n": text.count("\n") - pairs, "\r\n": pairs, "\r": text.count("\r") - pairs}
    lines = re.split("\r\n|\n|\r", text)
    return max(counts, key=lambda newline: counts[newline]), lines[:-1] if lines[-1] == "" else lines


def records(lines: list[str], writing: Writing) -> tuple[list[Row], int]:
    """All lines as rows, and the usual width; a quote left open takes in the lines that close it, within bounds."""
    grammar = LooseGrammar(writing)
    width = _width(lines[:WIDTH_LINES], grammar)
    rows, at = [], 0
    while at < len(lines):
        taken, cells = 1, grammar.regular(lines[at])
        if cells is None or len(cells) != width:
            spanning = _spanning(lines, at, grammar, width)
            taken, cells = spanning or (1, _single(lines[at], grammar, width))
        rows.append(Row(at + 1, cells if any(map(str.strip, cells[width:])) else cells[:width]))
        at += taken
    return rows, width


def _width(lines: list[str], grammar: LooseGrammar) -> int:
    """The usual number of fields, of records that may span lines."""
    widths, at = [], 0
    while at < len(lines):
        taken, cells = _spanning(lines, at, grammar, None) or (1, grammar.regular(lines[at]))
        if cells and any(cells):
            widths.append(len(cells))
        at += taken
    return usual_width(widths)


def _spanning(lines: list[str], at: int, grammar: LooseGrammar, width: int | None) -> tuple[int, list[str]] | None:
    """A record of that width (of any, where None) from several lines, none of which is one by itself."""
    if not grammar.is_open(lines[at]):
        return None
    closing = (each for each in range(at + 1, min(at + RECORD_LINES, len(lines))) if grammar.may_close(lines[each]))
    for stop in (each + 1 for each in islice(closing, _TRIES)):
        alone = grammar.regular(lines[stop - 1])
        if width is not None and alone is not None and len(alone) == width > 1:
            return None
        cells = grammar.regular("\n".join(lines[at:stop]))
        if cells is not None:
            return (stop - at, cells) if width in (None, len(cells)) else None
    return None


def _single(line: str, grammar: LooseGrammar, width: int) -> list[str]:
    """One line's cells. A line may be written with a delimiter of its own: it is taken where it gives the usual width
    and the file's gives one cell, or fewer numbers and dates."""
    cells = grammar.cells(line, width)
    if len(cells) == width or width < 3:
        return cells
    for delimiter in _OTHER:
        other = LooseGrammar(Writing(delimiter, grammar.writing.quote, grammar.writing.escape)).regular(line)
        if other and len(other) == width and (len(cells) == 1 or _typed(other) > _typed(cells)):
            return other
    return cells


def _typed(cells: list[str]) -> int:
    return sum(kind_of(cell) in TYPED for cell in cells)
