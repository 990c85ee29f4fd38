"""Links of two forms that different people answered, in one population made of both: Tucker, Levine, frequencies.

What each group would score on the form that it did not answer is told by the anchor, by an assumption of each method's
own. Source: Kolen & Brennan (2014), chapter 4 (equations 4.2 to 4.5, 4.10 to 4.17, 4.38) and section 5.1. The anchor is
internal: its items are part of both forms. The population takes each group by the weight of its forms.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from alliance_etl.linking.anchored import Anchored
from alliance_etl.linking.loglinear import smooth
from alliance_etl.linking.observed import Straight, linear_link, percentile_ranks, steps_at
from alliance_etl.linking.scale import Array


@dataclass(frozen=True)
class Moments:
    """Of one group: mean and variance (divisor n) of score and anchor, and their covariance."""

    mean: float
    variance: float
    anchor_mean: float
    anchor_variance: float
    covariance: float
    n: float


def moments_of(group: Anchored, weights: Array | None = None) -> Moments:
    weight = np.ones(group.score.size) if weights is None else weights
    n = float(weight.sum())
    mean, anchor_mean = (float(weight @ each) / n for each in (group.score, group.anchor))
    score, anchor = group.score - mean, group.anchor - anchor_mean
    return Moments(
        mean,
        float(weight @ score**2) / n,
        anchor_mean,
        float(weight @ anchor**2) / n,
        float(weight @ (score * anchor)) / n,
        n,
    )


def tucker(source: Moments, target: Moments, share: float | None = None) -> Straight:
    """The regression of each score on the anchor is the same in both groups.

    `share` is that of the source's group in the population, by the number of forms where left out.
    """
    return _line(source, target, share, lambda group: group.covariance / group.anchor_variance)


def levine(source: Moments, target: Moments, share: float | None = None) -> Straight:
    """The true scores of form and anchor go together as one, on the same line in both groups (congeneric)."""
    return _line(source, target, share, lambda group: group.variance / group.covariance)


def _line(source: Moments, target: Moments, share: float | None, gamma: Callable[[Moments], float]) -> Straight:
    of_source = source.n / (source.n + target.n) if share is None else share
    of_target = 1 - of_source
    apart = source.anchor_mean - target.anchor_mean
    spread = source.anchor_variance - target.anchor_variance
    x, y = gamma(source), gamma(target)
    both = of_source * of_target * apart**2
    found = (
        (source.mean - of_target * x * apart, source.variance + x**2 * (both - of_target * spread)),
        (target.mean + of_source * y * apart, target.variance + y**2 * (both + of_source * spread)),
    )
    return linear_link(*((mean, float(np.sqrt(max(variance, 0.0)))) for mean, variance in found))


def frequency_estimation(
    source: Anchored,
    target: Anchored,
    weights: tuple[Array | None, Array | None] = (None, None),
    share: float | None = None,
) -> Array:
    """The target's scores for each possible one of the source: equal percentile ranks in the population of both.

    The distribution of each score, given the anchor's, is the same in both groups. Distributions are smoothed;
    NotConverged where that cannot be done.
    """
    sizes = [
        group.score.size if w is None else float(w.sum()) for group, w in zip((source, target), weights, strict=True)
    ]
    of_source = sizes[0] / sum(sizes) if share is None else share
    x, y = _joint(source, weights[0]), _joint(target, weights[1])
    of_x = of_source * x.sum(axis=1) + (1 - of_source) * _as_if(x, y.sum(axis=0))
    of_y = (1 - of_source) * y.sum(axis=1) + of_source * _as_if(y, x.sum(axis=0))
    return target.of_score.scores(steps_at(of_y, percentile_ranks(of_x, np.arange(of_x.size, dtype=np.float64))))


def _joint(group: Anchored, weights: Array | None) -> Array:
    """Smoothed probabilities of score (rows) and anchor."""
    if not group.same:
        return group.smoothed(weights).probabilities
    return np.diag(smooth(group.of_score.counts(group.score, weights), next(iter(group.models))[0]).probabilities)


def _as_if(joint: Array, anchor: Array) -> Array:
    """The distribution of a score (joint with its anchor: score by anchor) in people with another one of the anchor."""
    return np.asarray(joint @ (anchor / joint.sum(axis=0)))
