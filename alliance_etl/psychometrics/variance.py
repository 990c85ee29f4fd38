"""Where scores differ: between therapists, between a therapist's participants, between a participant's sessions.

Nested variance components by restricted maximum likelihood (Patterson & Thompson 1971, Biometrika 58:545-554), as R's
lme4 has them for `score ~ 1 + (1 | therapist / participant)`. The likelihood of nested normal effects is made of the
number, sum and sum of squares of each participant's scores, so that no matrix of forms is ever built.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_STEP = 1e-4
_MOST_STEPS, _LEAST_SHARE = 100, 1e-8
# What another step would gain of the criterion, by participant; and a variance that is none, of one.
_LITTLE, _LEAST = 1e-13, 1e-8
SESSION, PARTICIPANT, THERAPIST = 0, 1, 2


class NotEstimated(Exception):
    """Scores do not vary, or the search ends nowhere."""


@dataclass(frozen=True)
class Components:
    """Variances, and the shares of therapists and of participants (within therapists) in their sum.

    Standard errors of the shares are those of leaving out one therapist at a time (one participant, where therapists
    are no level). A therapist's variance of zero, the edge of what can be, has none.
    """

    session: float
    participant: float
    therapist: float | None
    icc_participant: float
    icc_participant_se: float
    icc_therapist: float | None = None
    icc_therapist_se: float | None = None


@dataclass(frozen=True)
class _Cells:
    """What is known of each participant with each therapist: forms, mean; and of all, the squares around the means.

    `of` numbers the therapists (or the participants, where therapists are no level) from 0.
    """

    forms: Floats
    mean: Floats
    squares: Floats
    of: NDArray[np.int64]
    groups: int


def components(scores: pl.DataFrame, *, with_therapists: bool) -> Components:
    """Of a frame with participant, score and, as a level, therapist: one row per form, neither empty; more forms than
    participants. Raises NotEstimated.
    """
    cells = _cells(scores, with_therapists=with_therapists)
    size = float(scores["score"].var(ddof=0) or 0.0)  # type: ignore[arg-type]  # a float column's
    if size <= 0:
        raise NotEstimated
    unit = _Cells(cells.forms, cells.mean / np.sqrt(size), cells.squares / size, cells.of, cells.groups)
    found = _estimated(unit, with_therapists=with_therapists)
    free = [SESSION, PARTICIPANT, *([THERAPIST] if found[THERAPIST] > 0 else [])]
    errors = _standard_errors(found, _left_out(unit, found, free))
    shares = found / found.sum()
    at_edge = found[THERAPIST] <= 0
    return Components(
        session=float(found[SESSION] * size),
        participant=float(found[PARTICIPANT] * size),
        therapist=float(found[THERAPIST] * size) if with_therapists else None,
        icc_participant=float(shares[PARTICIPANT]),
        icc_participant_se=float(errors[PARTICIPANT]),
        icc_therapist=float(shares[THERAPIST]) if with_therapists else None,
        icc_therapist_se=float(errors[THERAPIST]) if with_therapists and not at_edge else None,
    )


def _cells(scores: pl.DataFrame, *, with_therapists: bool) -> _Cells:
    level = "therapist" if with_therapists else "participant"
    by = dict.fromkeys((level, "participant"))
    centred = pl.col("score") - pl.col("score").mean()
    found = (
        scores.with_columns(centred)
        .group_by(*by)
        .agg(forms=pl.len(), mean=pl.col("score").mean(), squares=pl.col("score").var(ddof=0) * pl.len())
        .sort(*by)
    )
    of = found[level].rank("dense").to_numpy().astype(np.int64) - 1
    forms = found["forms"].to_numpy().astype(np.float64)
    return _Cells(forms, found["mean"].to_numpy(), found["squares"].to_numpy(), of, int(of.max()) + 1)


def _estimated(cells: _Cells, *, with_therapists: bool) -> Floats:
    """The three variances, of scores whose variance is about one: Newton's steps, held at zero where they go below."""
    at = np.array([0.4, 0.4, 0.2 if with_therapists else 0.0])
    value, slopes = _criterion(cells, at)
    for _ in range(_MOST_STEPS):
        slope = slopes.sum(axis=0)
        free = [SESSION, *(v for v in (PARTICIPANT, THERAPIST)[: 1 + with_therapists] if at[v] > 0 or slope[v] < 0)]
        step = np.zeros(3)
        step[free] = _downhill(_curve(cells, at, free), slope[free])
        gain, share = float(slope @ step), 1.0
        while share > _LEAST_SHARE:
            tried = np.maximum(at - share * step, [at[SESSION] / 10, 0.0, 0.0])
            reached, there = _criterion(cells, tried)
            if reached <= value:
                break
            share /= 2
        else:
            tried, reached, there = at, value, slopes
        at, value, slopes = tried, reached, there
        if at[SESSION] <= _LEAST or not np.isfinite(value):
            raise NotEstimated
        if gain < _LITTLE * len(cells.forms):
            return at
    raise NotEstimated


