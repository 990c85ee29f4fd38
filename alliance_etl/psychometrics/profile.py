"""Intervals of the shares of therapists and participants in the variance of scores, by profile likelihood (Venzon &
Moolgavkar 1988, Appl Stat 37:87-94), which goes up to the edge of what can be and is no more symmetric than it must.

The criterion is that of variance.py, restricted likelihood, of which the scale is found in closed form: what is left
is a function of the two shares.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import optimize, stats

from alliance_etl.psychometrics.reliability import LEVEL

Floats = NDArray[np.float64]
Criterion = Callable[[float], float]
_RISE = float(stats.chi2.ppf(LEVEL, 1))
_MOST = 1 - 1e-6
_NEAR, _NEARER = 1e-5, 1e-7
# Of a standard error: from so far off the bend of the criterion is told.
_STEP = 0.2


@dataclass(frozen=True)
class Share:
    """An estimate, and its standard error by the jackknife: without one, effects are taken as normal."""

    value: float
    se: float | None = None


@dataclass(frozen=True)
class Intervals:
    """The ends of the 95 % intervals of both shares, the lower first; of therapists None where they are no level."""

    participant: tuple[float, float]
    therapist: tuple[float, float] | None


@dataclass(frozen=True)
class Likelihood:
    """What is known of the participants of one therapist with the same number of forms: how many they are, sum and sum
    of squares of their means, sum of squares around these. `of` numbers the therapists from 0.
    """

    forms: Floats
    people: Floats
    sums: Floats
    squares: Floats
    around: float
    of: NDArray[np.int64]

    def at(self, participant: float, therapist: float) -> float:
        """-2 log of the restricted likelihood of these shares, but for a constant."""
        spread = participant + (1 - participant - therapist) / self.forms
        weight = 1 / spread
        weights = np.bincount(self.of, self.people * weight)
        sums = np.bincount(self.of, self.sums * weight)
        precision = weights / (1 + therapist * weights)
        means = sums / weights
        grand = float(precision @ means) / float(precision.sum())
        within = 1 - participant - therapist
        freedom = float(self.forms @ self.people) - 1
        off = self.around / within + float(self.squares @ weight - sums @ means + precision @ (means - grand) ** 2)
        return (
            float((self.forms - 1) @ self.people * np.log(within))
            + float(self.people @ np.log(spread) + np.log1p(therapist * weights).sum() + np.log(precision.sum()))
            + freedom * float(np.log(off / freedom))
        )


def likelihood_of(scores: pl.DataFrame, *, with_therapists: bool) -> Likelihood:
    """Of a frame as variance.components takes it, its scores in any unit."""
    top = pl.col("therapist") if with_therapists else pl.lit("")
    centred = (pl.col("score") - pl.col("score").mean()) / pl.col("score").std(ddof=0)
    of_each = (
        scores.with_columns(centred, top.alias("top"))
        .group_by("top", "participant")
        .agg(forms=pl.len(), mean=pl.col("score").mean(), around=pl.col("score").var(ddof=0) * pl.len())
        .sort("top", "participant")
    )
    means = pl.col("mean")
    alike = of_each.group_by("top", "forms", maintain_order=True).agg(
        people=pl.len().cast(pl.Float64), sums=means.sum(), squares=(means**2).sum()
    )
    return Likelihood(
        forms=alike["forms"].cast(pl.Float64).to_numpy(),
        people=alike["people"].to_numpy(),
        sums=alike["sums"].to_numpy(),
        squares=alike["squares"].to_numpy(),
        around=float(of_each["around"].sum()),
        of=alike["top"].rank("dense").to_numpy().astype(np.int64) - 1,
    )


def intervals(likelihood: Likelihood, participant: Share, therapist: Share | None) -> Intervals:
    """Around the shares that the restricted likelihood is greatest at."""
    if therapist is None:
        return Intervals(_interval(lambda share: likelihood.at(share, 0.0), participant), None)
    return Intervals(
        _interval(lambda share: _least(lambda other: likelihood.at(share, other), 1 - share), participant),
        _interval(lambda share: _least(lambda other: likelihood.at(other, share), 1 - share), therapist),
    )


def _least(criterion: Criterion, most: float) -> float:
    """The least that the criterion can be where the other share is free, from zero to this."""
    inside = optimize.minimize_scalar(criterion, bounds=(0, most), method="bounded", options={"xatol": _NEAR})
    return float(min(inside.fun, criterion(0.0)))


def _interval(profile: Criterion, share: Share) -> tuple[float, float]:
    """Where the criterion has risen from its least so far that the share is refused, on either side; else the edge."""
    at, least = share.value, profile(share.value)
    rise = np.sqrt(_RISE * _widening(profile, share, least))

    def beyond(value: float) -> float:
        return float(np.sqrt(max(profile(value) - least, 0.0)) - rise)  # nearly a straight line

    low = optimize.brentq(beyond, 0.0, at, xtol=_NEARER) if at > 0 and beyond(0.0) > 0 else 0.0
    high = optimize.brentq(beyond, at, _MOST, xtol=_NEARER) if at < _MOST and beyond(_MOST) > 0 else 1.0
    return float(low), float(high)


def _widening(profile: Criterion, share: Share, least: float) -> float:
    """How much larger the share's variance is by the jackknife than by the bend of the criterion, which takes effects
    as normal: the statistic of the likelihood ratio is by so much too large (Kent 1982, Biometrika 69:19-27). Never
    below one: few therapists tell too little of it.
    """
    step = min(_STEP * (share.se or 0.0), share.value / 2, (1 - share.value) / 2)
    if share.se is None or step <= 0:
        return 1.0
    bend = (profile(share.value + step) + profile(share.value - step) - 2 * least) / step**2
    return max(share.se**2 * bend / 2, 1.0)
