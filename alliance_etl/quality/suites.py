"""Expectations of single tables, generated from their declarations: columns, types, required values, sets, ranges,
patterns of ids, keys.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import duckdb

from alliance_etl.publication.views import quoted
from alliance_etl.quality.model import Expectation, Suite
from alliance_etl.tables import Column, Table

# What ids look like, wherever a column of that name stands (contract, section 4).
_PATTERNS = {
    "form_id": "[0-9a-f]{32}",
    "same_as": "[0-9a-f]{32}",
    "drop_id": "[0-9a-f]{16}",
    "sha256": "[0-9a-f]{64}",
    "participant": "p_[a-z2-7]{16}",
    "therapist": "t_[a-z2-7]{16}",
    "rater": "r_[a-z2-7]{16}",
}
# Contracts allow for the rounding of sums; so does what is expected of them.
_COLUMNS_TOLD = 8


def suites_of(tables: Sequence[Table], files: Mapping[str, Sequence[Path]]) -> list[Suite]:
    """The suites of all stored tables. A table without files gets one that fails: it should be there."""
    return [suite for table in tables for suite in _of_table(table, files.get(table.name, ()))]


def _of_table(table: Table, files: Sequence[Path]) -> Iterator[Suite]:
    there = Expectation(
        "ExpectColumnPairValuesToBeEqual",
        {"column_A": "declared", "column_B": "found", "ignore_row_if": "neither"},
        "every declared column is there, with its type",
    )
    declared = {column.name: column.type for column in table.columns}
    found = _types(files)
    rows = {
        "column": list(declared),
        "declared": list(declared.values()),
        "found": [found.get(name, "missing") for name in declared],
    }
    yield Suite(table.name, [there], rows=rows)
    paths = [str(path) for path in files]
    present = [column for column in table.columns if column.name in found]
    for start in range(0, len(present), _COLUMNS_TOLD):
        expectations = [each for column in present[start : start + _COLUMNS_TOLD] for each in _of_column(column)]
        if expectations:
            yield Suite(table.name, expectations, paths)
    if table.key and set(table.key) <= found.keys():
        yield Suite(table.name, [_key(table.key)], paths)


def _types(files: Sequence[Path]) -> dict[str, str]:
    if not files:
        return {}
    sources = ", ".join(quoted(str(file)) for file in files)
    with duckdb.connect() as connection:
        described = connection.execute(f"DESCRIBE SELECT * FROM read_parquet([{sources}])").fetchall()
    names = {"TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ"}
    return {str(name): names.get(str(kind), str(kind)) for name, kind, *_ in described}


def _of_column(column: Column) -> Iterator[Expectation]:
    name = column.name
    if column.required:
        yield Expectation("ExpectColumnValuesToNotBeNull", {"column": name}, "is never empty", name)
    if column.values:
        values = list(column.values)
        means = f"is one of {', '.join(values)}" if len(values) <= _COLUMNS_TOLD else f"is one of {len(values)} values"
        yield Expectation("ExpectColumnValuesToBeInSet", {"column": name, "value_set": values}, means, name)
    if column.low is not None or column.high is not None:
        means = " ".join(
            f"{word} {end:g}" for word, end in (("from", column.low), ("up to", column.high)) if end is not None
        )
        arguments = {"column": name, "min_value": column.low, "max_value": column.high}
        yield Expectation("ExpectColumnValuesToBeBetween", arguments, f"is {means}", name)
    if name in _PATTERNS and column.type == "VARCHAR":
        arguments = {"column": name, "regex": f"^{_PATTERNS[name]}$"}
        yield Expectation("ExpectColumnValuesToMatchRegex", arguments, "has the form of such an id", name)


def _key(key: Sequence[str]) -> Expectation:
    if len(key) == 1:
        return Expectation("ExpectColumnValuesToBeUnique", {"column": key[0]}, "stands in one row only", key[0])
    means = f"{', '.join(key)} together stand in one row only"
    return Expectation("ExpectCompoundColumnsToBeUnique", {"column_list": list(key)}, means)
