"""Which delimiter, quote and escape a text is written with, where no column name is known: by evidence, from its lines.

A dialect is the better, the more its lines agree in how many fields they have, the more of the cells are of a known
kind (number, date, word, …), and the more of the quotes stand where quotes open and close cells.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from alliance_etl.reading.kinds import is_known

DELIMITERS = (",", ";", "\t", "|", " ", ":", "^", "~", "#", "&", "*", "\x1f", "\x01", "§", "¦")
WIDE_DELIMITERS = (", ", "; ", " | ", "||", "::", ";;", "~~", "##", "@@", "|~|", "^|^")
QUOTES = ('"', "'", "`")
SAMPLE_LINES = 120

Escape = Literal["doubled", "backslash"]
_SINGLE_COLUMN = 0.001


@dataclass(frozen=True)
class Writing:
    """How cells are set apart: a delimiter of one or more characters, a quote, how a quote within quotes is written."""

    delimiter: str = ","
    quote: str = '"'
    escape: Escape = "doubled"


@dataclass(frozen=True)
class Evidence:
    """What speaks for a writing: how even the lines are, which share of cells is of a known kind, of quotes regular."""

    writing: Writing
    evenness: float
    known: float
    regular: float

    @property
    def score(self) -> float:
        return self.evenness * self.known * self.regular


def guess_writing(lines: Sequence[str]) -> Writing:
    """The writing that most speaks for, a comma where nothing does; lines without their line breaks."""
    weighed = weigh(lines)
    return weighed[0].writing if weighed else Writing()


def weigh(lines: Sequence[str]) -> list[Evidence]:
    """What speaks for each possible writing, best first; of equal ones the more usual delimiter is first."""
    sample = _spread([line for line in lines if line.strip()])
    text = "\n".join(sample)
    usual = [
        each for each in (*DELIMITERS, *WIDE_DELIMITERS) if 2 * sum(each in line for line in sample) >= len(sample)
    ]
    possible = [each for each in usual if not any(_is_part(each, wide, text) for wide in usual)]
    found = [_evidence(sample, each) for each in possible] if sample else []
    return sorted(found, key=lambda each: -round(each.score, 9))


def _is_part(delimiter: str, wide: str, text: str) -> bool:
    """True where it stands nowhere but within the wider one."""
    return delimiter in wide != delimiter and text.count(delimiter) == text.count(wide) * wide.count(delimiter)


def _spread(lines: list[str]) -> list[str]:
    """The first lines, and as many from the rest."""
    half = SAMPLE_LINES // 2
    rest = lines[half:]
    return lines[:half] + rest[:: max(-(-len(rest) // half), 1)]


def _evidence(lines: Sequence[str], delimiter: str) -> Evidence:
    quote, regular = _quote_of(lines, delimiter)
    writing = Writing(delimiter, quote, _escape_of(lines, delimiter, quote))
    split = cell_pattern(writing)
    rows = [split.findall(line + delimiter) for line in lines]
    widths = Counter(map(len, rows))
    evenness = sum(count * max((width - 1) / width, _SINGLE_COLUMN) for width, count in widths.items() if width)
    cells = [cell for row in rows for cell in row]
    known = sum(is_known(cell, quote) for cell in cells) / max(len(cells), 1)
    return Evidence(writing, evenness / len(rows) / len(widths), known, regular)


def cell_pattern(writing: Writing) -> re.Pattern[str]:
    """Matches one cell as it stands, with its quotes; a delimiter has to stand after the last."""
    stop, quote = re.escape(writing.delimiter), re.escape(writing.quote)
    escaped = rf"\\{quote}|" if writing.escape == "backslash" else f"{quote}{quote}|"
    inside = rf"(?:{escaped}[^{quote}]|{quote}(?!{quote}|{stop}))*+"
    return re.compile(rf"({quote}{inside}{quote}(?={stop})|(?:(?!{stop}).)*+){stop}", re.DOTALL)


def _quote_of(lines: Sequence[str], delimiter: str) -> tuple[str, float]:
    """The quote that encloses most cells, and the share of it that stands at cells' ends."""
    text = "\n" + "\n".join(lines) + "\n"
    stop = re.escape(delimiter)
    best, enclosed, share = '"', 0, 1.0
    for quote in QUOTES:
        total = text.count(quote)
        opening = len(re.findall(rf"(?<=\n){quote}|(?<={stop}){quote}", text))
        closing = len(re.findall(rf"{quote}(?=\n|{stop})", text))
        pairs = min(opening, closing)
        if quote == '"' or pairs > enclosed:
            best, enclosed = quote, pairs
            share = (1 + 2 * pairs) / (1 + max(total - 2 * text.count(quote * 2), 2 * pairs))
    return best, share


def _escape_of(lines: Sequence[str], delimiter: str, quote: str) -> Escape:
    """Backslash where most quotes within cells have one before them; one before a closing quote proves nothing."""
    text = "\n" + "\n".join(lines) + "\n"
    stop = re.escape(delimiter)
    inner = rf"(?<!\n)(?<!{stop}){quote}(?!\n|{stop})"
    slashed = len(re.findall(rf"\\{inner}", text))
    return "backslash" if 2 * slashed > len(re.findall(inner, text)) else "doubled"
