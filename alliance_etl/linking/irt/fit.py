"""How well one trait explains the answers: what items have in common beyond it.

Source: Yen, W. M. (1984). Effects of local item dependence on the fit and equating performance of the three-parameter
logistic model. Applied Psychological Measurement, 8, 125-145 (Q3).
"""

from dataclasses import dataclass

import numpy as np

from alliance_etl.linking.irt.calibration import Calibrated
from alliance_etl.linking.irt.population import NODES
from alliance_etl.linking.scale import Array

_FEWEST = 20


@dataclass(frozen=True)
class Alike:
    """Two items, by column, and the correlation of what is left of their answers."""

    items: tuple[int, int]
    q3: float


def residual_correlations(calibrated: Calibrated) -> Array:
    """Q3 of each two items: of answers less those expected where each form is expected on the trait. (items, items)

    NaN where fewer than 20 forms have both.
    """
    places = [posterior @ NODES for posterior in calibrated.likelihood.posteriors(calibrated.items, calibrated.eta)]
    answers, values = calibrated.likelihood.answers.chosen, calibrated.values
    left = np.full(answers.shape, np.nan)
    for item, column in enumerate(answers.T):
        there = column >= 0
        at = places[calibrated.likelihood.traits[item]][there]
        expected = calibrated.items.part(slice(item, item + 1)).expected(at, values[[item]])
        left[there, item] = values[item][column[there]] - expected
    return _pairwise(left)


def most_alike(calibrated: Calibrated) -> Alike | None:
    """The two items with the largest Q3; None where no two have enough forms in common."""
    found = residual_correlations(calibrated)
    found[np.tril_indices(len(found))] = np.nan
    if np.isnan(found).all():
        return None
    one, other = np.unravel_index(int(np.nanargmax(found)), found.shape)
    return Alike((int(one), int(other)), float(found[one, other]))


def _pairwise(left: Array) -> Array:
    there = np.isfinite(left)
    filled = np.where(there, left, 0.0)
    both = there.T.astype(float) @ there
    mean = np.divide(filled.T @ there, both, out=np.full_like(both, np.nan), where=both >= _FEWEST)
    square = np.divide(filled.T**2 @ there, both, out=np.full_like(both, np.nan), where=both >= _FEWEST)
    spread = np.sqrt(square - mean**2)
    product = np.divide(filled.T @ filled, both, out=np.full_like(both, np.nan), where=both >= _FEWEST)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((product - mean * mean.T) / (spread * spread.T))
