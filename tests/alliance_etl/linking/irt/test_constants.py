"""Linear transformations between metrics, against plink 1.5-1 and what PROsetta prints, and against a known truth."""

import numpy as np
import pytest

from alliance_etl.linking.irt.constants import Common, Constants, Transformation, constants
from alliance_etl.linking.irt.graded import Graded
from tests.alliance_etl.linking.irt import prosetta
from tests.alliance_etl.linking.irt.simulated import ITEMS

# plink compares curves at 40 nodes of equal weight between -4 and 4
NODES, WEIGHTS = np.linspace(-4, 4, 40), np.ones(40)
VALUES = np.tile(np.arange(5.0), (28, 1))


def items(printed: tuple[tuple[float, ...], ...]) -> Graded:
    table = np.array(printed)
    return Graded.of_thresholds(table[:, 0], table[:, 1:])


def freely_calibrated() -> Graded:
    """The vignette's free calibration: what it prints after the move, moved back."""
    return Constants(*prosetta.CONSTANTS).inverse.onto(items(prosetta.PROMIS_MOVED))


# plink(…, rescale = "SL", base.grp = 2, symmetric = …)@link@constants
@pytest.mark.parametrize(
    ("by", "symmetric", "expected"),
    [
        ("mean_mean", False, (0.939194, -0.004125)),
        ("mean_sigma", False, (0.993467, -0.077762)),
        ("haebara", False, (0.988130, -0.071561)),
        ("haebara", True, (0.990309, -0.074593)),
        ("stocking_lord", False, prosetta.CONSTANTS),
        ("stocking_lord", True, (0.982344, -0.064259)),
    ],
)
def test_promis_depression_is_moved_as_plink_moves_it(
    by: Transformation, symmetric: bool, expected: tuple[float, float]
) -> None:
    common = Common(freely_calibrated(), items(prosetta.PROMIS), VALUES, NODES, WEIGHTS, symmetric=symmetric)
    found = constants(common, by)
    assert (found.slope, found.intercept) == pytest.approx(expected, abs=2e-6)


@pytest.mark.parametrize("by", ["mean_mean", "mean_sigma", "haebara", "stocking_lord"])
def test_a_move_is_found_again(by: Transformation) -> None:
    target = ITEMS.moved(1.3, -0.4)
    values = np.where(np.isfinite(np.column_stack([np.zeros(8), ITEMS.intercepts])), np.arange(5.0), np.nan)
    found = constants(Common(ITEMS, target, values, NODES, WEIGHTS), by)
    assert (found.slope, found.intercept) == pytest.approx((1.3, -0.4), abs=1e-6)
    assert found.inverse.onto(target).slopes == pytest.approx(ITEMS.slopes, rel=1e-6)


def test_without_common_items_there_is_nothing_to_find() -> None:
    none = ITEMS.part(slice(0, 0))
    with pytest.raises(ValueError, match="no common items"):
        constants(Common(none, none, np.zeros((0, 5)), NODES, WEIGHTS), "haebara")
