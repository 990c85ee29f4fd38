"""Small changes of a key: what a site, or its software, may have done otherwise, each as a weighted sum of the answers.

Any of them is linear: a total is the sum of the scale's items, a reversed one counting as lowest + highest - answer.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from alliance_etl.instruments.model import Instrument

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Change:
    """A key that may be the one by which totals were made.

    words    what is otherwise than in the registry's key, for people
    items    item number → whether it counts the other way round
    code     the site's codes less the instrument's: -1 where 0 to 4 stands for 1 to 5
    mean     whether it is the mean of the items, not their sum
    simple   of two changes that explain the same, the one with the lower number is told
    """

    words: str
    items: Mapping[int, bool]
    mean: bool
    simple: int
    code: float = 0.0

    def totals(self, answers: Floats, low: float, high: float) -> Floats:
        """The totals of forms (rows) with items (columns, item 1 first); shape (forms,)."""
        weights, constant = self.linear(answers.shape[1], low, high)
        return np.asarray(answers @ weights + constant, dtype=np.float64)

    def linear(self, n_items: int, low: float, high: float) -> tuple[Floats, float]:
        """Weight of each item, and what is added."""
        weights, constant = np.zeros(n_items), 0.0
        for item, turned in self.items.items():
            weights[item - 1] = -1.0 if turned else 1.0
            constant += low + high + self.code if turned else self.code
        size = len(self.items) if self.mean else 1
        return weights / size, constant / size


def changes_of(instrument: Instrument, scale: str, others: Collection[Instrument] = ()) -> list[Change]:
    """The key as it is, first, and the small changes of it for one scale; `others` are forms whose key a site may have
    taken for this one's.
    """
    key, mean = _key(instrument, scale), instrument.scale_rule(scale) == "mean"
    found = [Change("", key, mean, 0)]
    found += [Change(words, items, mean, 1) for words, items in _one_item(key)]
    found += [Change(words, items, mean, 2) for words, items in _all_at_once(key)]
    found += [Change(words, items, mean, 3) for words, items in _of_other_forms(instrument, scale, others)]
    found += [Change(words, items, mean, 4) for words, items in _other_items(instrument, key)]
    found += [Change(words, items, mean, 5) for words, items in _two_items(key)]
    other_rule = f"the total is the {'sum' if mean else 'mean'} of the items, not their {'mean' if mean else 'sum'}"
    found += [_and(change, other_rule, change.simple + 1, mean=not mean) for change in found if change.simple <= 2]
    for code, words in ((-1.0, "one lower"), (1.0, "one higher")):
        told = f"answers count {words} than on the form, as where they are numbered from another number"
        found += [
            _and(change, told, change.simple + 2, code=code)
            for change in found
            if change.simple <= 3 and not change.code
        ]
    return found


def _and(change: Change, words: str, simple: int, *, mean: bool | None = None, code: float | None = None) -> Change:
    return Change(
        f"{change.words}, and {words}" if change.words else words,
        change.items,
        change.mean if mean is None else mean,
        simple,
        change.code if code is None else code,
    )


def _key(instrument: Instrument, scale: str) -> dict[int, bool]:
    turned = set(instrument.reversed_items or ())
    return {item: item in turned for item in instrument.scales[scale].items}


def _one_item(key: Mapping[int, bool]) -> Iterator[tuple[str, dict[int, bool]]]:
    for item, turned in key.items():
        yield f"item {item} is {'not ' if turned else ''}reversed", {**key, item: not turned}
    for straight in (item for item, is_turned in key.items() if not is_turned):
        for other in (item for item, is_turned in key.items() if is_turned):
            yield f"item {straight} is reversed instead of item {other}", {**key, straight: True, other: False}


def _all_at_once(key: Mapping[int, bool]) -> Iterator[tuple[str, dict[int, bool]]]:
    if any(key.values()):
        yield "no item is reversed", dict.fromkeys(key, False)
    yield "every item counts the other way round", {item: not turned for item, turned in key.items()}
    items = sorted(key)
    for name, chosen in (("first, third, fifth …", items[::2]), ("second, fourth, sixth …", items[1::2])):
        turned = {item: is_turned != (item in chosen) for item, is_turned in key.items()}
        yield f"every other item (the {name}) counts the other way round, as where the anchors alternate", turned


def _of_other_forms(
    instrument: Instrument, scale: str, others: Collection[Instrument]
) -> Iterator[tuple[str, dict[int, bool]]]:
    own = _key(instrument, scale)
    for other in others:
        is_apt = other.n_items == instrument.n_items and other.reversed_items is not None and other.id != instrument.id
        if is_apt and scale in other.scales and _key(other, scale) != own:
            yield f"the key is that of {other.id}", _key(other, scale)


def _other_items(instrument: Instrument, key: Mapping[int, bool]) -> Iterator[tuple[str, dict[int, bool]]]:
    turned = set(instrument.reversed_items or ())
    outside = [item for item in instrument.item_numbers if item not in key]
    for gone in key:
        rest = {item: is_turned for item, is_turned in key.items() if item != gone}
        if rest:
            yield f"item {gone} is left out", rest
        for item in outside:
            yield f"item {item} stands in for item {gone}", {**rest, item: item in turned}
            yield f"item {item}, turned round, stands in for item {gone}", {**rest, item: item not in turned}
    for item in outside:
        yield f"item {item} is counted, too", {**key, item: item in turned}


def _two_items(key: Mapping[int, bool]) -> Iterator[tuple[str, dict[int, bool]]]:
    for one, other in combinations(key, 2):
        if key[one] == key[other]:
            verb = "are not reversed" if key[one] else "are reversed"
            yield f"items {one} and {other} {verb}", {**key, one: not key[one], other: not key[other]}
