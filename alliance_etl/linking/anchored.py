"""Two groups that share only an anchor: the items, or the questionnaire, that both have answered.

X and the anchor V were answered by one group, Y and V by the other. Source: Kolen, M. J., & Brennan, R. L. (2014). Test
equating, scaling, and linking (3rd ed.). Springer, chapters 4 and 5.
"""

import numpy as np

from alliance_etl.linking.observed import percentile_ranks, steps_at
from alliance_etl.linking.scale import Array, ScoreScale


def chained_equipercentile(with_x: Array, with_y: Array, of_y: ScoreScale) -> Array:
    """X to V in the one group, then V to Y in the other.

    `with_x` (size of X, size of V) and `with_y` (size of Y, size of V) are joint probabilities; the result, scores of
    Y, has the shape (size of X,).
    """
    x, v_of_x = with_x.sum(axis=1), with_x.sum(axis=0)
    y, v_of_y = with_y.sum(axis=1), with_y.sum(axis=0)
    ranks = percentile_ranks(x, np.arange(x.size, dtype=np.float64))
    in_v = steps_at(v_of_x, ranks)
    return of_y.scores(steps_at(y, percentile_ranks(v_of_y, in_v)))


def frequency_estimation(with_x: Array, with_y: Array, weight: float) -> tuple[Array, Array]:
    """The distributions of X and of Y in both groups together, that of X with this weight.

    Within each score of the anchor, both groups are taken to have the same distribution of X, and of Y. An anchor score
    that only one group has says nothing of the other's distribution there, and is left out of both.
    """
    v_of_x, v_of_y = with_x.sum(axis=0), with_y.sum(axis=0)
    shared = (v_of_x > 0) & (v_of_y > 0)
    mixture = (weight * v_of_x + (1 - weight) * v_of_y)[shared]
    x = with_x[:, shared] / v_of_x[shared] @ mixture
    y = with_y[:, shared] / v_of_y[shared] @ mixture
    return x / x.sum(), y / y.sum()
