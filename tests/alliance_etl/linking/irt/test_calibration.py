"""Graded items and their population, calibrated: against mirt's numbers and against simulations with known truth.

mirt 1.45.1 on R 4.2 was given the same answers (simulated.py) with TOL = 1e-8 and printed three digits:
mirt(d, 1, "graded", SE.type = "Oakes"); pars$est = FALSE for known items, with free mean and variance;
multipleGroup(…, invariance = c(colnames(d), "free_means", "free_var")); and the model A = 1-4, B = 5-8, COV = A*B.
"""

import numpy as np
import pytest

from alliance_etl.linking.irt.answers import Answers, UnknownAnswer
from alliance_etl.linking.irt.calibration import Calibrated, NotCalibrated, calibrate
from alliance_etl.linking.irt.graded import Graded
from alliance_etl.linking.irt.population import OneTrait, TwoTraits
from alliance_etl.linking.scale import Array
from tests.alliance_etl.linking.irt.simulated import ITEMS, drawn, normal, one_group, two_groups, two_traits

NA = -np.inf
# slope and intercepts of items 0 to 7
ONE_GROUP = [
    [1.002, 2.732, 1.850, 0.536, -0.655],
    [1.794, 3.335, 2.127, 0.361, -1.713],
    [2.035, 3.747, 1.435, -0.406, NA],
    [2.715, 4.217, 2.257, 0.289, -2.146],
    [1.442, 3.566, 2.092, 0.781, -1.066],
    [1.967, 2.710, 0.698, -1.232, NA],
    [2.414, 4.526, 2.072, -0.499, -2.737],
    [1.082, 1.066, -0.380, NA, NA],
]
ONE_GROUP_ERRORS = [
    [0.114, 0.186, 0.144, 0.112, 0.113],
    [0.155, 0.232, 0.179, 0.141, 0.165],
    [0.186, 0.274, 0.171, 0.150, np.nan],
    [0.241, 0.327, 0.231, 0.180, 0.222],
    [0.138, 0.246, 0.165, 0.131, 0.135],
    [0.177, 0.213, 0.152, 0.161, np.nan],
    [0.207, 0.333, 0.207, 0.167, 0.230],
    [0.126, 0.124, 0.114, np.nan, np.nan],
]
KNOWN = [
    [2.762, 4.334, 2.381, 0.423, -2.000],
    [1.478, 3.641, 2.167, 0.853, -0.996],
    [2.020, 2.812, 0.796, -1.135, NA],
    [2.489, 4.675, 2.203, -0.380, -2.627],
    [1.108, 1.120, -0.326, NA, NA],
]
TWO_GROUPS = [
    [1.345, 3.239, 1.916, 0.617, -0.663],
    [1.650, 3.519, 2.054, 0.450, -1.586],
    [2.000, 3.786, 1.553, -0.136, NA],
    [2.453, 4.228, 2.490, 0.431, -1.524],
    [1.377, 3.850, 2.121, 1.009, -1.019],
    [2.071, 3.109, 0.921, -1.190, NA],
    [1.874, 5.119, 2.251, -0.363, -2.211],
    [1.118, 1.196, -0.191, NA, NA],
]
TWO_TRAITS = [
    [1.173, 2.782, 1.747, 0.539, -0.802],
    [1.693, 2.950, 1.629, 0.165, -1.729],
    [2.050, 3.678, 1.690, -0.202, NA],
    [2.244, 3.334, 2.049, 0.149, -1.716],
    [1.338, 3.705, 1.930, 0.869, -1.117],
    [2.409, 3.301, 0.844, -1.251, NA],
    [2.126, 4.298, 2.139, -0.525, -2.443],
    [1.062, 1.231, -0.195, NA, NA],
]
PRINTED = 6e-4


def rows(items: Graded) -> Array:
    return np.column_stack([items.slopes, items.intercepts])


def alone(answers: Array) -> Calibrated:
    return calibrate(Answers.of(answers), OneTrait(np.zeros(len(answers), dtype=np.int64)))


@pytest.fixture(scope="module")
def one() -> Calibrated:
    return alone(one_group())


def test_one_group_has_the_parameters_that_mirt_finds(one: Calibrated) -> None:
    assert one.log_likelihood == pytest.approx(-4659.84236, abs=1e-5)
    assert rows(one.items) == pytest.approx(np.array(ONE_GROUP), abs=PRINTED)


def test_the_information_gives_the_standard_errors_that_mirt_gives(one: Calibrated) -> None:
    information = one.likelihood.information(one.vector, one.items, one.eta)
    model = Calibrated(one.likelihood, one.items, one.eta, np.linalg.inv(information), 0.0, 0)
    assert rows(model.errors()) == pytest.approx(np.array(ONE_GROUP_ERRORS), abs=PRINTED, nan_ok=True)


