"""Standard errors by drawing participants anew: sessions of one participant are no independent observations.

Source: Efron, B., & Tibshirani, R. J. (1993). An introduction to the bootstrap. Chapman & Hall, chapters 6 and 8; for
clusters, Davison, A. C., & Hinkley, D. V. (1997). Bootstrap methods and their application.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from alliance_etl.linking.scale import Array


@dataclass(frozen=True)
class Replications:
    """What the drawn samples gave: `values` (replications, points), and how many samples gave nothing."""

    values: Array
    failed: int

    @property
    def errors(self) -> Array:
        """Standard errors, shape (points,)."""
        return np.asarray(self.values.std(axis=0, ddof=1))


def by_participant(
    participants: Sequence[Hashable],
    estimate: Callable[[Array], Array],
    *,
    replications: int = 500,
    seed: int,
    failing: tuple[type[Exception], ...] = (),
) -> Replications:
    """Draw as many participants as there are, with replacement; all rows of one come and go together.

    `estimate` takes a weight for each row (how often its participant was drawn). An exception of the kinds in `failing`
    is counted; any other is a bug and is raised.
    """
    names = {name: number for number, name in enumerate(dict.fromkeys(participants))}
    whose = np.array([names[name] for name in participants])
    chance = np.random.default_rng(seed)
    found, failed = [], 0
    for _ in range(replications):
        drawn = np.bincount(chance.integers(len(names), size=len(names)), minlength=len(names))
        try:
            found.append(estimate(drawn[whose].astype(np.float64)))
        except failing:
            failed += 1
    return Replications(np.array(found), failed)
