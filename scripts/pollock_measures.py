"""The measures of the Pollock benchmark of polluted CSV files, and its two totals.

Vitagliano et al., "Pollock: A Data Loading Benchmark", PVLDB 16(8), 2023; github.com/HPI-Information-Systems/Pollock.
A loader writes what it read of each file as standard CSV; that is compared with the clean version: did it load at all,
and precision, recall and F1 of the header's cells, of the records (their cells joined) and of all cells, each as
multisets. As there, `precision` divides by what is expected and `recall` by what was loaded; where nothing is expected,
everything is met.
"""

import csv
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from io import StringIO
from pathlib import Path
from typing import ClassVar

import dateutil.parser

Rows = list[list[str]]

_NUMBERED = re.compile(r"_?row_?\d+_col\d+|(?<=quote)\d+_col\d+|(?<=row_field_delimiter)_\d+|\.csv$")
_AMOUNT = re.compile(r"([$€£¥]|USD|EUR|GBP) ?(\d[\d,]*\.?\d*)|(\d[\d,]*\.?\d*) ?([$€£¥]|USD|EUR|GBP)")
_CLOCK = re.compile(r"([01]?\d|2[0-3])[:.]?([0-5]\d)(?:[:.]?([0-5]\d))?")


class _Dates(dateutil.parser.parserinfo):
    JUMP: ClassVar = [" ", ".", ",", ";", "-", "/", "'"]


_DATES = _Dates()


@dataclass(frozen=True)
class Measures:
    """The ten measures of one file, each 0 to 1; their sum is the file's score."""

    success: float
    header_precision: float
    header_recall: float
    header_f1: float
    record_precision: float
    record_recall: float
    record_f1: float
    cell_precision: float
    cell_recall: float
    cell_f1: float

    @property
    def score(self) -> float:
        return sum(vars(self).values())


def measure(expected: Rows, loaded: Rows | None) -> Measures:
    """What was loaded (None where the loader gave up) against what should be; the first row of each is the header."""
    if loaded is None:
        return Measures(*[0.0] * 10)
    if not expected:
        return Measures(*[1.0] * 10)
    header = _agreement(_normal(expected[0]), _normal(loaded[0]) if loaded else [])
    records = _agreement(_joined(expected[1:]), _joined(loaded[1:]))
    cells = _agreement([cell for row in expected for cell in row], [cell for row in loaded for cell in row])
    return Measures(1.0, *header, *records, *cells)


def _agreement(expected: Sequence[str], loaded: Sequence[str]) -> tuple[float, float, float]:
    if not expected:
        return 1.0, 1.0, 1.0
    shared = (Counter(expected) & Counter(loaded)).total()
    if not shared:
        return 0.0, 0.0, 0.0
    precision, recall = shared / len(expected), shared / len(loaded)
    return precision, recall, 2 * precision * recall / (precision + recall)


def _normal(row: Iterable[str]) -> list[str]:
    return [normal(cell) for cell in row]


def _joined(rows: Rows) -> list[str]:
    return ["".join(_normal(row)) for row in rows]


@cache
def normal(cell: str) -> str:
    """A cell as the benchmark compares it: numbers, times, dates and amounts by value, other text without case."""
    for read in (_boolean, _integer, _float, _time, _date, _amount):
        with suppress(ValueError, OverflowError, TypeError):
            return read(cell)
    return cell.lower()


def _boolean(cell: str) -> str:
    return str(("False", "false", "True", "true").index(cell) // 2)


def _integer(cell: str) -> str:
    return str(int(cell))


def _float(cell: str) -> str:
    return str(float(cell))


def _time(cell: str) -> str:
    if found := _CLOCK.fullmatch(cell):
        return f"{int(found[1]):02}:{found[2]}:{found[3] or '00'}"
    raise ValueError


def _date(cell: str) -> str:
    if not cell.strip():
        raise ValueError
    return str(dateutil.parser.parse(cell, parserinfo=_DATES))


def _amount(cell: str) -> str:
    if found := _AMOUNT.search(cell):
        return (found[1] or found[4]) + str(float((found[2] or found[3]).replace(",", "")))
    raise ValueError


def read_rows(file: Path) -> Rows | None:
    """A file in standard CSV; None where the loader wrote that it failed."""
    content = file.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    if text.splitlines()[:1] == ["Application Error"]:
        return None
    return list(csv.reader(StringIO(text.replace("\r\n", "\n").replace("\r", "\n"))))


def measure_all(
    folder: Path, load: Callable[[Path], Rows | None], dataset: str = "polluted_files"
) -> dict[str, Measures]:
    """File → measures, for each file of the benchmark, or of its sample of public files, that has a clean version."""
    clean = folder / dataset / "clean"
    files = sorted(file for file in (folder / dataset / "csv").glob("*") if (clean / file.name).is_file())
    return {file.name: measure(read_rows(clean / file.name) or [], load(file)) for file in files}


def read_weights(folder: Path) -> dict[str, float]:
    """File → how often its kind of pollution was seen in the wild."""
    weights: dict[str, float] = json.loads((folder / "pollock_weights.json").read_text())
    return weights


def totals(measures: Mapping[str, Measures], weights: Mapping[str, float]) -> tuple[float, float]:
    """The simple score (mean of the files', 0 to 10) and the weighted one. KeyError for a file without weight."""
    scores = {name: each.score for name, each in measures.items()}
    weight = sum(weights[name] for name in scores)
    return sum(scores.values()) / len(scores), sum(scores[name] * weights[name] for name in scores) / weight


def pollution(name: str) -> str:
    """The class of pollution that a file stands for: its name without row and column."""
    return _NUMBERED.sub("", name)
