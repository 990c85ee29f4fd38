"""A small instrument, frames of every kind from the same rows, and scoring as one would do it by hand on paper.

The slow model uses fractions and shares no line with alliance_etl.scoring.
"""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import duckdb
import narwhals as nw
import pandas as pd
import polars as pl
import pyarrow as pa

from alliance_etl.instruments.model import Instrument

Row = Mapping[str, Any]

# goal and task share no item; item 5 is bond, reversed; 6 is in the total only
SMALL = Instrument.model_validate(
    {
        "id": "small",
        "family": "test",
        "name": "Six items, 1 to 7",
        "status": "built_in",
        "rater_roles": ["client"],
        "n_items": 6,
        "response": {"min": 1, "max": 7, "step": 1},
        "reversed_items": [2, 5],
        "scales": {
            "goal": {"items": [1, 2]},
            "task": {"items": [4, 3], "rule": "mean"},
            "bond": {"items": [5]},
            "total": {"items": [1, 2, 3, 4, 5, 6]},
        },
        "mapping": [
            {"component": "goal", "scales": ["goal"], "grade": "A"},
            {"component": "task", "scales": ["task"], "grade": "A"},
            {"component": "bond", "items": [5], "grade": "C"},
            {"component": "goal_task", "scales": ["goal", "task"], "grade": "B"},
            {"component": "none", "items": [6], "reason": "measures something else"},
            {"component": "overall", "items": [1, 2, 3, 4, 5, 6], "grade": "B"},
        ],
    }
)
ITEMS = {item: f"item_{item}" for item in SMALL.item_numbers}


def changed(instrument: Instrument, **facts: Any) -> Instrument:
    return Instrument.model_validate(instrument.model_dump() | facts)


def columns_of(forms: Sequence[Sequence[float | None]], prefix: str = "item_") -> dict[str, list[float | None]]:
    """Columns item_1, item_2, … from one list of answers per form."""
    return {f"{prefix}{item}": [form[item - 1] for form in forms] for item in range(1, len(forms[0]) + 1)}


def _polars(columns: Mapping[str, Sequence[Any]]) -> pl.DataFrame:
    return pl.DataFrame(
        {name: pl.Series(values, dtype=None if any(v is not None for v in values) else pl.Float64, strict=False)
         for name, values in columns.items()}
    )  # fmt: skip


KINDS: dict[str, Callable[[Mapping[str, Sequence[Any]]], Any]] = {
    "polars": _polars,
    "polars lazy": lambda columns: _polars(columns).lazy(),
    "pandas": pd.DataFrame,
    "pandas nullable": lambda columns: pd.DataFrame(columns).convert_dtypes(),
    "pandas arrow": lambda columns: pd.DataFrame(columns).convert_dtypes(dtype_backend="pyarrow"),
    "arrow": lambda columns: _polars(columns).to_arrow(),
    "duckdb": lambda columns: duckdb.from_arrow(_polars(columns).to_arrow()),
}


def rows(frame: Any) -> list[dict[str, Any]]:
    """The rows of any kind of frame; missing is None."""
    table: pa.Table = nw.from_native(frame).lazy().collect(backend="pyarrow").to_native()
    return [{name: None if value != value else value for name, value in row.items()} for row in table.to_pylist()]


def on_paper(
    instrument: Instrument, form: Sequence[float | None], min_answered: float, c_grade: bool
) -> dict[str, Any]:
    """Scores and components of one form, as fractions: None where too few items are answered."""
    assert instrument.response is not None
    low, high = Fraction(instrument.response.min), Fraction(instrument.response.max)
    keyed = {}
    for item, value in enumerate(form, start=1):
        if value is not None:
            keyed[item] = low + high - Fraction(value) if item in (instrument.reversed_items or ()) else Fraction(value)

    def mean(items: Sequence[int]) -> tuple[Fraction | None, int]:
        found = [keyed[item] for item in items if item in keyed]
        enough = len(found) > 0 and Fraction(len(found), len(items)) >= Fraction(str(min_answered))
        return (sum(found, Fraction(0)) / len(found) if enough else None), len(found)

    result: dict[str, Any] = {}
    for name, scale in instrument.scales.items():
        value, count = mean(scale.items)
        size = len(scale.items) if instrument.scale_rule(name) == "sum" else 1
        result |= {f"score_{name}": None if value is None else value * size, f"n_score_{name}": count}
    for line in instrument.estimated(c_grade=c_grade):
        value, count = mean(instrument.mapped_items(line))
        percent = None if value is None else 100 * (value - low) / (high - low)
        result |= {f"pomp_{line.component}": percent, f"n_pomp_{line.component}": count}
    return result