def test_items_that_are_known_stay_and_the_population_is_estimated() -> None:
    known = np.arange(8) < 3
    population = OneTrait(np.zeros(500, dtype=np.int64), anchored=True)
    found = calibrate(Answers.of(one_group()), population, known=ITEMS, is_known=known)
    assert found.log_likelihood == pytest.approx(-4666.8165, abs=1e-4)
    assert rows(found.items)[:3] == pytest.approx(rows(ITEMS)[:3])
    assert rows(found.items)[3:] == pytest.approx(np.array(KNOWN), abs=PRINTED)
    assert (found.eta[0], np.exp(2 * found.eta[1])) == pytest.approx((-0.048, 0.956), abs=PRINTED)
    assert (rows(found.errors())[:3] == 0)[np.isfinite(rows(ITEMS)[:3])].all()


def test_groups_with_common_items_are_calibrated_together() -> None:
    answers, groups = two_groups()
    found = calibrate(Answers.of(answers), OneTrait(groups))
    assert found.log_likelihood == pytest.approx(-4866.12992, abs=1e-5)
    assert rows(found.items) == pytest.approx(np.array(TWO_GROUPS), abs=PRINTED)
    assert (found.eta[2], np.exp(2 * found.eta[3])) == pytest.approx((0.4305, 0.6216), abs=1e-4)


def test_two_traits_and_their_correlation_are_those_that_mirt_finds() -> None:
    found = calibrate(Answers.of(two_traits()), TwoTraits(), traits=np.repeat([0, 1], 4))
    assert found.log_likelihood == pytest.approx(-6018.39249, abs=1e-5)
    assert rows(found.items) == pytest.approx(np.array(TWO_TRAITS), abs=PRINTED)
    assert np.tanh(found.eta[4]) == pytest.approx(0.839, abs=PRINTED)


def test_the_score_is_the_derivative_of_the_likelihood() -> None:
    answers, groups = two_groups(forms=60)
    found = calibrate(Answers.of(answers), OneTrait(groups))
    away = found.vector + 0.1
    by_hand = []
    for place in range(away.size):
        step = np.zeros(away.size)
        step[place] = 1e-5
        up, down = (
            found.likelihood.value(*found.likelihood.parameters(away + side * step, found.items, found.eta))
            for side in (1, -1)
        )
        by_hand.append((up - down) / 2e-5)
    assert found.likelihood.score(away, found.items, found.eta) == pytest.approx(np.array(by_hand), rel=1e-4, abs=1e-4)
    there = found.likelihood.parameters(away, found.items, found.eta)
    assert found.likelihood.row_scores(*there).sum(axis=0) == pytest.approx(np.array(by_hand), rel=1e-4, abs=1e-4)


def test_sessions_of_the_same_people_make_the_errors_larger_than_as_many_people_would() -> None:
    chance = np.random.default_rng(5)
    people = np.repeat(np.arange(60), 5)
    answers = drawn(ITEMS, np.repeat(normal(60, chance), 5), chance)
    population = OneTrait(np.zeros(300, dtype=np.int64))
    apart = calibrate(Answers.of(answers), population)
    together = calibrate(Answers.of(answers), population, participants=people.tolist())
    assert rows(together.items) == pytest.approx(rows(apart.items))
    assert np.nanmean(rows(together.errors())[:, 1:] / rows(apart.errors())[:, 1:]) > 1.25


def test_errors_by_cluster_are_those_that_samples_show() -> None:
    # truth: 120 studies of 80 people with 3 sessions each, whose trait is the person's for the most part
    found, told = [], []
    for seed in range(120):
        chance = np.random.default_rng(seed)
        trait = np.sqrt(0.7) * np.repeat(normal(80, chance), 3) + np.sqrt(0.3) * normal(240, chance)
        answers = Answers.of(drawn(ITEMS.part(slice(1, 5)), trait, chance))
        study = calibrate(
            answers, OneTrait(np.zeros(240, dtype=np.int64)), participants=np.repeat(np.arange(80), 3).tolist()
        )
        found.append(study.items.intercepts[:, 0])
        told.append(study.errors().intercepts[:, 0])
    seen = np.std(found, axis=0)
    assert np.median(told, axis=0) / seen == pytest.approx(np.ones(4), abs=0.25)


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        (np.column_stack([one_group()[:, :3], np.ones(500)]), "answered alike"),
        (np.column_stack([one_group()[:, [0]]] * 3), "copies of one another|do not determine|still grows|no maximum"),
    ],
    ids=["a constant item", "one item three times"],
)
def test_what_cannot_be_calibrated_is_refused(answers: Array, reason: str) -> None:
    with pytest.raises(NotCalibrated, match=reason):
        alone(answers)


def test_an_answer_that_a_calibration_does_not_have_is_no_answer_of_it(one: Calibrated) -> None:
    with pytest.raises(UnknownAnswer, match="item 2 has an answer"):
        Answers.of(np.full((1, 3), 4.0), {2: one.values[2][:4]})
