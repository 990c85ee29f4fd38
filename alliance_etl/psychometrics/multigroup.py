"""Correlated scales of several groups at once, by maximum likelihood: parameters, derivatives, and the search."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alliance_etl.psychometrics.congeneric import LEAST_ERROR, NoSolution
from alliance_etl.psychometrics.limits import Model

Floats = NDArray[np.float64]
_MOST_STEPS, _MOST_HALVINGS = 200, 30
# What another step would gain of chi².
_LITTLE, _NEARLY = 1e-7, 1e-3
_SINGULAR = 1e-6


@dataclass(frozen=True)
class Group:
    """A site's forms, one of each person: how many, means (items,) and covariance with divisor n (items × items)."""

    people: int
    means: Floats
    covariance: Floats


def n_shared(model: Model, items: int) -> int:
    """How many parameters all groups have in common."""
    return {"configural": 0, "metric": items, "scalar": 2 * items}[model]


class Part:
    """One group's share of the model: its parameters as one vector, those that all groups share first.

    loadings, intercepts (scalar only), log error variances, (co)variances of scales, means of scales.
    """

    def __init__(self, group: Group, scales: Sequence[Sequence[int]], model: Model, *, first: bool) -> None:
        items, self.n_scales = len(group.means), len(scales)
        self.group, self.items = group, items
        self.of = np.empty(items, dtype=np.int64)
        for scale, members in enumerate(scales):
            self.of[list(members)] = scale
        self.has_means = model == "scalar"
        self.shared = n_shared(model, items)
        has_variances = model != "configural" and not first
        self.cells = [(i, j) for i in range(self.n_scales) for j in range(i + 1) if i != j or has_variances]
        self.loadings = slice(0, items)
        self.intercepts = slice(items, items + items * self.has_means)
        self.errors = slice(self.intercepts.stop, self.intercepts.stop + items)
        self.between = slice(self.errors.stop, self.errors.stop + len(self.cells))
        self.means = slice(self.between.stop, self.between.stop + self.n_scales * (self.has_means and not first))
        self.size = self.means.stop
        self.saturated = float(np.linalg.slogdet(group.covariance)[1]) + items

    def start(self) -> Floats:
        at = np.zeros(self.size)
        variances = np.diag(self.group.covariance)
        at[self.loadings], at[self.errors] = 0.7 * np.sqrt(variances), np.log(0.5 * variances)
        if self.has_means:
            at[self.intercepts] = self.group.means
        at[self.between] = [1.0 if i == j else 0.3 for i, j in self.cells]
        return at

    def _pieces(self, at: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        pattern = np.zeros((self.items, self.n_scales))
        pattern[np.arange(self.items), self.of] = at[self.loadings]
        phi = np.eye(self.n_scales)
        for (i, j), number in zip(self.cells, at[self.between], strict=True):
            phi[i, j] = phi[j, i] = number
        kappa = at[self.means] if self.means.stop > self.means.start else np.zeros(self.n_scales)
        implied = pattern @ phi @ pattern.T + np.diag(np.exp(at[self.errors]))
        off = self.group.means - at[self.intercepts] - pattern @ kappa if self.has_means else np.zeros(self.items)
        return pattern, phi, implied, off

    def discrepancy(self, at: Floats) -> float:
        """Twice the distance from the saturated model's log likelihood, by person; infinite where there is none."""
        _, _, implied, off = self._pieces(at)
        try:
            root = np.linalg.cholesky(implied)
        except np.linalg.LinAlgError:
            return np.inf
        seen = self.group.covariance + np.outer(off, off)
        logdet = 2 * float(np.log(np.diag(root)).sum())
        return logdet + float(np.trace(np.linalg.solve(implied, seen))) - self.saturated

    def is_proper(self, at: Floats) -> bool:
        """Whether the scales' covariances are those of scales that differ."""
        return bool(np.linalg.eigvalsh(self._pieces(at)[1])[0] > _SINGULAR)

    def slope(self, at: Floats) -> tuple[Floats, Floats]:
        """First derivatives of the discrepancy, and the expected second ones.

        tr(Σ⁻¹ Σa Σ⁻¹ Σb) of any two parameters is made of products of items × items: Σa is e_i r_i' + r_i e_i' for the
        loading of item i, r_i being its row of `reach`, and p_k p_l' + p_l p_k' for the covariance of two scales.
        """
        pattern, phi, implied, off = self._pieces(at)
        inverse = np.linalg.inv(implied)
        weight = inverse - inverse @ (self.group.covariance + np.outer(off, off)) @ inverse
        errors = np.exp(at[self.errors])
        reach = (pattern @ phi)[:, self.of].T
        k, m = np.array([*zip(*self.cells, strict=True)], dtype=np.int64).reshape(2, -1)
        times = np.where(k == m, 0.5, 1.0)

        slope, curve = np.zeros(self.size), np.zeros((self.size, self.size))
        slope[self.loadings] = 2 * np.einsum("ij,ij->i", reach, weight)
        slope[self.errors] = np.diag(weight) * errors
        slope[self.between] = 2 * times * (pattern.T @ weight @ pattern)[k, m]

        pulled = reach @ inverse
        curve[self.loadings, self.loadings] = 2 * (inverse * (pulled @ reach.T) + pulled * pulled.T)
        curve[self.loadings, self.errors] = 2 * inverse * pulled * errors
        curve[self.errors, self.errors] = inverse**2 * np.outer(errors, errors)
        drawn = pattern.T @ inverse
        met, among = drawn @ reach.T, drawn @ pattern
        curve[self.between, self.loadings] = 2 * times[:, None] * (drawn[m] * met[k] + drawn[k] * met[m])
        curve[self.between, self.errors] = 2 * times[:, None] * drawn[k] * drawn[m] * errors
        crossed = among[np.ix_(k, k)] * among[np.ix_(m, m)] + among[np.ix_(k, m)] * among[np.ix_(m, k)]
        curve[self.between, self.between] = 2 * np.outer(times, times) * crossed
        curve[self.loadings, self.between] = curve[self.between, self.loadings].T
        curve[self.errors, self.loadings] = curve[self.loadings, self.errors].T
        curve[self.errors, self.between] = curve[self.between, self.errors].T

        if self.has_means:
            shifted = np.zeros((self.size, self.items))
            shifted[self.intercepts] = np.eye(self.items)
            if self.means.stop > self.means.start:
                shifted[self.means] = pattern.T
                shifted[self.loadings] = np.diag(at[self.means][self.of])
            shift = shifted @ inverse
            slope -= 2 * shift @ off
            curve += 2 * shift @ shifted.T
        return slope, curve


def least_chi2(parts: Sequence[Part]) -> tuple[float, bool]:
    """Chi² at the maximum of the likelihood, and whether that is proper, by Fisher scoring.

    Each group's own parameters are solved for within the group, so that work grows with the number of groups and not
    with its cube. Raises NoSolution.
    """
    shared = parts[0].shared
    ats = [part.start() for part in parts]
    common = np.mean([at[:shared] for at in ats], axis=0)
    for at in ats:
        at[:shared] = common

    def total(at: Sequence[Floats]) -> float:
        return sum(part.group.people * part.discrepancy(own) for part, own in zip(parts, at, strict=True))

    value = total(ats)
    for _ in range(_MOST_STEPS):
        steps, gain = _step(parts, ats, shared)
        share, reached = 1.0, np.inf
        for _ in range(_MOST_HALVINGS):
            tried = [at - share * step for at, step in zip(ats, steps, strict=True)]
            reached = total(tried)
            if reached <= value:
                break
            share /= 2
        stuck = not reached <= value
        if not stuck:
            ats, value = tried, reached
        if min(at[part.errors].min() for part, at in zip(parts, ats, strict=True)) <= np.log(LEAST_ERROR):
            raise NoSolution
        if gain < _LITTLE or (stuck and gain < _NEARLY):  # no more can be told apart in these digits
            return value, all(part.is_proper(at) for part, at in zip(parts, ats, strict=True))
        if stuck:
            break
    raise NoSolution


def _step(parts: Sequence[Part], ats: Sequence[Floats], shared: int) -> tuple[list[Floats], float]:
    """How far each group's parameters go down, the shared ones alike, and what that is expected to gain."""
    slope, curve = np.zeros(shared), np.zeros((shared, shared))
    own: list[tuple[Floats, Floats, Floats]] = []
    for part, at in zip(parts, ats, strict=True):
        first, second = part.slope(at)
        first, second = part.group.people * first, part.group.people * second
        try:
            wanted = np.column_stack([first[shared:], second[shared:, :shared]])
            solved = np.asarray(np.linalg.solve(second[shared:, shared:], wanted), dtype=np.float64)
        except np.linalg.LinAlgError:
            raise NoSolution from None
        own.append((first[shared:], solved[:, 0], solved[:, 1:]))
        slope += first[:shared] - second[:shared, shared:] @ solved[:, 0]
        curve += second[:shared, :shared] - second[:shared, shared:] @ solved[:, 1:]
    try:
        together = np.linalg.solve(curve, slope) if shared else slope
    except np.linalg.LinAlgError:
        raise NoSolution from None
    steps, gain = [], float(slope @ together)
    for own_slope, alone, by_shared in own:
        steps.append(np.concatenate([together, alone - by_shared @ together]))
        gain += float(own_slope @ alone)
    return steps, gain
