"""Whether a form measures the same at several sites: one model of its scales, with more and more held equal.

Confirmatory models of correlated scales, each item on its own scale, by maximum likelihood over groups (Jöreskog 1971,
Psychometrika 36:409-426); configural, metric (equal loadings) and scalar (equal intercepts, too), as R's lavaan has it
with the variances of scales set to one in the first group.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from scipy import stats

from alliance_etl.psychometrics.congeneric import NoSolution
from alliance_etl.psychometrics.limits import MODELS, Model
from alliance_etl.psychometrics.multigroup import Group, Part, least_chi2, n_shared


@dataclass(frozen=True)
class Fit:
    """A model's fit; None where the likelihood has no maximum with error variances above zero. `…_difference` are
    against the model before it. `proper`: false where scales of some group correlate by one or more, so that they are
    not separate there.
    """

    model: Model
    df: int
    proper: bool | None = None
    chi2: float | None = None
    p: float | None = None
    cfi: float | None = None
    rmsea: float | None = None
    chi2_difference: float | None = None
    df_difference: int | None = None
    p_difference: float | None = None
    cfi_difference: float | None = None
    rmsea_difference: float | None = None


def invariance(groups: Sequence[Group], scales: Sequence[Sequence[int]]) -> list[Fit]:
    """The three models over at least two groups; `scales` are the positions (from 0) of the items of each scale."""
    fits = [_fit(groups, scales, model) for model in MODELS]
    return [fits[0], *(_against(after, before) for before, after in pairwise(fits))]


def _against(after: Fit, before: Fit) -> Fit:
    if after.chi2 is None or before.chi2 is None or after.cfi is None or before.cfi is None:
        return after
    assert after.rmsea is not None
    assert before.rmsea is not None, "all of a fit is known, or nothing"
    chi2, df = after.chi2 - before.chi2, after.df - before.df
    return replace(
        after,
        chi2_difference=chi2,
        df_difference=df,
        p_difference=float(stats.chi2.sf(max(chi2, 0.0), df)),
        cfi_difference=after.cfi - before.cfi,
        rmsea_difference=after.rmsea - before.rmsea,
    )


def _fit(groups: Sequence[Group], scales: Sequence[Sequence[int]], model: Model) -> Fit:
    items, people = len(groups[0].means), sum(group.people for group in groups)
    sizes = np.sqrt(sum(group.people * np.diag(group.covariance) for group in groups) / people)
    unit = [Group(g.people, g.means / sizes, g.covariance / np.outer(sizes, sizes)) for g in groups]
    parts = [Part(group, scales, model, first=at == 0) for at, group in enumerate(unit)]
    shared = n_shared(model, items)
    known = shared + sum(part.size - part.shared for part in parts)
    known += len(groups) * items if model != "scalar" else 0  # intercepts, which then fit exactly
    df = len(groups) * items * (items + 3) // 2 - known
    try:
        chi2, proper = least_chi2(parts)
    except NoSolution:
        return Fit(model, df)
    # against items that have nothing to do with each other
    loose = sum(
        g.people * (float(np.log(np.diag(g.covariance)).sum()) - float(np.linalg.slogdet(g.covariance)[1]))
        for g in groups
    )
    loose_df = len(groups) * items * (items - 1) // 2
    excess, loose_excess = max(chi2 - df, 0.0), max(loose - loose_df, chi2 - df, 1e-12)
    p = float(stats.chi2.sf(max(chi2, 0.0), df)) if df else 1.0  # without degrees of freedom any data fit
    rmsea = float(np.sqrt(excess / (df * people) * len(groups))) if df else 0.0
    return Fit(model, df, proper, max(chi2, 0.0), p, 1 - excess / loose_excess, rmsea)
