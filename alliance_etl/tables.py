"""How a published table is declared: its columns once, with type, unit and meaning.

The declarations themselves are in schemas/tables.py; DuckDB comments, the codebook, pandera contracts and Dagster's
column schemas are all derived from them.
"""

from dataclasses import dataclass
from typing import Literal

import polars as pl

# DuckDB's name of a column's type, and the same in polars
POLARS_TYPES: dict[str, type[pl.DataType] | pl.DataType] = {
    "VARCHAR": pl.String,
    "INTEGER": pl.Int32,
    "BIGINT": pl.Int64,
    "TINYINT": pl.Int8,
    "DOUBLE": pl.Float64,
    "BOOLEAN": pl.Boolean,
    "DATE": pl.Date,
    "TIMESTAMPTZ": pl.Datetime("us", "UTC"),
}


@dataclass(frozen=True)
class Column:
    """One published column. `type` is DuckDB's name; `required` means never NULL; `values` are all there can be,
    `low` and `high` the range of a number. `coded`: few texts over and over, stored as ENUM.
    """

    name: str
    type: str
    description: str
    unit: str = ""
    required: bool = False
    values: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    coded: bool = False


@dataclass(frozen=True)
class Table:
    """One published relation. `key` names the columns that identify a row."""

    name: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    kind: Literal["stored", "view"] = "stored"

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)
