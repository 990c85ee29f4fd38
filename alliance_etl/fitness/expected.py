"""Which forms are missing of those that study.yaml's `expects` asks for, per site, instrument and therapist."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from alliance_etl.publication.expected import EXPECTED_FORMS
from alliance_etl.publication.views import quoted
from alliance_etl.study.model import Study

MISSING = {"site": pl.String, "instrument": pl.String, "therapist": pl.String, "due": pl.Int64, "missing": pl.Int64}
_FORMS = "SELECT site, participant, therapist, instrument, session, session_date FROM read_parquet([{files}])"


def expectation_rows(study: Study) -> list[dict[str, Any]]:
    """The rows of the table `expectations`: one per site, instrument and run of sessions."""
    return list(_rows(study))


def _rows(study: Study) -> Iterator[dict[str, Any]]:
    for expected in study.expects:
        exporting = [
            site.name
            for site in study.sites.values()
            if any(export.instrument == expected.instrument for export in site.exports.values())
        ]
        for site in expected.sites or exporting:
            row = {"site": site, "instrument": expected.instrument, "raters": expected.raters}
            if expected.every_days is not None:
                yield {**row, "first": None, "every": None, "last": None, "every_days": expected.every_days}
            for rule in expected.rules():
                yield {**row, "first": rule.first, "every": rule.every, "last": rule.last, "every_days": None}


def missing_of(expectations: pl.DataFrame, files: Mapping[str, Sequence[Path]]) -> pl.DataFrame:
    """MISSING rows. `files` are the scored files of each instrument of the study: a session counts as held whichever
    form tells of it.
    """
    selects = [_FORMS.format(files=", ".join(quoted(str(path)) for path in paths)) for paths in files.values() if paths]
    if expectations.is_empty() or not selects:
        return pl.DataFrame(schema=MISSING)
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.register("expectations", expectations.to_arrow())
        connection.execute(f"CREATE VIEW forms AS {' UNION ALL BY NAME '.join(selects)}")
        return connection.sql(
            "SELECT site, instrument, therapist, sum(n_expected)::BIGINT AS due, sum(n_missing)::BIGINT AS missing "
            f"FROM ({EXPECTED_FORMS}) GROUP BY ALL"
        ).pl()
