"""From forms of different people to the link of one component, through the items that both instruments have."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

import numpy as np

from alliance_etl.crosswalks.curve import DIGITS, Curve, Seen, rounded, within
from alliance_etl.crosswalks.estimate import DEGREES, measurement_error, side
from alliance_etl.crosswalks.groups import Group, Groups, items_elsewhere
from alliance_etl.crosswalks.model import BY_SCORES, Anchor, LinkedComponent, Method, ScoreMethod
from alliance_etl.linking.anchored import (
    Anchored,
    chained_equipercentile,
    chained_kernel,
    chained_linear,
    chained_mean,
)
from alliance_etl.linking.bootstrap import by_participant
from alliance_etl.linking.loglinear import NotConverged, Smoothed, Terms, ladder, model_weights
from alliance_etl.linking.scale import Array
from alliance_etl.linking.synthetic import frequency_estimation, levine, moments_of, tucker

Weights = tuple[Array | None, Array | None]
# Methods that smooth distributions, and so have models to tell of.
SMOOTHED = ("kernel", "equipercentile", "frequency_estimation")


def sides_of(groups: Groups) -> tuple[Anchored, Anchored]:
    """Both groups as scores. Distributions that nothing smooths have degree 2, and fail where that is used."""
    found = []
    for group, anchor in zip((groups.source, groups.target), groups.anchor_scores(), strict=True):
        models, of_anchor = _models(group), ladder(groups.anchor_scale.counts(anchor), DEGREES, ends=True)
        found.append(
            Anchored(
                group.of.pomp(group.answers),
                anchor,
                group.of.scale,
                groups.anchor_scale,
                group.participants,
                model_weights(models, of_anchor) if models and of_anchor else {(Terms(2), Terms(2)): 1.0},
                same=len(groups.common) == len(group.of.items),
            )
        )
    return found[0], found[1]


def curve_of_groups(groups: Groups, method: ScoreMethod, *, replications: int, seed: int) -> Curve:
    """By the scores. NotConverged where the method smooths a distribution, and that cannot be done."""
    source, target = sides_of(groups)
    if method == "kernel":
        linked, error = chained_kernel(source, target)
        return Curve(method, within(linked), error)
    spreads = []
    for number, group in enumerate((source, target)):
        # each group is drawn while the other stands: what both are unsure of adds up, since they are independent
        def drawn(weights: Array, number: int = number) -> Array:
            if number == 0:
                return _linked(_chosen_anew(source, weights), target, method, (weights, None))
            return _linked(source, _chosen_anew(target, weights), method, (None, weights))

        spreads.append(
            by_participant(
                group.participants, drawn, replications=replications, seed=seed, failing=(NotConverged,)
            ).errors
        )
    return Curve(method, _linked(source, target, method), np.hypot(*spreads))


def _chosen_anew(group: Anchored, weights: Array) -> Anchored:
    """With the models that these weights speak for, so that errors by drawing know of that choice."""
    counts = (group.of_score.counts(group.score, weights), group.of_anchor.counts(group.anchor, weights))
    chosen = next(iter(model_weights(*(ladder(each, DEGREES, ends=True) for each in counts))))
    return replace(group, models={chosen: 1.0})


def chained_component(groups: Groups, curve: Curve, *, override: str | None = None) -> LinkedComponent:
    """What a crosswalk tells of a component that was linked by common items."""
    source, target = sides_of(groups)
    smoothed = curve.method in SMOOTHED
    told = [
        side(each.score, group.answers, _models(group) if smoothed else {})
        for each, group in ((source, groups.source), (target, groups.target))
    ]
    days = [day for group in (groups.source, groups.target) for day in group.dates if day is not None]
    weights = source.of_score.counts(source.score) / source.score.size
    return LinkedComponent(
        pairs=0,
        participants=len({*source.participants, *target.participants}),
        first=min(days, default=None),
        last=max(days, default=None),
        correlation=round(min(source.correlation, target.correlation), DIGITS),
        override=override,
        source=told[0],
        target=told[1],
        mean_error=round(float(weights @ curve.error), DIGITS),
        measurement_error=measurement_error(*told),
        anchor=anchor_of(groups, source, target),
        by_items=curve.by_items,
        others=_others(source, target, curve.method),
        points=curve.points(
            *(
                Seen(each.score, group.participants, each.of_score)
                for each, group in zip((source, target), (groups.source, groups.target), strict=True)
            )
        ),
    )


def anchor_of(groups: Groups, source: Anchored, target: Anchored) -> Anchor:
    spread = np.sqrt((source.anchor.var() + target.anchor.var()) / 2)
    difference = (source.anchor.mean() - target.anchor.mean()) / spread if spread else 0.0
    return Anchor(
        items=groups.common,
        elsewhere=items_elsewhere(groups.source.of, groups.target.of),
        source_forms=source.score.size,
        target_forms=target.score.size,
        in_both=len({*source.participants} & {*target.participants}),
        source_correlation=round(source.correlation, DIGITS),
        target_correlation=round(target.correlation, DIGITS),
        difference=round(float(difference), DIGITS),
    )


def _models(group: Group) -> Mapping[Terms, Smoothed]:
    return ladder(group.of.scale.counts(group.of.pomp(group.answers)), DEGREES, ends=True)


def _linked(source: Anchored, target: Anchored, method: ScoreMethod, weights: Weights = (None, None)) -> Array:
    if method == "kernel":
        return within(chained_kernel(source, target)[0])
    if method == "equipercentile":
        return within(chained_equipercentile(source, target, weights))
    if method == "frequency_estimation":
        return within(frequency_estimation(source, target, weights))
    if method in ("linear", "mean"):
        line = (chained_linear if method == "linear" else chained_mean)(source, target, weights)
    else:
        estimate = tucker if method == "tucker" else levine
        line = estimate(moments_of(source, weights[0]), moments_of(target, weights[1]))
    return within(line(source.of_score.points))


def _others(source: Anchored, target: Anchored, method: Method) -> dict[ScoreMethod, tuple[float, ...]]:
    found: dict[ScoreMethod, tuple[float, ...]] = {}
    for other in BY_SCORES:
        if other != method:
            with suppress(NotConverged):
                found[other] = tuple(rounded(_linked(source, target, other)))
    return found
