"""Summed scores and their links, against PROsetta, plink and mirt, by counting all patterns, and in simulation."""

from itertools import product

import numpy as np
import pytest

from alliance_etl.linking.irt.answers import Answers
from alliance_etl.linking.irt.calibration import Calibrated, calibrate
from alliance_etl.linking.irt.graded import Graded
from alliance_etl.linking.irt.links import IrtMethod, Link, Sides, link_sums
from alliance_etl.linking.irt.population import NODES, OneTrait, TwoTraits
from alliance_etl.linking.irt.summed import Form, given_sum, true_score_link
from alliance_etl.linking.scale import Array
from tests.alliance_etl.linking.irt import prosetta
from tests.alliance_etl.linking.irt.simulated import ITEMS, drawn, normal, two_traits

FIRST = np.arange(8) < 4
METHODS: tuple[IrtMethod, ...] = ("irt_true_score", "irt_observed_score", "calibrated_projection")
SIDES = Sides(FIRST, ~FIRST, (15, 13))
# uniroot of plink's curves (grm(…, catprob = TRUE)): sum of the CES-D less 20, and of PROMIS Depression less 28
TRUE_SCORES = {
    1: 0.368434845,
    2: 1.570327500,
    5: 8.439810937,
    10: 21.791013120,
    20: 44.445189574,
    30: 62.562786243,
    40: 80.524562661,
    50: 102.045602198,
    58: 111.653087851,
    59: 111.907318662,
}
# mirt's fscores(method = "EAP") of the second trait for every pattern of items 0 to 3 (two_traits), by their sum
PROJECTED = [
    *(-1.90433534552, -1.57841430593, -1.37161322889, -1.18009261298, -1.00292012019, -0.83052919507, -0.66510592985),
    *(-0.50274410409, -0.34033088972, -0.17465565918, -0.00229750134, 0.18158812796, 0.37429991810, 0.60059294973),
    *(0.87286443409, 1.29527700685),
]
PROJECTED_SD = [
    *(0.720719249, 0.693710919, 0.690372053, 0.685439833, 0.682473667, 0.678542811, 0.677044597, 0.676836602),
    *(0.677699009, 0.679925498, 0.683455752, 0.689284893, 0.690000508, 0.696707398, 0.707271212, 0.752103010),
]


def form(printed: tuple[tuple[float, ...], ...]) -> Form:
    table = np.array(printed)
    return whole(Graded.of_thresholds(table[:, 0], table[:, 1:]))


def whole(items: Graded) -> Form:
    """Answers score 0, 1, 2, …"""
    there = np.isfinite(np.column_stack([items.slopes, items.intercepts]))
    return Form(items, np.where(there, np.arange(there.shape[1]), np.nan), int(np.isfinite(items.intercepts).sum()))


@pytest.fixture(scope="module")
def projected() -> Calibrated:
    return calibrate(Answers.of(two_traits()), TwoTraits(), traits=(~FIRST).astype(np.int64))


def test_sums_have_the_probability_of_all_their_patterns() -> None:
    part = whole(ITEMS.part(slice(4, 8)))
    at = np.array([-1.0, 0.3])
    p = part.items.probabilities(at)
    counted = np.zeros((2, part.highest + 1))
    for pattern in product(range(5), range(4), range(5), range(3)):
        counted[:, sum(pattern)] += np.prod([p[item, :, answer] for item, answer in enumerate(pattern)], axis=0)
    assert part.sums(at) == pytest.approx(counted, abs=1e-14)


def test_the_ces_d_has_the_places_on_promis_depression_that_prosetta_prints() -> None:
    nodes = np.linspace(-4, 4, 161)  # PROsetta's
    bell = np.exp(-(nodes**2) / 2)
    found = given_sum(form(prosetta.CESD), nodes, bell / bell.sum(), nodes)
    assert found.mean == pytest.approx(np.array(prosetta.EAP), abs=6e-4)
    assert found.deviation == pytest.approx(np.array(prosetta.EAP_SE), abs=6e-4)
    assert form(prosetta.PROMIS).expected(found.mean) + 28 == pytest.approx(
        np.array(prosetta.EXPECTED_PROMIS), abs=2e-3
    )


def test_true_scores_are_linked_as_by_plinks_curves() -> None:
    linked = true_score_link(form(prosetta.CESD), form(prosetta.PROMIS))
    assert linked[list(TRUE_SCORES)] == pytest.approx(np.array(list(TRUE_SCORES.values())), abs=1e-5)
    assert (linked[0], linked[60]) == (0, 112)


