"""Polychoric correlations: those of the normal traits of which answers in a few ordered steps tell the rank, in two
steps: thresholds from each item's frequencies, then each pair's correlation by maximum likelihood (Olsson 1979,
Psychometrika 44:443-460).
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from alliance_etl.psychometrics.congeneric import NoSolution

Floats = NDArray[np.float64]
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(32)
# Beyond this no normal value lies, as far as numbers go.
_FAR = 12.0
_LEAST_SHARE = 1e-13
_MOST, _MOST_STEPS, _LONGEST, _LITTLE = 0.9995, 100, 0.3, 1e-10
_SINGULAR = 1e-8


def polychoric(answers: Floats) -> Floats:
    """Correlations (items × items) of answers, people × items, of which every item has two values or more. Raises
    NoSolution where a pair's best correlation is one, or they are none that traits can have all together.
    """
    values, place = np.unique(answers, return_inverse=True)
    people, items = answers.shape
    chosen = place.reshape(people, items, 1) == np.arange(len(values))
    thresholds = _thresholds(chosen.mean(axis=0))
    flat = chosen.reshape(people, -1).astype(np.float64)
    tables = (flat.T @ flat).reshape(items, len(values), items, len(values))
    one, other = np.triu_indices(items, 1)
    found = _correlations(tables[one, :, other, :] / people, thresholds[one], thresholds[other])
    correlations = np.eye(items)
    correlations[one, other] = correlations[other, one] = found
    if np.linalg.eigvalsh(correlations)[0] <= _SINGULAR:
        raise NoSolution
    return correlations


def _thresholds(shares: Floats) -> Floats:
    """Between the steps of each item, items × (steps + 1), with the ends."""
    below = np.clip(np.cumsum(shares, axis=1)[:, :-1], 0, 1)
    ends = np.full((len(shares), 1), _FAR)
    return np.hstack([-ends, np.clip(ndtri(below), -_FAR, _FAR), ends])


def _correlations(tables: Floats, rows: Floats, columns: Floats) -> Floats:
    """The correlation of each pair, from its table of shares (pairs × steps × steps), by Fisher scoring."""
    a, b = rows[:, :, None], columns[:, None, :]
    at = np.zeros(len(tables))
    for _ in range(_MOST_STEPS):
        shares = np.maximum(_cells(_below(a, b, at)), _LEAST_SHARE)
        moved = _cells(_density(a, b, at))
        slope = (tables / shares * moved).sum(axis=(1, 2))
        step = np.clip(slope / (moved**2 / shares).sum(axis=(1, 2)), -_LONGEST, _LONGEST)
        at = np.clip(at + step, -_MOST, _MOST)
        if np.abs(at).max() >= _MOST:
            raise NoSolution
        if np.abs(step).max() < _LITTLE:
            return np.asarray(at, dtype=np.float64)
    raise NoSolution


def _cells(below: Floats) -> Floats:
    """What lies in each cell of a table, from what lies below its corners."""
    return np.asarray(np.diff(np.diff(below, axis=1), axis=2), dtype=np.float64)


def _below(a: Floats, b: Floats, correlation: Floats) -> Floats:
    """The share of two normal traits below both a and b: Plackett's (1954, Biometrika 41:351-360) integral of the
    density over the correlation, put as an angle.
    """
    angle = np.arcsin(correlation)[:, None, None]
    area = np.zeros(np.broadcast_shapes(a.shape, b.shape))
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        turned = angle * (node + 1) / 2
        area += weight * np.exp(-(a**2 + b**2 - 2 * a * b * np.sin(turned)) / (2 * np.cos(turned) ** 2))
    return np.asarray(ndtr(a) * ndtr(b) + angle / (4 * np.pi) * area, dtype=np.float64)


def _density(a: Floats, b: Floats, correlation: Floats) -> Floats:
    """Of both traits at a and b: by how much the share below them grows with the correlation."""
    r = correlation[:, None, None]
    rest = 1 - r**2
    return np.asarray(
        np.exp(-(a**2 + b**2 - 2 * a * b * r) / (2 * rest)) / (2 * np.pi * np.sqrt(rest)), dtype=np.float64
    )
