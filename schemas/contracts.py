"""pandera contracts: one per instrument, generated from the registry, and one per published table, from its
declaration.

Frames are always eager: on a LazyFrame pandera checks no values unless told to, and what was not checked never passes.
pandera's failure_cases hold cell values; they leave this module only as codes and counts.
"""

from collections.abc import Mapping
from functools import cache, partial

import pandera.polars as pa
import polars as pl

from alliance_etl.instruments.model import Response
from alliance_etl.intake.contract import AnswersContract
from alliance_etl.tables import POLARS_TYPES, Column, Table

OUT_OF_RANGE = "answer_out_of_range"
BETWEEN_STEPS = "answer_between_steps"


def answer_column(in_file: Response) -> pa.Column:
    """The contract of one answer, on the range that the file uses: NULL, or a number in range and on a step."""
    checks = [pa.Check(partial(_is_within, low=in_file.min, high=in_file.max), name=OUT_OF_RANGE)]
    if in_file.whole_steps:
        checks.append(pa.Check(_is_whole, name=BETWEEN_STEPS))
    return pa.Column(pl.Float64, checks, nullable=True)


@cache
def answers_contract(instrument_id: str, in_file: Response) -> AnswersContract:
    """The contract in the form that the intake asks it, one for all items; its verdicts are kept for the process."""
    schema = pa.DataFrameSchema({"answer": answer_column(in_file)}, name=instrument_id, strict=True)

    def judge(numbers: list[float]) -> Mapping[float, str]:
        return broken_numbers(schema, "answer", numbers)

    kind = "a whole number" if in_file.whole_steps else "a number"
    return AnswersContract(judge, f"{kind} from {in_file.min:g} to {in_file.max:g}")


def broken_numbers(schema: pa.DataFrameSchema, column: str, numbers: list[float]) -> dict[float, str]:
    """The numbers of a column that break its contract, each with the name of the first check that it breaks."""
    frame = pl.DataFrame({column: numbers}, schema={column: pl.Float64})
    try:
        schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as failures:
        cases = failures.failure_cases
        broken: dict[float, str] = {}
        for case, check in cases.select("failure_case", "check").iter_rows():
            broken.setdefault(float(case), str(check))
        return broken
    return {}


def table_schema(table: Table) -> pa.DataFrameSchema:
    """The contract of a published table: its columns, types, required values, ranges and key.

    An instrument's is that of its wide table, which schemas.tables generates from the registry.
    """
    return pa.DataFrameSchema(
        {column.name: _column(column) for column in table.columns},
        name=table.name,
        strict=True,
        ordered=True,
        unique=list(table.key) or None,
    )


def table_breaches(table: Table, frame: pl.DataFrame) -> dict[str, int]:
    """How often each column breaks its contract, by `column: check`; empty where the frame keeps it."""
    try:
        table_schema(table).validate(frame, lazy=True)
    except pa.errors.SchemaErrors as failures:
        counted = failures.failure_cases.group_by("column", "check").len()
        return {f"{column}: {check}": int(count) for column, check, count in counted.iter_rows()}
    return {}


def _column(column: Column) -> pa.Column:
    checks = [pa.Check.isin(column.values)] if column.values else []
    if column.low is not None and column.high is not None:
        checks.append(pa.Check(partial(_is_within, low=column.low, high=column.high), name="in_range"))
    return pa.Column(POLARS_TYPES[column.type], checks, nullable=not column.required, description=column.description)


def _is_within(data: pa.PolarsData, *, low: float, high: float) -> pl.LazyFrame:
    return data.lazyframe.select(pl.col(data.key).is_between(low, high))


def _is_whole(data: pa.PolarsData) -> pl.LazyFrame:
    value = pl.col(data.key)
    return data.lazyframe.select(value == value.round(0))
