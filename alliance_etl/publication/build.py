"""Building one publication in a folder of its own: Parquet tables, and alliance.duckdb made from them."""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from alliance_etl.publication.scored import Scoring
from alliance_etl.publication.views import name, quoted, view_sql
from alliance_etl.state.layout import link_or_copy, sync_file, sync_folder
from alliance_etl.tables import POLARS_TYPES, Column, Table

# The storage format: whatever DuckDB writes here, analysts' R, DBeaver and Python from this version on can read it.
STORAGE = "v1.2.0"


@dataclass(frozen=True)
class Contents:
    """What a publication is built from. `answers` are scored files by instrument, `frames` the small stored tables,
    `codes` the texts of coded columns by column name."""

    scorings: Sequence[Scoring]
    answers: Mapping[str, Sequence[tuple[str, Path]]]
    frames: Mapping[str, pl.DataFrame]
    tables: Mapping[str, Table]
    codes: Mapping[str, Sequence[str]]

    @property
    def stored(self) -> list[Table]:
        return [*(scoring.table for scoring in self.scorings), *(t for t in self.tables.values() if t.kind == "stored")]

    @property
    def views(self) -> list[Table]:
        return [table for table in self.tables.values() if table.kind == "view"]


def as_frame(table: Table, rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Rows in the columns and types that the table declares."""
    return pl.DataFrame(rows, schema={column.name: POLARS_TYPES[column.type] for column in table.columns}, orient="row")


def codebook_rows(stored: Sequence[Table], views: Sequence[Table]) -> list[dict[str, Any]]:
    """One row per published column, from the declarations."""
    return [
        {
            "table": table.name,
            "column": c.name,
            "type": "ENUM" if c.coded else c.type,
            "unit": c.unit or None,
            "description": c.description,
        }
        for table in (*views, *stored)
        for c in table.columns
    ]


def write_parquet(folder: Path, contents: Contents) -> dict[str, list[Path]]:
    """Write tables/<table>.parquet, or tables/<table>/ with hard links to the scored files; the files of each table."""
    folder.mkdir(parents=True)
    written: dict[str, list[Path]] = {}
    for scoring in contents.scorings:
        sources = contents.answers[scoring.instrument.id]
        table = scoring.table
        if not sources:
            written[table.name] = [_write(folder / f"{table.name}.parquet", as_frame(table, []))]
            continue
        (folder / table.name).mkdir()
        written[table.name] = [
            link_or_copy(source, folder / table.name / f"{label}.parquet") for label, source in sources
        ]
        sync_folder(folder / table.name)
    for label, frame in contents.frames.items():
        written[label] = [_write(folder / f"{label}.parquet", frame)]
    sync_folder(folder)
    return written


def write_duckdb(path: Path, contents: Contents, files: Mapping[str, Sequence[Path]]) -> dict[str, int]:
    """Write the database: stored tables from their Parquet files, views, comments. Rows of each stored table."""
    with duckdb.connect(str(path), config={"storage_compatibility_version": STORAGE}) as connection:
        # One thread for each statement: it then writes a table straight through. Of several, each writes parts of a
        # size of its own, which the checkpoint puts together again: twice the work, and a third more file.
        connection.execute(
            "SET TimeZone = 'UTC'; SET enable_progress_bar = false; SET checkpoint_threshold = '1TB'; SET threads = 1"
        )
        for column, texts in contents.codes.items():
            connection.execute(f"CREATE TYPE {name(_code(column))} AS ENUM ({', '.join(map(quoted, texts))})")

        def load(table: Table) -> int:
            with connection.cursor() as own:
                return _load(own, table, contents, files[table.name])

        # tables side by side, the largest first, so that none is left alone at the end
        by_size = sorted(contents.stored, key=lambda table: -sum(file.stat().st_size for file in files[table.name]))
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            rows = dict(zip([table.name for table in by_size], pool.map(load, by_size), strict=True))
        connection.execute("BEGIN")
        for view in contents.views:
            connection.execute(view_sql(view, contents.scorings))
        for table in (*contents.stored, *contents.views):
            _comment(connection, table)
        connection.execute("COMMIT; CHECKPOINT")
    sync_file(path)
    return {table.name: rows[table.name] for table in contents.stored}


def _load(connection: duckdb.DuckDBPyConnection, table: Table, contents: Contents, files: Sequence[Path]) -> int:
    """Make one stored table from its Parquet files; how many rows it has."""
    sources = ", ".join(quoted(str(file)) for file in files)
    columns = ", ".join(f"CAST({name(c.name)} AS {_stored_type(c, contents)}) AS {name(c.name)}" for c in table.columns)
    made = connection.execute(f"CREATE TABLE {name(table.name)} AS SELECT {columns} FROM read_parquet([{sources}])")
    counted = made.fetchone()
    return int(counted[0]) if counted else 0


def _code(column: str) -> str:
    return f"{column}_code"


def _stored_type(column: Column, contents: Contents) -> str:
    """A text that stands in every row over and over is stored, and loaded, much faster as ENUM."""
    return name(_code(column.name)) if column.coded and contents.codes.get(column.name) else column.type


def _comment(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    kind = "TABLE" if table.kind == "stored" else "VIEW"
    connection.execute(f"COMMENT ON {kind} {name(table.name)} IS {quoted(table.description)}")
    for column in table.columns:
        unit = f" [{column.unit}]" if column.unit else ""
        connection.execute(
            f"COMMENT ON COLUMN {name(table.name)}.{name(column.name)} IS {quoted(column.description + unit)}"
        )


def _write(path: Path, frame: pl.DataFrame) -> Path:
    frame.write_parquet(path, compression="zstd", compression_level=1)
    sync_file(path)
    return path
