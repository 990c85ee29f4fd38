"""Internal consistency of a scale: Cronbach's alpha and McDonald's omega, from the covariances of its keyed items."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from alliance_etl.psychometrics.congeneric import Congeneric, Floats

LEVEL = 0.95


@dataclass(frozen=True)
class Coefficient:
    """An estimate with its standard error and 95 % interval."""

    value: float
    se: float
    low: float
    high: float


def alpha(covariance: Floats, people: int) -> Coefficient:
    """Cronbach's alpha of at least two items whose sum varies, and that at least three people gave.

    The standard error is that of Duhachek & Iacobucci (2004, J Appl Psychol 89:792-808), the interval that of Feldt
    (1965, Psychometrika 30:357-370), both as R's psych gives them.
    """
    items = len(covariance)
    total, own = float(covariance.sum()), float(np.trace(covariance))
    value = items / (items - 1) * (1 - own / total)
    squared = float((covariance @ covariance).sum())
    spread = total * (float((covariance**2).sum()) + own**2) - 2 * own * squared
    variance = 2 * items**2 / ((items - 1) ** 2 * total**3) * spread / people
    freedom = people - 1, (people - 1) * (items - 1)
    low = 1 - (1 - value) * stats.f.ppf(1 - (1 - LEVEL) / 2, *freedom)
    high = 1 - (1 - value) * stats.f.ppf((1 - LEVEL) / 2, *freedom)
    return Coefficient(value, float(np.sqrt(max(variance, 0.0))), float(low), float(high))


def omega(fit: Congeneric) -> Coefficient:
    """McDonald's omega: (sum of loadings)² by that and the sum of error variances (McDonald 1999, Test Theory,
    chapter 6).

    Standard error by the delta method from the expected information; the interval is symmetric, cut at 0 and 1.
    """
    loadings, errors = fit.loadings, fit.errors
    common, unique = float(loadings.sum()) ** 2, float(errors.sum())
    value = common / (common + unique)
    of_loading = 2 * float(loadings.sum()) * unique / (common + unique) ** 2
    of_error = -common / (common + unique) ** 2
    slope = np.repeat([of_loading, of_error], len(loadings))
    se = float(np.sqrt(slope @ fit.covariance @ slope))
    reach = float(stats.norm.ppf(1 - (1 - LEVEL) / 2)) * se
    return Coefficient(value, se, max(value - reach, 0.0), min(value + reach, 1.0))
