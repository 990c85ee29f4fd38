"""The rows of the table `fitness`: every criterion at every site and therapist, with its outcome."""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from alliance_etl.fitness.catalogue import Criterion, criteria
from alliance_etl.fitness.duplicates import PAIRS, duplicates_of
from alliance_etl.fitness.expected import missing_of
from alliance_etl.fitness.forms import can_line, complete, n_steps, sums_of
from alliance_etl.fitness.ranges import unused_steps
from alliance_etl.publication.scored import Scoring
from alliance_etl.study.fitness import Fitness
from alliance_etl.study.model import Study

ROWS = {
    "site": pl.String,
    "instrument": pl.String,
    "rater_role": pl.String,
    "level": pl.String,
    "therapist": pl.String,
    "criterion": pl.String,
    "numerator": pl.Int64,
    "denominator": pl.Int64,
    "forms": pl.Int64,
}
"""What is counted; `forms` are those at this level, NULL where the criterion counts what is not there."""
DUPLICATES = {"site": pl.String, "instrument": pl.String, "rater_role": pl.String, **PAIRS}
_SUMS = {
    "items_missing": ("missing", "items"),
    "forms_unscored": ("unscored", "sent"),
    "straight_lining": ("lined", "lineable"),
    "ceiling": ("at_ceiling", "complete"),
    "floor": ("at_floor", "complete"),
    "duplicate_answers": ("duplicated", "complete"),
}
_SERIES = ("site", "instrument", "rater_role")

Files = Mapping[str, Sequence[tuple[str, Path]]]
"""The scored files of each instrument, each with its site."""


@dataclass(frozen=True)
class Judged:
    """`fitness` and `duplicates` are the tables `fitness` and `duplicate_answers`."""

    fitness: pl.DataFrame
    duplicates: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=DUPLICATES))


def judge(study: Study, scorings: Sequence[Scoring], files: Files, expectations: pl.DataFrame) -> Judged:
    """Count everything that the criteria look at, and judge it by the study's `fitness`."""
    least = study.alerts.straight_lining_items
    counted, found = [pl.DataFrame(schema=ROWS)], [pl.DataFrame(schema=DUPLICATES)]
    units = [
        (scoring, site, paths) for scoring in scorings for site, paths in _by_site(files[scoring.instrument.id]).items()
    ]
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        told = list(pool.map(lambda unit: _of_site(unit[0], unit[1], unit[2], least), units))
    for scoring in scorings:
        own = [each for (of, _, _), each in zip(units, told, strict=True) if of is scoring]
        found += [pairs for _, pairs, _ in own]
        counted += [counts for _, _, counts in own]
        if own:
            sites = [site for of, site, _ in units if of is scoring]
            counted.append(_unused(dict(zip(sites, (sums for sums, _, _ in own), strict=True)), scoring))
    missing = missing_of(expectations, {name: [path for _, path in listed] for name, listed in files.items()})
    counted.append(_expected(missing))
    fitness = judged(pl.concat(counted), study.fitness)
    return Judged(fitness, pl.concat(found).sort("form_id", "same_as"))


