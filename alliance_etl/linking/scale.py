"""The possible scores of a form, and how often each was seen."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Scores that miss a step by more than this share of it are not scores of the scale.
_SLACK = 1e-6


class OffScale(ValueError):
    """Scores that their scale does not have: `number` of them."""

    def __init__(self, number: int, scale: "ScoreScale") -> None:
        super().__init__(
            f"{number} scores are no steps of the scale {scale.low:g}, {scale.low + scale.step:g}, … {scale.high:g}"
        )
        self.number = number


@dataclass(frozen=True)
class ScoreScale:
    """The scores `low`, `low + step`, … `high`, in the units of the instrument."""

    low: float
    high: float
    step: float = 1.0

    @property
    def size(self) -> int:
        return round((self.high - self.low) / self.step) + 1

    @property
    def points(self) -> Array:
        """Every possible score, ascending. Shape (size,)."""
        return self.low + self.step * np.arange(self.size, dtype=np.float64)

    def steps(self, scores: Array) -> Array:
        """The scores in steps from `low`: 0 to size - 1 for possible scores, and between them for others."""
        return (np.asarray(scores, dtype=np.float64) - self.low) / self.step

    def scores(self, steps: Array) -> Array:
        """Steps from `low`, back in the units of the instrument."""
        return self.low + self.step * np.asarray(steps, dtype=np.float64)

    def places(self, scores: Array) -> NDArray[np.int64]:
        """Which possible score each one is. OffScale where some are none."""
        steps = self.steps(scores)
        whole = np.rint(steps)
        off = (np.abs(steps - whole) > _SLACK * max(1.0, self.size)) | (whole < 0) | (whole >= self.size)
        if off.any():
            raise OffScale(int(off.sum()), self)
        return whole.astype(np.int64)

    def counts(self, scores: Array, weights: Array | None = None) -> Array:
        """How many of the scores (or how much weight) are each possible one. Shape (size,)."""
        return np.bincount(self.places(scores), weights, minlength=self.size).astype(np.float64)


def joint_counts(x: Array, y: Array, of_x: ScoreScale, of_y: ScoreScale, weights: Array | None = None) -> Array:
    """How many pairs (or how much weight) have each possible score of X with each of Y. Shape (size of X, of Y)."""
    cells = of_x.places(x) * of_y.size + of_y.places(y)
    counted = np.bincount(cells, weights, minlength=of_x.size * of_y.size)
    return counted.astype(np.float64).reshape(of_x.size, of_y.size)
