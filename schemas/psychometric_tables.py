"""The tables that the verb `psychometrics` makes of a publication, every column declared once.

They are no part of it.
"""

from dataclasses import replace

from alliance_etl.psychometrics.limits import (
    FEWEST_FOR_ORDINAL,
    FEWEST_PEOPLE,
    FEWEST_PER_SITE,
    FEWEST_THERAPISTS,
    MODELS,
    MOST_STEPS,
)
from alliance_etl.tables import Column, Table
from schemas.columns import INSTRUMENT, RATER_ROLE, SITE
from schemas.tables import CODEBOOK, META

_SITE = replace(SITE, required=False, description="site, as named in study.yaml; NULL: all sites together")
_ABOUT = (INSTRUMENT, _SITE, RATER_ROLE)
_SCALE = Column("scale", "VARCHAR", "a subscale's name, or total", required=True)
_PEOPLE = Column(
    "people",
    "BIGINT",
    "participants with a complete form, of which the earliest counts",
    unit="participants",
    required=True,
    low=0,
)
_TOO_FEW = f"too_few_people (under {FEWEST_PEOPLE})"


def _reason(why: str, *values: str) -> Column:
    return Column("reason", "VARCHAR", f"why a number is NULL: {why}", values=values)


def _coefficient(name: str, title: str, interval: str) -> tuple[Column, ...]:
    return (
        Column(name, "DOUBLE", title),
        Column(f"{name}_se", "DOUBLE", f"standard error of {name}", low=0),
        Column(f"{name}_low", "DOUBLE", f"lower end of its 95 % interval, {interval}"),
        Column(f"{name}_high", "DOUBLE", f"upper end of its 95 % interval, {interval}", high=1),
    )


def _ends(share: str) -> tuple[Column, ...]:
    how = "by the profile of the restricted likelihood, widened where effects are not normal"
    return (
        Column(f"{share}_low", "DOUBLE", f"lower end of the 95 % interval of {share}, {how}", low=0, high=1),
        Column(f"{share}_high", "DOUBLE", f"upper end of the 95 % interval of {share}, {how}", low=0, high=1),
    )


RELIABILITY = Table(
    "reliability",
    "Internal consistency: one row per instrument, site (and all together), rater role and scale.",
    (
        *_ABOUT,
        _SCALE,
        _PEOPLE,
        Column("items", "BIGINT", "items of the scale", unit="items", required=True, low=0),
        *_coefficient("alpha", "Cronbach's alpha of the keyed answers", "Feldt 1965"),
        *_coefficient(
            "omega",
            "McDonald's omega total: (sum of loadings)² by that and the sum of error variances of the one-dimensional "
            "model, by maximum likelihood",
            "by the delta method, cut at 0 and 1",
        ),
        _reason(
            f"single_item; {_TOO_FEW}; no_variance: an item that everybody answers alike; of omega alone two_items and "
            "no_proper_solution: an error variance at zero",
            "single_item",
            "too_few_people",
            "no_variance",
            "two_items",
            "no_proper_solution",
        ),
        Column(
            "ordinal_alpha",
            "DOUBLE",
            "alpha of the polychoric correlations, those of the normal traits behind answers in a few steps (Zumbo, "
            "Gadermann & Zeisser 2007)",
            high=1,
        ),
        Column(
            "ordinal_reason",
            "VARCHAR",
            "why there is an alpha and no ordinal_alpha: too_many_steps (answers that are no steps, or over "
            f"{MOST_STEPS}); too_few_people (under {FEWEST_FOR_ORDINAL}); no_proper_solution: a correlation of one, or "
            "correlations that do not go together",
            values=("too_many_steps", "too_few_people", "no_proper_solution"),
        ),
    ),
)

ITEM_STATISTICS = Table(
    "item_statistics",
    "Items as answered: one row per instrument, site (and all together), rater role and item.",
    (
        *_ABOUT,
        Column("item", "INTEGER", "item number on the form", required=True),
        Column("forms", "BIGINT", "forms, of which all count but for r_rest", unit="forms", required=True, low=0),
        Column("missing", "DOUBLE", "share of forms without an answer", low=0, high=1),
        Column("mean", "DOUBLE", "mean answer, as answered", unit="points"),
        Column("sd", "DOUBLE", "standard deviation of the answers", unit="points", low=0),
        Column("lowest", "DOUBLE", "share of answers at the lowest end of the range: the floor", low=0, high=1),
        Column("highest", "DOUBLE", "share of answers at the highest end of the range: the ceiling", low=0, high=1),
        _PEOPLE,
        Column(
            "r_rest",
            "DOUBLE",
            "correlation of the keyed answer with the sum of all other keyed items",
            low=-1.000001,
            high=1.000001,
        ),
        _reason(f"{_TOO_FEW}; no_variance: everybody answers alike", "too_few_people", "no_variance"),
    ),
)

