"""Which instrument a group of columns is: by number of items, by names, by the range of the answers, by who rates."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from alliance_etl.instruments.model import Instrument, RaterRole
from alliance_etl.proposal.model import Choice, Doubt
from alliance_etl.proposal.ranges import Answered, Fit, fits, labels_as
from alliance_etl.proposal.words import families_in, form_of, forms_in, roles_in

_ROLES: tuple[str, ...] = get_args(RaterRole)


@dataclass(frozen=True)
class Match:
    """An instrument that the columns may be, with the ranges or labels by which its answers may stand in them."""

    instrument: Instrument
    ranges: tuple[Fit, ...] = ()
    labels: tuple[Mapping[str, int], ...] = ()
    by_name: bool = False
    by_role: bool = False

    @property
    def is_scorable(self) -> bool:
        return self.instrument.status != "key_needed" and not self.instrument.missing_facts()

    @property
    def is_reached(self) -> bool:
        return bool(self.labels) or (len(self.ranges) == 1 and (self.ranges[0].reached or self._is_ruler))

    @property
    def _is_ruler(self) -> bool:
        own = self.instrument.response
        return own is not None and own.kind == "visual_analogue"


@dataclass(frozen=True)
class Named:
    """What names say of a group of columns: its own, and the file's, which count where the columns' say nothing."""

    columns: tuple[str, ...]
    file: str
    has_rater: bool = False

    @property
    def families(self) -> set[str]:
        return families_in(self.columns) or families_in([self.file])

    @property
    def forms(self) -> set[str]:
        return forms_in(self.columns) or forms_in([self.file])

    @property
    def roles(self) -> set[str]:
        said = roles_in(self.columns, after_form=True) or roles_in([self.file], after_form=True)
        return said or ({"observer"} if self.has_rater else set())


def matches(size: int, held: Answered, named: Named, registry: Mapping[str, Instrument]) -> list[Match]:
    """The instruments that may be meant, narrowed by one kind of evidence after the other as far as it goes.

    Where no name says a family, all with so many items that the answers fit are returned.
    """
    found = [match for each in registry.values() if each.n_items == size and (match := _match(each, held, named))]
    found = _narrowed(found, lambda match: match.instrument.family in named.families)
    found = _narrowed(found, lambda match: match.by_name)
    found = _narrowed(found, lambda match: match.is_scorable)
    found = _narrowed(found, lambda match: match.by_role)
    found = _narrowed(found, lambda match: match.is_reached)
    return sorted(found, key=lambda match: _ROLES.index(match.instrument.rater_roles[0]))


def match_of(instrument: Instrument, held: Answered, named: Named) -> Match:
    """One instrument as it would stand in the file, also where its answers do not fit."""
    return _match(instrument, held, named) or Match(instrument)


def _narrowed(found: Sequence[Match], keeps: Callable[[Match], bool]) -> list[Match]:
    return [match for match in found if keeps(match)] or list(found)


def _match(instrument: Instrument, held: Answered, named: Named) -> Match | None:
    """None where its name would have to stand there, or where its answers cannot be those of the file."""
    form, must_be_named = form_of(instrument)
    by_name = form in named.forms
    if must_be_named and not by_name:
        return None
    by_role = bool(set(instrument.rater_roles) & named.roles)
    if instrument.response is None:
        return Match(instrument, by_name=by_name, by_role=by_role)
    ranges = tuple(fits(held, instrument))
    labels = tuple(labels_as(held, _steps(instrument))) if held.labels else ()
    if held.numbers and not ranges and not labels:
        return None
    return Match(instrument, ranges, labels, by_name, by_role)


def _steps(instrument: Instrument) -> int:
    own = instrument.response
    return int((own.max - own.min) / own.step) + 1 if own and own.step else 0


def instrument_doubt(found: Sequence[Match], told: str, named: Named, form: int, others: Iterable[Instrument]) -> Doubt:
    """What to ask where no instrument, or more than one, is left; `others` are all with so many items."""
    if not found:
        choices = tuple(Choice(each.id, each.name) for each in others)
        return Doubt(
            "instrument", f"Which form are {told}? None that is known fits the answers in them.", choices, form
        )
    choices = tuple(Choice(match.instrument.id, _of_match(match)) for match in found)
    families = {match.instrument.family for match in found}
    if not families & named.families:
        asks = f"Which form are {told}? No name in the file says so."
    elif len({form_of(match.instrument)[0] for match in found}) > 1:
        asks = f"Which form are {told}? Number of items and answers fit {len(found)} of them."
    else:
        asks = f"Who has filled in {told}? No name in the file says so."
    return Doubt("instrument", asks, choices, form)


def _of_match(match: Match) -> str:
    warning = "; its key is provisional" if match.instrument.status == "provisional" else ""
    return f"{match.instrument.name}{warning}"


def range_doubt(match: Match, held: Answered, told: str, form: int) -> Doubt:
    """What to ask where the answers fit several ranges."""
    low, high = min(held.numbers), max(held.numbers)
    choices = tuple(Choice(f"{fit.low:g}-{fit.high:g}", _own(fit, match)) for fit in match.ranges)
    asks = f"From where to where do the answers in {told} go? Seen are {low:g} to {high:g}, which fits more than one."
    return Doubt("range", asks, choices, form)


def _own(fit: Fit, match: Match) -> str:
    own = match.instrument.response
    return "as the registry has the form" if own and (own.min, own.max) == (fit.low, fit.high) else "recoded to it"


def labels_doubt(match: Match, held: Answered, told: str, form: int) -> Doubt:
    """What to ask where the words that stand for answers could stand for several."""
    own = match.instrument.response
    assert own is not None
    choices = tuple(
        Choice(", ".join(f"{label}={own.min + step:g}" for label, step in labels.items())) for labels in match.labels
    )
    shown = ", ".join(f'"{label}"' for label in held.labels)
    asks = f"Which answers of {own.min:g} to {own.max:g} are the words in {told}: {shown}?"
    return Doubt("labels", asks, choices, form)
