"""A slow, obvious model of what a study publishes, in plain Python, written from the contract (sections 4 and 5).

It keeps nothing but the drops in their order, and works everything out anew each time: read each file's rows by the
study's present settings, hold what cannot be trusted, let later rows replace earlier ones, score. No line of it is the
package's.
"""

import base64
import hashlib
import hmac
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

Row = tuple[str, ...]
COUNTS = ("rows_read", "new", "changed", "unchanged", "held", "skipped")


@dataclass(frozen=True)
class Instrument:
    """Items 1 to n, answers from low to high; `components` are items behind goal, task, bond or goal_task."""

    id: str
    items: int
    low: float
    high: float
    whole: bool
    turned: frozenset[int]
    scales: Mapping[str, tuple[int, ...]]
    components: Mapping[str, tuple[int, ...]]
    mean: bool = False


@dataclass
class Export:
    """What study.yaml says of one export; the range is that of the file where it differs."""

    name: str
    prefix: str
    instrument: Instrument
    participant: str
    items: tuple[str, ...]
    session: str | None = None
    date: str | None = None
    therapist: str | None = None
    missing: dict[str, str] = field(default_factory=dict)
    labels: dict[str, float] = field(default_factory=dict)
    response: tuple[float, float] | None = None
    turned_at_source: frozenset[int] = frozenset()
    skip: dict[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> list[str]:
        own = [self.participant, self.session, self.date, self.therapist, *self.items, *self.skip]
        return [column for column in own if column]


@dataclass(frozen=True)
class Drop:
    """A file as it was dropped: its name, header and rows, and the bytes that they were written as."""

    site: str
    file: str
    header: Row
    rows: tuple[Row, ...]
    content: bytes

    @property
    def drop_id(self) -> str:
        return hashlib.sha256(self.content).hexdigest()[:16]


Key = tuple[str, str, str, int | None, date | None]
"""site, participant, instrument, and session or else date."""


@dataclass(frozen=True)
class Form:
    """One version of a form. `answers` are values on the instrument's scale; `reasons` why one is missing."""

    key: Key
    session: int | None
    date: date | None
    therapist: str | None
    answers: tuple[float | None, ...]
    reasons: tuple[str | None, ...]
    drop_id: str
    line: int
    revision: int = 1

    @property
    def said(self) -> tuple[object, ...]:
        return self.answers, self.reasons

    @property
    def content(self) -> tuple[object, ...]:
        return self.said, self.session, self.date, self.therapist


@dataclass
class Fate:
    """What became of a drop."""

    drop: Drop
    status: str
    counts: Counter[str]
    exports: tuple[str, ...] = ()
    held: set[tuple[str, int]] = field(default_factory=set)


@dataclass
class Published:
    """Everything that follows from the drops and the settings."""

    fates: list[Fate] = field(default_factory=list)
    forms: dict[Key, Form] = field(default_factory=dict)
    earlier: list[Form] = field(default_factory=list)


def published(sites: Mapping[str, Sequence[Export]], drops: Sequence[Drop]) -> Published:
    """Take in all drops, one after the other, under these settings."""
    found = Published()
    for drop in drops:
        if drop.site in sites:
            found.fates.append(_taken_in(found, drop, sites[drop.site]))
    return found


def _taken_in(found: Published, drop: Drop, exports: Sequence[Export]) -> Fate:
    reading = [export for export in exports if drop.file.startswith(export.prefix)]
    names = tuple(export.name for export in reading)
    if not reading:
        return Fate(drop, "rejected", Counter())
    mine = [fate for fate in found.fates if fate.drop.site == drop.site]
    same = [n for n, fate in enumerate(mine) if fate.drop.content == drop.content and _names(fate, exports) == names]
    first = next((mine[n] for n in same if mine[n].status != "duplicate"), None)
    if first:
        others = [
            fate for fate in mine[same[-1] + 1 :] if fate.status != "duplicate" and set(fate.exports) & set(names)
        ]
        of_name = [
            fate.drop
            for fate in mine
            if fate.drop.file == drop.file and fate.counts["new"] + fate.counts["changed"] + fate.counts["unchanged"]
        ]
        put_back = bool(of_name) and of_name[-1].content != drop.content
        if not others or not put_back:
            return _copy(drop, first)
    before = dict(found.forms), list(found.earlier)
    fate = Fate(drop, "accepted", Counter(), names)
    for export in reading:
        fate.counts += _read(found, drop, export, fate)
    if first and fate.status != "rejected" and not fate.counts["new"] + fate.counts["changed"]:
        found.forms, found.earlier = before
        return _copy(drop, first)
    return fate


def _names(fate: Fate, exports: Sequence[Export]) -> tuple[str, ...]:
    return tuple(export.name for export in exports if fate.drop.file.startswith(export.prefix))


def _copy(drop: Drop, first: Fate) -> Fate:
    was = first.counts
    same = was["new"] + was["changed"] + was["unchanged"]
    counts = Counter(rows_read=was["rows_read"], unchanged=same, held=was["held"], skipped=was["skipped"])
    return Fate(drop, "duplicate", counts)


def _read(found: Published, drop: Drop, export: Export, fate: Fate) -> Counter[str]:
    """Let one export's rows of a file take effect; where its rows went."""
    missing_column = [column for column in export.columns if column not in drop.header]
    counts = Counter(rows_read=len(drop.rows))
    good: dict[Key, list[Form]] = {}
    spoilt: set[Key] = set()
    for line, cells in enumerate(drop.rows, start=2):
        row = dict(zip(drop.header, cells, strict=True))
        # of a file that lacks a column nothing is read, not even which rows it would have left out
        left_out = not missing_column and any(row.get(c, "") == text for c, text in export.skip.items())
        if left_out or not any(cell.strip() for cell in cells):
            counts["skipped"] += 1
            continue
        form, key = (None, None) if missing_column else _form(row, export, drop, line)
        if form is None:
            counts["held"] += 1
            fate.held.add((export.name, line))
            spoilt |= {key} if key else set()
        else:
            good.setdefault(form.key, []).append(form)
    if missing_column:
        fate.status = "rejected"
        return counts
    for key, forms in good.items():
        if key in spoilt or len({form.said for form in forms}) > 1:
            counts["held"] += len(forms)
            fate.held |= {(export.name, form.line) for form in forms}
            continue
        counts["unchanged"] += len(forms) - 1
        counts[_replace(found, forms[0])] += 1
    return counts


def _replace(found: Published, form: Form) -> str:
    there = found.forms.get(form.key)
    if there is None:
        found.forms[form.key] = form
        return "new"
    if there.content == form.content:
        return "unchanged"
    found.earlier.append(there)
    numbered = Form(**{**vars(form), "revision": there.revision + 1})
    found.forms[form.key] = numbered
    return "changed"


def _form(row: Mapping[str, str], export: Export, drop: Drop, line: int) -> tuple[Form | None, Key | None]:
    """The form of a row, or None where it has to be held; and its key, as far as that can be told."""
    person = row[export.participant].strip()
    session, wrong_session = _session(row[export.session].strip()) if export.session else (None, False)
    day, wrong_day = _day(row[export.date].strip()) if export.date else (None, False)
    key = None
    if person and not wrong_session and (session is not None or (day is not None and not wrong_day)):
        key = (drop.site, person, export.instrument.id, session, day if session is None else None)
    read = [_answer(row[column], number, export) for number, column in enumerate(export.items, start=1)]
    if key is None or wrong_day or any(each is None for each in read):
        return None, key
    answers, reasons = zip(*(each for each in read if each is not None), strict=True)
    therapist = (row[export.therapist].strip() or None) if export.therapist else None
    return Form(key, session, day, therapist, answers, reasons, drop.drop_id, line), key


def _session(text: str) -> tuple[int | None, bool]:
    if not text:
        return None, False
    return (int(text), False) if text.isdigit() else (None, True)


def _day(text: str) -> tuple[date | None, bool]:
    if not text:
        return None, False
    try:
        return date.fromisoformat(text), False
    except ValueError:
        return None, True


def _answer(cell: str, number: int, export: Export) -> tuple[float | None, str | None] | None:
    """Value and reason of an answer; None where the cell is neither answer nor code."""
    text, instrument = cell.strip(), export.instrument
    if not text:
        return None, "blank"
    if text in export.missing:
        return None, export.missing[text]
    if text.casefold() in export.labels:
        value = export.labels[text.casefold()]
    else:
        try:
            told = float(text.replace(",", "."))  # either mark, where study.yaml says nothing of it
        except ValueError:
            return None
        low, high = export.response or (instrument.low, instrument.high)
        if not low <= told <= high or (instrument.whole and told != int(told)):
            return None
        value = instrument.low + (told - low) * (instrument.high - instrument.low) / (high - low)
    if number in export.turned_at_source:
        value = instrument.low + instrument.high - value
    return value, None


def keyed(form: Form, instrument: Instrument) -> list[float | None]:
    return [
        None if value is None else instrument.low + instrument.high - value if number in instrument.turned else value
        for number, value in enumerate(form.answers, start=1)
    ]


def scores(form: Form, instrument: Instrument, min_answered: float) -> Iterator[tuple[str, float | None, int, bool]]:
    """scale, score, number of answered items, prorated."""
    answers = keyed(form, instrument)
    for scale, items in instrument.scales.items():
        there = [answers[n - 1] for n in items if answers[n - 1] is not None]
        mean = _mean(there, len(items), min_answered)
        score = None if mean is None else mean if instrument.mean else mean * len(items)
        yield scale, score, len(there), score is not None and len(there) < len(items)


def components(form: Form, instrument: Instrument, min_answered: float) -> Iterator[tuple[str, float | None, int]]:
    """component, POMP, number of answered items."""
    answers = keyed(form, instrument)
    for component, items in instrument.components.items():
        there = [answers[n - 1] for n in items if answers[n - 1] is not None]
        mean = _mean(there, len(items), min_answered)
        pomp = None if mean is None else 100 * (mean - instrument.low) / (instrument.high - instrument.low)
        yield component, pomp, len(there)


def _mean(there: Sequence[float | None], of: int, min_answered: float) -> float | None:
    values = [value for value in there if value is not None]
    return sum(values) / len(values) if values and len(values) >= min_answered * of - 1e-9 else None


def pseudonym(key: bytes, kind: str, site: str, identifier: str) -> str:
    """The contract's formula, section 4."""
    message = b"\x1f".join([kind.encode(), site.encode(), identifier.strip().encode()])
    return f"{kind[0]}_{base64.b32encode(hmac.digest(key, message, 'sha256')).decode().lower()[:16]}"