def _of_site(
    scoring: Scoring, site: str, paths: Sequence[Path], least: int
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """One site's forms of one instrument: their sums, DUPLICATES, and ROWS."""
    sums = sums_of(paths, scoring, least)
    pairs = _duplicates(site, paths, scoring)
    return sums, pairs, _counts(sums, _duplicated(pairs, paths), scoring, site)


def _by_site(files: Sequence[tuple[str, Path]]) -> dict[str, list[Path]]:
    by_site: dict[str, list[Path]] = {}
    for site, path in files:
        by_site.setdefault(site, []).append(path)
    return by_site


def _duplicates(site: str, paths: Sequence[Path], scoring: Scoring) -> pl.DataFrame:
    items = [f"item_{n}" for n in scoring.instrument.item_numbers]
    scanned = pl.scan_parquet(list(paths)).filter(complete(scoring))
    forms = scanned.select("form_id", "participant", "rater_role", *items).collect()
    labels = {"site": pl.lit(site), "instrument": pl.lit(scoring.instrument.id)}
    found = [
        duplicates_of(of_role, scoring.instrument).with_columns(rater_role=pl.lit(role), **labels).select(*DUPLICATES)
        for (role,), of_role in forms.group_by("rater_role")
    ]
    return pl.concat([pl.DataFrame(schema=DUPLICATES), *found])


def _duplicated(pairs: pl.DataFrame, paths: Sequence[Path]) -> pl.DataFrame:
    """How many forms of each therapist are among the pairs: rater_role, therapist, duplicated."""
    if pairs.is_empty():
        return pl.DataFrame(schema={"rater_role": pl.String, "therapist": pl.String, "duplicated": pl.Int64})
    ids = pl.concat([pairs["form_id"], pairs["same_as"]]).unique()
    forms = pl.scan_parquet(list(paths)).filter(pl.col("form_id").is_in(ids.implode()))
    columns = forms.select("rater_role", "therapist").collect()
    return columns.group_by("rater_role", "therapist").agg(duplicated=pl.len().cast(pl.Int64))


def _counts(sums: pl.DataFrame, duplicated: pl.DataFrame, scoring: Scoring, site: str) -> pl.DataFrame:
    """ROWS of the criteria that count forms, at the site and at each therapist."""
    numbers = sorted({"forms", *(name for pair in _SUMS.values() for name in pair)} - {"duplicated"})
    by_therapist = (
        sums.group_by("rater_role", "therapist")
        .agg(pl.col(numbers).sum())
        .join(duplicated, on=["rater_role", "therapist"], how="left", nulls_equal=True)
        .with_columns(pl.col("duplicated").fill_null(0))
    )
    at_site = by_therapist.group_by("rater_role").agg(pl.col(*numbers, "duplicated").sum())
    scores_only = at_site.filter(pl.col("items") == pl.col("missing"))["rater_role"]
    levels = {
        "site": at_site.with_columns(therapist=pl.lit(None, pl.String)),
        "therapist": by_therapist.filter(pl.col("therapist").is_not_null()),
    }
    # the end of an outcome measure is health, or great distress: neither makes an answer doubtful
    has_ends = scoring.instrument.kind == "alliance"
    applies = {"straight_lining": can_line(scoring.instrument), "ceiling": has_ends, "floor": has_ends}
    rows = [
        _row(levels[level], level, criterion, *_SUMS[criterion.name], applies.get(criterion.name, True))
        for criterion in criteria().values()
        for level in criterion.levels
        if criterion.name in _SUMS and (level == "site" or applies.get(criterion.name, True))
    ]
    counted = pl.concat(rows).with_columns(site=pl.lit(site), instrument=pl.lit(scoring.instrument.id))
    no_answers = pl.col("rater_role").is_in(scores_only.implode())
    nothing = pl.when(~no_answers).then(pl.col("numerator", "denominator"))
    return counted.filter(~no_answers | (pl.col("level") == "site")).with_columns(nothing).select(*ROWS)


def _row(
    sums: pl.DataFrame, level: str, criterion: Criterion, numerator: str, denominator: str, applies: bool
) -> pl.DataFrame:
    nothing = pl.lit(None, pl.Int64)
    return sums.select(
        "rater_role",
        "therapist",
        "forms",
        level=pl.lit(level),
        criterion=pl.lit(criterion.name),
        numerator=pl.col(numerator) if applies else nothing,
        denominator=pl.col(denominator) if applies else nothing,
    )


def _unused(sums: Mapping[str, pl.DataFrame], scoring: Scoring) -> pl.DataFrame:
    """ROWS of range_unused, which compares sites."""
    response = scoring.instrument.response
    assert response is not None, "only an instrument with a key is scored"
    steps, rows = n_steps(response), []
    for role in sorted({role for own in sums.values() for role in own["rater_role"].unique()}):
        of_role = {site: own.filter(rater_role=role) for site, own in sums.items()}
        used = {site: own.filter(pl.col("top").is_not_null()) for site, own in of_role.items()}
        unused = dict(unused_steps({site: own for site, own in used.items() if own.height}, steps))
        for site, own in of_role.items():
            if own.height:
                labels = (site, scoring.instrument.id, role, "site", None, "range_unused")
                of = None if unused.get(site) is None else steps
                rows.append((*labels, unused.get(site), of, own["forms"].sum()))
    return pl.DataFrame(rows, schema=ROWS, orient="row")


def _expected(missing: pl.DataFrame) -> pl.DataFrame:
    """ROWS of sessions_missing, which counts forms of whatever rater role."""
    at_site = missing.group_by("site", "instrument").agg(pl.col("due", "missing").sum())
    levels = {
        "site": at_site.with_columns(therapist=pl.lit(None, pl.String)),
        "therapist": missing.filter(pl.col("therapist").is_not_null()),
    }
    return pl.concat(
        levels[level]
        .with_columns(
            rater_role=pl.lit(None, pl.String),
            level=pl.lit(level),
            criterion=pl.lit("sessions_missing"),
            numerator=pl.col("missing"),
            denominator=pl.col("due"),
            forms=pl.lit(None, pl.Int64),
        )
        .select(*ROWS)
        for level in criteria()["sessions_missing"].levels
    )


def judged(counted: pl.DataFrame, bears: Fitness) -> pl.DataFrame:
    """ROWS with share, threshold and outcome, in a fixed order.

    fit and doubtful by the threshold; too_few where there are not enough forms (or expected ones) to judge;
    not_applicable where the criterion says nothing of this instrument or site.
    """
    shares = {
        name: getattr(bears, criterion.bears) if criterion.bears else 0.0 for name, criterion in criteria().items()
    }
    threshold = pl.col("criterion").replace_strict(shares, return_dtype=pl.Float64)
    enough = pl.col("forms").fill_null(pl.col("denominator")) >= bears.fewest_forms
    outcome = (
        pl.when(pl.col("denominator").is_null())
        .then(pl.lit("not_applicable"))
        .when(~enough | (pl.col("denominator") == 0))
        .then(pl.lit("too_few"))
        .when(pl.col("share") > pl.col("threshold"))
        .then(pl.lit("doubtful"))
        .otherwise(pl.lit("fit"))
    )
    order = pl.Enum(list(criteria()))
    return (
        counted.with_columns(
            threshold=threshold,
            share=pl.when(pl.col("denominator") > 0).then(pl.col("numerator") / pl.col("denominator")),
        )
        .with_columns(outcome=outcome)
        .sort(*_SERIES, pl.col("criterion").cast(order), "level", "therapist")
    )
