"""From pairs of forms to the link of one component, by each method, with standard errors and the evidence."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from alliance_etl.crosswalks.curve import DIGITS, Curve, Seen, rounded, within
from alliance_etl.crosswalks.evidence import cronbach_alpha, invariance
from alliance_etl.crosswalks.model import (
    ENDS,
    OBSERVED,
    LinkedComponent,
    Method,
    ObservedMethod,
    ScoreMethod,
    Side,
    Subgroup,
)
from alliance_etl.crosswalks.pairs import Measured, Pairs
from alliance_etl.linking.bootstrap import by_participant
from alliance_etl.linking.kernel import Continuous, continuous, kernel_error, kernel_link, margins
from alliance_etl.linking.loglinear import (
    NotConverged,
    Smoothed,
    Terms,
    best_model,
    clustered_root,
    ladder,
    model_weights,
    smooth_together,
    spread_over_models,
)
from alliance_etl.linking.observed import equipercentile_link, linear_link, mean_link, moments
from alliance_etl.linking.scale import Array, ScoreScale, joint_counts

# Moses, T., & Holland, P. W. (2009). Selection strategies for univariate loglinear smoothing models. Journal of
# Educational Measurement, 46, 159-176: AIC does best for equating; beyond the sixth moment little is left to keep.
DEGREES = range(2, 7)


@dataclass(frozen=True)
class Scores:
    """The pairs as scores in POMP on their scales, and by degree the models that could smooth them (source, target)."""

    x: Array
    y: Array
    of_x: ScoreScale
    of_y: ScoreScale
    participants: tuple[str, ...]
    models: tuple[Mapping[Terms, Smoothed], Mapping[Terms, Smoothed]]

    @property
    def terms(self) -> tuple[Terms, Terms]:
        """What smooths them. NotConverged where the scores are too few, or too much alike, for any."""
        x, y = self.models
        return best_model(x, "aic"), best_model(y, "aic")


def scores_of(pairs: Pairs, source: Measured, target: Measured) -> Scores:
    x, y = source.pomp(pairs.source), target.pomp(pairs.target)
    models = [ladder(of.scale.counts(each), DEGREES, ends=True) for each, of in ((x, source), (y, target))]
    return Scores(x, y, source.scale, target.scale, pairs.participants, (models[0], models[1]))


def linked_component(
    pairs: Pairs, source: Measured, target: Measured, curve: Curve, *, override: str | None = None
) -> LinkedComponent:
    """What a crosswalk tells of a component that was linked by pairs."""
    scores = scores_of(pairs, source, target)
    weights = scores.of_x.counts(scores.x) / scores.x.size
    by_site, remsd = invariance(
        scores.x, scores.y, "site", pairs.sites.tolist(), pairs.participants, scores.of_x.points, weights
    )
    smoothed = curve.method in ("kernel", "equipercentile")
    sides = (
        side(scores.x, pairs.source, scores.models[0] if smoothed else {}),
        side(scores.y, pairs.target, scores.models[1] if smoothed else {}),
    )
    days = [day for day in pairs.dates if day is not None]
    return LinkedComponent(
        pairs=pairs.number,
        participants=pairs.n_participants,
        first=min(days, default=None),
        last=max(days, default=None),
        correlation=round(correlation(scores.x, scores.y), DIGITS),
        override=override,
        source=sides[0],
        target=sides[1],
        mean_error=round(float(weights @ curve.error), DIGITS),
        measurement_error=measurement_error(*sides),
        by_items=curve.by_items,
        subgroups=(*by_site, *_by_order(scores, pairs, weights)),
        remsd=remsd,
        others=_others(scores, curve.method),
        points=curve.points(
            Seen(scores.x, scores.participants, scores.of_x), Seen(scores.y, scores.participants, scores.of_y)
        ),
    )


def curve_of_pairs(
    pairs: Pairs, source: Measured, target: Measured, method: ObservedMethod, *, replications: int, seed: int
) -> Curve:
    """By the scores. NotConverged where the method smooths a distribution, and that cannot be done."""
    scores = scores_of(pairs, source, target)
    return Curve(method, *_with_error(scores, method, replications, seed))


def _by_order(scores: Scores, pairs: Pairs, weights: Array) -> tuple[Subgroup, ...]:
    """Whether the link is another one where the source's form came first: a change between both would show there."""
    if pairs.apart is None:
        return ()
    order = np.where(pairs.apart > 0, "source first", np.where(pairs.apart < 0, "target first", "together")).tolist()
    return invariance(scores.x, scores.y, "order", order, pairs.participants, scores.of_x.points, weights)[0]


def correlation(x: Array, y: Array) -> float:
    """Pearson's r; 0 where one side has only one score."""
    return float(np.corrcoef(x, y)[0, 1]) if x.std() > 0 and y.std() > 0 else 0.0


def pairs_needed(mean_error: float, pairs: int, wanted: float) -> int:
    """How many more pairs bring the mean standard error to the wanted one: errors go with one over the root of n."""
    return max(0, int(np.ceil(pairs * (mean_error / wanted) ** 2)) - pairs)


