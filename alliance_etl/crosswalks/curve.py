"""A link as its method made it: for each possible score of the source, before it is told as a crosswalk's component."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from alliance_etl.crosswalks.evidence import beyond
from alliance_etl.crosswalks.model import ByItems, Method, Point
from alliance_etl.linking.irt.summed import Places
from alliance_etl.linking.scale import Array, ScoreScale

DIGITS = 4


@dataclass(frozen=True)
class Seen:
    """The scores of one side, in POMP, and whose they are. (forms,)"""

    scores: Array
    participants: Sequence[str]
    scale: ScoreScale


@dataclass(frozen=True)
class Curve:
    """`linked` and its standard `error`, in POMP of the target, for each possible score of the source. (scores,)"""

    method: Method
    linked: Array
    error: Array
    by_items: ByItems | None = None
    trait: Places | None = None

    @property
    def within(self) -> Array:
        """Linked scores are scores of the target: none is below 0 or above 100, and they never fall."""
        return within(self.linked)

    def points(self, source: Seen, target: Seen) -> tuple[Point, ...]:
        """Every possible score of the source, with how many people reach it, or what it is linked to.

        A linked score is reached by who is no more than half a step away.
        """
        scale, half = source.scale, target.scale.step / 2
        reached = [
            beyond(target.scores, target.participants, np.clip(self.within + side, 0, 100)) for side in (-half, half)
        ]
        seen = np.minimum(beyond(source.scores, source.participants, scale.points), np.maximum(*reached))
        nobody = np.full(scale.size, np.nan)
        trait, spread = (self.trait.mean, self.trait.deviation) if self.trait else (nobody, nobody)
        return tuple(
            Point(
                score=round(score, 6),
                linked=linked,
                error=error,
                beyond=people,
                trait=_or_none(place),
                trait_sd=_or_none(sd),
            )
            for score, linked, error, people, place, sd in zip(
                scale.points.tolist(),
                rounded(self.within),
                rounded(self.error),
                seen.tolist(),
                trait,
                spread,
                strict=True,
            )
        )


def within(linked: Array) -> Array:
    return np.maximum.accumulate(np.clip(linked, 0.0, 100.0))


def rounded(values: Array) -> list[float]:
    return [round(float(value), DIGITS) for value in values]


def _or_none(value: float) -> float | None:
    return round(float(value), DIGITS) if np.isfinite(value) else None
