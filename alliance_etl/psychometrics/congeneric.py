"""The congeneric model, items of one trait, by maximum likelihood: loadings and error variances (Jöreskog 1971,
Psychometrika 36:109-133), found by Fisher scoring.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
# Of an item's variance: less is no estimate but a sign that the model does not hold (a Heywood case).
LEAST_ERROR = 0.001
_MOST_STEPS, _MOST_HALVINGS = 200, 30
# What another step would gain of the discrepancy.
_LITTLE = 1e-14


class NoSolution(Exception):
    """There is no proper estimate: an error variance at zero, an item that follows from others, or no convergence."""


@dataclass(frozen=True)
class Congeneric:
    """`covariance` is that of (loadings, errors), in this order."""

    loadings: Floats
    errors: Floats
    covariance: Floats


def fit_congeneric(covariance: Floats, people: int) -> Congeneric:
    """The model of a covariance matrix of at least three items that so many people gave. Raises NoSolution."""
    items = len(covariance)
    sds = np.sqrt(np.diag(covariance))
    sample = covariance / np.outer(sds, sds)  # of one size, so that steps are
    if people <= items or np.linalg.eigvalsh(sample)[0] <= 1e-8:
        raise NoSolution
    loadings, errors = _start(sample)
    value = _discrepancy(sample, loadings, errors)
    for _ in range(_MOST_STEPS):
        slope, information = _slope(sample, loadings, errors)
        step = np.linalg.solve(information, slope)
        gain, share = float(slope @ step), 1.0
        for _ in range(_MOST_HALVINGS):
            # error variances by their logarithms: they stay above zero
            tried = loadings - share * step[:items], errors * np.exp(np.clip(-share * step[items:], -3, 3))
            reached = _discrepancy(sample, *tried)
            if reached <= value:
                break
            share /= 2
        (loadings, errors), value = tried, min(value, reached)
        if errors.min() <= LEAST_ERROR:
            raise NoSolution
        if gain < _LITTLE:
            break
    else:
        raise NoSolution
    loadings = loadings * np.sign(loadings.sum())
    _, information = _slope(sample, loadings, errors)
    size = np.concatenate([sds, sds**2 * errors])
    spread = np.linalg.inv(information) * 2 / people
    return Congeneric(sds * loadings, sds**2 * errors, spread * np.outer(size, size))


def _start(sample: Floats) -> tuple[Floats, Floats]:
    """From squared multiple correlations."""
    errors = np.clip((1 - 0.5 / len(sample)) / np.diag(np.linalg.inv(sample)), 0.02, 0.98)
    values, vectors = np.linalg.eigh(sample - np.diag(errors))
    return vectors[:, -1] * np.sqrt(max(values[-1], 0.01)), errors


def _discrepancy(sample: Floats, loadings: Floats, errors: Floats) -> float:
    """log|Σ| + tr(S Σ⁻¹), Σ being λλ' + Ψ (by Sherman and Morrison)."""
    scaled = loadings / errors
    beyond = 1 + float(loadings @ scaled)
    trace = float((np.diag(sample) / errors).sum()) - float(scaled @ sample @ scaled) / beyond
    return float(np.log(errors).sum()) + float(np.log(beyond)) + trace


def _slope(sample: Floats, loadings: Floats, errors: Floats) -> tuple[Floats, Floats]:
    """First derivatives by (loadings, log errors), and the expected second ones: twice the information by people."""
    inverse = np.linalg.inv(np.outer(loadings, loadings) + np.diag(errors))
    weight = inverse - inverse @ sample @ inverse
    pulled = inverse @ loadings
    slope = np.concatenate([2 * weight @ loadings, np.diag(weight) * errors])
    of_loadings = 2 * (inverse * float(loadings @ pulled) + np.outer(pulled, pulled))
    of_both = 2 * inverse * pulled[None, :] * errors[None, :]
    of_errors = inverse**2 * np.outer(errors, errors)
    return slope, np.block([[of_loadings, of_both], [of_both.T, of_errors]])
