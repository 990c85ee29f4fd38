"""Internal consistency of a scale: Cronbach's alpha and McDonald's omega, from one complete form of each person."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from alliance_etl.psychometrics.congeneric import NoSolution, fit_congeneric

Floats = NDArray[np.float64]
LEVEL = 0.95


@dataclass(frozen=True)
class Coefficient:
    """An estimate with its standard error and 95 % interval."""

    value: float
    se: float
    low: float
    high: float


def alpha(keyed: Floats) -> Coefficient | None:
    """Cronbach's alpha of keyed answers (people × items); None below two items or three people, or without variance.

    The standard error is that of Duhachek & Iacobucci (2004, J Appl Psychol 89:792-808), the interval that of Feldt
    (1965, Psychometrika 30:357-370), both as R's psych gives them.
    """
    people, items = keyed.shape
    if items < 2 or people < 3:
        return None
    covariance = np.cov(keyed, rowvar=False)
    total, own = float(covariance.sum()), float(np.trace(covariance))
    if total <= 0:
        return None
    value = items / (items - 1) * (1 - own / total)
    squared = float((covariance @ covariance).sum())
    spread = total * (np.trace(covariance @ covariance) + own**2) - 2 * own * squared
    variance = 2 * items**2 / ((items - 1) ** 2 * total**3) * spread / people
    freedom = people - 1, (people - 1) * (items - 1)
    low = 1 - (1 - value) * stats.f.ppf(1 - (1 - LEVEL) / 2, *freedom)
    high = 1 - (1 - value) * stats.f.ppf((1 - LEVEL) / 2, *freedom)
    return Coefficient(value, float(np.sqrt(max(variance, 0.0))), float(low), float(high))


def omega(keyed: Floats) -> Coefficient | None:
    """McDonald's omega of keyed answers (people × items): (sum of loadings)² by that and the sum of error variances,
    by maximum likelihood on one dimension (McDonald 1999, Test Theory, chapter 6). None where that has no solution.

    Standard error by the delta method from the expected information; the interval is symmetric, cut at 0 and 1.
    """
    try:
        fit = fit_congeneric(keyed)
    except NoSolution:
        return None
    loadings, errors = fit.loadings, fit.errors
    common, unique = float(loadings.sum()) ** 2, float(errors.sum())
    value = common / (common + unique)
    slope = np.concatenate(
        [
            np.full(len(loadings), 2 * loadings.sum() * unique / (common + unique) ** 2),
            np.full(len(errors), -common / (common + unique) ** 2),
        ]
    )
    se = float(np.sqrt(slope @ fit.covariance @ slope))
    reach = float(stats.norm.ppf(1 - (1 - LEVEL) / 2)) * se
    return Coefficient(value, se, max(value - reach, 0.0), min(value + reach, 1.0))
