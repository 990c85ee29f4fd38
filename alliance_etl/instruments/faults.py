"""What cannot be true of an instrument: relations between its keys, each fault with the place it stands at.

Types and spellings of single keys are pydantic's (model.py); reading files and lines is registry.py's.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from alliance_etl.faults import Fault

if TYPE_CHECKING:
    from alliance_etl.instruments.model import Instrument, Mapped, Response


def of_mapped(line: "Mapped") -> Iterator[Fault]:
    if line.component == "none":
        if not line.reason:
            yield Fault(("reason",), "what stays unmapped says why; expected a reason")
        if line.grade:
            yield Fault(("grade",), "what stays unmapped has no grade; expected none")
    elif not line.grade:
        yield Fault(("grade",), "a component needs the grade of its evidence; expected A, B or C")
    if line.scales and line.items:
        yield Fault(("items",), "a line names scales or lists items; expected one of them")
    if not (line.scales or line.items or line.what or line.needs_key):
        yield Fault(("scales",), "nothing says what this line is about; expected scales, items or what")


def of_instrument(instrument: "Instrument") -> Iterator[Fault]:
    if instrument.response:
        yield from _of_response(instrument.response)
    yield from _of_items(instrument)
    yield from _of_mapping(instrument)
    yield from _of_guests(instrument)
    if not instrument.rater_roles:
        yield Fault(("rater_roles",), "somebody fills the form in; expected at least one role, as in [client]")
    if instrument.status == "provisional" and not instrument.warning:
        yield Fault(("warning",), "a provisional form warns its readers; expected a sentence")


def _of_response(response: "Response") -> Iterator[Fault]:
    if response.min >= response.max:
        yield Fault(
            ("response", "max"), f"the range {response.min:g} to {response.max:g} is empty; expected min below max"
        )
        return
    if response.step is None:
        return
    if response.step <= 0:
        yield Fault(("response", "step"), f"the step {response.step:g} leads nowhere; expected a number above 0")
        return
    gaps = (response.max - response.min) / response.step
    if abs(gaps - round(gaps)) > 1e-9:
        yield Fault(
            ("response", "step"), f"steps of {response.step:g} do not lead from {response.min:g} to {response.max:g}"
        )
    elif response.anchors and len(response.anchors) != round(gaps) + 1:
        labels, answers = len(response.anchors), round(gaps) + 1
        yield Fault(("response", "anchors"), f"{labels} labels for {answers} answers; expected one for each")


def _of_items(instrument: "Instrument") -> Iterator[Fault]:
    known = instrument.item_numbers
    lists: dict[tuple[str | int, ...], Collection[int]] = {
        ("reversed_items",): instrument.reversed_items or (),
        ("item_labels",): instrument.item_labels,
        ("wai36_items",): instrument.wai36_items,
        **{("scales", name, "items"): scale.items for name, scale in instrument.scales.items()},
        **{("mapping", at, "items"): line.items for at, line in enumerate(instrument.mapping)},
    }
    for place, items in lists.items():
        strangers = sorted(set(items) - set(known))
        if strangers:
            yield Fault(place, f"no such {_items(strangers)}; expected {_numbers(instrument)}")
        twice = sorted(item for item, count in Counter(list(items)).items() if count > 1)
        if twice:
            yield Fault(place, f"{_items(twice)} more than once; expected each at most once")
    for name, scale in instrument.scales.items():
        if not scale.items:
            yield Fault(("scales", name, "items"), "a scale without items; expected at least one")
    spelled: dict[str, str] = {}
    for name in instrument.scales:
        other = spelled.setdefault(name.casefold(), name)
        if other != name:  # a published column's name does not tell capitals from small letters
            yield Fault(("scales", name), f"differs from {other} by capitals only; expected another name")


def _of_mapping(instrument: "Instrument") -> Iterator[Fault]:
    seen: set[str] = set()
    for at, line in enumerate(instrument.mapping):
        missing = [scale for scale in line.scales if scale not in instrument.scales]
        if missing and not line.needs_key:
            known = ", ".join(instrument.scales) or "scales to be defined first"
            message = f"no scale {', '.join(missing)}; expected {known}, or needs_key: true"
            yield Fault(("mapping", at, "scales"), message)
        if line.needs_key and instrument.mapped_items(line) and not missing:
            yield Fault(("mapping", at, "needs_key"), "the items of this line are known; expected no needs_key")
        if line.component != "none" and line.component in seen:
            yield Fault(("mapping", at, "component"), f"{line.component} is mapped twice; expected one line for each")
        seen.add(line.component)


def _of_guests(instrument: "Instrument") -> Iterator[Fault]:
    if instrument.kind == "outcome":
        if instrument.mapping:
            yield Fault(
                ("mapping",), "an outcome measure says nothing about goals, tasks and bond; expected no mapping"
            )
        if not instrument.higher_is:
            yield Fault(("higher_is",), "an outcome measure says which way its scores go; expected better or worse")
    elif instrument.higher_is:
        yield Fault(("higher_is",), "a higher score of the alliance is always better; expected no such key")


def _items(numbers: list[int]) -> str:
    return f"item{'s' * (len(numbers) > 1)} {', '.join(map(str, numbers))}"


def _numbers(instrument: "Instrument") -> str:
    return f"1 to {instrument.n_items}" if instrument.n_items else "n_items first"
