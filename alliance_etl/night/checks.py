"""The checks of a night. Each counts per site and quotes nothing; one that cannot run raises NotChecked."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import polars as pl

from alliance_etl.batches import batches
from alliance_etl.errors import NotChecked
from alliance_etl.fitness.catalogue import criteria
from alliance_etl.night.promises import Promises
from alliance_etl.night.reports import CheckResult, Counts
from alliance_etl.publication.scored import MOST_ROWS, Scoring
from alliance_etl.state.entries import Segment
from alliance_etl.state.layout import Layout
from alliance_etl.state.ledger import Ledger
from alliance_etl.study.model import Study

FITNESS = "fitness_"
"""What the names of the checks of fitness for use begin with."""
Scored = Sequence[tuple[Scoring, Sequence[tuple[Segment, Path]]]]


def conservation(ledger: Ledger) -> CheckResult:
    """For every drop and export: rows read = new + changed + unchanged + held + skipped; and no form is lost between
    drops.

    The forms of a site are as many as its drops brought: the sum of `new`, in rows where a form has one row.
    """
    broken: Counter[str] = Counter()
    for drop in ledger.drops():
        sums = sum(drop.exports.values(), Counts()) if drop.exports else drop.counts
        parts_agree = sums == drop.counts
        if not (drop.counts.conserved and parts_agree and all(counts.conserved for counts in drop.exports.values())):
            broken[drop.site] += 1
    return CheckResult(
        "conservation",
        not broken,
        "For every drop, rows read = new + changed + unchanged + held + skipped.",
        dict(broken),
    )


def contracts(ledger: Ledger, promises: Promises, scored: Scored) -> CheckResult:
    """Every wide table keeps its pandera contract: columns, types, required values, ranges, one row per form.

    Files are checked many at a time; only where something is wrong, one by one, to tell whose it is.
    """
    broken: Counter[str] = Counter()
    for scoring, files in scored:
        todo = [(segment, path) for segment, path in files if not ledger.is_checked(path.name)]
        missing = sum(not path.exists() for _, path in todo)
        if missing:
            raise NotChecked(
                f"{missing} files of {scoring.instrument.id} are not scored, so their contract was not checked; "
                "run the whole job"
            )
        paths = dict(todo)
        for batch in batches(paths, lambda segment: segment.rows, MOST_ROWS):
            if promises.table_breaches(scoring.table, _together(paths[segment] for segment in batch)):
                for segment in batch:
                    breaches = promises.table_breaches(scoring.table, pl.read_parquet(paths[segment]))
                    broken[segment.site] += sum(breaches.values())
                broken[batch[0].site] += not broken.total()
            else:
                with ledger.transaction():
                    ledger.set_checked([paths[segment].name for segment in batch])
    found = {site: count for site, count in broken.items() if count}
    return CheckResult("contracts", not found, "Every published wide table keeps its contract.", found)


def _together(paths: Iterable[Path]) -> pl.DataFrame:
    return pl.concat([pl.read_parquet(path) for path in paths])


def declared_totals(layout: Layout, ledger: Ledger, study: Study) -> CheckResult:
    """How many declared totals disagree with the score that the key gives, per site."""
    differing = {}
    for site in study.sites:
        files = [layout.state / drop.findings_file for drop in ledger.drops(site) if drop.findings_file]
        if files:
            cells = pl.scan_parquet(files).filter(pl.col("code") == "total_differs")
            differing[site] = int(cells.select(pl.col("count").sum()).collect().item() or 0)
    found = {site: count for site, count in differing.items() if count}
    return CheckResult(
        "declared_totals", not found, "Totals in the files agree with the scores that the key gives.", found
    )


def completeness(scored: Scored, study: Study) -> CheckResult:
    """How many forms have missing answers, per site."""
    incomplete: Counter[str] = Counter()
    for scoring, files in scored:
        if files:
            few = (
                pl.scan_parquet([path for _, path in files])
                .filter(pl.col("n_answered") < len(scoring.instrument.item_numbers))
                .group_by("site")
                .len()
                .collect()
            )
            incomplete.update(dict(few.iter_rows()))
    found = {site: incomplete[site] for site in study.sites if incomplete[site]}
    return CheckResult("completeness", not found, "Every form has all its answers.", found)


def open_alerts(alerts: pl.DataFrame, study: Study) -> CheckResult:
    """How many possible but unlikely values wait to be confirmed, per site."""
    counts = Counter(alerts.filter(state="open")["site"].to_list())
    found = {site: counts[site] for site in study.sites if counts[site]}
    return CheckResult("open_alerts", not found, "No possible but unlikely value waits to be confirmed.", found)


def fitness(judged: pl.DataFrame, study: Study) -> list[CheckResult]:
    """Per criterion of fitness for use, how many sites and therapists are doubtful, per site."""
    doubtful = judged.filter(pl.col("outcome") == "doubtful")
    results = []
    for criterion in criteria().values():
        counts = Counter(doubtful.filter(criterion=criterion.name)["site"].to_list())
        found = {site: counts[site] for site in study.sites if counts[site]}
        said = f"{criterion.title}: no site and no therapist has more than study.yaml bears."
        results.append(CheckResult(f"{FITNESS}{criterion.name}", not found, said, found))
    return results
