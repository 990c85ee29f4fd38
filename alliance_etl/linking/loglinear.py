"""Presmoothing: polynomial log-linear models of one score distribution, or of two scores together.

The moments up to the degree are kept, the rest is smoothed. Sources: Holland, P. W., & Thayer, D. T. (2000). Univariate
and bivariate loglinear models for discrete test score distributions. Journal of Educational and Behavioral Statistics,
25, 133-183; von Davier, A. A., Holland, P. W., & Thayer, D. T. (2004). The kernel method of test equating. Springer.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, xlogy

from alliance_etl.linking.scale import Array

Criterion = Literal["aic", "bic"]

_MOST_STEPS = 100
_TOLERANCE = 1e-10
# Beyond this the information matrix is singular as far as doubles can tell: all scores are at a few steps.
_WORST_CONDITION = 1e13
# A fitted share below this has nothing behind it but the polynomial's far end.
_SMALLEST = 1e-300
_LEAST_WEIGHT = 0.02


class NotConverged(ArithmeticError):
    """The model of a score distribution could not be fitted: `degree` is too high for so few or such scores."""

    def __init__(self, degree: object, reason: str) -> None:
        super().__init__(f"the log-linear model of degree {degree} does not converge: {reason}")
        self.degree = degree


@dataclass(frozen=True)
class Smoothed:
    """A fitted distribution.

    `probabilities` has the shape of the counts. `root` has one row per cell (in C order) and one column per term:
    root @ root.T is the covariance of the probabilities. `terms` counts the
    polynomial terms without the constant; `deviance`, `aic` and `bic` are those of the Poisson model of the counts.
    `basis` has a row per cell, too: the terms, orthonormal.
    """

    probabilities: Array
    root: Array
    basis: Array
    deviance: float
    aic: float
    bic: float
    n: float


def smooth(counts: Array, degree: int) -> Smoothed:
    """Fit a polynomial of this degree to the logarithms of one distribution. NotConverged where that fails."""
    steps = _centred(counts.size)
    return _fit(counts, np.column_stack([steps**power for power in range(1, degree + 1)]), degree)


def smooth_together(counts: Array, degrees: tuple[int, int], cross: tuple[int, int] = (1, 1)) -> Smoothed:
    """Fit both margins up to `degrees` and their mixed moments up to `cross`. Counts: (size of X, size of Y)."""
    x, y = (_centred(size) for size in counts.shape)
    rows, columns = np.meshgrid(x, y, indexing="ij")
    terms = [rows.ravel() ** power for power in range(1, degrees[0] + 1)]
    terms += [columns.ravel() ** power for power in range(1, degrees[1] + 1)]
    terms += [
        rows.ravel() ** one * columns.ravel() ** other
        for one in range(1, cross[0] + 1)
        for other in range(1, cross[1] + 1)
    ]
    return _fit(counts, np.column_stack(terms), (*degrees, *cross))


def clustered_root(fitted: Smoothed, cells: NDArray[np.int64], participants: Sequence[Hashable]) -> Array:
    """The `root` of a model whose scores come in clusters: sessions of one participant are alike.

    `cells` and `participants` tell of each score (or pair) in which cell it is and whose it is. The covariance of the
    moments is the one between clusters (Liang, K.-Y., & Zeger, S. L. (1986). Longitudinal data analysis using
    generalized linear models. Biometrika, 73, 13-22), with G / (G - 1) for G participants. Shape (cells, terms).
    """
    p = fitted.probabilities.ravel()
    middle = fitted.basis - p @ fitted.basis
    names = {name: number for number, name in enumerate(dict.fromkeys(participants))}
    whose = np.array([names[name] for name in participants])
    sums = np.zeros((len(names), middle.shape[1]))
    np.add.at(sums, whose, middle[cells])
    between = sums.T @ sums / cells.size**2 * len(names) / (len(names) - 1)
    values, vectors = np.linalg.eigh(between)
    spread = vectors * np.sqrt(np.maximum(values, 0))
    weighted = p[:, None] * middle
    return np.asarray(weighted @ np.linalg.solve(middle.T @ weighted, spread))


def ladder(counts: Array, degrees: Sequence[int] = range(1, 9)) -> dict[int, Smoothed]:
    """The models of one distribution by degree, those that converge."""
    found = {}
    for degree in degrees:
        if degree >= np.count_nonzero(counts):
            break  # as many terms as there are scores: nothing is smoothed any more
        try:
            found[degree] = smooth(counts, degree)
        except NotConverged:
            break
    return found


def best_degree(models: Mapping[int, Smoothed], criterion: Criterion) -> int:
    """The degree whose model has the smallest AIC or BIC. NotConverged where there is no model."""
    if not models:
        raise NotConverged("1 and above", "too few different scores were seen")
    return min(models, key=lambda degree: getattr(models[degree], criterion))


def degree_weights(x: Mapping[int, Smoothed], y: Mapping[int, Smoothed]) -> dict[tuple[int, int], float]:
    """How far the scores speak for each pair of degrees, as shares that add up to 1; the chosen pair comes first.

    Akaike weights; pairs with less than 1 in 50 are left out. Source: Buckland, S. T., Burnham, K. P., & Augustin,
    N. H. (1997). Model selection: An integral part of inference. Biometrics, 53, 603-618. NotConverged without a model.
    """
    chosen = best_degree(x, "aic"), best_degree(y, "aic")
    found = {
        (one, other): float(np.exp((x[chosen[0]].aic - x[one].aic + y[chosen[1]].aic - y[other].aic) / 2))
        for one in x
        for other in y
    }
    total = sum(found.values())
    kept = {pair: weight for pair, weight in found.items() if weight / total >= _LEAST_WEIGHT or pair == chosen}
    order = sorted(kept, key=lambda pair: (pair != chosen, pair))
    return {pair: kept[pair] / sum(kept.values()) for pair in order}


def spread_over_models(links: Sequence[tuple[float, Array, Array]]) -> Array:
    """Standard errors that know that the model was chosen by the same scores.

    `links`: weight, link and its error under each model, the chosen one first. Source: as for `degree_weights`.
    """
    chosen = links[0][1]
    total = sum(weight for weight, _, _ in links)
    return np.asarray(np.sqrt(sum(w * (error**2 + (linked - chosen) ** 2) for w, linked, error in links) / total))


def _centred(size: int) -> Array:
    """The steps of a scale between -1 and 1, where powers keep their precision."""
    return np.linspace(-1.0, 1.0, size)


def _fit(counts: Array, terms: Array, degree: object) -> Smoothed:
    """Newton's method for the multinomial likelihood, on an orthonormal basis of the terms."""
    seen = counts.ravel().astype(np.float64)
    n = float(seen.sum())
    different = int(np.count_nonzero(seen))
    if different <= terms.shape[1]:
        raise NotConverged(degree, f"{different} different scores were seen, and it has {terms.shape[1]} terms")
    basis, _ = np.linalg.qr(terms - terms.mean(axis=0))
    basis = basis * np.sqrt(seen.size)
    shares = seen / n
    beta = np.zeros(basis.shape[1])
    for _ in range(_MOST_STEPS):
        p = _shares(basis @ beta)
        gradient = basis.T @ (shares - p)
        middle = basis - p @ basis
        information = middle.T @ (p[:, None] * middle)
        if np.linalg.cond(information) > _WORST_CONDITION:
            raise NotConverged(degree, "its terms cannot be told apart in these scores")
        step = np.linalg.solve(information, gradient)
        beta = _stepped(basis, shares, beta, step)
        if float(gradient @ step) < _TOLERANCE / n:
            return _described(seen, n, basis, beta, counts.shape)
    raise NotConverged(degree, f"the likelihood still grows after {_MOST_STEPS} steps")


