"""Whether a form measures the same at several sites: one model of its scales, with more and more held equal.

Confirmatory models of correlated scales, each item on its own scale, by maximum likelihood over groups (Jöreskog 1971,
Psychometrika 36:409-426); configural, metric (equal loadings) and scalar (equal intercepts, too), as R's lavaan has it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.optimize import minimize

Floats = NDArray[np.float64]
Model = Literal["configural", "metric", "scalar"]
MODELS: tuple[Model, ...] = ("configural", "metric", "scalar")
_BAD = 1e10


@dataclass(frozen=True)
class Group:
    """A site's forms, one of each person: how many, means (items,) and covariance with divisor n (items × items)."""

    people: int
    means: Floats
    covariance: Floats


@dataclass(frozen=True)
class Fit:
    """A model's fit; `chi2_difference` and so on are against the model before it. `converged`: else nothing is told."""

    model: Model
    converged: bool
    chi2: float
    df: int
    p: float
    cfi: float
    rmsea: float
    chi2_difference: float | None = None
    df_difference: int | None = None
    p_difference: float | None = None
    cfi_difference: float | None = None


def invariance(groups: Sequence[Group], scales: Sequence[Sequence[int]]) -> list[Fit]:
    """The three models over at least two groups; `scales` are the positions (from 0) of the items of each scale."""
    fits = [_fit(groups, scales, model) for model in MODELS]
    for at, (before, after) in enumerate(pairwise(list(fits)), 1):
        if before.converged and after.converged:
            chi2, df = after.chi2 - before.chi2, after.df - before.df
            p = float(stats.chi2.sf(max(chi2, 0.0), df))
            fits[at] = Fit(
                after.model, True, after.chi2, after.df, after.p, after.cfi, after.rmsea,
                chi2, df, p, after.cfi - before.cfi,
            )  # fmt: skip
    return fits


@dataclass(frozen=True)
class _Layout:
    """Where each group's parameters stand in one vector: shared ones have the same places."""

    size: int
    loadings: list[NDArray[np.int64]]
    intercepts: list[NDArray[np.int64]]
    errors: list[NDArray[np.int64]]
    between: list[dict[tuple[int, int], int]]
    means: list[NDArray[np.int64] | None]


def _layout(n_groups: int, items: int, n_scales: int, model: Model) -> _Layout:
    at = 0

    def take(count: int) -> NDArray[np.int64]:
        nonlocal at
        at += count
        return np.arange(at - count, at)

    shared_loadings = take(items) if model != "configural" else None
    shared_intercepts = take(items) if model == "scalar" else None
    loadings, intercepts, errors, free, means = [], [], [], [], []
    for group in range(n_groups):
        loadings.append(take(items) if shared_loadings is None else shared_loadings)
        intercepts.append(take(items) if shared_intercepts is None else shared_intercepts)
        errors.append(take(items))
        has_variances = model != "configural" and group > 0
        cells = [(i, j) for i in range(n_scales) for j in range(i + 1) if i != j or has_variances]
        free.append(dict(zip(cells, take(len(cells)).tolist(), strict=True)))
        means.append(take(n_scales) if model == "scalar" and group > 0 else None)
    return _Layout(at, loadings, intercepts, errors, free, means)


def _fit(groups: Sequence[Group], scales: Sequence[Sequence[int]], model: Model) -> Fit:
    items, n_scales, people = len(groups[0].means), len(scales), sum(group.people for group in groups)
    layout = _layout(len(groups), items, n_scales, model)
    of = np.empty(items, dtype=int)
    for scale, members in enumerate(scales):
        of[list(members)] = scale
    rows = np.arange(items)
    first = np.zeros(layout.size)
    bounds: list[tuple[float | None, float | None]] = [(None, None)] * layout.size
    for at, group in enumerate(groups):
        variances = np.diag(group.covariance)
        first[layout.loadings[at]], first[layout.errors[at]] = 0.6 * np.sqrt(variances), 0.6 * variances
        first[layout.intercepts[at]] = group.means
        for (i, j), place in layout.between[at].items():
            first[place] = 1.0 if i == j else 0.3
            if i == j:
                bounds[place] = (1e-3, None)
        for place, variance in zip(layout.errors[at], variances, strict=True):
            bounds[place] = (1e-4 * variance, None)

    def misfit(x: Floats) -> tuple[float, Floats]:
        value, slope = 0.0, np.zeros(layout.size)
        for at, group in enumerate(groups):
            share = group.people / people
            pattern = np.zeros((items, n_scales))
            pattern[rows, of] = x[layout.loadings[at]]
            phi = np.eye(n_scales)
            for (i, j), place in layout.between[at].items():
                phi[i, j] = phi[j, i] = x[place]
            kappa = np.zeros(n_scales) if layout.means[at] is None else x[layout.means[at]]
            implied = pattern @ phi @ pattern.T + np.diag(x[layout.errors[at]])
            sign, logdet = np.linalg.slogdet(implied)
            if sign <= 0 or np.linalg.eigvalsh(phi)[0] <= 0:
                return _BAD, np.zeros(layout.size)
            inverse = np.linalg.inv(implied)
            off = group.means - x[layout.intercepts[at]] - pattern @ kappa
            seen = group.covariance + np.outer(off, off)
            value += share * (logdet + float((seen * inverse).sum()))
            weight, pull = inverse - inverse @ seen @ inverse, inverse @ off
            of_loadings = 2 * weight @ pattern @ phi - 2 * np.outer(pull, kappa)
            np.add.at(slope, layout.loadings[at], share * of_loadings[rows, of])
            np.add.at(slope, layout.errors[at], share * np.diag(weight))
            np.add.at(slope, layout.intercepts[at], -2 * share * pull)
            of_phi = pattern.T @ weight @ pattern
            for (i, j), place in layout.between[at].items():
                slope[place] += share * of_phi[i, j] * (1 if i == j else 2)
            if layout.means[at] is not None:
                slope[layout.means[at]] += -2 * share * (pattern.T @ pull)
        return value, slope

    options = {"maxiter": 20_000, "maxfun": 40_000, "ftol": 1e-13, "gtol": 1e-7}
    found = minimize(misfit, first, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    saturated = sum(g.people / people * (np.linalg.slogdet(g.covariance)[1] + items) for g in groups)
    chi2 = people * (float(found.fun) - float(saturated))
    df = len(groups) * items * (items + 3) // 2 - layout.size
    loose = sum(
        g.people * (float(np.log(np.diag(g.covariance)).sum()) - float(np.linalg.slogdet(g.covariance)[1]))
        for g in groups
    )
    loose_df = len(groups) * items * (items - 1) // 2
    excess, loose_excess = max(chi2 - df, 0.0), max(loose - loose_df, chi2 - df, 1e-12)
    converged = bool(found.success and float(np.abs(found.jac).max()) < 1e-3 and found.fun < _BAD)
    p = float(stats.chi2.sf(max(chi2, 0.0), df)) if df else 1.0  # without degrees of freedom any data fit
    rmsea = float(np.sqrt(excess / (df * people) * len(groups))) if df else 0.0
    return Fit(model, converged, chi2, df, p, 1 - excess / loose_excess, rmsea)
