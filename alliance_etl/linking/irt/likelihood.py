"""The marginal likelihood of graded answers, its derivatives, and the order of the parameters that are estimated."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from alliance_etl.linking.irt.answers import Answers
from alliance_etl.linking.irt.graded import Graded
from alliance_etl.linking.irt.population import NODES, Population
from alliance_etl.linking.scale import Array

_STEP = 1e-5


@dataclass(frozen=True)
class Expected:
    """What a cycle of the EM algorithm needs: `counts` (items, nodes, answers), and the population's next eta."""

    counts: Array
    eta: Array


@dataclass(frozen=True)
class Likelihood:
    """Of these answers, for items that are each of one trait; `estimated` (items,) are not known beforehand.

    A vector of parameters has slope and intercepts of each estimated item, then what is free of eta.
    """

    answers: Answers
    population: Population
    traits: NDArray[np.int64]
    estimated: NDArray[np.bool_]

    @cached_property
    def tables(self) -> tuple[csr_array, ...]:
        return tuple(self.answers.table(self.traits == trait) for trait in range(int(self.traits.max()) + 1))

    def vector(self, items: Graded, eta: Array) -> Array:
        own = np.column_stack([items.slopes, items.intercepts])
        return np.concatenate([own[self._used(items)], eta[self.population.free]])

    def parameters(self, vector: Array, items: Graded, eta: Array) -> tuple[Graded, Array]:
        """The vector's items and eta; what is not estimated is taken from these."""
        own, used = np.column_stack([items.slopes, items.intercepts]), self._used(items)
        last = int(used.sum())
        own[used] = vector[:last]
        other = eta.copy()
        other[self.population.free] = vector[last:]
        return Graded(own[:, 0], own[:, 1:]), other

    def places(self, items: Graded) -> NDArray[np.int64]:
        """Where in the vector slope and intercepts of each item are; -1 where they are not. (items, 1 + intercepts)"""
        used = self._used(items)
        found = np.full(used.shape, -1, dtype=np.int64)
        found[used] = np.arange(int(used.sum()))
        return found

    def value(self, items: Graded, eta: Array) -> float:
        """The logarithm of the likelihood."""
        likelihoods, scales = self._likelihoods(items)
        marginal = self.population.marginal(likelihoods, np.exp(self.population.log_weights(eta)))
        return float((np.log(marginal) + scales).sum())

    def expected(self, items: Graded, eta: Array) -> Expected:
        likelihoods, _ = self._likelihoods(items)
        weights = np.exp(self.population.log_weights(eta))
        marginal = self.population.marginal(likelihoods, weights)
        posteriors = self.population.posteriors(likelihoods, weights, marginal)
        return Expected(self._counts(posteriors), self.population.updated(likelihoods, weights, marginal))

    def score(self, vector: Array, items: Graded, eta: Array) -> Array:
        """How the logarithm changes with each parameter of the vector."""
        items, eta = self.parameters(vector, items, eta)
        likelihoods, _ = self._likelihoods(items)
        weights = np.exp(self.population.log_weights(eta))
        marginal = self.population.marginal(likelihoods, weights)
        counts = self._counts(self.population.posteriors(likelihoods, weights, marginal))
        of_items = np.einsum("iqk,iqkp->ip", counts, items.slopes_of_logarithms(NODES))
        of_eta = [float(row.sum()) for row in self._eta_rows(eta, likelihoods, weights, marginal)]
        return np.concatenate([of_items[self._used(items)], of_eta])

    def row_scores(self, items: Graded, eta: Array) -> Array:
        """What each form adds to the score. (forms, parameters)"""
        likelihoods, _ = self._likelihoods(items)
        weights = np.exp(self.population.log_weights(eta))
        marginal = self.population.marginal(likelihoods, weights)
        posteriors = self.population.posteriors(likelihoods, weights, marginal)
        slopes, used = items.slopes_of_logarithms(NODES), self._used(items)
        rows = []
        for item in np.flatnonzero(self.estimated):
            chosen = self.answers.chosen[:, item]
            by_answer = np.einsum("nq,qkp->nkp", posteriors[self.traits[item]], slopes[item][:, :, used[item]])
            own = by_answer[np.arange(chosen.size), np.maximum(chosen, 0)]
            rows.append(np.where((chosen >= 0)[:, None], own, 0.0))
        of_eta = self._eta_rows(eta, likelihoods, weights, marginal)
        return np.column_stack([*rows, *of_eta])

    def information(self, vector: Array, items: Graded, eta: Array) -> Array:
        """Minus the derivative of the score, by central differences. (parameters, parameters)"""
        found = []
        for place in range(vector.size):
            away = np.zeros(vector.size)
            away[place] = _STEP
            up, down = (self.score(vector + side * away, items, eta) for side in (1, -1))
            found.append((down - up) / (2 * _STEP))
        whole = np.array(found)
        return np.asarray((whole + whole.T) / 2)

    def posteriors(self, items: Graded, eta: Array) -> tuple[Array, ...]:
        """Where each form is on each trait. (forms, nodes), by trait."""
        likelihoods, _ = self._likelihoods(items)
        weights = np.exp(self.population.log_weights(eta))
        return self.population.posteriors(likelihoods, weights, self.population.marginal(likelihoods, weights))

    def _used(self, items: Graded) -> NDArray[np.bool_]:
        own = np.column_stack([items.slopes, items.intercepts])
        return np.isfinite(own) & self.estimated[:, None]

    def _likelihoods(self, items: Graded) -> tuple[list[Array], Array]:
        """By trait, each form's largest at 1; and the logarithm of what that took away. (forms, nodes), (forms,)"""
        logarithms = items.logarithms(NODES).transpose(0, 2, 1).reshape(-1, NODES.size)
        found, scales = [], np.zeros(self.answers.chosen.shape[0])
        for table in self.tables:
            whole = table @ logarithms
            top = whole.max(axis=1)
            scales += top
            found.append(np.exp(whole - top[:, None]))
        return found, scales

    def _counts(self, posteriors: Sequence[Array]) -> Array:
        """How many of each answer are expected at each node. (items, nodes, answers)"""
        size, answers = self.answers.values.shape
        found = sum(table.T @ posterior for table, posterior in zip(self.tables, posteriors, strict=True))
        return np.asarray(found).reshape(size, answers, NODES.size).transpose(0, 2, 1)

    def _eta_rows(self, eta: Array, likelihoods: Sequence[Array], weights: Array, marginal: Array) -> list[Array]:
        rows = []
        for place in np.flatnonzero(self.population.free):
            away = np.zeros(eta.size)
            away[place] = _STEP
            up, down = (self.population.log_weights(eta + side * away) for side in (1, -1))
            rows.append(self.population.marginal(likelihoods, weights * (up - down) / (2 * _STEP)) / marginal)
        return rows
