"""The graded response model: how probable each answer is at each place of the trait.

Source: Samejima, F. (1969). Estimation of latent ability using a response pattern of graded scores. Psychometrika
Monograph Supplement, 17; in slopes and intercepts as in Chalmers, R. P. (2012). mirt. Journal of Statistical Software,
48(6). P(answer ≥ k) = 1 / (1 + exp(-(a θ + d_k))); no scaling constant of 1.7.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from alliance_etl.linking.scale import Array

# An answer that the model makes impossible at a node of the quadrature keeps this much, so that logarithms exist.
_SMALLEST = 1e-200


@dataclass(frozen=True)
class Graded:
    """Items, each with answers 0, 1, … up to its own last one.

    `slopes` (items,); `intercepts` (items, most answers - 1), falling along each row, and -inf behind an item's last
    answer.
    """

    slopes: Array
    intercepts: Array

    @classmethod
    def of_thresholds(cls, slopes: Array, thresholds: Array) -> Self:
        """From a and b: P(answer ≥ k) = 1 / (1 + exp(-a (θ - b_k))). NaN in `thresholds` behind an item's last one."""
        intercepts = -np.asarray(slopes)[:, None] * np.asarray(thresholds, dtype=np.float64)
        return cls(np.asarray(slopes, dtype=np.float64), np.where(np.isnan(intercepts), -np.inf, intercepts))

    @property
    def size(self) -> int:
        return int(self.slopes.size)

    @property
    def thresholds(self) -> Array:
        """b: where the answer is at least k in half of the people; NaN behind an item's last. (items, answers - 1)"""
        known = np.isfinite(self.intercepts)
        return np.where(known, -np.where(known, self.intercepts, 0) / self.slopes[:, None], np.nan)

    @property
    def parameters(self) -> int:
        return self.size + int(np.isfinite(self.intercepts).sum())

    def part(self, items: NDArray[np.bool_] | slice) -> "Graded":
        return Graded(self.slopes[items], self.intercepts[items])

    def moved(self, slope: float, intercept: float) -> "Graded":
        """On the metric θ* = slope θ + intercept: there the same items have other parameters."""
        slopes = self.slopes / slope
        return Graded(slopes, self.intercepts - slopes[:, None] * intercept)

    def at_least(self, at: Array) -> Array:
        """P(answer ≥ k) for k = 0, 1, … and beyond the last: 1, …, 0. Shape (items, at, answers + 1)."""
        inner = expit(self.slopes[:, None, None] * np.asarray(at)[None, :, None] + self.intercepts[:, None, :])
        edge = np.ones((*inner.shape[:2], 1))
        return np.concatenate([edge, inner, 0 * edge], axis=2)

    def probabilities(self, at: Array) -> Array:
        """P(answer = k). Shape (items, at, answers); 0 behind an item's last answer."""
        return np.asarray(-np.diff(self.at_least(at), axis=2))

    def logarithms(self, at: Array) -> Array:
        """log P(answer = k), bounded from below. Shape (items, at, answers)."""
        return np.log(np.maximum(self.probabilities(at), _SMALLEST))

    def slopes_of_logarithms(self, at: Array) -> Array:
        """How log P(answer = k) changes with slope and intercepts. Shape (items, at, answers, 1 + intercepts)."""
        cumulative = self.at_least(at)
        steep = cumulative * (1 - cumulative)  # zero at both edges and behind the last answer
        p = np.maximum(-np.diff(cumulative, axis=2), _SMALLEST)
        answers = p.shape[2]
        found = np.zeros((*p.shape, answers))
        found[..., 0] = np.asarray(at)[None, :, None] * (steep[..., :-1] - steep[..., 1:]) / p
        for k in range(1, answers):
            found[..., k, k] = steep[..., k] / p[..., k]
            found[..., k - 1, k] = -steep[..., k] / p[..., k - 1]
        return found

    def expected(self, at: Array, values: Array) -> Array:
        """The expected sum of the items' scores. `values` (items, answers): what each answer scores. Shape (at,)."""
        return np.asarray(np.einsum("iqk,ik->q", self.probabilities(at), np.nan_to_num(values)))

    def information(self, at: Array) -> Array:
        """Fisher information of all items together on the trait. Shape (at,)."""
        cumulative = self.at_least(at)
        steep = self.slopes[:, None, None] * cumulative * (1 - cumulative)
        p = np.maximum(-np.diff(cumulative, axis=2), _SMALLEST)
        return np.asarray((np.diff(steep, axis=2) ** 2 / p).sum(axis=(0, 2)))
