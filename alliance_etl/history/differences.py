"""What differs between two publications: forms that are new, gone or changed, each number that changed, and why.

Compared are the wide tables of answers, form by form, and of what is linked the view `alliance`. Of every other table
it is told how many rows are in one publication only. DuckDB compares both databases as they stand; nothing is read into
memory but what differs.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import duckdb

from alliance_etl.history.publications import Publication
from alliance_etl.publication.asked import asked
from alliance_etl.publication.views import name as quoted_name
from alliance_etl.publication.views import quoted

REASONS = {
    "new": "forms that a drop has brought",
    "released": "forms of rows that were held before, in drops that were there",
    "corrected": "forms that a later drop has replaced",
    "read_otherwise": "forms whose answers are read otherwise from the same line: settings of the export have changed",
    "scored_otherwise": "forms with the same answers and other scores: key or rules of scoring have changed",
    "linked_otherwise": "forms with the same scores that are linked otherwise: crosswalks have changed",
    "site_left": "forms of sites that study.yaml no longer has",
    "no_longer_read": "forms that no drop gives any more: settings have changed, or rows are held now",
}
"""Why a form is another one, in the order in which it is told."""
# Times say when something was done, not what is so.
_TIMES = ("received_at", "superseded_at", "confirmed_at")
_NUMBERS = ("item_", "score_", "pomp_")
_ORIGIN = ("revision", "drop_id", "line")
_NONE = (
    "(SELECT NULL::VARCHAR AS form_id, NULL::VARCHAR AS site, NULL::VARCHAR AS drop_id, NULL::BIGINT AS line "
    "WHERE false)"
)


@dataclass(frozen=True)
class Differences:
    """`forms` by instrument, site, reason and drop; `numbers` by table and column; `tables` rows in one only."""

    forms: Sequence[Mapping[str, Any]]
    numbers: Sequence[Mapping[str, Any]]
    tables: Sequence[Mapping[str, Any]]
    changed: Sequence[Mapping[str, Any]]


@contextmanager
def compared(before: Publication, after: Publication) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with both databases attached, and the temporary tables `differs` and `changed`.

    differs     form_id, instrument, site, reason, drop_id, file, line: one row per form that is another one
    changed     form_id, instrument, site, table_name, column_name, before, after, reason, drop_id, line
    """
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false; SET TimeZone = 'UTC'")
        for alias, publication in (("a", before), ("b", after)):
            connection.execute(f"ATTACH {quoted(str(publication.database))} AS {alias} (READ_ONLY)")
        connection.execute(
            "CREATE TEMP TABLE differs (form_id VARCHAR, instrument VARCHAR, site VARCHAR, reason VARCHAR, "
            "drop_id VARCHAR, line BIGINT)"
        )
        connection.execute(
            "CREATE TEMP TABLE changed (form_id VARCHAR, instrument VARCHAR, site VARCHAR, table_name VARCHAR, "
            "column_name VARCHAR, before VARCHAR, after VARCHAR, reason VARCHAR, drop_id VARCHAR, line BIGINT)"
        )
        columns = {alias: _columns(connection, alias) for alias in ("a", "b")}
        for table in sorted({t for found in columns.values() for t in found if t.startswith("answers_")}):
            _compare_answers(connection, table, columns["a"].get(table, []), columns["b"].get(table, []))
        _compare_linked(connection)
        yield connection


def differences(connection: duckdb.DuckDBPyConnection, most: int) -> Differences:
    """What `compared` has found, with at most so many changed numbers one by one."""
    forms = asked(
        connection,
        "SELECT instrument, d.site, reason, d.drop_id, any_value(f.file) AS file, count(DISTINCT form_id) AS forms "
        "FROM differs d LEFT JOIN (SELECT drop_id, site, min(file) AS file FROM b.drops GROUP BY ALL) f "
        "ON f.drop_id = d.drop_id AND f.site = d.site GROUP BY ALL ORDER BY ALL",
    )
    numbers = asked(
        connection,
        'SELECT table_name AS "table", column_name AS "column", reason, count(*) AS numbers FROM changed '
        "GROUP BY ALL ORDER BY ALL",
    )
    changed = asked(
        connection,
        f'SELECT * RENAME (table_name AS "table", column_name AS "column") FROM changed ORDER BY ALL LIMIT {most:d}',
    )
    return Differences(forms, numbers, _tables(connection), changed)


