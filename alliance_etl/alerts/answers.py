"""A file that answers alerts: confirmations.csv, or any other format that is read, whatever comes after that word.

Each row names an alert, who confirms it and why. Whether there is such an alert is not asked here: a file may come
before the forms that it speaks of.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

import polars as pl

from alliance_etl.findings.comment import may_be_fixme
from alliance_etl.findings.frame import CELLS, FileFinding, cause, no_cells, of_file, told_by_length
from alliance_etl.night.reports import Counts
from alliance_etl.reading import Block, Limits, OpenedFile, Unreadable, open_file

NAME = "confirmations"
COLUMNS = ("alert_id", "confirmed_by", "reason")
_ID = re.compile(r"a[0-9a-f]{12}")


def may_answer_alerts(file: str) -> bool:
    """Whether a file of this name is worth asking whether it answers alerts; a fixme file of such a one is another."""
    return is_called_so(file) or may_be_fixme(file)


def is_called_so(file: str) -> bool:
    """Whether a file's name says that it answers alerts."""
    return PurePath(file).name.casefold().startswith(NAME)


@dataclass(frozen=True)
class Answer:
    """One row: `alert_id` (as such ids are spelled), who says so, and why."""

    line: int
    alert_id: str
    confirmed_by: str
    reason: str


@dataclass(frozen=True)
class Answers:
    """A file's answers, each alert once; `repeated` rows say nothing (more). rows_read = answers + repeated + held +
    skipped. `cells` are failing cells (CELLS), `rejected` that it has not the columns.
    """

    answers: tuple[Answer, ...] = ()
    repeated: int = 0
    held: int = 0
    skipped: int = 0
    cells: pl.DataFrame = field(default_factory=no_cells)
    facts: Mapping[str, object] | None = None
    rejected: bool = False

    def counts(self, before: Mapping[str, object], now: Mapping[str, object]) -> Counts:
        """What the rows did: `before` and `now` are what earlier files and this one say of each alert."""
        new = sum(alert not in before for alert in now)
        changed = sum(alert in before and before[alert] != said for alert, said in now.items())
        rows = len(self.answers) + self.repeated + self.held + self.skipped
        return Counts(rows, new, changed, len(now) - new - changed + self.repeated, self.held, self.skipped)


def read_answers(path: Path, name: str, limits: Limits, *, surely: bool) -> Answers | None:
    """The answers in a file; None where it has no column alert_id (`surely`: where its name says that it should have
    one, it is then rejected instead).
    """
    try:
        opened = open_file(path, name, COLUMNS, limits=limits)
    except Unreadable:
        return _rejected(0, 0, None) if surely else None
    places = {column.casefold(): place for place, column in reversed(list(enumerate(opened.header)))}
    if "alert_id" not in places and not surely:
        return None
    positions = [places[column] for column in COLUMNS if column in places]
    try:
        blocks = list(opened.blocks(sorted(positions) or [0]))
    except Unreadable:  # a line without an end
        return _rejected(0, 0, opened)
    skipped = sum(block.blank.height for block in blocks)
    if len(positions) < len(COLUMNS):
        rows = sum(block.frame.height + block.broken.height for block in blocks)
        return _rejected(rows, skipped, opened)
    return _judged(blocks, dict(zip(COLUMNS, positions, strict=True)), skipped, opened)


def _rejected(held: int, skipped: int, opened: OpenedFile | None) -> Answers:
    finding = FileFinding("confirmations_unreadable", expected=", ".join(COLUMNS))
    return Answers((), 0, held, skipped, of_file([finding]), opened.facts if opened else {}, rejected=True)


def _judged(blocks: Sequence[Block], places: Mapping[str, int], skipped: int, opened: OpenedFile) -> Answers:
    read = [answer for block in blocks for answer in _rows(block.frame, places)]
    cells = [cell for answer in read for cell in _wrong(answer, places)]
    cells += [
        _cell(line, "confirmation_broken", None, None) for block in blocks for line in block.broken["line"].to_list()
    ]
    bad = {cell["line"] for cell in cells}
    said = [answer for answer in read if answer.line not in bad and (answer.confirmed_by or answer.reason)]
    versions = Counter(alert for alert, *_ in {(a.alert_id, a.confirmed_by, a.reason) for a in said})
    twice = [answer for answer in said if versions[answer.alert_id] > 1]
    cells += [_cell(answer.line, "confirmation_twice", places["alert_id"], "alert_id") for answer in twice]
    answers = {answer.alert_id: answer for answer in reversed(said) if versions[answer.alert_id] == 1}
    held = len({cell["line"] for cell in cells})
    rows = len(read) + sum(block.broken.height for block in blocks)
    found = pl.concat([no_cells(), pl.DataFrame(cells, schema=CELLS)])
    ordered = tuple(sorted(answers.values(), key=lambda answer: answer.line))
    return Answers(ordered, rows - held - len(answers), held, skipped, found, opened.facts)


def _rows(frame: pl.DataFrame, places: Mapping[str, int]) -> Iterator[Answer]:
    texts = [frame[str(places[column])].fill_null("").str.strip_chars().to_list() for column in COLUMNS]
    for line, alert_id, who, why in zip(frame["line"].to_list(), *texts, strict=True):
        yield Answer(line, alert_id.casefold(), " ".join(who.split()), " ".join(why.split()))


def _wrong(answer: Answer, places: Mapping[str, int]) -> Iterator[dict[str, object]]:
    """An id that is none, or half an answer; a row without either name or reason leaves its alert as it is."""
    if not _ID.fullmatch(answer.alert_id):
        value = told_by_length(answer.alert_id) if answer.alert_id else None
        yield _cell(answer.line, "alert_id_unreadable", places["alert_id"], "alert_id", value)
    elif bool(answer.confirmed_by) != bool(answer.reason):
        lacking = "reason" if answer.confirmed_by else "confirmed_by"
        yield _cell(answer.line, "confirmation_incomplete", places[lacking], lacking)


def _cell(
    line: int, code: str, position: int | None, column: str | None, value: str | None = None
) -> dict[str, object]:
    return {
        **dict.fromkeys(CELLS),
        "export": NAME,
        "line": line,
        "row": line,
        "position": position,
        "column": column,
        "code": code,
        "value": value,
        "cause": cause(code),
        "count": 1,
    }
