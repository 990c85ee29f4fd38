"""Summed scores under a graded model: how probable each is, where its people are, and what it is as high as.

Sources: Lord, F. M., & Wingersky, M. S. (1984). Applied Psychological Measurement, 8, 453-461, for answers of several
kinds; Thissen, D., Pommerich, M., Billeaud, K., & Williams, V. S. L. (1995). Item response theory for scores on tests
including polytomous items with ordered responses. Applied Psychological Measurement, 19, 39-49; Kolen, M. J., &
Brennan, R. L. (2014), section 6.5 to 6.7.
"""

from dataclasses import dataclass

import numpy as np

from alliance_etl.linking.irt.graded import Graded
from alliance_etl.linking.scale import Array, ScoreScale

# Beyond this nobody is; a true score that is reached later is the end of its scale.
_FARTHEST = 40.0
_HALVINGS = 60
# Scores that fewer than one in so many would have are nobody's: their place on the trait is not known.
_RAREST = 1e-12


@dataclass(frozen=True)
class Form:
    """A form's items and what their answers score, in whole steps from 0 to `highest`.

    `values` (items, answers), NaN behind an item's last answer.
    """

    items: Graded
    values: Array
    highest: int

    @property
    def scale(self) -> ScoreScale:
        return ScoreScale(0.0, float(self.highest))

    @property
    def ends(self) -> tuple[float, float]:
        """The lowest and the highest sum of answers that somebody gave."""
        return float(np.nanmin(self.values, axis=1).sum()), float(np.nanmax(self.values, axis=1).sum())

    def sums(self, at: Array) -> Array:
        """The probability of each sum. (at, highest + 1)"""
        at = np.asarray(at, dtype=np.float64)
        found = np.zeros((at.size, self.highest + 1))
        found[:, 0] = 1.0
        for probabilities, values in zip(self.items.probabilities(at), self.values, strict=True):
            longer = np.zeros_like(found)
            for k, value in enumerate(values[np.isfinite(values)]):
                step = round(float(value))
                longer[:, step:] += probabilities[:, k, None] * found[:, : self.highest + 1 - step]
            found = longer
        return found

    def expected(self, at: Array) -> Array:
        """The expected sum. (at,)"""
        return self.items.expected(at, self.values)

    def expected_slopes(self, at: Array) -> Array:
        """How the expected sum changes with slope and intercepts of each item. (at, items, parameters of an item)"""
        p, slopes = self.items.probabilities(at), self.items.slopes_of_logarithms(at)
        return np.asarray(np.einsum("iqk,iqkp,ik->qip", p, slopes, np.nan_to_num(self.values)))

    def rise(self, at: Array) -> Array:
        """How the expected sum grows with the trait. (at,)"""
        cumulative = self.items.at_least(at)
        steep = self.items.slopes[:, None, None] * cumulative * (1 - cumulative)
        return np.asarray(np.einsum("iqk,ik->q", -np.diff(steep, axis=2), np.nan_to_num(self.values)))

    def sum_slopes(self, at: Array, weights: Array) -> Array:
        """How weighted means over the nodes of each sum's probability change with the parameters of each item.

        `weights` (means, at). By generating functions at roots of unity, where leaving an item out is a product of
        those before and behind it. (means, highest + 1, items, parameters of an item)
        """
        p, slopes = self.items.probabilities(at), self.items.slopes_of_logarithms(at)
        turns = np.exp(
            -2j * np.pi * np.outer(np.nan_to_num(self.values).ravel(), np.arange(self.highest + 1)) / (self.highest + 1)
        )
        turns = turns.reshape(*self.values.shape, -1)
        own = np.einsum("iqk,ikm->iqm", p, turns)
        before, behind = np.ones_like(own), np.ones_like(own)
        before[1:] = np.cumprod(own[:-1], axis=0)
        behind[:-1] = np.cumprod(own[:0:-1], axis=0)[::-1]
        found = []
        for item, others in enumerate(before * behind):
            moved = np.einsum("qk,qkp,km->qmp", p[item], slopes[item], turns[item])
            found.append(np.einsum("jq,qm,qmp->jmp", weights, others, moved))
        return np.asarray(np.fft.ifft(np.stack(found, axis=2), axis=1).real)

    def place_of(self, sums: Array) -> Array:
        """Where on the trait these sums are expected; ±_FARTHEST beyond the ends. (sums,)"""
        low, high = np.full(sums.size, -_FARTHEST), np.full(sums.size, _FARTHEST)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            below = self.expected(middle) < sums
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return np.asarray((low + high) / 2)


@dataclass(frozen=True)
class Places:
    """Mean and standard deviation of something, given a sum: (sums,); NaN where nobody is."""

    mean: Array
    deviation: Array


def given_sum(form: Form, at: Array, weights: Array, of: Array) -> Places:
    """Expected a posteriori, for each possible sum, of what `of` (at, …) is at each node."""
    together = form.sums(at) * weights[:, None]
    total = together.sum(axis=0)
    seen = total > _RAREST * total.max()
    shares = np.divide(together, total, out=np.full_like(together, np.nan), where=seen)
    mean = of @ shares
    return Places(mean, np.sqrt(np.maximum(of**2 @ shares - mean**2, 0)))


def true_score_link(source: Form, target: Form) -> Array:
    """For each possible sum of the source, the target's where both are the expected ones. (highest + 1,)"""
    sums = source.scale.points
    lowest, highest = source.ends
    at = source.place_of(sums)
    linked = target.expected(at)
    linked = np.where(sums <= lowest, target.ends[0], linked)
    return np.where(sums >= highest, target.ends[1], linked)