def _with_error(scores: Scores, method: ObservedMethod, replications: int, seed: int) -> tuple[Array, Array]:
    if method == "kernel":
        return _kernel(scores)
    estimate = ESTIMATORS[method]
    drawn = by_participant(
        scores.participants,
        lambda weights: estimate(scores, weights),
        replications=replications,
        seed=seed,
        failing=(NotConverged,),
    )
    return estimate(scores, np.ones(scores.x.size)), drawn.errors


def _kernel(scores: Scores) -> tuple[Array, Array]:
    """Kernel links, with errors from the covariance between participants and from the choice of the models."""
    cells = scores.of_x.places(scores.x) * scores.of_y.size + scores.of_y.places(scores.y)
    counts = joint_counts(scores.x, scores.y, scores.of_x, scores.of_y)
    links: list[tuple[float, Array, Array]] = []
    chosen: tuple[Continuous | None, Continuous | None] = (None, None)
    for place, (terms, weight) in enumerate(model_weights(*scores.models).items()):
        try:
            both = smooth_together(counts, terms, (1, 1))
        except NotConverged:
            if place == 0:
                raise
            continue  # a model that nobody chose, and that these scores cannot have
        spread = clustered_root(both, cells, scores.participants)
        x, y = (continuous(both.probabilities.sum(axis=axis), like) for axis, like in zip((1, 0), chosen, strict=True))
        chosen = chosen if links else (x, y)
        linked = kernel_link(x, y, scores.of_y)
        error = kernel_error(x, y, *margins(spread, (scores.of_x.size, scores.of_y.size)), linked, scores.of_y)
        links.append((weight, within(linked), error))
    return links[0][1], spread_over_models(links)


def _together(scores: Scores, weights: Array) -> Smoothed:
    counts = joint_counts(scores.x, scores.y, scores.of_x, scores.of_y, weights)
    return smooth_together(counts, scores.terms, (1, 1))


def _kernel_link(scores: Scores, weights: Array) -> Array:
    both = _together(scores, weights)
    x, y = continuous(both.probabilities.sum(axis=1)), continuous(both.probabilities.sum(axis=0))
    return within(kernel_link(x, y, scores.of_y))


def _equipercentile_link(scores: Scores, weights: Array) -> Array:
    """The models are chosen anew for each weighting, so that errors by drawing know of that choice."""
    ladders = [
        ladder(of.counts(each, weights), DEGREES, ends=True)
        for each, of in ((scores.x, scores.of_x), (scores.y, scores.of_y))
    ]
    x, y = (models[best_model(models, "aic")].probabilities for models in ladders)
    return within(equipercentile_link(x, y, scores.of_x, scores.of_y))


def _moments(scores: Scores, weights: Array) -> tuple[tuple[float, float], tuple[float, float]]:
    shares = (of.counts(s, weights) / weights.sum() for s, of in ((scores.x, scores.of_x), (scores.y, scores.of_y)))
    x, y = shares
    return moments(x, scores.of_x), moments(y, scores.of_y)


def _linear_link(scores: Scores, weights: Array) -> Array:
    return within(linear_link(*_moments(scores, weights))(scores.of_x.points))


def _mean_link(scores: Scores, weights: Array) -> Array:
    return within(mean_link(*_moments(scores, weights), scores.of_x, scores.of_y)(scores.of_x.points))


ESTIMATORS: Mapping[ObservedMethod, Callable[[Scores, Array], Array]] = {
    "kernel": _kernel_link,
    "equipercentile": _equipercentile_link,
    "linear": _linear_link,
    "mean": _mean_link,
}


def _others(scores: Scores, method: Method) -> dict[ScoreMethod, tuple[float, ...]]:
    """What the other methods make of the same scores; one that smooths is left out where that cannot be done."""
    found: dict[ScoreMethod, tuple[float, ...]] = {}
    for other in OBSERVED:
        if other != method:
            with suppress(NotConverged):
                found[other] = tuple(rounded(ESTIMATORS[other](scores, np.ones(scores.x.size))))
    return found


def side(scores: Array, keyed: Array, models: Mapping[Terms, Smoothed]) -> Side:
    alpha = cronbach_alpha(keyed)
    best = best_model(models, "aic") if models else None
    alike = {terms.degree: model for terms, model in models.items() if best and terms[1:] == best[1:]}
    return Side(
        items=keyed.shape[1],
        mean=round(float(scores.mean()), DIGITS),
        sd=round(float(scores.std()), DIGITS),
        alpha=None if alpha is None else round(alpha, DIGITS),
        degree=best.degree if best else None,
        ends=tuple(end for end in ENDS if best and getattr(best, end)),
        criteria={degree: (round(model.aic, 2), round(model.bic, 2)) for degree, model in alike.items()},
    )


def measurement_error(source: Side, target: Side) -> float | None:
    """Of a single form's linked score: √(1 - alpha) of the source, on the target's ruler."""
    return None if source.alpha is None else round(target.sd * max(0.0, 1 - source.alpha) ** 0.5, DIGITS)
