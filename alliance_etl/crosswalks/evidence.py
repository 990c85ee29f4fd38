"""What speaks for a link and against it: reliability of both sides, and whether it holds in parts of the sample.

Sources: Cronbach, L. J. (1951). Coefficient alpha and the internal structure of tests. Psychometrika, 16, 297-334;
Dorans, N. J., & Holland, P. W. (2000). Population invariance and the equatability of tests. Journal of Educational
Measurement, 37, 281-306.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from alliance_etl.crosswalks.model import SLACK, Subgroup
from alliance_etl.linking.observed import linear_link
from alliance_etl.linking.scale import Array

# A part with fewer participants is not shown: its link would be noise, and it might be recognised.
FEWEST_IN_A_GROUP = 20


def cronbach_alpha(keyed: Array) -> float | None:
    """Alpha of complete answers (forms, items); None for a single item, or where all forms have the same score."""
    items = keyed.shape[1]
    total = float(keyed.sum(axis=1).var(ddof=1)) if len(keyed) > 1 else 0.0
    if items < 2 or total == 0:
        return None
    return float(items / (items - 1) * (1 - keyed.var(axis=0, ddof=1).sum() / total))


def beyond(scores: Array, participants: Sequence[str], at: Array) -> NDArray[np.int64]:
    """How many participants have a score at least as far out as each of `at`, on the side where these are fewer."""
    _, whose = np.unique(np.asarray(participants), return_inverse=True)
    lowest, highest = np.full(whose.max() + 1, np.inf), np.full(whose.max() + 1, -np.inf)
    np.minimum.at(lowest, whose, scores)
    np.maximum.at(highest, whose, scores)
    below = np.searchsorted(np.sort(lowest), at + SLACK)
    above = lowest.size - np.searchsorted(np.sort(highest), at - SLACK)
    return np.minimum(below, above).astype(np.int64)


def invariance(
    x: Array, y: Array, by: str, groups: Sequence[str], participants: Sequence[str], at: Array, weights: Array
) -> tuple[tuple[Subgroup, ...], float | None]:
    """RMSD of each group's linear link from that of all, and REMSD over the groups; both in sds of the target.

    `at` are the possible scores of X and `weights` the share of the pairs at each. With fewer than two groups that are
    large enough there is nothing to compare.
    """
    whose, part = np.asarray(participants), np.asarray(groups)
    of_all = linear_link((x.mean(), x.std()), (y.mean(), y.std()))(at)
    found: list[Subgroup] = []
    squares, sizes = [], []
    for group in sorted(set(groups)):
        rows = part == group
        people = len(set(whose[rows]))
        if people < FEWEST_IN_A_GROUP or x[rows].std() == 0 or y[rows].std() == 0:
            continue
        own = linear_link((x[rows].mean(), x[rows].std()), (y[rows].mean(), y[rows].std()))(at)
        square = float(weights @ (own - of_all) ** 2)
        squares.append(square)
        sizes.append(int(rows.sum()))
        found.append(Subgroup(by=by, group=group, participants=people, rmsd=round(np.sqrt(square) / y.std(), 4)))
    if len(found) < 2:
        return (), None
    return tuple(found), round(float(np.sqrt(np.average(squares, weights=sizes)) / y.std()), 4)
