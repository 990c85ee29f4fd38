"""Observed-score linking functions: mean, linear, equipercentile.

Source: Kolen, M. J., & Brennan, R. L. (2014; K&B). Test equating, scaling, and linking (3rd ed.). Springer, chapters 2
and 7.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alliance_etl.linking.scale import Array, ScoreScale


@dataclass(frozen=True)
class Straight:
    """y = slope * x + intercept."""

    slope: float
    intercept: float

    def __call__(self, x: Array) -> Array:
        return self.slope * np.asarray(x, dtype=np.float64) + self.intercept


def moments(probabilities: Array, scale: ScoreScale) -> tuple[float, float]:
    """Mean and standard deviation (of the population, divisor n) of a distribution over the possible scores."""
    points = scale.points
    mean = float(probabilities @ points)
    return mean, float(np.sqrt(probabilities @ (points - mean) ** 2))


def mean_link(x: tuple[float, float], y: tuple[float, float], of_x: ScoreScale, of_y: ScoreScale) -> Straight:
    """Deviations from the mean are equal shares of the range: the slope is that of the ranges."""
    slope = (of_y.high - of_y.low) / (of_x.high - of_x.low)
    return Straight(slope, y[0] - slope * x[0])


def linear_link(x: tuple[float, float], y: tuple[float, float]) -> Straight:
    """Deviations from the mean are equal numbers of standard deviations; x and y: mean and deviation."""
    slope = y[1] / x[1]
    return Straight(slope, y[0] - slope * x[0])


def percentile_ranks(probabilities: Array, steps: Array) -> Array:
    """The share below each step, half of those at it included; between steps the line between."""
    below = np.concatenate([[0.0], np.cumsum(probabilities)])
    below[-1] = 1.0
    places = np.clip(np.asarray(steps, dtype=np.float64) + 0.5, 0.0, float(probabilities.size))
    return np.asarray(np.interp(places, np.arange(below.size), below))


def steps_at(probabilities: Array, ranks: Array) -> Array:
    """The step with each percentile rank; where nobody has the scores around it, their middle."""
    upto = np.cumsum(probabilities)
    upto = np.asarray(np.round(upto / upto[-1], 12))
    ranks = np.asarray(np.round(np.asarray(ranks, dtype=np.float64), 12))
    last = probabilities.size - 1
    upper = np.minimum(np.searchsorted(upto, ranks, side="right"), last)
    lower = np.minimum(np.searchsorted(upto, ranks, side="left"), last)
    found = (_within(upper, upto, ranks) + _within(lower, upto, ranks)) / 2
    found = np.where(ranks <= 0, -0.5, found)
    return np.where(ranks >= 1, last + 0.5, found)


def _within(places: NDArray[np.int64], upto: Array, ranks: Array) -> Array:
    """How far into these places the ranks are."""
    before = np.concatenate([[0.0], upto[:-1]])[places]
    width = upto[places] - before
    share = np.divide(ranks - before, width, out=np.full(ranks.shape, 0.5), where=width > 0)
    return np.asarray(places - 0.5 + np.clip(share, 0.0, 1.0))


def equipercentile_link(x: Array, y: Array, of_x: ScoreScale, of_y: ScoreScale, scores: Array | None = None) -> Array:
    """The scores of Y with the percentile ranks that the scores of X have.

    `x` and `y` are probabilities over the possible scores of each; `scores` are those of X, every possible one where
    left out.
    """
    steps = np.arange(of_x.size, dtype=np.float64) if scores is None else of_x.steps(scores)
    return of_y.scores(steps_at(y, percentile_ranks(x, steps)))


def equipercentile_error(x: Array, y: Array, n_x: float, n_y: float, of_y: ScoreScale) -> Array:
    """Standard errors of `equipercentile_link` at the possible scores of X, for two random groups.

    Source: Lord, F. M. (1982). The standard error of equipercentile equating. Journal of Educational Statistics, 7,
    165-174. Where nobody has a percentile rank's score, it is not known: NaN. Shape (size of X,).
    """
    ranks = percentile_ranks(x, np.arange(x.size, dtype=np.float64))
    upto = np.cumsum(y)
    place = np.minimum(np.searchsorted(np.round(upto, 12), np.round(ranks, 12), side="right"), y.size - 1)
    density, below = y[place], (upto - y)[place]
    with np.errstate(divide="ignore", invalid="ignore"):
        of_x = ranks * (1 - ranks) / n_x
        of_own = (below - ranks**2 + (ranks - below) ** 2 / density) / n_y
        error = np.sqrt(np.maximum(of_x + of_own, 0)) / density * of_y.step
    return np.where(density > 0, error, np.nan)
