"""What a crosswalk is: the link of each component that two instruments share, with all that it was estimated from.

Scores are in percent of maximum possible (POMP) on both sides. A crosswalk is a YAML file that people review; nothing
in it is a person's.
"""

from collections.abc import Mapping
from datetime import date
from typing import Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from alliance_etl.linking.scale import Array

ObservedMethod = Literal["kernel", "equipercentile", "linear", "mean"]
AnchorMethod = Literal["frequency_estimation", "tucker", "levine"]
ScoreMethod = ObservedMethod | AnchorMethod
IrtMethod = Literal["irt_true_score", "irt_observed_score", "calibrated_projection"]
Method = ScoreMethod | IrtMethod
Design = Literal["single_group", "nested_items", "nearby_sessions", "common_items"]
End = Literal["lowest", "highest"]
Calibration = Literal["concurrent", "stocking_lord", "haebara", "mean_sigma", "mean_mean"]

ENDS: tuple[End, ...] = ("lowest", "highest")
# By the scores themselves, under any design and under common_items only; and by a model of the items behind them.
OBSERVED: tuple[ObservedMethod, ...] = ("kernel", "equipercentile", "linear", "mean")
BY_ANCHOR: tuple[AnchorMethod, ...] = ("frequency_estimation", "tucker", "levine")
BY_SCORES: tuple[ScoreMethod, ...] = (*OBSERVED, *BY_ANCHOR)
BY_ITEMS: tuple[IrtMethod, ...] = ("irt_true_score", "irt_observed_score", "calibrated_projection")
# Dorans, N. J., & Walker, M. E. (2007). Sizing up linkages. In Linking and aligning scores and scales, Springer: at
# this correlation knowing the one score halves the uncertainty about the other.
LOWEST_CORRELATION = 0.866
# Kolen & Brennan (2014, section 8.5): groups that differ by more than half a standard deviation on the common items are
# troublesome, whatever the method.
LARGEST_DIFFERENCE = 0.5


# Of scores that fewer participants reach, intervals hold the truth too seldom: simulations of docs/linking.md.
FEWEST_BEYOND = 5
# Scores that miss a point by less are that point.
SLACK = 1e-6


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Side(_Strict):
    """One of the two scores, as it was in the pairs."""

    items: int = Field(ge=1)
    """How many items stand behind the component."""
    mean: float
    """In POMP."""
    sd: float
    """In POMP, divisor n."""
    alpha: float | None = None
    """Cronbach's alpha in the pairs; null for a single item."""
    degree: int | None = None
    """Degree of the polynomial that smoothed the scores; null where the method needs none."""
    ends: tuple[End, ...] = ()
    """Which ends of the scale have a term of their own, since a lump of people is at it."""
    criteria: Mapping[int, tuple[float, float]] = {}
    """Degree to AIC and BIC, of every degree that was compared with these ends."""


class Subgroup(_Strict):
    """How far the link of a part of the pairs is from that of all."""

    by: str
    """What makes the parts: site, or order (which form came first)."""
    group: str
    participants: int
    rmsd: float
    """Root mean square difference, in standard deviations of the target."""


class Point(_Strict):
    """One possible score and what it is linked to, both in POMP."""

    score: float
    linked: float
    error: float
    """Standard error of `linked`, from drawing or clustering participants."""
    beyond: int | None = None
    """How many participants have scores at least as far out, of the source or of the target where these are fewer; null
    in files that do not tell."""
    trait: float | None = None
    """By items: where people with this score are expected on the trait of the target."""
    trait_sd: float | None = None
    """How far they are spread there."""


class Anchor(_Strict):
    """What links forms of different people: the items that both instruments have."""

    items: Mapping[int, int]
    """Item of the source to the same item of the target."""
    source_forms: int
    target_forms: int
    in_both: int
    """Participants who have forms of both, and count as two."""
    source_correlation: float
    """Of the source's score with the score on the common items; 1 where there are no other items."""
    target_correlation: float
    elsewhere: Mapping[int, int] = {}
    """Items of the source's component that the target counts to another one, and its numbers: they link nothing."""
    difference: float
    """How much higher the source's people answer the common items than the target's, in their pooled sd."""
    override: str | None = None
    """Why the scores are linked although both groups differ by more than half a standard deviation."""


class Nearby(_Strict):
    """What links forms of the same people on different days."""

    within: int
    """Days, or sessions, that were allowed between both forms."""
    unit: Literal["days", "sessions"] = "days"
    mean_apart: float
    """Mean of the days or sessions between them, whichever came first."""
    source_first: int
    """Pairs in which the source's form is the earlier one."""
    target_first: int
    drift: float | None = None
    """How much higher the target's scores are, in POMP and above the line of all pairs, where its form came second than
    where it came first: twice what the alliance rises in between. Null without both orders."""
    drift_error: float | None = None
    """Its standard error."""
    override: str | None = None
    """Why the scores are linked although one form always came first."""


