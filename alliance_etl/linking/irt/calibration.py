"""Calibration: the items' parameters by marginal maximum likelihood, with a covariance that knows of participants.

Sources: Bock, R. D., & Aitkin, M. (1981). Marginal maximum likelihood estimation of item parameters: Application of an
EM algorithm. Psychometrika, 46, 443-459; for several groups, Bock, R. D., & Zimowski, M. F. (1997). Multiple group IRT.
In Handbook of modern item response theory, Springer; with known items, Kim, S. (2006). A comparative study of IRT fixed
parameter calibration methods. Journal of Educational Measurement, 43, 355-381 (here: prior updated, many cycles).
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from alliance_etl.linking.irt.answers import Answers
from alliance_etl.linking.irt.graded import Graded
from alliance_etl.linking.irt.likelihood import Likelihood
from alliance_etl.linking.irt.population import NODES, Population
from alliance_etl.linking.scale import Array

_MOST_CYCLES = 2_000
_NEARLY = 1e-3
_NEWTON_STEPS = 12
_EXACT = 1e-6
_ITEM_STEPS = 6
_HALVINGS = 20
_STEEPEST = 40.0
# To begin with: a slope that is usual for such items.
_SLOPE = 1.5


class NotCalibrated(ArithmeticError):
    """The items' parameters could not be estimated from these answers."""


@dataclass(frozen=True)
class Calibrated:
    """Items on one metric. `covariance` is that of the estimated parameters, in the order of `vector`."""

    likelihood: Likelihood
    items: Graded
    eta: Array
    covariance: Array
    log_likelihood: float
    cycles: int

    @property
    def values(self) -> Array:
        return self.likelihood.answers.values

    @property
    def vector(self) -> Array:
        return self.likelihood.vector(self.items, self.eta)

    def at(self, vector: Array) -> "Calibrated":
        """The same with other parameters: what a derivative needs."""
        items, eta = self.likelihood.parameters(vector, self.items, self.eta)
        return replace(self, items=items, eta=eta)

    def errors(self) -> Graded:
        """Standard errors of slopes and intercepts; 0 for known items, NaN behind an item's last answer."""
        zero = Graded(
            np.zeros(self.items.size), np.where(np.isfinite(self.items.intercepts), 0.0, self.items.intercepts)
        )
        found, _ = self.likelihood.parameters(np.sqrt(np.diag(self.covariance)), zero, 0 * self.eta)
        return Graded(found.slopes, np.where(np.isfinite(found.intercepts), found.intercepts, np.nan))


def calibrate(
    answers: Answers,
    population: Population,
    *,
    traits: NDArray[np.int64] | None = None,
    known: Graded | None = None,
    is_known: NDArray[np.bool_] | None = None,
    participants: Sequence[Hashable] | None = None,
) -> Calibrated:
    """Estimate the items and the population.

    `traits` (items,) says which trait each item is of (0 where left out). `known` has parameters for all items, of
    which those count that `is_known` names: they stay. `participants` (forms,) are the clusters of the covariance; each
    form by itself where left out. NotCalibrated where nothing is found.
    """
    size = answers.values.shape[0]
    fixed = np.zeros(size, dtype=np.bool_) if is_known is None else is_known
    _refuse_constant(answers, fixed)
    likelihood = Likelihood(answers, population, np.zeros(size, dtype=np.int64) if traits is None else traits, ~fixed)
    items = _begun(answers)
    if known is not None:
        items = Graded(
            np.where(fixed, known.slopes, items.slopes), np.where(fixed[:, None], known.intercepts, items.intercepts)
        )
    items, eta, cycles = _expect_and_maximise(likelihood, items, population.start)
    vector, information = _newton(likelihood, items, eta)
    items, eta = likelihood.parameters(vector, items, eta)
    rows = likelihood.row_scores(items, eta)
    covariance = _clustered(rows, information, range(len(rows)) if participants is None else participants)
    return Calibrated(likelihood, items, eta, covariance, likelihood.value(items, eta), cycles)


def _refuse_constant(answers: Answers, fixed: NDArray[np.bool_]) -> None:
    constant = np.flatnonzero((answers.numbers < 2) & ~fixed)
    if constant.size:
        raise NotCalibrated(f"{constant.size} of the items were answered alike by all, which tells nothing of them")


