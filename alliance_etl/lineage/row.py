"""One published row led back: the rule of each of its numbers, and the rows of the publication that it was made of."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb
import yaml

from alliance_etl.errors import ConfigurationError
from alliance_etl.publication.asked import asked
from alliance_etl.publication.views import name as quoted_name
from alliance_etl.words import did_you_mean

# A row is looked at by itself; more than so many are not what somebody meant to ask for.
MOST_ROWS = 20
MOST_INPUTS = 1_000
_PLACE = re.compile(r"\$(\w+)")


@dataclass(frozen=True)
class Lineage:
    """How the numbers of a table come about. `form`: each row is about the form that its form_id names; `from_` is the
    SELECT of the rows that a row was made of, with $column for its own values.
    """

    rules: Mapping[str, str]
    form: bool = False
    from_: str | None = None


@cache
def lineages() -> dict[str, Lineage]:
    """The lineage of every table but the wide ones of answers, by name."""
    text = files("alliance_etl.lineage").joinpath("lineage.yaml").read_text(encoding="utf-8")
    return {
        table: Lineage(told["rules"], told.get("form", False), told.get("from"))
        for table, told in yaml.safe_load(text).items()
    }


def lineage_of(table: str) -> Lineage:
    """ConfigurationError where there is no such table."""
    known = lineages()
    if table.startswith("answers_"):
        return Lineage({}, form=True)
    if table not in known:
        raise ConfigurationError(f'no table "{table}"{did_you_mean(table, known)}')
    return known[table]


def trace_rows(database: Path, table: str, wanted: Mapping[str, str]) -> list[dict[str, Any]]:
    """The rows of a table whose columns have these values: `row`, `numbers` with their rules, `inputs`, and `form_id`
    where `trace FORM_ID` leads on to the file.

    ConfigurationError for a column that is not there, no such row, or more than MOST_ROWS.
    """
    lineage = lineage_of(table)
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        rows = _rows(connection, table, wanted)
        return [_told(connection, lineage, row) for row in rows]


def _rows(connection: duckdb.DuckDBPyConnection, table: str, wanted: Mapping[str, str]) -> list[dict[str, Any]]:
    columns = "SELECT column_name FROM information_schema.columns WHERE table_name = ? ORDER BY ordinal_position"
    there = [row[0] for row in connection.execute(columns, [table]).fetchall()]
    if not there:
        raise ConfigurationError(f"the current publication has no table {table}")
    for column in wanted:
        if column not in there:
            raise ConfigurationError(f'{table} has no column "{column}"{did_you_mean(column, there)}')
    where = " AND ".join(f"{quoted_name(column)}::VARCHAR = ?" for column in wanted) or "true"
    found = asked(
        connection, f"SELECT * FROM {quoted_name(table)} WHERE {where} LIMIT {MOST_ROWS + 1}", list(wanted.values())
    )
    if not found:
        raise ConfigurationError(f"no row of {table} has {_said(wanted)}")
    if len(found) > MOST_ROWS:
        raise ConfigurationError(
            f"more than {MOST_ROWS} rows of {table} have {_said(wanted)}; name more columns, as in {there[0]}=VALUE"
        )
    return found


def _told(connection: duckdb.DuckDBPyConnection, lineage: Lineage, row: dict[str, Any]) -> dict[str, Any]:
    numbers = [
        {"number": name, "value": row[name], "rule": rule} for name, rule in lineage.rules.items() if name in row
    ]
    inputs: Sequence[dict[str, Any]] = ()
    if lineage.from_:
        names = _PLACE.findall(lineage.from_)
        values = [row.get(name) for name in names]
        inputs = asked(connection, f"SELECT * FROM ({_PLACE.sub('?', lineage.from_)}) LIMIT {MOST_INPUTS}", values)
    form = {"form_id": row["form_id"]} if lineage.form and row.get("form_id") else {}
    return {"row": _plainly(row), "numbers": numbers, "inputs": [_plainly(each) for each in inputs], **form}


def _plainly(row: Mapping[str, Any]) -> dict[str, Any]:
    """Dates and times as text."""
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in row.items()}


def _said(wanted: Mapping[str, str]) -> str:
    return ", ".join(f"{column}={value}" for column, value in wanted.items()) or "been asked for by no column"
