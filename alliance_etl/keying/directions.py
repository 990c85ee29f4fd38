"""Whether each item goes the way that the key says: its correlation with the rest, and which way the rest goes.

An item that was reversed at the source already, or not reversed where the key does, correlates negatively with the
rest. Where several are, the rest is wrong as well, so the direction of most items is taken from the first principal
component of the correlations; the items against it are each held against all others (item-rest correlation: Nunnally
1978, Psychometric Theory, 2nd edition, chapter 8; the part-whole corrected one).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np

from alliance_etl.keying.changes import Floats

CHANCE = 0.01
"""Of a false alarm over all items of a group, if none had to do with the rest; as they have, it is far lower."""
_NEARLY_ALL = 0.8
FEWEST_PEOPLE = 20
_FEWEST_ITEMS = 3  # two have no majority

ItemOutcome = Literal["as_keyed", "against_key", "too_few"]


@dataclass(frozen=True)
class Direction:
    """One item: `r` is its correlation with the sum of the other items as keyed, NULL where one of them never varies;
    `people` how many it is about.
    """

    item: int
    r: float | None
    people: int
    outcome: ItemOutcome


def directions(answers: Floats, turned: Sequence[bool], low: float, high: float) -> list[Direction]:
    """The directions of all items: `answers` has one complete form per person (rows), items in columns.

    `turned` says which items the key reverses. Forms of one person resemble each other, so more than one of a person
    would make chance findings look certain.
    """
    people, n_items = answers.shape
    keyed = np.where(np.asarray(turned), low + high - answers, answers)
    varies = keyed.std(axis=0) > 0
    if people < FEWEST_PEOPLE or varies.sum() < _FEWEST_ITEMS:
        return [Direction(item, None, people, "too_few") for item in range(1, n_items + 1)]
    against = _against(keyed, varies)
    limit = NormalDist().inv_cdf(1 - CHANCE / n_items)
    found = []
    for at in range(n_items):
        others = [other for other in range(n_items) if other != at]
        r = _correlation(keyed[:, at], keyed[:, others].sum(axis=1))
        with_most = [other for other in others if not against[other]]
        r_most = _correlation(keyed[:, at], keyed[:, with_most].sum(axis=1))
        is_sure = r_most is not None and np.arctanh(np.clip(-r_most, -0.9999, 0.9999)) * np.sqrt(people - 3) > limit
        found.append(Direction(at + 1, r, people, "against_key" if against[at] and is_sure else "as_keyed"))
    return found


def _against(keyed: Floats, varies: np.ndarray) -> np.ndarray:
    """The items whose loading on the first principal component has the sign of the fewer (by their squared sum)."""
    correlations = np.corrcoef(keyed[:, varies], rowvar=False)
    _, vectors = np.linalg.eigh(correlations)
    first = vectors[:, -1]
    sign = 1.0 if (first[first > 0] ** 2).sum() >= (first[first < 0] ** 2).sum() else -1.0
    against = np.zeros(keyed.shape[1], dtype=bool)
    against[varies] = first * sign < 0
    return against


def _correlation(one: Floats, other: Floats) -> float | None:
    if one.std() == 0 or other.std() == 0:
        return None
    return float(np.corrcoef(one, other)[0, 1])


def in_words(found: Sequence[Direction], turned: Sequence[bool]) -> str | None:
    """What the items against the key have in common; None where all go as keyed."""
    against = [each.item for each in found if each.outcome == "against_key"]
    if not against:
        return None
    reversed_items = [at for at, is_turned in enumerate(turned, 1) if is_turned]
    listed = ", ".join(map(str, against))
    if _is_nearly(against, reversed_items):
        return (
            f"the reversed items ({listed} surely) go with the others: the file has them reversed already "
            "(`reversed_at_source`)"
        )
    odd, even = (list(range(first, len(turned) + 1, 2)) for first in (1, 2))
    if len(turned) > 2 * _FEWEST_ITEMS and (_is_nearly(against, odd) or _is_nearly(against, even)):
        return f"every other item ({listed} surely) goes against the rest: the anchors alternate from item to item"
    parts = [
        (
            [item for item in against if item in reversed_items],
            "as if reversed already (`reversed_at_source`), or not to be reversed",
        ),
        (
            [item for item in against if item not in reversed_items],
            "as if turned round in the file (`reversed_at_source`), or as if another item stood in that column",
        ),
    ]
    told = (
        f"{'item' if len(items) == 1 else 'items'} {', '.join(map(str, items))} against the key, {words}"
        for items, words in parts
        if items
    )
    return "; ".join(told)


def _is_nearly(against: Sequence[int], items: Sequence[int]) -> bool:
    """Whether these are most of those items, and no others: some are too weak to be sure of."""
    return len(items) > 1 and set(against) <= set(items) and len(against) >= _NEARLY_ALL * len(items)
