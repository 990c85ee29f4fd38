"""What items have in common beyond the trait, against mirt."""

import numpy as np
import pytest

from alliance_etl.linking.irt.answers import Answers
from alliance_etl.linking.irt.calibration import calibrate
from alliance_etl.linking.irt.fit import most_alike, residual_correlations
from alliance_etl.linking.irt.population import OneTrait
from tests.alliance_etl.linking.irt.simulated import ITEMS, drawn, normal, one_group

# residuals(m, type = "Q3") of mirt 1.45.1 for one_group()
Q3 = {(0, 1): -0.075943510, (0, 4): 0.032506501, (3, 7): -0.26850553, (2, 6): -0.221122619, (5, 6): -0.154188261}


def test_residual_correlations_are_those_of_mirt() -> None:
    found = residual_correlations(calibrate(Answers.of(one_group()), OneTrait(np.zeros(500, dtype=np.int64))))
    assert [found[pair] for pair in Q3] == pytest.approx(list(Q3.values()), abs=2e-3)


def test_two_items_that_are_almost_copies_are_named() -> None:
    chance = np.random.default_rng(6)
    answers = drawn(ITEMS, normal(400, chance), chance)
    answers[:, 4] = np.where(chance.random(400) < 0.6, answers[:, 0], answers[:, 4])
    alike = most_alike(calibrate(Answers.of(answers), OneTrait(np.zeros(400, dtype=np.int64))))
    assert alike
    assert alike.items == (0, 4)
    assert alike.q3 > 0.2


def test_items_that_nobody_answered_together_tell_nothing_of_each_other() -> None:
    chance = np.random.default_rng(8)
    answers = drawn(ITEMS.part(slice(0, 4)), normal(300, chance), chance)
    answers[:150, 0], answers[150:, 1] = np.nan, np.nan
    found = residual_correlations(calibrate(Answers.of(answers), OneTrait(np.zeros(300, dtype=np.int64))))
    assert np.isnan(found[0, 1])
    assert np.isfinite(found[2, 3])
