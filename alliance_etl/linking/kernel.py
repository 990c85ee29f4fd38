"""Kernel equating: both distributions made continuous by a Gaussian kernel, with standard errors by the delta method.

Source: von Davier, A. A., Holland, P. W., & Thayer, D. T. (2004). The kernel method of test equating. Springer;
chapter 4 (continuisation), 5 (standard errors).
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import ndtr

from alliance_etl.linking.scale import Array, ScoreScale

# Bandwidths are looked for between these, in steps of the scale. Far above the standard deviation the kernel is linear
# equating; far below a step it is the discrete distribution.
_NARROWEST, _WIDEST = 0.1, 20.0
_CANDIDATES = 60
_BEYOND = 10.0
_HALVINGS = 45


@dataclass(frozen=True)
class Continuous:
    """A discrete distribution made continuous; scores are counted in steps of its scale.

    `probabilities` over the steps 0, 1, …; `bandwidth` in steps. Mean and variance are those of the discrete one.
    """

    probabilities: Array
    bandwidth: float

    @property
    def steps(self) -> Array:
        return np.arange(self.probabilities.size, dtype=np.float64)

    @property
    def mean(self) -> float:
        return float(self.probabilities @ self.steps)

    @property
    def variance(self) -> float:
        return float(self.probabilities @ (self.steps - self.mean) ** 2)

    @property
    def shrinkage(self) -> float:
        """a, by which the steps are drawn to the mean."""
        return float(np.sqrt(self.variance / (self.variance + self.bandwidth**2)))

    def _places(self, at: Array) -> Array:
        """R_j(x). Shape (at, steps)."""
        a = self.shrinkage
        middles = a * self.steps + (1 - a) * self.mean
        return (np.asarray(at, dtype=np.float64)[:, None] - middles) / (a * self.bandwidth)

    def cumulative(self, at: Array) -> Array:
        return np.asarray(ndtr(self._places(at)) @ self.probabilities)

    def density(self, at: Array) -> Array:
        bells = np.exp(-(self._places(at) ** 2) / 2) / np.sqrt(2 * np.pi)
        return np.asarray(bells @ self.probabilities / (self.shrinkage * self.bandwidth))

    def slope_of_density(self, at: Array) -> Array:
        places = self._places(at)
        bells = np.exp(-(places**2) / 2) / np.sqrt(2 * np.pi)
        return np.asarray(-(places * bells) @ self.probabilities / (self.shrinkage * self.bandwidth) ** 2)

    def by_probabilities(self, at: Array) -> Array:
        """How the cumulative distribution changes with each probability. Shape (at, steps)."""
        at = np.asarray(at, dtype=np.float64)
        a = self.shrinkage
        z = (self.steps - self.mean) / np.sqrt(self.variance)
        shift = 0.5 * (at[:, None] - self.mean) * (1 - a**2) * z**2 + (1 - a) * self.steps
        return np.asarray(ndtr(self._places(at)) - shift * self.density(at)[:, None])

    def steps_at(self, shares: Array) -> Array:
        """The steps up to which these shares lie, each between 0 and 1, by halving the interval that holds them."""
        spread = _BEYOND * (np.sqrt(self.variance) + self.bandwidth)
        low = np.full(shares.shape, -spread)
        high = np.full(shares.shape, self.probabilities.size - 1 + spread)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            below = self.cumulative(middle) < shares
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return np.asarray((low + high) / 2)


def continuous(probabilities: Array, like: Continuous | None = None) -> Continuous:
    """With the bandwidth that follows the distribution most closely without a bump at each step, or that of another.

    Standard errors take the bandwidth for given, so models that are compared have the same one.
    """
    if like is not None:
        return Continuous(probabilities, like.bandwidth)
    candidates = np.geomspace(_NARROWEST, _WIDEST, _CANDIDATES)
    penalties = [_penalty(probabilities, h) for h in candidates]
    best = int(np.argmin(penalties))
    low, high = candidates[max(best - 1, 0)], candidates[min(best + 1, _CANDIDATES - 1)]
    found = minimize_scalar(lambda h: _penalty(probabilities, h), bounds=(low, high), method="bounded")
    return Continuous(probabilities, float(found.x))


def _penalty(probabilities: Array, bandwidth: float) -> float:
    """PEN1 + PEN2: distance to the distribution, and the number of steps that stand in a dip of the density."""
    candidate = Continuous(probabilities, float(bandwidth))
    steps = candidate.steps
    distance = float(((probabilities - candidate.density(steps)) ** 2).sum())
    dips = (candidate.slope_of_density(steps - 0.25) < 0) & (candidate.slope_of_density(steps + 0.25) > 0)
    return distance + float(dips.sum())


def kernel_link(x: Continuous, y: Continuous, of_y: ScoreScale) -> Array:
    """The scores of Y below which as many are as below each possible score of X. Shape (size of X,)."""
    return of_y.scores(y.steps_at(x.cumulative(x.steps)))


def kernel_error(x: Continuous, y: Continuous, root_x: Array, root_y: Array, linked: Array, of_y: ScoreScale) -> Array:
    """Standard errors of `kernel_link`.

    `root_x` and `root_y` are roots of the covariance of the probabilities of X and of Y over the same random
    numbers (see `margins`); for two groups their columns are apart (see `apart`). Shape (size of X,).
    """
    at = of_y.steps(linked)
    slope = y.density(at)[:, None]
    left = x.by_probabilities(x.steps) @ root_x
    right = y.by_probabilities(at) @ root_y
    return np.asarray(np.linalg.norm((left - right) / slope, axis=1) * of_y.step)


def apart(root_x: Array, root_y: Array) -> tuple[Array, Array]:
    """Roots of two independent groups, side by side."""
    return (
        np.hstack([root_x, np.zeros((root_x.shape[0], root_y.shape[1]))]),
        np.hstack([np.zeros((root_y.shape[0], root_x.shape[1])), root_y]),
    )


def margins(root: Array, shape: tuple[int, int]) -> tuple[Array, Array]:
    """The roots of both margins of a joint distribution whose cells are in C order."""
    cells = root.reshape(*shape, -1)
    return cells.sum(axis=1), cells.sum(axis=0)
