"""Calibrations that were made apart and brought onto one metric, against a known truth and one made together."""

import numpy as np
import pytest

from alliance_etl.linking.irt.answers import Answers
from alliance_etl.linking.irt.calibration import Calibrated, calibrate
from alliance_etl.linking.irt.constants import Transformation
from alliance_etl.linking.irt.links import Sides, link_sums
from alliance_etl.linking.irt.population import OneTrait
from alliance_etl.linking.irt.separate import Separate
from alliance_etl.linking.scale import Array
from tests.alliance_etl.linking.irt.simulated import ITEMS, drawn, normal

# the target has items 0 to 4, the source 3 to 7: 3 and 4 are common
TARGET, SOURCE = slice(0, 5), slice(3, 8)
SIDES = Sides(np.arange(10) >= 5, np.arange(10) < 5, (16, 19))
WAYS: tuple[Transformation, ...] = ("stocking_lord", "haebara", "mean_sigma", "mean_mean")


def studies(seed: int, people: int = 400) -> tuple[Array, Array]:
    """The source's people are half a deviation higher, and less spread."""
    chance = np.random.default_rng(seed)
    target = drawn(ITEMS.part(TARGET), normal(people, chance), chance)
    return drawn(ITEMS.part(SOURCE), 0.5 + 0.8 * normal(people, chance), chance), target


def alone(answers: Array) -> Calibrated:
    return calibrate(Answers.of(answers), OneTrait(np.zeros(len(answers), dtype=np.int64)))


def separate(seed: int, by: Transformation, people: int = 400) -> Separate:
    source, target = studies(seed, people)
    return Separate(alone(source), alone(target), ([0, 1], [3, 4]), by)


@pytest.mark.parametrize("by", WAYS)
def test_the_source_comes_onto_the_targets_metric(by: Transformation) -> None:
    found = separate(1, by, 4000).together()
    assert (found.constants.slope, found.constants.intercept) == pytest.approx((0.8, 0.5), abs=0.08)
    moved = found.calibrated.items
    assert moved.slopes[5:] == pytest.approx(ITEMS.slopes[3:], rel=0.12)
    assert found.calibrated.eta[2:] == pytest.approx((found.constants.intercept, np.log(found.constants.slope)))


def test_calibrations_apart_and_together_link_alike() -> None:
    source, target = studies(2, 2000)
    both = np.full((4000, 8), np.nan)
    both[:2000, :5], both[2000:, 3:] = target, source
    concurrent = calibrate(Answers.of(both), OneTrait(np.repeat([0, 1], 2000)))
    sides = Sides(np.arange(8) >= 3, np.arange(8) < 5, (16, 19))
    expected = link_sums(concurrent, sides, "irt_true_score")
    found = link_sums(separate(2, "stocking_lord", 2000).together().calibrated, SIDES, "irt_true_score")
    assert found.linked == pytest.approx(expected.linked, abs=0.35)
    # the constants are one more thing to be unsure of
    assert 0.9 < np.mean(found.error[2:-2] / expected.error[2:-2]) < 2


def test_the_errors_are_those_that_samples_show() -> None:
    # truth: 60 pairs of studies of 300 people each
    links = [
        link_sums(separate(seed, "mean_sigma", 300).together().calibrated, SIDES, "irt_true_score")
        for seed in range(60)
    ]
    seen = np.std([each.linked for each in links], axis=0)
    told = np.median([each.error for each in links], axis=0)
    assert np.mean(told[3:14] / seen[3:14]) == pytest.approx(1, abs=0.15)


def test_an_item_whose_answers_differ_between_sides_moves_nothing() -> None:
    source, target = studies(3)
    source[:, 0] = np.maximum(source[:, 0], 1)
    apart = Separate(alone(source), alone(target), ([0, 1], [3, 4]), "haebara")
    assert apart.alike() == [(1, 4)]
    assert apart.together().calibrated.items.size == 10