def _downhill(curve: Floats, slope: Floats) -> Floats:
    """Newton's step where the criterion bends upwards; else with as much of its bend as does."""
    values, vectors = np.linalg.eigh(curve)
    held = np.maximum(np.abs(values), 1e-8 * np.abs(values).max())
    return np.asarray(vectors @ ((vectors.T @ slope) / held), dtype=np.float64)


def _curve(cells: _Cells, at: Floats, free: list[int]) -> Floats:
    """Second derivatives of the criterion by the free variances, from differences of the first."""
    bent = np.empty((len(free), len(free)))
    for place, variance in enumerate(free):
        aside = np.zeros(3)
        aside[variance] = _STEP * max(at[variance], 0.01)
        ahead, behind = (_criterion(cells, at + sign * aside)[1][:, free].sum(axis=0) for sign in (1, -1))
        bent[:, place] = (ahead - behind) / (2 * aside[variance])
    return (bent + bent.T) / 2


def _criterion(cells: _Cells, at: Floats) -> tuple[float, Floats]:
    """-2 log of the restricted likelihood, but for a constant, and each therapist's part of its derivatives by the
    three variances (therapists × 3).
    """
    within, between, top = at
    of, n, groups = cells.of, cells.forms, cells.groups

    def summed(parts: Floats) -> Floats:
        return np.asarray(np.bincount(of, parts, minlength=groups), dtype=np.float64)

    spread = between + within / n
    weight = 1 / spread
    weights = summed(weight)
    mean = summed(weight * cells.mean) / weights
    precision = 1 / (top + 1 / weights)
    grand = float(precision @ mean) / float(precision.sum())
    off = mean - grand
    around = summed(weight * (cells.mean - mean[of]) ** 2)
    value = (
        float((n - 1).sum()) * np.log(within)
        + float(cells.squares.sum()) / within
        + float(np.log(spread).sum() + np.log(weights / precision).sum() + around.sum())
        + float(precision @ off**2)
        + float(np.log(precision.sum()))
    )
    left = (cells.mean - (grand + top * precision * off)[of]) ** 2
    slopes = np.empty((groups, 3))
    slopes[:, THERAPIST] = precision - precision**2 * off**2 - precision**2 / precision.sum()
    for variance, moved in ((SESSION, 1 / n), (PARTICIPANT, np.ones_like(n))):
        squared = summed(weight**2 * moved)
        slopes[:, variance] = (
            summed(weight * moved)
            - squared * top * precision / weights
            - summed(weight**2 * moved * left)
            - precision**2 * squared / weights**2 / precision.sum()
        )
    slopes[:, SESSION] += summed((n - 1) / within - cells.squares / within**2)
    return value, slopes


def _left_out(cells: _Cells, at: Floats, free: list[int]) -> Floats:
    """The variances without each therapist in turn (therapists × 3), by one step of Newton's from those of all: the
    infinitesimal jackknife, which asks for no second fit.
    """
    _, slopes = _criterion(cells, at)
    step = np.linalg.solve(_curve(cells, at, free), slopes[:, free].T).T
    without = np.tile(at, (cells.groups, 1))
    without[:, free] += step * cells.groups / (cells.groups - 1)
    return np.maximum(without, 0.0)


def _standard_errors(found: Floats, without: Floats) -> Floats:
    """Of the shares: the jackknife's, around the estimate of all."""
    groups = len(without)
    off = without / without.sum(axis=1, keepdims=True) - found / found.sum()
    return np.asarray(np.sqrt((groups - 1) / groups * (off**2).sum(axis=0)), dtype=np.float64)