def _stepped(basis: Array, shares: Array, beta: Array, step: Array) -> Array:
    """The longest of the step, its half, its quarter, … that makes the likelihood grow."""
    before = _likelihood(basis, shares, beta)
    size = 1.0
    while size > 1e-6 and _likelihood(basis, shares, beta + size * step) < before - 1e-15:
        size /= 2
    return beta + size * step


def _likelihood(basis: Array, shares: Array, beta: Array) -> float:
    eta = basis @ beta
    top = float(eta.max())
    return float(shares @ eta) - top - float(np.log(np.exp(eta - top).sum()))


def _shares(eta: Array) -> Array:
    p = np.exp(eta - eta.max())
    return np.asarray(np.maximum(p / p.sum(), _SMALLEST))


def _described(seen: Array, n: float, basis: Array, beta: Array, shape: tuple[int, ...]) -> Smoothed:
    p = _shares(basis @ beta)
    weight = np.sqrt(p)
    q, _ = np.linalg.qr(weight[:, None] * (basis - p @ basis))
    expected = n * p
    log_likelihood = float((xlogy(seen, expected) - expected - gammaln(seen + 1)).sum())
    parameters = basis.shape[1] + 1
    return Smoothed(
        probabilities=p.reshape(shape),
        root=weight[:, None] * q / np.sqrt(n),
        basis=basis,
        deviance=float(2 * (xlogy(seen, seen) - xlogy(seen, expected)).sum()),
        aic=2 * parameters - 2 * log_likelihood,
        bic=float(np.log(seen.size)) * parameters - 2 * log_likelihood,
        n=n,
    )