def _begun(answers: Answers) -> Graded:
    """Intercepts from the shares of answers, as if the trait were standard normal."""
    numbers, most = answers.numbers, answers.values.shape[1]
    intercepts = np.full((numbers.size, most - 1), -np.inf)
    for item, column in enumerate(answers.chosen.T):
        given = column[column >= 0]
        for k in range(1, numbers[item]):
            share = (np.count_nonzero(given >= k) + 0.5) / (given.size + 1)
            intercepts[item, k - 1] = logit(share) * np.sqrt(1 + _SLOPE**2 / 2.9)
    return Graded(np.full(numbers.size, _SLOPE), intercepts)


def _expect_and_maximise(likelihood: Likelihood, items: Graded, eta: Array) -> tuple[Graded, Array, int]:
    """Cycles of the EM algorithm until no parameter moves by more than _NEARLY."""
    free = likelihood.population.free
    for cycle in range(1, _MOST_CYCLES + 1):
        expected = likelihood.expected(items, eta)
        moved = _maximised(items, expected.counts, likelihood.estimated)
        other = np.where(free, expected.eta, eta)
        step = likelihood.vector(moved, other) - likelihood.vector(items, eta)
        items, eta = moved, other
        if np.abs(items.slopes).max() > _STEEPEST:
            raise NotCalibrated("an item tells the trait without error; two items may be copies of one another")
        if trouble := likelihood.population.trouble(eta):
            raise NotCalibrated(trouble)
        if np.abs(step).max() < _NEARLY:
            return items, eta, cycle
    raise NotCalibrated(f"the likelihood still grows after {_MOST_CYCLES} cycles")


def _maximised(items: Graded, counts: Array, estimated: NDArray[np.bool_]) -> Graded:
    """Items that fit expected counts (items, nodes, answers), by Fisher scoring of all of them at once."""
    for _ in range(_ITEM_STEPS):
        slopes = items.slopes_of_logarithms(NODES)
        gradient = np.einsum("iqk,iqkp->ip", counts, slopes)
        totals = counts.sum(axis=2, keepdims=True)
        information = np.einsum("iqk,iqkp,iqkr->ipr", totals * items.probabilities(NODES), slopes, slopes)
        unused = ~np.concatenate([np.ones((items.size, 1), dtype=bool), np.isfinite(items.intercepts)], axis=1)
        information += np.eye(unused.shape[1]) * (unused + 1e-9)[:, :, None]
        step = np.linalg.solve(information, gradient[:, :, None])[:, :, 0]
        step = np.where(unused | ~estimated[:, None], 0.0, step)
        items = _stepped(items, step)
        if np.abs(step).max() < _NEARLY / 10:
            break
    return items


def _stepped(items: Graded, step: Array) -> Graded:
    """The step, or for each item so much of it that its intercepts still fall."""
    size = np.ones(items.size)
    step = step * np.minimum(1.0, 1.0 / np.maximum(np.abs(step).max(axis=1), 1e-12))[:, None]
    for _ in range(_HALVINGS):
        intercepts = items.intercepts + size[:, None] * step[:, 1:]
        with np.errstate(invalid="ignore"):  # -inf less -inf, behind an item's last answer
            rising = np.asarray(np.diff(intercepts, axis=1) >= 0).any(axis=1)
        size = np.where(rising, size / 2, size)
    return Graded(items.slopes + size * step[:, 0], items.intercepts + size[:, None] * step[:, 1:])


def _newton(likelihood: Likelihood, items: Graded, eta: Array) -> tuple[Array, Array]:
    """The maximum itself, and the information there: minus the derivative of the score."""
    vector = likelihood.vector(items, eta)
    information = likelihood.information(vector, items, eta)
    for _ in range(_NEWTON_STEPS):
        if np.linalg.eigvalsh(information)[0] <= 0:
            raise NotCalibrated(
                "these answers do not determine all parameters: too few forms, or too few of some answer"
            )
        step = np.linalg.solve(information, likelihood.score(vector, items, eta))
        vector = vector + step
        if np.abs(step).max() < _EXACT:
            return vector, likelihood.information(vector, items, eta)
        if np.abs(step).max() > 10 * _NEARLY:
            information = likelihood.information(vector, items, eta)
    raise NotCalibrated("the likelihood has no maximum near the best parameters that were found")


def _clustered(rows: Array, information: Array, participants: Sequence[Hashable]) -> Array:
    """Sandwich with participants as clusters, and G / (G - 1) for G of them (Liang & Zeger 1986)."""
    names = {name: number for number, name in enumerate(dict.fromkeys(participants))}
    sums = np.zeros((len(names), rows.shape[1]))
    np.add.at(sums, np.array([names[name] for name in participants]), rows)
    bread = np.linalg.inv(information)
    return np.asarray(bread @ (sums.T @ sums) @ bread * len(names) / (len(names) - 1))
