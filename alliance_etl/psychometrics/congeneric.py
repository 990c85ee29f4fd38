"""The congeneric model, items of one dimension, by maximum likelihood: loadings and error variances."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Floats = NDArray[np.float64]
_LEAST_ERROR = 0.001
"""Of an item's variance: less is no estimate but a sign that the model does not hold (a Heywood case)."""

_FLAT = 1e-4


class NoSolution(Exception):
    """There is no estimate: too few items or people, an item that never varies, or no convergence."""


@dataclass(frozen=True)
class Congeneric:
    """`covariance` is that of (loadings, errors), in this order."""

    loadings: Floats
    errors: Floats
    covariance: Floats


def fit_congeneric(keyed: Floats) -> Congeneric:
    """The model of keyed answers (people × items). Raises NoSolution."""
    people, items = keyed.shape
    covariance = np.cov(keyed, rowvar=False, bias=True)
    if items < 3 or people <= items or np.diag(covariance).min() <= 0:
        raise NoSolution
    sds = np.sqrt(np.diag(covariance))
    sample = covariance / np.outer(sds, sds)  # of one size, so that steps are
    values, vectors = np.linalg.eigh(sample)
    if values[0] <= 1e-10 * values[-1]:
        raise NoSolution
    start = vectors[:, -1] * np.sqrt(values[-1]) * np.sign(vectors[:, -1].sum() or 1.0)
    first = np.concatenate([start, np.maximum(1 - start**2, 10 * _LEAST_ERROR)])

    def misfit(at: Floats) -> tuple[float, Floats]:
        loadings, errors = at[:items], at[items:]
        implied = np.outer(loadings, loadings) + np.diag(errors)
        inverse = np.linalg.inv(implied)
        weight = inverse - inverse @ sample @ inverse
        value = float(np.linalg.slogdet(implied)[1] + (sample * inverse).sum())
        return value, np.concatenate([2 * weight @ loadings, np.diag(weight)])

    bounds = [(None, None)] * items + [(_LEAST_ERROR, None)] * items
    options = {"maxiter": 5000, "ftol": 1e-15, "gtol": 1e-9}
    found = minimize(misfit, first, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    loadings, errors = found.x[:items], found.x[items:]
    # by its slope alone: a search that can get no better says so, too
    if np.abs(found.jac).max() > _FLAT or (errors <= _LEAST_ERROR * 1.01).any():
        raise NoSolution
    loadings, errors = sds * loadings * np.sign(loadings.sum()), sds**2 * errors
    return Congeneric(loadings, errors, _covariance(loadings, errors, people))


def _covariance(loadings: Floats, errors: Floats, people: int) -> Floats:
    """The inverse of the expected information, of (loadings, errors)."""
    items = len(loadings)
    inverse = np.linalg.inv(np.outer(loadings, loadings) + np.diag(errors))
    unit = np.eye(items)
    slopes = [np.outer(unit[i], loadings) + np.outer(loadings, unit[i]) for i in range(items)]
    slopes += [np.outer(unit[i], unit[i]) for i in range(items)]
    moved = [inverse @ slope for slope in slopes]
    information = people / 2 * np.array([[np.sum(one * other.T) for other in moved] for one in moved])
    return np.asarray(np.linalg.inv(information), dtype=np.float64)
