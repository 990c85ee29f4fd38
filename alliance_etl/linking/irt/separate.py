"""Two calibrations that were made apart, brought onto one metric by their common items.

Source: Kolen & Brennan (2014), chapter 6. What the transformation is unsure of goes into the covariance of all that it
moves (delta method; Ogasawara, H. (2001). Psychometrika, 66, 53-76, has the same by analytic derivatives).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alliance_etl.linking.irt.answers import Answers
from alliance_etl.linking.irt.calibration import Calibrated
from alliance_etl.linking.irt.constants import Common, Constants, Transformation, constants
from alliance_etl.linking.irt.graded import Graded
from alliance_etl.linking.irt.likelihood import Likelihood
from alliance_etl.linking.irt.population import NODES, OneTrait
from alliance_etl.linking.scale import Array

_STEP = 1e-4


@dataclass(frozen=True)
class Together:
    """Items of the target, then those of the source moved to its metric; and the constants that moved them."""

    calibrated: Calibrated
    constants: Constants


@dataclass(frozen=True)
class Separate:
    """`common` are the columns of the same items: of the source, and of the target. Each side has one group."""

    source: Calibrated
    target: Calibrated
    common: tuple[Sequence[int], Sequence[int]]
    by: Transformation

    def alike(self) -> list[tuple[int, int]]:
        """Common items with the same answers on both sides; an answer that only one side gave has no parameter."""
        return [
            (one, other)
            for one, other in zip(*self.common, strict=True)
            if _seen(self.source, one) == _seen(self.target, other)
        ]

    def together(self) -> Together:
        """Both as one calibration. ValueError where no common item has the same answers on both sides."""
        found = self._constants(self.source, self.target)
        own, other = self.source.vector, self.target.vector
        whole = np.concatenate([other, own])
        slopes = []
        for place, depends in enumerate(self._depends()):
            away = np.zeros(whole.size)
            away[place] = _STEP
            moved = [self._vector(whole + side * away, None if depends else found) for side in (1, -1)]
            slopes.append((moved[0] - moved[1]) / (2 * _STEP))
        by = np.array(slopes)
        apart = np.zeros((whole.size, whole.size))
        apart[: other.size, : other.size] = self.target.covariance
        apart[other.size :, other.size :] = self.source.covariance
        return Together(self._merged(self.source, self.target, found, by.T @ apart @ by), found)

    def _depends(self) -> NDArray[np.bool_]:
        """Whether the constants depend on each parameter: those of common items."""
        alike = self.alike()
        sides = (
            (self.target, [other for _, other in alike]),
            (self.source, [one for one, _ in alike]),
        )
        found = []
        for side, items in sides:
            places = side.likelihood.places(side.items)[items]
            mine = np.zeros(side.vector.size, dtype=np.bool_)
            mine[places[places >= 0]] = True
            found.append(mine)
        return np.concatenate(found)

    def _vector(self, whole: Array, known: Constants | None) -> Array:
        size = self.target.vector.size
        target, source = self.target.at(whole[:size]), self.source.at(whole[size:])
        found = known or self._constants(source, target)
        return self._merged(source, target, found, np.zeros((0, 0))).vector

    def _constants(self, source: Calibrated, target: Calibrated) -> Constants:
        alike = self.alike()
        one, other = np.array([pair[0] for pair in alike], dtype=int), np.array([pair[1] for pair in alike], dtype=int)
        bell = np.exp(-(NODES**2) / 2)
        common = Common(_part(source.items, one), _part(target.items, other), target.values[other], NODES, bell)
        return constants(common, self.by)

    def _merged(self, source: Calibrated, target: Calibrated, by: Constants, covariance: Array) -> Calibrated:
        items = _stacked([target.items, by.onto(source.items)])
        values = np.vstack([_padded(each.values, items.intercepts.shape[1] + 1, np.nan) for each in (target, source)])
        sizes = [each.likelihood.answers.chosen.shape[0] for each in (target, source)]
        none = np.zeros((0, items.size), dtype=np.int64)
        likelihood = Likelihood(
            Answers(none, values),
            OneTrait(np.repeat([0, 1], sizes)),
            np.zeros(items.size, dtype=np.int64),
            np.ones(items.size, dtype=np.bool_),
        )
        eta = np.array([0.0, 0.0, by.intercept, np.log(by.slope)])
        total = source.log_likelihood + target.log_likelihood
        return Calibrated(likelihood, items, eta, covariance, total, max(source.cycles, target.cycles))


def _seen(side: Calibrated, item: int) -> list[float]:
    values = side.values[item]
    return [float(value) for value in values[np.isfinite(values)]]


def _part(items: Graded, which: NDArray[np.int64]) -> Graded:
    return Graded(items.slopes[which], items.intercepts[which])


def _stacked(parts: Sequence[Graded]) -> Graded:
    width = max(each.intercepts.shape[1] for each in parts)
    return Graded(
        np.concatenate([each.slopes for each in parts]),
        np.vstack([_padded(each.intercepts, width, -np.inf) for each in parts]),
    )


def _padded(table: Array, width: int, by: float) -> Array:
    return np.pad(table, ((0, 0), (0, width - table.shape[1])), constant_values=by)