def _columns(connection: duckdb.DuckDBPyConnection, alias: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    rows = connection.execute(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = ? AND NOT internal "
        "ORDER BY table_name, column_index",
        [alias],
    ).fetchall()
    for table, column in rows:
        found.setdefault(table, []).append(column)
    return found


def _compare_answers(
    connection: duckdb.DuckDBPyConnection, table: str, before: Sequence[str], after: Sequence[str]
) -> None:
    """Enter what differs in one wide table; one that only one publication has is new or gone as a whole."""
    instrument = quoted(table.removeprefix("answers_"))
    mine = f"b.main.{quoted_name(table)}" if after else None
    theirs = f"a.main.{quoted_name(table)}" if before else None
    connection.execute(
        f"INSERT INTO differs SELECT b.form_id, {instrument}, b.site, "
        "CASE WHEN EXISTS (FROM a.main.drops d WHERE d.drop_id = b.drop_id::VARCHAR AND d.site = b.site::VARCHAR) "
        "THEN 'released' ELSE 'new' END, b.drop_id, b.line "
        f"FROM {mine or _NONE} b ANTI JOIN {theirs or _NONE} a ON a.form_id = b.form_id"
    )
    connection.execute(
        f"INSERT INTO differs SELECT a.form_id, {instrument}, a.site, "
        "CASE WHEN EXISTS (FROM b.main.drops d WHERE d.site = a.site::VARCHAR) "
        "THEN 'no_longer_read' ELSE 'site_left' END, "
        f"a.drop_id, a.line FROM {theirs or _NONE} a ANTI JOIN {mine or _NONE} b ON a.form_id = b.form_id"
    )
    if mine and theirs:
        _compare_forms(connection, table, instrument, [column for column in before if column in after])


def _compare_forms(connection: duckdb.DuckDBPyConnection, table: str, instrument: str, columns: Sequence[str]) -> None:
    known = [column for column in columns if column not in (*_TIMES, "form_id", "instrument", "site")]
    scores = [column for column in known if column.startswith(("score_", "pomp_", "n_score_", "n_pomp_"))]
    answers = [column for column in known if column not in scores and column not in _ORIGIN]
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE pairs AS SELECT b.form_id, b.site::VARCHAR AS site, "
        f"b.drop_id::VARCHAR AS drop_id, b.line, CASE WHEN {_differ(_ORIGIN)} THEN 'corrected' "
        f"WHEN {_differ(answers)} THEN 'read_otherwise' "
        "ELSE 'scored_otherwise' END AS reason, "
        + ", ".join(f"a.{c}::VARCHAR AS {_side('a', c)}, b.{c}::VARCHAR AS {_side('b', c)}" for c in _quoted(known))
        + f" FROM a.main.{quoted_name(table)} a JOIN b.main.{quoted_name(table)} b USING (form_id) "
        f"WHERE {_differ(known)}"
    )
    connection.execute(f"INSERT INTO differs SELECT form_id, {instrument}, site, reason, drop_id, line FROM pairs")
    for column in (c for c in known if c.startswith(_NUMBERS) or c in ("session", "session_date")):
        mine, theirs = _side("b", quoted_name(column)), _side("a", quoted_name(column))
        connection.execute(
            f"INSERT INTO changed SELECT form_id, {instrument}, site, {quoted(table)}, {quoted(column)}, {theirs}, "
            f"{mine}, reason, drop_id, line FROM pairs WHERE {theirs} IS DISTINCT FROM {mine}"
        )


def _compare_linked(connection: duckdb.DuckDBPyConnection) -> None:
    """Enter linked scores that differ though nothing else of the form does."""
    crosswalks = connection.execute(
        "SELECT (SELECT count(*) FROM a.main.crosswalks) + (SELECT count(*) FROM b.main.crosswalks)"
    ).fetchone()
    if not crosswalks or not crosswalks[0]:
        return
    numbers = ("linked", "linked_se", "measurement_se", "metric", "crosswalk_id")
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE pairs AS "
        "SELECT b.form_id, b.instrument, b.site, b.component, f.drop_id, f.line, "
        + ", ".join(f"a.{n}::VARCHAR AS {_side('a', n)}, b.{n}::VARCHAR AS {_side('b', n)}" for n in _quoted(numbers))
        + " FROM a.main.alliance a JOIN b.main.alliance b USING (form_id, component) "
        "JOIN b.main.forms f USING (form_id) "
        f"WHERE {_differ(numbers)}"
    )
    connection.execute(
        "INSERT INTO differs SELECT DISTINCT form_id, instrument, site, 'linked_otherwise', drop_id, line FROM pairs p "
        "WHERE NOT EXISTS (FROM differs d WHERE d.form_id = p.form_id)"
    )
    for number in numbers[:3]:
        mine, theirs = _side("b", quoted_name(number)), _side("a", quoted_name(number))
        connection.execute(
            f"INSERT INTO changed SELECT form_id, instrument, site, 'alliance', component || '.{number}', "
            f"{theirs}, {mine}, "
            "coalesce((SELECT reason FROM differs d WHERE d.form_id = p.form_id LIMIT 1), 'linked_otherwise'), "
            f"drop_id, line FROM pairs p WHERE {theirs} IS DISTINCT FROM {mine}"
        )


def _tables(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Every stored table but the wide ones: rows that only one of both publications has."""
    before, after = _columns(connection, "a"), _columns(connection, "b")
    views = {row[0] for row in connection.execute("SELECT view_name FROM duckdb_views()").fetchall()}
    told = []
    for table in sorted((before.keys() | after.keys()) - views):
        if table.startswith("answers_") or table in ("meta", "differs", "changed", "pairs"):
            continue
        shared = [c for c in before.get(table, []) if c in after.get(table, []) and c not in _TIMES]
        there = [alias for alias, found in (("a", before), ("b", after)) if table in found]
        counts = [_rows_of_one(connection, table, shared, alias, there) for alias in ("a", "b")]
        if any(counts):
            told.append({"table": table, "only_before": counts[0], "only_after": counts[1]})
    return told


def _rows_of_one(
    connection: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str], one: str, there: Sequence[str]
) -> int:
    """How many rows of a table only that publication has; `there` are those that have the table at all."""
    if one not in there:
        return 0
    listed = ", ".join(f"{column}::VARCHAR" for column in _quoted(columns)) or "NULL"
    rows = [f"SELECT {listed} FROM {alias}.main.{quoted_name(table)}" for alias in sorted(there, key=one.__ne__)]
    row = connection.execute(f"SELECT count(*) FROM ({' EXCEPT ALL '.join(rows)})").fetchone()
    return int(row[0]) if row else 0


def _differ(columns: Sequence[str]) -> str:
    if not columns:
        return "false"
    return " OR ".join(f"a.{column} IS DISTINCT FROM b.{column}" for column in _quoted(columns))


def _quoted(columns: Sequence[str]) -> list[str]:
    return [quoted_name(column) for column in columns]


def _side(alias: str, quoted_column: str) -> str:
    return f'"{alias}:{quoted_column[1:]}'
