"""Which key explains the totals that a site declares beside the answers.

A change of the key is told only where it reproduces nearly all totals, and where it is put to the test: on enough forms
on which it says something else than the key does. What no small change explains is solved as a linear equation, which
finds any key at all if there are more forms than items.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from alliance_etl.keying.changes import Change, Floats

TOLERANCE = 0.0051
"""Totals are printed with two decimals, or more."""
NEARLY_ALL = 0.95
"""Share of the totals that an explanation has to reproduce; the rest may be slips."""
FEWEST = 10
"""Forms on which an explanation has to say something else than the key, and be right."""
_SAMPLE = 4_000
_OF_AN_ITEM = 0.01

Outcome = Literal["agrees", "explained", "unexplained", "too_few"]


@dataclass(frozen=True)
class Verdict:
    """`forms` have all answers and a declared total; on `agree` of them the key gives the total, on `explained` the
    change does, which counts the items `turned` the other way round. `also` are changes that cannot be told from it,
    since they give the same totals on these forms.
    """

    outcome: Outcome
    forms: int
    agree: int
    explained: int = 0
    change: str | None = None
    also: tuple[str, ...] = ()
    turned: tuple[int, ...] = ()


def explain(answers: Floats, declared: Floats, low: float, high: float, changes: Sequence[Change]) -> Verdict:
    """What explains the declared totals (shape (forms,)) of answers (forms × items, item 1 first, from low to high).

    The first of `changes` is the key as it is.
    """
    forms, key = len(declared), changes[0]
    agree = _hits(key, answers, declared, low, high)
    n_agree = int(agree.sum())
    if n_agree >= NEARLY_ALL * forms and forms - n_agree < FEWEST:
        return Verdict("agrees" if n_agree == forms else _few(forms), forms, n_agree)
    best = _best(answers, declared, low, high, changes)
    for change, hits in best:
        differs = ~np.isclose(change.totals(answers, low, high), key.totals(answers, low, high), atol=TOLERANCE)
        is_tested = differs.sum() >= FEWEST and hits[differs].mean() >= NEARLY_ALL
        if hits.mean() >= NEARLY_ALL and hits.sum() > n_agree and is_tested:
            also = [other.words for other, theirs in best if other is not change and (theirs == hits).all()]
            turned = _turned(change.items, key)
            return Verdict("explained", forms, n_agree, int(hits.sum()), change.words, tuple(also[:5]), turned)
    theirs = _solved(answers, declared)
    if theirs and theirs != key.items:
        return Verdict("explained", forms, n_agree, forms, _told(theirs, key.items), turned=_turned(theirs, key))
    return Verdict(_few(forms), forms, n_agree)


def _few(forms: int) -> Outcome:
    return "unexplained" if forms >= FEWEST else "too_few"


def _hits(change: Change, answers: Floats, declared: Floats, low: float, high: float) -> np.ndarray:
    hits: np.ndarray = np.abs(change.totals(answers, low, high) - declared) <= TOLERANCE
    return hits


def _best(
    answers: Floats, declared: Floats, low: float, high: float, changes: Sequence[Change]
) -> list[tuple[Change, np.ndarray]]:
    """The changes that reproduce most totals, on all forms; the simplest first. Most are ruled out by a sample."""
    few, theirs = answers[:_SAMPLE], declared[:_SAMPLE]
    linear = [change.linear(answers.shape[1], low, high) for change in changes]
    weights, constants = np.stack([w for w, _ in linear], axis=1), np.array([c for _, c in linear])
    counts = (np.abs(few @ weights + constants - theirs[:, None]) <= TOLERANCE).sum(axis=0)
    chosen = [changes[int(at)] for at in np.flatnonzero(counts >= counts.max()) if counts.max()]
    found = [(change, _hits(change, answers, declared, low, high)) for change in chosen]
    return sorted(found, key=lambda pair: (-int(pair[1].sum()), pair[0].simple))


def _turned(theirs: Mapping[int, bool], key: Change) -> tuple[int, ...]:
    return tuple(sorted(item for item in theirs if item in key.items and theirs[item] != key.items[item]))


def _solved(answers: Floats, declared: Floats) -> dict[int, bool] | None:
    """Any other key, where the totals are just a sum (or mean) of answers, each once or turned round."""
    forms, n_items = answers.shape
    design = np.column_stack([answers, np.ones(forms)])
    if forms < 3 * n_items or np.linalg.matrix_rank(design) <= n_items:
        return None
    solution, *_ = np.linalg.lstsq(design, declared, rcond=None)
    if np.abs(design @ solution - declared).max() > TOLERANCE:
        return None
    size = np.abs(solution[:n_items]).max()
    weights = solution[:n_items] / size if size else solution[:n_items]
    if not size or np.abs(weights - np.round(weights)).max() > _OF_AN_ITEM:
        return None
    signs = np.round(weights).astype(int)
    return {item: bool(signs[item - 1] < 0) for item in range(1, n_items + 1) if signs[item - 1]}


def _told(theirs: Mapping[int, bool], key: Mapping[int, bool]) -> str:
    both = theirs.keys() & key.keys()
    parts = (
        ([item for item in both if theirs[item] and not key[item]], "reversed"),
        ([item for item in both if key[item] and not theirs[item]], "not reversed"),
        ([item for item in theirs if item not in key and not theirs[item]], "counted, too"),
        ([item for item in theirs if item not in key and theirs[item]], "counted turned round, too"),
        ([item for item in key if item not in theirs], "left out"),
    )
    return "; ".join(f"{_listed(sorted(items))} {what}" for items, what in parts if items)


def _listed(items: Sequence[int]) -> str:
    numbers = [str(item) for item in items]
    return f"item {numbers[0]} is" if len(numbers) == 1 else f"items {', '.join(numbers[:-1])} and {numbers[-1]} are"
