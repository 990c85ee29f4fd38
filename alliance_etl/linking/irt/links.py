"""Links of summed scores from a calibration, with standard errors by the delta method.

Sources: for true and observed scores, Kolen & Brennan (2014), sections 6.5 to 6.7; for projection on correlated traits,
Thissen, D., Varni, J. W., Stucky, B. D., Liu, Y., Irwin, D. E., & DeWalt, D. A. (2011). Using the PedsQL 3.0 asthma
module to obtain scores comparable with those of the PROMIS pediatric asthma impact scale. Quality of Life Research, 20,
1497-1505; for errors, Ogasawara, H. (2001). Standard errors of item response theory equating/linking by response
function methods. Applied Psychological Measurement, 25, 53-67.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from alliance_etl.linking.irt.calibration import Calibrated
from alliance_etl.linking.irt.population import NODES
from alliance_etl.linking.irt.summed import Form, Places, given_sum, true_score_link
from alliance_etl.linking.kernel import continuous, kernel_error, kernel_link
from alliance_etl.linking.scale import Array

IrtMethod = Literal["irt_true_score", "irt_observed_score", "calibrated_projection"]

_STEP = 1e-5


@dataclass(frozen=True)
class Sides:
    """Which of the calibrated items are the source's and which the target's (items,), and the highest sum of each."""

    source: NDArray[np.bool_]
    target: NDArray[np.bool_]
    highest: tuple[int, int]


@dataclass(frozen=True)
class Link:
    """For each possible sum of the source: the target's sum, its standard error, and the trait's place. (sums,)

    `trait` is on the target's metric, with its standard deviation given the sum. NaN for sums that nobody can have.
    """

    linked: Array
    error: Array
    trait: Places


def link_sums(calibrated: Calibrated, sides: Sides, method: IrtMethod) -> Link:
    """By one trait (true or observed scores), or by two (calibrated projection)."""
    return _WAYS[method](_Model(calibrated, sides))


@dataclass(frozen=True)
class _Model:
    """Both forms of a calibration, and how what depends on them changes with the calibration's vector."""

    calibrated: Calibrated
    sides: Sides

    @property
    def source(self) -> Form:
        return self._form(self.sides.source, self.sides.highest[0])

    @property
    def target(self) -> Form:
        return self._form(self.sides.target, self.sides.highest[1])

    def _form(self, items: NDArray[np.bool_], highest: int) -> Form:
        return Form(self.calibrated.items.part(items), self.calibrated.values[items], highest)

    def spread(self, slopes: Array, side: NDArray[np.bool_]) -> Array:
        """Slopes by item of one side (…, items, parameters), at their places in the vector. (…, vector)"""
        places = self.calibrated.likelihood.places(self.calibrated.items)[side]
        found = np.zeros((*slopes.shape[:-2], self.calibrated.vector.size))
        found[..., places[places >= 0]] = slopes[..., places >= 0]
        return found

    def weights(self, eta: Array | None = None) -> Array:
        """Of one trait: the groups together, each by its number of forms (nodes,); of two: (nodes, nodes)."""
        population = self.calibrated.likelihood.population
        found = np.exp(population.log_weights(self.calibrated.eta if eta is None else eta))
        return np.asarray(population.shares @ found if population.traits == 1 else found)

    def by_eta(self) -> list[tuple[int, Array]]:
        """Places in the vector of what is free of eta, and how the weights change with each."""
        free = np.flatnonzero(self.calibrated.likelihood.population.free)
        found = []
        for place, which in enumerate(free, start=self.calibrated.vector.size - free.size):
            away = np.zeros(self.calibrated.eta.size)
            away[which] = _STEP
            up, down = (self.weights(self.calibrated.eta + side * away) for side in (1, -1))
            found.append((place, (up - down) / (2 * _STEP)))
        return found

    def error(self, slopes: Array) -> Array:
        """Standard errors of what changes by these slopes (points, vector)."""
        variance = np.einsum("xp,pr,xr->x", slopes, self.calibrated.covariance, slopes)
        return np.asarray(np.sqrt(np.maximum(variance, 0)))


def _true_scores(model: _Model) -> Link:
    """Ends are linked to ends by definition; they carry the error of their neighbours."""
    source, target = model.source, model.target
    inner = np.flatnonzero((source.scale.points > source.ends[0]) & (source.scale.points < source.ends[1]))
    at = source.place_of(source.scale.points[inner])
    ratio = (target.rise(at) / source.rise(at))[:, None]
    slopes = model.spread(target.expected_slopes(at), model.sides.target)
    slopes -= ratio * model.spread(source.expected_slopes(at), model.sides.source)
    error = np.interp(source.scale.points, inner, model.error(slopes))
    return Link(true_score_link(source, target), error, given_sum(source, NODES, model.weights(), NODES))


def _observed_scores(model: _Model) -> Link:
    """Kernel equating of the distributions that the model gives both sums in one population."""
    source, target, weights = model.source, model.target, model.weights()
    values, vectors = np.linalg.eigh(model.calibrated.covariance)
    root = vectors * np.sqrt(np.maximum(values, 0))
    sides, roots = [], []
    for form, items in ((source, model.sides.source), (target, model.sides.target)):
        slopes = model.spread(form.sum_slopes(NODES, weights[None, :])[0], items)
        sums = form.sums(NODES)
        for place, moved in model.by_eta():
            slopes[:, place] = moved @ sums
        sides.append(continuous(weights @ sums))
        roots.append(slopes @ root)
    linked = kernel_link(sides[0], sides[1], target.scale)
    error = kernel_error(sides[0], sides[1], roots[0], roots[1], linked, target.scale)
    return Link(linked, error, given_sum(source, NODES, weights, NODES))


def _projection(model: _Model) -> Link:
    """The target's expected sum in people with each sum of the source."""
    source, target, weights = model.source, model.target, model.weights()
    sums, expected = source.sums(NODES), target.expected(NODES)
    total = sums.T @ weights.sum(axis=1)
    seen = total > 0
    share = np.divide(1.0, total, out=np.full_like(total, np.nan), where=seen)
    linked = sums.T @ (weights @ expected) * share
    of_source = source.sum_slopes(NODES, np.stack([weights @ expected, weights.sum(axis=1)]))
    slopes = model.spread(of_source[0] - linked[:, None, None] * of_source[1], model.sides.source)
    slopes += model.spread(
        np.einsum("qx,qr,rip->xip", sums, weights, target.expected_slopes(NODES)), model.sides.target
    )
    for place, moved in model.by_eta():
        slopes[:, place] = sums.T @ (moved @ expected) - linked * (sums.T @ moved.sum(axis=1))
    return Link(linked, model.error(slopes * share[:, None]), _trait_of_two(sums, weights))


def _trait_of_two(sums: Array, weights: Array) -> Places:
    """The second trait, in people with each sum of a form that tells of the first. `sums` (nodes, sums)"""
    together = sums.T @ weights
    total = together.sum(axis=1)
    shares = np.divide(together, total[:, None], out=np.full_like(together, np.nan), where=total[:, None] > 0)
    mean = shares @ NODES
    return Places(mean, np.sqrt(np.maximum(shares @ NODES**2 - mean**2, 0)))


_WAYS = {
    "irt_true_score": _true_scores,
    "irt_observed_score": _observed_scores,
    "calibrated_projection": _projection,
}
