"""One form of the file as an export of study.yaml, with its reasons and what is left open."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from alliance_etl.errors import ConfigurationError
from alliance_etl.instruments.model import Instrument
from alliance_etl.proposal.column import decimal_marks
from alliance_etl.proposal.forms import (
    Match,
    Named,
    instrument_doubt,
    labels_doubt,
    match_of,
    matches,
    range_doubt,
)
from alliance_etl.proposal.found import item_columns
from alliance_etl.proposal.groups import Group, labels_of
from alliance_etl.proposal.long import Long
from alliance_etl.proposal.model import Answers, Choice, Doubt, Draft, Reason
from alliance_etl.proposal.naming import export_name
from alliance_etl.proposal.ranges import Answered, answered
from alliance_etl.proposal.roles import Who
from alliance_etl.proposal.systems import System, without_defaults
from alliance_etl.proposal.table import Table
from alliance_etl.proposal.totals import answers_frame, declared, runs_with_others

_RANGE = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*(?:-|–|to|\.\.)\s*(-?\d+(?:\.\d+)?)\s*")


@dataclass
class Drafting:
    """What is known of one form while its export is put together. `items` are the columns of all forms in the file."""

    table: Table
    group: Group
    who: Who
    registry: Mapping[str, Instrument]
    answers: Answers
    form: int
    long: Long | None = None
    wanted: str | None = None
    system: System | None = None
    items: Collection[str] = ()
    entry: dict[str, Any] = field(default_factory=dict)
    reasons: list[Reason] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @cached_property
    def held(self) -> Answered:
        """What the items' columns hold."""
        if not self.group.items:
            return answered([], {})
        columns = item_columns(self.table, self.group, self.long)
        return answered(list(columns.values()), labels_of(self.group, columns))

    @property
    def spare(self) -> list[str]:
        """The columns that are neither items nor tell who and when."""
        used = {*self.items, *self.who.columns.values()}
        return [name for name in self.table.columns if name not in used]

    def draft(self, files: str, taken: Collection[str]) -> Draft:
        """The export, as far as it is decided."""
        self.entry["files"] = self.answers.of("files", self.form) or files
        match = self._instrument()
        if match is not None:
            self.entry["instrument"] = match.instrument.id
        self._stamps()
        if self.group.items:
            self._items()
            if match is not None:
                self._answers(match)
        self._writing()
        if self.system:
            self.reasons.insert(0, Reason("preset", self.system.preset, self.system.why))
            self.entry = {"preset": self.system.preset, **without_defaults(self.entry, self.system)}
        name = self.answers.of("export", self.form) or (
            export_name(match.instrument, taken) if match else f"form_{self.form + 1}"
        )
        return Draft(name, self.entry, tuple(self.reasons), tuple(self.remarks), self.group.columns)

    def _instrument(self) -> Match | None:
        named = Named(self.group.columns, self.table.stem, "rater" in self.who.columns)
        given = self.answers.of("instrument", self.form) or self.wanted
        if given:
            self.reasons.append(Reason("instrument", given, "as you said"))
            self.registry[given].require_key()
            return match_of(self.registry[given], self.held, named)
        if self.group.known and self.group.known in self.registry:
            found = [match_of(self.registry[self.group.known], self.held, named)]
        else:
            found = matches(self.group.size, self.held, named, self.registry)
        families = {match.instrument.family for match in found}
        if len(found) != 1 or not (families & named.families or self.group.known):
            others = [each for each in self.registry.values() if each.n_items == self.group.size]
            self.doubts.append(instrument_doubt(found, self.group.told, named, self.form, others))
            return None
        (match,) = found
        match.instrument.require_key()
        self.reasons.append(Reason("instrument", match.instrument.id, self._why(match, named)))
        return match

    def _why(self, match: Match, named: Named) -> str:
        said = [f"{self.group.size} items"]
        if match.instrument.family in named.families:
            said.append(f"names that say {match.instrument.family}")
        if self.group.known:
            said.append("columns that are called by what its items are about")
        if match.by_role and len(match.instrument.rater_roles) == 1:
            said.append(f"names that say {match.instrument.rater_roles[0]}")
        return ", ".join(said)

    def _stamps(self) -> None:
        for role in ("participant", "session", "date"):
            if role in self.who.columns:
                self.entry[role] = self.who.columns[role]
        self._date_format()
        for role in ("therapist", "rater"):
            if role in self.who.columns:
                self.entry[role] = self.who.columns[role]

    def _date_format(self) -> None:
        given, dates = self.answers.of("date_format"), self.who.dates
        if given and "date" in self.entry:
            self.entry["date_format"] = given
        elif dates and len(dates.formats) == 1:
            (found,) = dates.formats
            if found:
                self.entry["date_format"] = found
                late = (
                    f"; {dates.late_days:,} days after the 12th, which no other order reads" if dates.late_days else ""
                )
                why = f"reads {dates.formats[found]:,} of {dates.filled:,} cells{late}"
                self.reasons.append(Reason("date_format", found, why))

    def _items(self) -> None:
        group = self.group
        if self.long:
            self.entry["layout"] = {"item": self.long.item, "value": self.long.value}
            self.reasons.append(Reason("layout", "long", f'a row for each of {group.size} items in "{self.long.item}"'))
        self.entry["items"] = group.items if isinstance(group.items, str) else list(group.items)

    def _answers(self, match: Match) -> None:
        own = match.instrument.response
        assert own is not None
        low, high = self._range(match) or (own.min, own.max)
        if (low, high) != (own.min, own.max):
            self.entry["response"] = {"min": _short(low), "max": _short(high)}
        labels = self._labels(match) if self.held.labels else {}
        if labels:
            self.entry["labels"] = labels
        missing = {**self.held.missing, **_pairs(self.answers.of("missing", self.form) or "", "missing")}
        if missing:
            self.entry["missing"] = missing
            self.reasons.append(Reason("missing", ", ".join(missing), "stand for no answer"))
        if self.long is None and self.group.size == match.instrument.n_items:
            self._totals(match, labels, low, high)

    def _range(self, match: Match) -> tuple[float, float] | None:
        given, own = self.answers.of("range", self.form), match.instrument.response
        assert own is not None
        if given:
            found = _RANGE.fullmatch(given)
            if not found:
                raise ConfigurationError(f"--range {given}: expected the lowest and the highest answer, as in 0-4")
            return float(found[1]), float(found[2])
        if not self.held.numbers:
            return None
        if len(match.ranges) == 1:
            (fit,) = match.ranges
            if (fit.low, fit.high) != (own.min, own.max):
                why = f"answers from {fit.low:g} to {fit.high:g}; {match.instrument.id} has {own.min:g} to {own.max:g}"
                self.reasons.append(Reason("response", f"{fit.low:g} to {fit.high:g}", why))
            return fit.low, fit.high
        if not self.held.labels:
            self.doubts.append(range_doubt(match, self.held, self.group.told, self.form))
        return None

    def _labels(self, match: Match) -> dict[str, Any]:
        own = match.instrument.response
        assert own is not None
        given = self.answers.of("labels", self.form)
        if given:
            return {label: _number(value) for label, value in _pairs(given, "labels").items()}
        if len(match.labels) != 1:
            self.doubts.append(labels_doubt(match, self.held, self.group.told, self.form))
            return {}
        step = own.step or 1
        (known,) = match.labels
        why = f"{len(self.held.labels)} words in these columns, a known set of answers"
        self.reasons.append(Reason("labels", f"{len(known)} words", why))
        return {label: _short(own.min + step * place) for label, place in known.items()}

    def _totals(self, match: Match, labels: Mapping[str, Any], low: float, high: float) -> None:
        instrument = match.instrument
        values = {label.casefold(): float(value) for label, value in labels.items()}
        columns = dict(enumerate(self.group.columns, start=1))
        items = answers_frame(self.table, columns, values, list(self.held.missing))
        found = declared(self.table, self.spare, items, instrument, low, high)
        if found.columns:
            self.entry["totals"] = {scale: each.column for scale, each in found.columns.items()}
        for scale, each in found.columns.items():
            why = f"agrees with the {scale} score in {each.agrees:,} of {each.of:,} rows"
            self.reasons.append(Reason("totals", each.column, why))
        self._reversed(instrument, found.reversed, runs_with_others(items, instrument))

    def _reversed(self, instrument: Instrument, by_totals: bool | None, by_course: bool | None) -> None:
        turned = list(instrument.reversed_items or ())
        if not turned:
            return
        given = self.answers.of("reversed", self.form)
        if given:
            items = turned if given == "yes" else [] if given == "no" else [int(n) for n in re.findall(r"\d+", given)]
        elif by_totals is None and by_course:
            choices = (Choice("yes", "leave them as they are"), Choice("no", "turn them round"))
            told = ", ".join(map(str, turned))
            asks = f"Has the site turned items {told} round already? They rise and fall with the others."
            self.doubts.append(Doubt("reversed", asks, choices, self.form))
            return
        else:
            items = turned if by_totals else []
        if items:
            self.entry["reversed_at_source"] = items
            why = "the declared scores add up only if they are turned round already" if not given else "as you said"
            self.reasons.append(Reason("reversed_at_source", f"{len(items)} items", why))

    def _writing(self) -> None:
        """How cells and lines are written, where intake would not see it by itself or is helped by knowing it."""
        names = [self.long.value] if self.long else [*self.group.columns, *self.entry.get("totals", {}).values()]
        marks = decimal_marks(self.table.columns[name] for name in names)
        decimals = not self.held.is_whole or any(self.entry.get("totals", {}))
        if marks[","] and marks["."]:
            told = f"{marks[',']:,} answers have a decimal comma and {marks['.']:,} a point"
            self.remarks.append(f"in {self.group.told}, {told}: both are read")
        elif marks[","] > 1 and decimals and self.table.typed is None:
            self.entry["decimal"] = ","
            self.reasons.append(Reason("decimal", ",", f"{marks[',']:,} cells with a comma, none with a point"))
        if self.table.delimiter:
            self.entry["delimiter"] = self.table.delimiter if self.table.delimiter != "\t" else "tab"
        for key in ("encoding", "delimiter"):
            if self.answers.of(key):
                self.entry[key] = self.answers.of(key)


def _pairs(text: str, about: str) -> dict[str, str]:
    """`a=1, b=2` as keys and values."""
    pairs = [pair.rpartition("=") for pair in text.split(",") if pair.strip()]
    if not all(sign and key.strip() and value.strip() for key, sign, value in pairs):
        raise ConfigurationError(
            f'--{about} {text}: expected text=value with commas between, as in "never=1, always=7"'
        )
    return {key.strip(): value.strip() for key, _, value in pairs}


def _number(text: str) -> Any:
    try:
        return _short(float(text))
    except ValueError:
        raise ConfigurationError(f'--labels: "{text}" is no number; expected for example "never=1, always=7"') from None


def _short(number: float) -> int | float:
    return int(number) if number == int(number) else number
