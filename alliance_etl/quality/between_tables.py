"""Expectations between tables: ids that lead somewhere, views that have as many rows as follows from what they are made
of, Parquet and DuckDB alike, and row counts against the last nights.

DuckDB counts; what it has counted is handed to Great Expectations as frames of one row.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

import duckdb

from alliance_etl.publication.scored import Scoring
from alliance_etl.publication.views import name as quoted_name
from alliance_etl.quality.model import Expectation, Result, Suite
from alliance_etl.tables import Table

REFERENCES, ROWS, NIGHTS = "references", "row_counts", "last_nights"
# Columns that name a row of another table: the table and the column there.
_LEADS_TO = {
    "form_id": ("forms", "form_id"),
    "same_as": ("forms", "form_id"),
    "drop_id": ("drops", "drop_id"),
    "instrument": ("instruments", "instrument"),
    "metric": ("instruments", "instrument"),
    "criterion": ("fitness_criteria", "criterion"),
    "crosswalk_id": ("crosswalks", "crosswalk_id"),
}
# A confirmation may have come before the form it speaks of; expectations name what nobody may have sent yet.
_MAY_LEAD_NOWHERE = frozenset({("confirmations", "form_id"), ("superseded", "form_id")})
# Fewer nights say nothing of what is usual.
FEWEST_NIGHTS = 3


@dataclass(frozen=True)
class Counted:
    """A number that DuckDB has counted, and between what it is expected to be."""

    name: str
    means: str
    found: int
    low: int | None
    high: int | None


def references(connection: duckdb.DuckDBPyConnection, tables: Sequence[Table]) -> Suite:
    """Of each column that names a row of another table, how many values lead nowhere."""
    return _suite(REFERENCES, list(_leading_nowhere(connection, tables)))


def _leading_nowhere(connection: duckdb.DuckDBPyConnection, tables: Sequence[Table]) -> Iterator[Counted]:
    there = {table.name: {column.name for column in table.columns} for table in tables}
    for table in tables:
        for column in table.columns:
            target, key = _LEADS_TO.get(column.name, (None, ""))
            if target not in there or key not in there[target] or target == table.name:
                continue
            if (table.name, column.name) in _MAY_LEAD_NOWHERE or (table.kind == "view" and target == "forms"):
                continue  # views over the forms themselves
            told = f"{table.name}.{column.name}"
            found = _one(
                connection,
                f"SELECT count(*) FROM {quoted_name(table.name)} WHERE {quoted_name(column.name)} IS NOT NULL AND "
                f"{quoted_name(column.name)} NOT IN (SELECT {quoted_name(key)} FROM {target})",
            )
            yield Counted(told, f"{told} always leads to a row of {target}", found, 0, 0)


def rows(
    connection: duckdb.DuckDBPyConnection,
    stored: Mapping[str, int],
    tables: Sequence[Table],
    scorings: Sequence[Scoring],
) -> Suite:
    """How many rows tables have in DuckDB against Parquet (`stored`), and views against what they are made of."""
    forms = {scoring.instrument.id: stored[scoring.table.name] for scoring in scorings}
    kinds = {scoring.instrument.id: scoring.instrument for scoring in scorings}
    sizes = {
        "forms": sum(forms.values()),
        "alliance_wide": sum(n for name, n in forms.items() if kinds[name].kind == "alliance"),
        "responses": sum(n * len(kinds[name].item_numbers) for name, n in forms.items()),
        "scores": sum(n * len(kinds[name].scales) for name, n in forms.items()),
        "alliance": sum(forms[s.instrument.id] * len(s.instrument.estimated(c_grade=s.c_grade)) for s in scorings),
        "revisions": sum(forms.values()) + stored.get("superseded", 0),
    }
    counted = []
    for table in tables:
        expected = stored.get(table.name) if table.kind == "stored" else sizes.get(table.name)
        if expected is not None:
            found = _one(connection, f"SELECT count(*) FROM {quoted_name(table.name)}")
            of_what = "as in Parquet" if table.kind == "stored" else "as follows from its forms"
            counted.append(Counted(table.name, f"{table.name} has as many rows {of_what}", found, expected, expected))
    return _suite(ROWS, counted)


def last_nights(
    now: Mapping[str, int], before: Sequence[Mapping[str, int]], shrinks: float
) -> tuple[Suite, list[Result]]:
    """Row counts against those of earlier publications, the newest last: no table loses more than the share `shrinks`
    of what it had, nor grows by more than ten times what it usually does.

    A table that fewer than FEWEST_NIGHTS publications had is not applicable, as is its growth where it has never grown.
    """
    counted, left_out = [], []
    for table, found in sorted(now.items()):
        earlier = [night[table] for night in before if table in night]
        if len(earlier) < FEWEST_NIGHTS:
            why = f"fewer than {FEWEST_NIGHTS} earlier publications have been counted"
            means = f"{table} has about as many rows as in the last nights"
            left_out.append(Result(NIGHTS, means, "ExpectColumnValuesToBeBetween", table, "not_applicable", why))
            continue
        steps = [later - sooner for sooner, later in pairwise(earlier) if later > sooner]
        low = int(earlier[-1] * (1 - shrinks))
        high = earlier[-1] + int(max(10 * median(steps), earlier[-1])) if steps else None
        means = f"{table} has about as many rows as in the last {len(earlier)} publications"
        counted.append(Counted(table, means, found, low, high))
    return _suite(NIGHTS, counted), left_out


def _suite(about: str, counted: Sequence[Counted]) -> Suite:
    expectations = [
        Expectation(
            "ExpectColumnValuesToBeBetween",
            {"column": each.name, "min_value": each.low, "max_value": each.high},
            f"{each.means}: {_between(each)}, found {each.found:,}",
            each.name,
        )
        for each in counted
    ]
    return Suite(about, expectations, rows={each.name: [each.found] for each in counted})


def _between(counted: Counted) -> str:
    if counted.low == counted.high:
        return f"{counted.low:,} expected"
    ends = (("at least", counted.low), ("at most", counted.high))
    return " and ".join(f"{word} {end:,}" for word, end in ends if end is not None) + " expected"


def _one(connection: duckdb.DuckDBPyConnection, asked: str) -> int:
    row = connection.execute(asked).fetchone()
    return int(row[0]) if row else 0