VARIANCE_COMPONENTS = Table(
    "variance_components",
    "Where scores differ (sessions within participants within therapists, by restricted maximum likelihood): one row "
    "per instrument, site (and all together), rater role and scale.",
    (
        *_ABOUT,
        _SCALE,
        Column(
            "forms",
            "BIGINT",
            "scored forms that count; those without therapist do not where therapists are a level",
            unit="forms",
            required=True,
            low=0,
        ),
        Column("participants", "BIGINT", "participants of these forms", unit="participants", required=True, low=0),
        Column(
            "therapists", "BIGINT", "therapists of these forms; NULL where therapists are no level", unit="therapists"
        ),
        Column("session", "DOUBLE", "variance within participants, between their sessions", unit="points²", low=0),
        Column("participant", "DOUBLE", "variance between participants (of one therapist)", unit="points²", low=0),
        Column("therapist", "DOUBLE", "variance between therapists", unit="points²", low=0),
        Column("icc_participant", "DOUBLE", "participant by the sum of all variances", low=0, high=1),
        *_ends("icc_participant"),
        Column(
            "icc_participant_se",
            "DOUBLE",
            "its standard error, by the infinitesimal jackknife over therapists (or participants, the top level)",
            low=0,
        ),
        Column("icc_therapist", "DOUBLE", "therapist by the sum of all variances", low=0, high=1),
        *_ends("icc_therapist"),
        Column(
            "icc_therapist_se",
            "DOUBLE",
            "its standard error, likewise; NULL where the variance is zero, at the edge",
            low=0,
        ),
        _reason(
            f"{_TOO_FEW}; too_few_repeated: under {FEWEST_PEOPLE} forms beyond the first of each participant; "
            f"no_variance; of therapists alone too_few_therapists (under {FEWEST_THERAPISTS}, or most forms name none) "
            "and no_therapist_named",
            "too_few_people",
            "too_few_repeated",
            "no_variance",
            "too_few_therapists",
            "no_therapist_named",
        ),
    ),
)

INVARIANCE = Table(
    "invariance",
    "Whether sites measure the same: one row per instrument, rater role and model, each with more held equal than the "
    "one before.",
    (
        INSTRUMENT,
        RATER_ROLE,
        Column(
            "model",
            "VARCHAR",
            "configural: the same items; metric: equal loadings; scalar: equal intercepts, too",
            required=True,
            values=MODELS,
        ),
        Column("sites", "VARCHAR", f"sites that take part, with {FEWEST_PER_SITE} participants or more; NULL: none"),
        replace(_PEOPLE, description="their participants with a complete form, of which the earliest counts"),
        Column("scales", "BIGINT", "correlated scales of the model; 1: the total", required=True, low=0),
        Column("items", "BIGINT", "items of the model", unit="items", required=True, low=0),
        Column("proper", "BOOLEAN", "false: scales correlate by one or more at some site: they are not separate"),
        Column("chi2", "DOUBLE", "chi² of the model, maximum likelihood", low=0),
        Column("df", "BIGINT", "its degrees of freedom", low=0),
        Column("p", "DOUBLE", "its p value", low=0, high=1),
        Column("cfi", "DOUBLE", "comparative fit index", low=0, high=1),
        Column("rmsea", "DOUBLE", "root mean square error of approximation, over groups (Steiger 1998)", low=0),
        Column("chi2_difference", "DOUBLE", "chi² less that of the model before"),
        Column("df_difference", "BIGINT", "df less that of the model before", low=0),
        Column("p_difference", "DOUBLE", "p value of the difference in chi²", low=0, high=1),
        Column(
            "cfi_difference",
            "DOUBLE",
            "cfi less that of the model before; below -.01 speaks against it (Cheung & Rensvold 2002)",
        ),
        Column("rmsea_difference", "DOUBLE", "rmsea less that of the model before"),
        _reason(
            "too_few_sites with enough people; too_few_items (under 3); no_proper_solution: an error variance at zero",
            "too_few_sites",
            "too_few_items",
            "no_proper_solution",
        ),
    ),
    key=("instrument", "rater_role", "model"),
)

PSYCHOMETRIC_TABLES: dict[str, Table] = {
    table.name: table for table in (RELIABILITY, ITEM_STATISTICS, VARIANCE_COMPONENTS, INVARIANCE, CODEBOOK, META)
}
