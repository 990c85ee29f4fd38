"""Who answered: normal distributions of one trait in several groups, or of two correlated traits in one.

Both are taken at the nodes of one grid, and their weights add up to 1 there. `eta` are a population's parameters:
means, logarithms of standard deviations, and the inverse hyperbolic tangent of the correlation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from alliance_etl.linking.scale import Array

# Beyond this, two traits are one, and the likelihood has no maximum inside.
HIGHEST_CORRELATION = 0.995
NODES: Array = np.linspace(-6.0, 6.0, 61)


class Population(Protocol):
    """What calibration asks of it. Likelihoods are of each form's answers, at the nodes: (forms, nodes) by trait."""

    @property
    def traits(self) -> int: ...

    @property
    def shares(self) -> Array:
        """How large each group is, as a share of all forms. (groups,)"""
        ...

    @property
    def start(self) -> Array:
        """eta to begin with: standard normal, uncorrelated."""
        ...

    @property
    def free(self) -> NDArray[np.bool_]:
        """Which of eta are estimated; the others fix the metric."""
        ...

    def trouble(self, eta: Array) -> str | None:
        """Why a population with this eta is none that can be estimated."""
        ...

    def log_weights(self, eta: Array) -> Array: ...

    def marginal(self, likelihoods: Sequence[Array], weights: Array) -> Array:
        """The probability of each form's answers. (forms,)"""
        ...

    def posteriors(self, likelihoods: Sequence[Array], weights: Array, marginal: Array) -> tuple[Array, ...]:
        """Where each form is on each trait. (forms, nodes), by trait."""
        ...

    def updated(self, likelihoods: Sequence[Array], weights: Array, marginal: Array) -> Array:
        """eta from the moments of the posteriors: what a step of the EM algorithm makes of it."""
        ...


@dataclass(frozen=True)
class OneTrait:
    """One trait; `groups` (forms,) numbers the group of each form. eta: mean and log deviation of each group."""

    groups: NDArray[np.int64]
    anchored: bool = False
    """Whether items of known parameters fix the metric; else the first group is standard normal."""

    @property
    def traits(self) -> int:
        return 1

    @property
    def number(self) -> int:
        return int(self.groups.max()) + 1

    @property
    def shares(self) -> Array:
        return np.bincount(self.groups) / self.groups.size

    @property
    def start(self) -> Array:
        return np.zeros(2 * self.number)

    @property
    def free(self) -> NDArray[np.bool_]:
        return np.array([self.anchored] * 2 + [True] * (2 * self.number - 2))

    def trouble(self, eta: Array) -> str | None:
        outside = np.abs(eta[0::2]) + 2 * np.exp(eta[1::2]) > NODES[-1]
        return f"{int(outside.sum())} groups are too far from the first, or too wide" if outside.any() else None

    def log_weights(self, eta: Array) -> Array:
        """(groups, nodes)"""
        means, deviations = eta[0::2, None], np.exp(eta[1::2, None])
        bell = -(((NODES[None, :] - means) / deviations) ** 2) / 2
        return np.asarray(bell - logsumexp(bell, axis=1, keepdims=True))

    def marginal(self, likelihoods: Sequence[Array], weights: Array) -> Array:
        return np.asarray((likelihoods[0] * weights[self.groups]).sum(axis=1))

    def posteriors(self, likelihoods: Sequence[Array], weights: Array, marginal: Array) -> tuple[Array, ...]:
        return (likelihoods[0] * weights[self.groups] / marginal[:, None],)

    def updated(self, likelihoods: Sequence[Array], weights: Array, marginal: Array) -> Array:
        (posterior,) = self.posteriors(likelihoods, weights, marginal)
        found = []
        for group in range(self.number):
            shares = posterior[self.groups == group].mean(axis=0)
            mean = float(shares @ NODES)
            found += [mean, 0.5 * float(np.log(shares @ (NODES - mean) ** 2))]
        return np.array(found)


@dataclass(frozen=True)
class TwoTraits:
    """Two traits in one group. eta: mean and log deviation of each, and atanh of their correlation."""

    anchored: tuple[bool, bool] = (False, False)
    """Whether items of known parameters fix a trait's metric; else it is standard normal."""

    @property
    def traits(self) -> int:
        return 2

    @property
    def shares(self) -> Array:
        return np.ones(1)

    @property
    def start(self) -> Array:
        return np.array([0.0, 0.0, 0.0, 0.0, 0.5])

    @property
    def free(self) -> NDArray[np.bool_]:
        first, second = self.anchored
        return np.array([first, first, second, second, True])

    def trouble(self, eta: Array) -> str | None:
        correlation = float(np.tanh(eta[4]))
        if abs(correlation) < HIGHEST_CORRELATION:
            return None
        return f"the two traits correlate {correlation:.3f} and are one as far as these answers tell; link them as one"

    def log_weights(self, eta: Array) -> Array:
        """(nodes of the first, nodes of the second)"""
        correlation = np.tanh(eta[4])
        x = ((NODES - eta[0]) / np.exp(eta[1]))[:, None]
        y = ((NODES - eta[2]) / np.exp(eta[3]))[None, :]
        bell = -(x**2 - 2 * correlation * x * y + y**2) / (2 * (1 - correlation**2))
        return np.asarray(bell - logsumexp(bell))

    def marginal(self, likelihoods: Sequence[Array], weights: Array) -> Array:
        first, second = likelihoods
        return np.asarray(((first @ weights) * second).sum(axis=1))

    def posteriors(self, likelihoods: Sequence[Array], weights: Array, marginal: Array) -> tuple[Array, ...]:
        first, second = likelihoods
        return first * (second @ weights.T) / marginal[:, None], second * (first @ weights) / marginal[:, None]

    def updated(self, likelihoods: Sequence[Array], weights: Array, marginal: Array) -> Array:
        first, second = likelihoods
        together = weights * ((first / marginal[:, None]).T @ second) / marginal.size
        found, away = [], []
        for shares in (together.sum(axis=1), together.sum(axis=0)):
            mean = float(shares @ NODES)
            spread = float(np.sqrt(shares @ (NODES - mean) ** 2))
            found += [mean, np.log(spread)]
            away.append((NODES - mean) / spread)
        return np.array([*found, np.arctanh(np.clip(away[0] @ together @ away[1], -0.9999, 0.9999))])
