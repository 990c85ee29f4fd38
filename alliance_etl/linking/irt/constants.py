"""Linear transformations that bring items of a separate calibration onto the metric of another: θ* = A θ + B.

Sources: Kolen, M. J., & Brennan, R. L. (2014). Test equating, scaling, and linking (3rd ed.). Springer, chapter 6;
Haebara, T. (1980). Japanese Psychological Research, 22, 144-149; Stocking, M. L., & Lord, F. M. (1983). Applied
Psychological Measurement, 7, 201-210; for graded items Baker, F. B. (1992). Applied Psychological Measurement, 16,
87-96.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.optimize import minimize

from alliance_etl.linking.irt.graded import Graded
from alliance_etl.linking.scale import Array

Transformation = Literal["mean_mean", "mean_sigma", "haebara", "stocking_lord"]


@dataclass(frozen=True)
class Constants:
    """A and B."""

    slope: float
    intercept: float

    def onto(self, items: Graded) -> Graded:
        """Items of the source on the target's metric."""
        return items.moved(self.slope, self.intercept)

    @property
    def inverse(self) -> "Constants":
        return Constants(1 / self.slope, -self.intercept / self.slope)


@dataclass(frozen=True)
class Common:
    """The same items in both calibrations, and where their curves are compared: nodes and their weights.

    `values` (items, answers) is what each answer scores. With `symmetric` curves are compared on both metrics.
    """

    source: Graded
    target: Graded
    values: Array
    nodes: Array
    weights: Array
    symmetric: bool = True


def constants(common: Common, by: Transformation) -> Constants:
    """A and B. ValueError where there is no common item."""
    if common.source.size == 0:
        raise ValueError("there are no common items")
    return _WAYS[by](common)


def _mean_mean(common: Common) -> Constants:
    slope = float(common.source.slopes.mean() / common.target.slopes.mean())
    return _of_slope(common, slope)


def _mean_sigma(common: Common) -> Constants:
    source, target = common.source.thresholds, common.target.thresholds
    return _of_slope(common, float(np.nanstd(target) / np.nanstd(source)))


def _of_slope(common: Common, slope: float) -> Constants:
    source, target = common.source.thresholds, common.target.thresholds
    return Constants(slope, float(np.nanmean(target) - slope * np.nanmean(source)))


def _haebara(common: Common) -> Constants:
    """Squared distances of the curves of every answer."""
    return _nearest(common, lambda one, other: ((one - other) ** 2).sum(axis=(0, 2)))


def _stocking_lord(common: Common) -> Constants:
    """Squared distances of the expected sums."""
    values = np.nan_to_num(common.values)
    return _nearest(common, lambda one, other: np.einsum("iqk,ik->q", one - other, values) ** 2)


def _nearest(common: Common, distance: Callable[[Array, Array], Array]) -> Constants:
    at, weights = common.nodes, common.weights / common.weights.sum()

    def total(found: Array) -> float:
        there = Constants(float(np.exp(found[0])), float(found[1]))
        moved = there.onto(common.source).probabilities(at)
        whole = weights @ distance(common.target.probabilities(at), moved)
        if common.symmetric:
            back = there.inverse.onto(common.target).probabilities(at)
            whole += weights @ distance(common.source.probabilities(at), back)
        return float(whole)

    begun = _mean_sigma(common)
    found = minimize(total, [np.log(begun.slope), begun.intercept], method="BFGS", options={"gtol": 1e-9})
    return Constants(float(np.exp(found.x[0])), float(found.x[1]))


_WAYS: Mapping[Transformation, Callable[[Common], Constants]] = {
    "mean_mean": _mean_mean,
    "mean_sigma": _mean_sigma,
    "haebara": _haebara,
    "stocking_lord": _stocking_lord,
}