class CalibratedItem(_Strict):
    """An item of the graded response model on the target's metric: P(answer ≥ k) = logit⁻¹(slope (θ - threshold k))."""

    instrument: str
    item: int
    slope: float
    slope_error: float
    """0 for an item whose parameters were known beforehand."""
    thresholds: tuple[float, ...]
    answers: tuple[float, ...]
    """Keyed answers in steps from the lowest, ascending: one more than thresholds."""


class ByItems(_Strict):
    """The model of the items behind a link."""

    calibration: Calibration
    known_from: str | None = None
    """The crosswalk whose parameters of the target's items were held fixed."""
    forms: int
    log_likelihood: float
    trait_correlation: float | None = None
    """Of both traits, under calibrated projection."""
    source_mean: float | None = None
    """Mean of the source's people on the metric, under common items."""
    source_sd: float | None = None
    constants: tuple[float, float] | None = None
    """A and B of θ* = A θ + B, where both instruments were calibrated apart."""
    largest_q3: float | None = None
    """Yen's Q3 of the two items that are most alike beyond the trait."""
    alike: tuple[str, str] | None = None
    """Which two items these are."""
    items: tuple[CalibratedItem, ...]


class LinkedComponent(_Strict):
    """The link of one component."""

    pairs: int
    """Forms of both instruments of one participant and session, both complete; 0 under common_items."""
    participants: int
    first: date | None = None
    last: date | None = None
    correlation: float
    """Of both scores; under common_items the lower one of both scores with the common items'."""
    override: str | None = None
    """Why the scores are linked although their correlation is below .866."""
    source: Side
    target: Side
    mean_error: float
    """Mean of the standard errors over the source's scores in the pairs, in POMP of the target."""
    measurement_error: float | None = None
    """Standard error of measurement of the source, linked: its sd, times √(1 - alpha), times the slope of sds."""
    anchor: Anchor | None = None
    nearby: Nearby | None = None
    by_items: ByItems | None = None
    subgroups: tuple[Subgroup, ...] = ()
    remsd: float | None = None
    """Root expected mean square difference over the sites."""
    others: Mapping[ScoreMethod, tuple[float, ...]] = {}
    """What the other methods link the same scores to, for comparison."""
    points: tuple[Point, ...]
    """Ascending in score, from 0 to 100."""

    @property
    def forms(self) -> int:
        """How much it rests on: pairs of forms, or under common_items the forms of both sides."""
        return self.anchor.source_forms + self.anchor.target_forms if self.anchor else self.pairs

    @model_validator(mode="after")
    def _whole(self) -> Self:
        scores = [point.score for point in self.points]
        if len(scores) < 2 or scores != sorted(set(scores)) or (scores[0], scores[-1]) != (0, 100):
            raise ValueError("points go from score 0 to score 100, ascending, each score once")
        if max(abs(score - place * 100 / (len(scores) - 1)) for place, score in enumerate(scores)) > 1e-4:
            raise ValueError("points are equally far apart: one for every possible score")
        if any(after.linked < before.linked for before, after in zip(self.points, self.points[1:], strict=False)):
            raise ValueError("a higher score is never linked to a lower one")
        return self

    @property
    def supported(self) -> tuple[float, float] | None:
        """Between which scores of the source people were seen; elsewhere the link is extrapolated. None: nowhere."""
        seen = [p.score for p in self.points if p.beyond is None or p.beyond >= FEWEST_BEYOND]
        return (seen[0], seen[-1]) if seen else None

    def apply(self, pomp: Array) -> tuple[Array, Array]:
        """Linked scores and their standard errors; between two points, the line between. NaN stays NaN."""
        scores = [point.score for point in self.points]
        linked = np.interp(pomp, scores, [point.linked for point in self.points])
        error = np.interp(pomp, scores, [point.error for point in self.points])
        return np.where(np.isnan(pomp), np.nan, linked), np.where(np.isnan(pomp), np.nan, error)


class Crosswalk(_Strict):
    """The links of one instrument's components to another's."""

    source: str
    """Instrument whose scores are linked."""
    target: str
    """Instrument on whose ruler the linked scores are."""
    version: int = Field(ge=1)
    study: str
    """The study whose forms it was estimated from."""
    estimated_on: date
    rater_role: str
    design: Design
    """single_group: both forms were filled in for the same session; nested_items: the source's items are among the
    target's, and its scores were made from those; nearby_sessions: by the same people within some days; common_items:
    by different people, and some items are in both."""
    method: Method
    software: str
    publication: str
    """Which publication the forms came from (its key in `meta`)."""
    keys: Mapping[str, str]
    """SHA-256 of each instrument's definition: with another key the link does not hold."""
    note: str | None = None
    components: Mapping[str, LinkedComponent] = Field(min_length=1)

    @property
    def id(self) -> str:
        return f"{self.source}--{self.target}--v{self.version}"
