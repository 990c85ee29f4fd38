"""Presmoothing: polynomial log-linear models of one score distribution, or of two scores together.

The moments up to the degree are kept, the rest is smoothed. Sources: Holland, P. W., & Thayer, D. T. (2000). Univariate
and bivariate loglinear models for discrete test score distributions. Journal of Educational and Behavioral Statistics,
25, 133-183; von Davier, A. A., Holland, P. W., & Thayer, D. T. (2004). The kernel method of test equating. Springer.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

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


class Terms(NamedTuple):
    """What fits one distribution: a polynomial of this degree, and either end by itself, where a lump of people is.

    A polynomial cannot follow a lump; a term of its own keeps its share, as the others keep moments (Holland & Thayer
    2000).
    """

    degree: int
    lowest: bool = False
    highest: bool = False

    @property
    def number(self) -> int:
        return self.degree + self.lowest + self.highest

    def columns(self, size: int) -> list[Array]:
        """By term its values at the steps of a scale."""
        found = [_centred(size) ** power for power in range(1, self.degree + 1)]
        ends = np.eye(size)[[0, -1]]
        return found + [end for end, own in zip(ends, (self.lowest, self.highest), strict=True) if own]


def smooth(counts: Array, terms: int | Terms) -> Smoothed:
    """Fit a polynomial of this degree to the logarithms of one distribution. NotConverged where that fails."""
    return _fit(counts, np.column_stack(_terms(terms).columns(counts.size)), terms)


def smooth_together(
    counts: Array, margins: tuple[int | Terms, int | Terms], cross: tuple[int, int] = (1, 1)
) -> Smoothed:
    """Fit both margins up to these degrees and their mixed moments up to `cross`. Counts: (size of X, size of Y)."""
    x, y = counts.shape
    rows, columns = np.meshgrid(_centred(x), _centred(y), indexing="ij")
    terms = [np.repeat(term, y) for term in _terms(margins[0]).columns(x)]
    terms += [np.tile(term, x) for term in _terms(margins[1]).columns(y)]
    terms += [
        rows.ravel() ** one * columns.ravel() ** other
        for one in range(1, cross[0] + 1)
        for other in range(1, cross[1] + 1)
    ]
    return _fit(counts, np.column_stack(terms), (*margins, *cross))


def _terms(told: int | Terms) -> Terms:
    return told if isinstance(told, Terms) else Terms(told)


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


def ladder(counts: Array, degrees: Sequence[int] = range(1, 9), *, ends: bool = False) -> dict[Terms, Smoothed]:
    """The models of one distribution that converge, by degree; with `ends` also those with either end by itself.

    An end that nobody has is none.
    """
    found: dict[Terms, Smoothed] = {}
    for lowest in (False, True) if ends and counts[0] else (False,):
        for highest in (False, True) if ends and counts[-1] else (False,):
            for degree in degrees:
                terms = Terms(degree, lowest, highest)
                if terms.number >= np.count_nonzero(counts):
                    break  # as many terms as there are scores: nothing is smoothed any more
                try:
                    found[terms] = smooth(counts, terms)
                except NotConverged:
                    break
    return found


def best_model(models: Mapping[Terms, Smoothed], criterion: Criterion) -> Terms:
    """Which model has the smallest AIC or BIC. NotConverged where there is no model."""
    if not models:
        raise NotConverged("1 and above", "too few different scores were seen")
    return min(models, key=lambda terms: getattr(models[terms], criterion))


def model_weights(x: Mapping[Terms, Smoothed], y: Mapping[Terms, Smoothed]) -> dict[tuple[Terms, Terms], float]:
    """How far the scores speak for pairs of models, as shares that add up to 1; the chosen pair comes first.

    Each model of one side stands beside the chosen one of the other, with its Akaike weight; those with less than 1 in
    50 are left out. What is left is the chosen pair's, and below 0 where many others speak on both sides. Source:
    Buckland, S. T., Burnham, K. P., & Augustin, N. H. (1997). Model selection: An integral part of inference.
    Biometrics, 53, 603-618. NotConverged without a model.
    """
    one, other = _akaike(x), _akaike(y)
    chosen = next(iter(one)), next(iter(other))
    others = {(terms, chosen[1]): weight for terms, weight in list(one.items())[1:]}
    others |= {(chosen[0], terms): weight for terms, weight in list(other.items())[1:]}
    return {chosen: 1 - sum(others.values()), **others}


def _akaike(models: Mapping[Terms, Smoothed]) -> dict[Terms, float]:
    """The weights of one side's models, the best one first."""
    chosen = best_model(models, "aic")
    weights = {terms: float(np.exp((models[chosen].aic - model.aic) / 2)) for terms, model in models.items()}
    total = sum(weights.values())
    kept = {terms: weight for terms, weight in weights.items() if weight / total >= _LEAST_WEIGHT or terms == chosen}
    return {terms: kept[terms] / sum(kept.values()) for terms in sorted(kept, key=lambda t: (t != chosen, t))}


def spread_over_models(links: Sequence[tuple[float, Array, Array]]) -> Array:
    """Standard errors that know that the model was chosen by the same scores.

    `links`: weight, link and its error under each model, the chosen one first. Source: as for `model_weights`.
    """
    chosen = links[0][1:]
    variance = chosen[1] ** 2
    for weight, linked, error in links[1:]:
        variance = variance + weight * (error**2 - chosen[1] ** 2 + (linked - chosen[0]) ** 2)
    least = np.min([error**2 for _, _, error in links], axis=0)
    return np.asarray(np.sqrt(np.maximum(variance, least)))


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
