"""Links of two forms that different people answered, by items that are in both: chained through the anchor's score.

X is linked to the anchor in its own group, the anchor to Y in the other. Sources: Kolen & Brennan (2014), sections 4.3
and 5.2; for kernel equating von Davier, Holland & Thayer (2004), chapter 10. The groups are taken for independent.
"""

from collections.abc import Hashable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from alliance_etl.linking.kernel import Continuous, continuous, margins
from alliance_etl.linking.loglinear import (
    NotConverged,
    Smoothed,
    Terms,
    clustered_root,
    smooth_together,
    spread_over_models,
)
from alliance_etl.linking.observed import Straight, linear_link, mean_link, moments, percentile_ranks, steps_at
from alliance_etl.linking.scale import Array, ScoreScale, joint_counts


@dataclass(frozen=True)
class Anchored:
    """One group: its scores on a form and on the anchor, (forms,) each, and whose they are.

    `models` are what could smooth both, and how far the scores speak for each pair; the chosen one comes first.
    Where `same`, the form has no other items than the anchor.
    """

    score: Array
    anchor: Array
    of_score: ScoreScale
    of_anchor: ScoreScale
    participants: Sequence[Hashable]
    models: Mapping[tuple[Terms, Terms], float]
    same: bool = False

    def smoothed(self, weights: Array | None = None, terms: tuple[Terms, Terms] | None = None) -> Smoothed:
        """Both together, by the chosen models or by these. NotConverged where that cannot be done."""
        counts = joint_counts(self.score, self.anchor, self.of_score, self.of_anchor, weights)
        return smooth_together(counts, terms or next(iter(self.models)), (1, 1))

    def distributions(self, weights: Array | None = None) -> tuple[Array, Array]:
        """Smoothed probabilities of the score's steps and of the anchor's."""
        p = self.smoothed(weights).probabilities
        return p.sum(axis=1), p.sum(axis=0)

    def moments(self, weights: Array | None = None) -> tuple[tuple[float, float], tuple[float, float]]:
        sides = ((self.score, self.of_score), (self.anchor, self.of_anchor))
        counts = [(of.counts(scores, weights), of) for scores, of in sides]
        score, anchor = (moments(each / each.sum(), of) for each, of in counts)
        return score, anchor

    @property
    def correlation(self) -> float:
        """Of score and anchor."""
        if self.same:
            return 1.0
        return float(np.corrcoef(self.score, self.anchor)[0, 1]) if self.score.std() and self.anchor.std() else 0.0


def chained_kernel(source: Anchored, target: Anchored) -> tuple[Array, Array]:
    """The target's scores for each possible one of the source, and their standard errors. (size of the source,)"""
    at = np.arange(source.of_score.size, dtype=np.float64)
    anchor, first = (at, np.zeros(at.size)) if source.same else _stepped(_models(source), at)
    if target.same:
        return target.of_score.scores(anchor), first * target.of_score.step
    back = [(weight, pair[::-1]) for weight, pair in _models(target)]
    found, second = _stepped(back, anchor)
    one, other = back[0][1]
    slope = one.of.density(anchor) / other.of.density(found)
    return target.of_score.scores(found), np.hypot(slope * first, second) * target.of_score.step


@dataclass(frozen=True)
class _Side:
    """A continuous distribution, and the root of the covariance of its probabilities."""

    of: Continuous
    root: Array


def _models(group: Anchored) -> list[tuple[float, tuple[_Side, _Side]]]:
    """Score and anchor by each pair of models, with its weight; the chosen one, which has to be there, first."""
    chosen = _both(group, None)
    found = [(group.models[next(iter(group.models))], chosen)]
    for terms in list(group.models)[1:]:
        with suppress(NotConverged):
            found.append((group.models[terms], _both(group, terms, chosen)))
    return found


def _both(
    group: Anchored, terms: tuple[Terms, Terms] | None, like: tuple[_Side, _Side] | None = None
) -> tuple[_Side, _Side]:
    smoothed = group.smoothed(terms=terms)
    cells = group.of_score.places(group.score) * group.of_anchor.size + group.of_anchor.places(group.anchor)
    roots = margins(clustered_root(smoothed, cells, group.participants), smoothed.probabilities.shape)
    score, anchor = (
        continuous(smoothed.probabilities.sum(axis=axis), like[1 - axis].of if like else None) for axis in (1, 0)
    )
    return _Side(score, roots[0]), _Side(anchor, roots[1])


def _stepped(models: Sequence[tuple[float, tuple[_Side, _Side]]], at: Array) -> tuple[Array, Array]:
    """From steps of the one distribution to those of the other, and the standard error there."""
    links = []
    for weight, (one, other) in models:
        found = other.of.steps_at(one.of.cumulative(at))
        moved = one.of.by_probabilities(at) @ one.root - other.of.by_probabilities(found) @ other.root
        links.append((weight, found, np.linalg.norm(moved, axis=1) / other.of.density(found)))
    return links[0][1], spread_over_models(links)


def chained_equipercentile(
    source: Anchored, target: Anchored, weights: tuple[Array | None, Array | None] = (None, None)
) -> Array:
    """The target's scores for each possible one of the source; `weights` are of the forms of both groups."""
    found = np.arange(source.of_score.size, dtype=np.float64)
    if not source.same:
        score, anchor = source.distributions(weights[0])
        found = steps_at(anchor, percentile_ranks(score, found))
    if not target.same:
        score, anchor = target.distributions(weights[1])
        found = steps_at(score, percentile_ranks(anchor, found))
    return target.of_score.scores(found)


def chained_linear(
    source: Anchored, target: Anchored, weights: tuple[Array | None, Array | None] = (None, None)
) -> Straight:
    x, v = source.moments(weights[0])
    y, w = target.moments(weights[1])
    return _chain(linear_link(x, v), linear_link(w, y))


def chained_mean(
    source: Anchored, target: Anchored, weights: tuple[Array | None, Array | None] = (None, None)
) -> Straight:
    x, v = source.moments(weights[0])
    y, w = target.moments(weights[1])
    return _chain(
        mean_link(x, v, source.of_score, source.of_anchor), mean_link(w, y, target.of_anchor, target.of_score)
    )


def _chain(first: Straight, second: Straight) -> Straight:
    return Straight(first.slope * second.slope, second.slope * first.intercept + second.intercept)
