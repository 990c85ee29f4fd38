"""Where scores differ: between therapists, between a therapist's participants, between a participant's sessions.

Nested variance components by Henderson's method 1 (Searle, Casella & McCulloch 1992, Variance Components, chapter 5):
the sums of squares set equal to what is expected of them. For balanced data they are REML's; for others they need no
distribution and one pass. A component below zero is told as zero.
"""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

_FEWEST = 3


@dataclass(frozen=True)
class Components:
    """Variances, and the shares of therapists and of participants (within therapists) in their sum, with the standard
    errors of these shares by leaving out one therapist at a time (one participant, where there is no therapist).
    """

    forms: int
    participants: int
    therapists: int
    therapist: float | None
    participant: float
    session: float
    icc_therapist: float | None
    icc_participant: float
    icc_therapist_se: float | None = None
    icc_participant_se: float | None = None


def components(scores: pl.DataFrame) -> Components | None:
    """Of a frame with therapist, participant and score, one row per form; forms without therapist leave that level out.

    None with fewer than three participants, or where none has two forms.
    """
    cells = (
        scores.drop_nulls("score")
        .group_by("therapist", "participant", maintain_order=True)
        .agg(n=pl.len(), total=pl.col("score").sum(), squared=(pl.col("score") ** 2).sum())
    )
    has_therapists = cells["therapist"].null_count() == 0 and cells["therapist"].n_unique() >= _FEWEST
    found = _estimated(cells, has_therapists=has_therapists)
    if found is None:
        return None
    level = "therapist" if has_therapists else "participant"
    units = cells[level].unique(maintain_order=True).to_list()
    if len(units) > _MOST_LEFT_OUT:
        return found
    without = [_estimated(cells.filter(pl.col(level) != unit), has_therapists=has_therapists) for unit in units]
    return replace(
        found,
        icc_therapist_se=_jackknife([each.icc_therapist for each in without if each]) if has_therapists else None,
        icc_participant_se=_jackknife([each.icc_participant for each in without if each]),
    )


_MOST_LEFT_OUT = 2_000


def _estimated(cells: pl.DataFrame, *, has_therapists: bool) -> Components | None:
    """By the sums of each participant with each therapist (`cells`)."""
    n, total = cells["n"].to_numpy().astype(float), cells["total"].to_numpy()
    forms, people = float(n.sum()), len(n)
    if people < _FEWEST or forms <= people:
        return None
    within = float(cells["squared"].sum() - (total**2 / n).sum()) / (forms - people)
    therapist = None
    if has_therapists:
        of = cells["therapist"].rank("dense").to_numpy().astype(int) - 1
        groups = int(of.max()) + 1
        n_group, total_group = np.bincount(of, n), np.bincount(of, total)
        between_people = float((total**2 / n).sum() - (total_group**2 / n_group).sum())
        between_groups = float((total_group**2 / n_group).sum() - total.sum() ** 2 / forms)
        share = float((np.bincount(of, n**2) / n_group).sum())
        if forms - share <= 0 or groups < _FEWEST:
            return None
        participant = max((between_people - (people - groups) * within) / (forms - share), 0.0)
        left = between_groups - (groups - 1) * within - (share - float((n**2).sum()) / forms) * participant
        therapist = max(left / (forms - float((n_group**2).sum()) / forms), 0.0)
    else:
        groups = 0
        between = float((total**2 / n).sum() - total.sum() ** 2 / forms)
        participant = max((between - (people - 1) * within) / (forms - float((n**2).sum()) / forms), 0.0)
    whole = within + participant + (therapist or 0.0)
    if whole <= 0:
        return None
    return Components(
        int(forms), people, groups, therapist, participant, within,
        None if therapist is None else therapist / whole, participant / whole,
    )  # fmt: skip


def _jackknife(values: list[float | None]) -> float | None:
    known = np.array([value for value in values if value is not None])
    if len(known) < _FEWEST:
        return None
    return float(np.sqrt((len(known) - 1) / len(known) * ((known - known.mean()) ** 2).sum()))