def test_a_form_is_linked_to_itself() -> None:
    same = whole(ITEMS)
    assert true_score_link(same, same) == pytest.approx(same.scale.points, abs=1e-9)


def test_answers_that_nobody_gave_leave_their_sums_without_a_place() -> None:
    nobody_low = Form(ITEMS.part(slice(0, 2)), 1.0 + np.tile(np.arange(5.0), (2, 1)), 10)
    bell = np.exp(-(NODES**2) / 2)
    places = given_sum(nobody_low, NODES, bell / bell.sum(), NODES)
    assert np.isnan(places.mean[:2]).all()
    assert np.isfinite(places.mean[2:]).all()
    linked = true_score_link(nobody_low, whole(ITEMS))
    assert linked[:3] == pytest.approx([0, 0, 0])


def test_projection_gives_the_second_trait_as_mirt_does_pattern_by_pattern(projected: Calibrated) -> None:
    found = link_sums(projected, SIDES, "calibrated_projection")
    assert found.trait.mean == pytest.approx(np.array(PROJECTED), abs=5e-5)
    assert found.trait.deviation == pytest.approx(np.array(PROJECTED_SD), abs=5e-5)
    assert (np.diff(found.linked) > 0).all()


def test_projection_expects_the_mean_that_people_have(projected: Calibrated) -> None:
    # truth: the same people, many of them, drawn anew from the fitted model's own numbers
    chance = np.random.default_rng(3)
    correlation = np.tanh(projected.eta[4])
    first = normal(200_000, chance)
    second = correlation * first + np.sqrt(1 - correlation**2) * normal(200_000, chance)
    x = drawn(projected.items.part(FIRST), first, chance).sum(axis=1)
    y = drawn(projected.items.part(~FIRST), second, chance).sum(axis=1)
    found = link_sums(projected, SIDES, "calibrated_projection").linked
    for sum_of_x in range(3, 15):
        rows = y[x == sum_of_x]
        assert abs(rows.mean() - found[sum_of_x]) < 4 * rows.std() / np.sqrt(rows.size)


@pytest.mark.parametrize("method", METHODS)
def test_errors_are_those_of_differences(method: IrtMethod) -> None:
    # each parameter is moved by hand, and the link made anew
    found = _calibrated(_study(3), method)
    vector, slopes = found.vector, []
    for place in range(vector.size):
        away = np.zeros(vector.size)
        away[place] = 1e-4
        up, down = (link_sums(found.at(vector + side * away), SIDES, method).linked for side in (1, -1))
        slopes.append((up - down) / 2e-4)
    by_hand = np.sqrt(np.einsum("px,pr,rx->x", np.array(slopes), found.covariance, np.array(slopes)))
    assert link_sums(found, SIDES, method).error[1:-1] == pytest.approx(by_hand[1:-1], rel=0.02)


@pytest.mark.parametrize("method", METHODS)
def test_intervals_hold_the_truth(method: IrtMethod) -> None:
    # truth: one large study of other people; 40 studies of 60 people with 4 sessions each
    true = _linked(_study(0, people=6000, sessions=1), method)
    inner = slice(3, 13)
    hits = [
        (np.abs(study.linked - true.linked) < 1.96 * study.error)[inner].mean()
        for study in (_linked(_study(seed), method) for seed in range(1, 41))
    ]
    assert 0.88 < np.mean(hits) <= 0.99


def _study(seed: int, people: int = 60, sessions: int = 4) -> tuple[Array, list[int]]:
    """Sessions of one person are alike: half of the variance of both traits, which correlate .85, is the person's."""
    chance = np.random.default_rng(seed)
    whose = np.repeat(np.arange(people), sessions)
    first, other = (
        np.sqrt(0.5) * np.repeat(normal(people, chance), sessions) + np.sqrt(0.5) * normal(whose.size, chance)
        for _ in range(2)
    )
    second = 0.85 * first + np.sqrt(1 - 0.85**2) * other
    return np.column_stack([drawn(ITEMS, first, chance)[:, FIRST], drawn(ITEMS, second, chance)[:, ~FIRST]]), [*whose]


def _calibrated(study: tuple[Array, list[int]], method: IrtMethod) -> Calibrated:
    answers, whose = study
    if method == "calibrated_projection":
        return calibrate(Answers.of(answers), TwoTraits(), traits=(~FIRST).astype(np.int64), participants=whose)
    one = OneTrait(np.zeros(len(answers), dtype=np.int64))
    return calibrate(Answers.of(answers), one, participants=whose)


def _linked(study: tuple[Array, list[int]], method: IrtMethod) -> Link:
    return link_sums(_calibrated(study, method), SIDES, method)
