"""Asking a database: rows by the names of their columns."""

from collections.abc import Sequence
from typing import Any

import duckdb


def asked(connection: duckdb.DuckDBPyConnection, select: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
    """The rows of a SELECT, each by column; `values` go in as parameters."""
    found = connection.execute(select, list(values))
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
