"""Answers that are drawn from a graded model of known parameters: the truth that a calibration should find again."""

import numpy as np
from numpy.typing import NDArray

from alliance_etl.linking.irt.graded import Graded
from alliance_etl.linking.scale import Array

# slopes as alliance items have them, thresholds low: people agree with most of them
SLOPES = np.array([1.2, 1.6, 2.0, 2.4, 1.4, 1.8, 2.2, 1.0])
THRESHOLDS = np.array(
    [
        [-2.4, -1.5, -0.5, 0.6],
        [-2.0, -1.2, -0.2, 0.9],
        [-1.9, -0.8, 0.1, np.nan],
        [-1.6, -0.9, -0.1, 0.7],
        [-2.6, -1.4, -0.6, 0.8],
        [-1.5, -0.4, 0.6, np.nan],
        [-2.1, -1.0, 0.2, 1.1],
        [-1.2, 0.3, np.nan, np.nan],
    ]
)
ITEMS = Graded.of_thresholds(SLOPES, THRESHOLDS)


def drawn(items: Graded, traits: Array, chance: np.random.Generator) -> Array:
    """An answer of each form to each item: how many boundaries lie below a uniform number. (forms, items)"""
    at_least = items.at_least(traits)[:, :, 1:-1]
    uniform = chance.random((items.size, traits.size, 1))
    return np.asarray((uniform < at_least).sum(axis=2).T, dtype=np.float64)


def with_gaps(answers: Array, share: float, chance: np.random.Generator) -> Array:
    """Some answers are not there."""
    return np.where(chance.random(answers.shape) < share, np.nan, answers)


def one_group(seed: int = 11, forms: int = 500) -> Array:
    chance = np.random.default_rng(seed)
    return with_gaps(drawn(ITEMS, normal(forms, chance), chance), 0.05, chance)


def two_groups(seed: int = 12, forms: int = 400) -> tuple[Array, NDArray[np.int64]]:
    """The first has items 0 to 4, the second 3 to 7, and is half a deviation higher: items 3 and 4 are common."""
    chance = np.random.default_rng(seed)
    first = drawn(ITEMS, normal(forms, chance), chance)
    second = drawn(ITEMS, 0.5 + 0.8 * normal(forms, chance), chance)
    first[:, 5:], second[:, :3] = np.nan, np.nan
    return np.vstack([first, second]), np.repeat([0, 1], forms)


def two_traits(seed: int = 13, forms: int = 600, correlation: float = 0.85) -> Array:
    """Items 0 to 3 are of the first trait, 4 to 7 of the second."""
    chance = np.random.default_rng(seed)
    first = normal(forms, chance)
    second = correlation * first + np.sqrt(1 - correlation**2) * normal(forms, chance)
    return np.column_stack([drawn(ITEMS, first, chance)[:, :4], drawn(ITEMS, second, chance)[:, 4:]])


def normal(number: int, chance: np.random.Generator) -> Array:
    """From uniform numbers (Box & Muller 1958), whose stream numpy keeps from one version to the next."""
    u = chance.random((2, number))
    return np.asarray(np.sqrt(-2 * np.log(u[0])) * np.cos(2 * np.pi * u[1]))
