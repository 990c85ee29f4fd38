"""Making the quality report of the current publication: gather what is expected, have it checked, write it down."""

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl

from alliance_etl.history.publications import CURRENT, Publication, publication_called
from alliance_etl.publication.scored import Scoring
from alliance_etl.publication.views import name as quoted_name
from alliance_etl.publication.views import quoted
from alliance_etl.quality.between_tables import last_nights, references, rows
from alliance_etl.quality.distributions import distributions
from alliance_etl.quality.model import Expectation, Report, Result, Suite
from alliance_etl.quality.process import CouldNotCheck, checked
from alliance_etl.quality.report import write_report
from alliance_etl.quality.suites import suites_of
from alliance_etl.state.layout import Layout
from alliance_etl.state.ledger import Ledger
from alliance_etl.study.model import Study
from alliance_etl.tables import Table

# So many nights are looked back on.
_NIGHTS = 30
# What reading a file that is cut short, is none, or went away meanwhile ends with.
_UNREADABLE = (FileNotFoundError, pl.exceptions.ComputeError, duckdb.IOException, duckdb.InvalidInputException)


@dataclass(frozen=True)
class Made:
    """The report, and the page that tells it."""

    report: Report
    page: Path


def make_report(study: Study, scorings: Sequence[Scoring], tables: Mapping[str, Table]) -> Made:
    """Check the current publication and write the report. ConfigurationError where nothing is published.

    `tables` are the fixed tables; `scorings` add the wide ones. What cannot be checked is an error in the report.
    """
    layout = Layout(study.folder)
    public = publication_called(layout, CURRENT)
    begun = time.perf_counter()
    report = Report(public.folder.name, datetime.now(UTC).isoformat(timespec="seconds"), ())
    suites: list[Suite] = []
    try:
        suites, left_out = _gathered(study, layout, public, scorings, tables)
        found = checked(suites, study.quality.minutes * 60)
        results = [_with_sites(result, expectation, suite) for result, expectation, suite in _each(found, suites)]
        report = replace(report, results=(*results, *left_out))
    except CouldNotCheck as trouble:
        report = replace(report, trouble=str(trouble))
    except _UNREADABLE:
        why = "its files could not be read: one is damaged, or a later publication has taken their place"
        report = replace(report, trouble=why)
    report = replace(report, seconds=round(time.perf_counter() - begun, 1))
    return Made(report, write_report(report, suites, study, layout))


def _gathered(
    study: Study, layout: Layout, public: Publication, scorings: Sequence[Scoring], tables: Mapping[str, Table]
) -> tuple[list[Suite], list[Result]]:
    wide = [scoring.table for scoring in scorings]
    stored = [*wide, *(table for table in tables.values() if table.kind == "stored")]
    files = {table.name: public.files(table.name) for table in stored}
    every = [*stored, *(table for table in tables.values() if table.kind == "view")]
    counts = {table.name: _rows_of(files[table.name]) for table in stored if files[table.name]}
    with duckdb.connect(str(public.database), read_only=True) as connection:
        there = {row[0] for row in connection.execute("SELECT table_name FROM information_schema.tables").fetchall()}
        known = [table for table in every if table.name in there]
        scored = [scoring for scoring in scorings if scoring.table.name in counts]
        between = [references(connection, known), rows(connection, counts, known, scored)]
    nights, too_young = last_nights(counts, _before(layout, public), study.quality.shrinks)
    shifts, too_few = distributions(scored, files, study.quality)
    suites = [*suites_of(stored, files), *between, nights, *shifts]
    return [suite for suite in suites if suite.expectations], [*too_young, *too_few]


def _rows_of(files: Sequence[Path]) -> int:
    return int(pl.scan_parquet(list(files)).select(pl.len()).collect().item())


def _before(layout: Layout, public: Publication) -> list[Mapping[str, int]]:
    """Rows per table of the publications before this one, the newest last, each once."""
    with closing(Ledger(layout.ledger)) as ledger:
        nights = [night for night in ledger.nights(_NIGHTS * 10) if night.publication and night.tables]
    by_publication = {
        night.publication: night for night in nights if str(night.publication_number) != public.folder.name
    }
    return [night.tables for night in by_publication.values()][-_NIGHTS:]


def _each(found: Sequence[Result], suites: Sequence[Suite]) -> list[tuple[Result, Expectation, Suite]]:
    asked = [(expectation, suite) for suite in suites for expectation in suite.expectations]
    return [(result, *one) for result, one in zip(found, asked, strict=True)]


def _with_sites(result: Result, expectation: Expectation, suite: Suite) -> Result:
    """A result that failed, with its count per site where the table has one."""
    rule = _BROKEN.get(expectation.kind)
    if result.outcome != "failed" or rule is None or not suite.paths or expectation.column is None:
        return result
    listed = ", ".join(quoted(path) for path in suite.paths)
    broken = rule.format(column=quoted_name(expectation.column), **_literals(expectation))
    with duckdb.connect() as connection:
        columns = connection.execute(f"SELECT * FROM read_parquet([{listed}]) LIMIT 0").description
        if "site" not in {column[0] for column in columns}:
            return result
        counted = connection.execute(
            f"SELECT site, count(*) FROM read_parquet([{listed}]) WHERE {broken} AND site IS NOT NULL "
            "GROUP BY site ORDER BY site"
        ).fetchall()
    return replace(result, by_site=dict(counted))


_BROKEN = {
    "ExpectColumnValuesToNotBeNull": "{column} IS NULL",
    "ExpectColumnValuesToBeInSet": "{column} NOT IN {value_set}",
    "ExpectColumnValuesToBeBetween": "NOT ({column} BETWEEN {min_value} AND {max_value})",
    "ExpectColumnValuesToMatchRegex": "NOT regexp_matches({column}, {regex})",
}
"""Which rows do not keep an expectation of each kind, as SQL."""


def _literals(expectation: Expectation) -> dict[str, str]:
    told = {name: json.dumps(value) for name, value in expectation.arguments.items() if name != "column"}
    if "value_set" in expectation.arguments:
        told["value_set"] = f"({', '.join(quoted(str(value)) for value in expectation.arguments['value_set'])})"
    if "regex" in expectation.arguments:
        told["regex"] = quoted(str(expectation.arguments["regex"]))
    for name, endless in (("min_value", "'-infinity'::DOUBLE"), ("max_value", "'infinity'::DOUBLE")):
        if expectation.arguments.get(name) is None:
            told[name] = endless
    return told
