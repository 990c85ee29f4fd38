"""The alliance behind the demo's answers: known goals, tasks and bond, and how raters turn them into answers.

The model, on a scale with mean 0 and a variance of about 1 for each component:

    alliance(participant, session) = therapist + participant + growth x (session - 1) + this session's own
    view(rater)                    = weight x alliance + rater's severity + rater's noise
    item's propensity              = loading x view of the item's component + sqrt(1 - loading^2) x noise

Every random part is drawn for goals, tasks and bond together, goals and tasks correlating .8, bond .6 with either. An
ordinal item answers with the category whose thresholds enclose its propensity, a visual analogue scale with the
propensity's normal probability. Items that the key reverses are answered in their raw direction.

Each draw depends on SEED and on the names of what it belongs to, never on what was drawn before: the same form gets the
same answers in whatever order files are written. Python's own generator, because its stream is the same everywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import erf, sqrt
from random import Random
from typing import NamedTuple

from alliance_etl.instruments.model import Instrument, RaterRole, Response

SEED = 20260219
PARTS = ("goal", "task", "bond")


class Alliance(NamedTuple):
    """Goals, tasks and bond as standard scores."""

    goal: float
    task: float
    bond: float

    def plus(self, other: "Alliance", weight: float = 1.0) -> "Alliance":
        return Alliance(*(mine + weight * theirs for mine, theirs in zip(self, other, strict=True)))


@dataclass(frozen=True)
class Eyes:
    """How a kind of rater sees the alliance: how much of it; standard deviations of raters' severity and of noise."""

    weight: float
    severity: float
    noise: float


EYES: Mapping[RaterRole, Eyes] = {
    "client": Eyes(1.0, 0.0, 0.30),
    "therapist": Eyes(0.75, 0.0, 0.55),
    "observer": Eyes(0.85, 0.30, 0.40),
}

THERAPIST_SD, PARTICIPANT_SD, SESSION_SD = 0.35, 0.70, 0.50
GROWTH, GROWTH_SD = 0.08, 0.04
ORDINAL_LOADINGS = (0.84, 0.80, 0.88, 0.82)
ANALOGUE_LOADING = 0.95
LOWEST_THRESHOLD, HIGHEST_THRESHOLD = -1.9, 1.2
ANALOGUE_EASE = 0.7


def chance(*names: object) -> Random:
    """A generator of its own for whatever the names name."""
    return Random("/".join(str(name) for name in (SEED, *names)))


def drawn(source: Random, sd: float) -> Alliance:
    """Correlated parts: .8 between goals and tasks, .6 between bond and either (the factor is Cholesky's)."""
    a, b, c = (source.gauss(0.0, sd) for _ in PARTS)
    return Alliance(a, 0.8 * a + 0.6 * b, 0.6 * a + 0.2 * b + sqrt(0.6) * c)


def session_alliance(site: str, therapist: str, participant: str, session: int) -> Alliance:
    """The alliance of one participant in one session."""
    person = chance(site, "participant", participant)
    level = drawn(person, PARTICIPANT_SD)
    growth = person.gauss(GROWTH, GROWTH_SD) * (session - 1)
    return (
        level.plus(drawn(chance(site, "therapist", therapist), THERAPIST_SD))
        .plus(drawn(chance(site, "session", participant, session), SESSION_SD))
        .plus(Alliance(growth, growth, growth))
    )


def seen_by(role: RaterRole, alliance: Alliance, severity: float, source: Random) -> Alliance:
    """The alliance as one rater sees it; `severity` is the rater's own, as a standard score."""
    eyes = EYES[role]
    shift = -severity * eyes.severity
    return drawn(source, eyes.noise).plus(alliance, eyes.weight).plus(Alliance(shift, shift, shift))


def item_parts(instrument: Instrument) -> dict[int, tuple[str, ...]]:
    """The components behind each item, by the registry's mapping; all three where an item belongs to none of them."""
    behind: dict[int, list[str]] = {item: [] for item in instrument.item_numbers}
    for line in instrument.mapping:
        if line.component in PARTS:
            for item in instrument.mapped_items(line):
                behind[item].append(line.component)
    return {item: tuple(parts) or PARTS for item, parts in behind.items()}


def answered(instrument: Instrument, view: Alliance, source: Random) -> dict[int, float]:
    """Item number to answer, on the instrument's range and in the direction in which the item is worded."""
    response = instrument.response
    assert response is not None
    reversed_items = instrument.reversed_items or ()
    answers = {}
    for item, parts in item_parts(instrument).items():
        driver = sum(getattr(view, part) for part in parts) / len(parts)
        answer = _answer(response, item, driver, source)
        answers[item] = response.min + response.max - answer if item in reversed_items else answer
    return answers


def keyed_answers(instrument: Instrument, answers: Mapping[int, float]) -> dict[int, float]:
    """Answers after reversing where the key says so: more is more alliance."""
    response = instrument.response
    assert response is not None
    turned = instrument.reversed_items or ()
    return {item: response.min + response.max - a if item in turned else a for item, a in answers.items()}


def _answer(response: Response, item: int, driver: float, source: Random) -> float:
    if response.kind == "visual_analogue":
        propensity = _propensity(ANALOGUE_LOADING, driver, source)
        share = 0.5 * (1.0 + erf((propensity + ANALOGUE_EASE) / sqrt(2.0)))
        return round(response.min + share * (response.max - response.min), 1)
    step = response.step or 1.0
    n_thresholds = round((response.max - response.min) / step)
    gap = (HIGHEST_THRESHOLD - LOWEST_THRESHOLD) / (n_thresholds - 1)
    propensity = _propensity(ORDINAL_LOADINGS[item % len(ORDINAL_LOADINGS)], driver, source)
    passed = sum(propensity > LOWEST_THRESHOLD + gap * threshold for threshold in range(n_thresholds))
    return response.min + step * passed


def _propensity(loading: float, driver: float, source: Random) -> float:
    return loading * driver + sqrt(1.0 - loading**2) * source.gauss(0.0, 1.0)
