"""Fitness for use as the last publication tells it."""

from typing import Any

import duckdb

from alliance_etl.errors import ConfigurationError
from alliance_etl.publication.swap import published_folder
from alliance_etl.state.layout import Layout
from alliance_etl.study.model import Study
from alliance_etl.words import did_you_mean


def published_fitness(study: Study, site: str | None = None, *, everything: bool = False) -> list[dict[str, Any]]:
    """Rows of the table `fitness`, the doubtful ones or all. ConfigurationError: no such site, or nothing published."""
    if site is not None and site not in study.sites:
        raise ConfigurationError(f'no site "{site}"{did_you_mean(site, study.sites)}')
    folder = published_folder(Layout(study.folder).warehouse)
    if folder is None:
        raise ConfigurationError("nothing is published yet; run: alliance-etl run")
    table = str(folder / "tables" / "fitness.parquet")
    with duckdb.connect() as connection:
        found = connection.sql(
            "SELECT * FROM read_parquet(?) WHERE (? OR outcome = 'doubtful') AND (?::VARCHAR IS NULL OR site = ?)",
            params=[table, everything, site, site],
        )
        return found.pl().to_dicts()
