"""The notebook's `score()`: finds the items in a frame, checks the answers, then scores.

What belongs here: the ways to name items, and the checks before the arithmetic of expressions.py.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from typing import Any

import narwhals as nw
from narwhals.typing import IntoFrameT

from alliance_etl.instruments.model import Instrument
from alliance_etl.scoring.errors import AnswersNotScorable, ColumnsTaken, ItemColumnsWrong, ProvisionalKey
from alliance_etl.scoring.expressions import answer, opened, result_columns, with_scores

Items = str | Sequence[str] | Mapping[int, str]


def score(
    frame: IntoFrameT,
    instrument: str | Instrument,
    items: Items = "item_{n}",
    *,
    min_answered: float = 1.0,
    c_grade: bool = False,
) -> IntoFrameT:
    """Append an instrument's native scores and harmonised components to a frame with one row per form.

    `frame` is a polars frame (eager or lazy), a pandas frame, a DuckDB relation or an Arrow table, and so is the
    result. `instrument` is an id of the built-in registry, or an Instrument (a study's own:
    `load_registry(folder)[id]`). `items` says where the answers are: a template (`"wai_{n}"`, `"wai_{n:02d}"`), the
    columns in item order, or item numbers mapped to columns. Answers are as given on the form, reversed items too; a
    missing answer is NULL or NaN.

    Columns and rows stay in their order. Appended are, per scale, `score_<scale>` by the instrument's own rule and
    `n_score_<scale>`, how many of its items were answered; then, per component that the instrument maps to (goal, task,
    bond, goal_task, overall), `pomp_<component>` in percent of the maximum possible and `n_pomp_<component>`. With
    fewer answered items than the share `min_answered` there is a NULL; below 1, scores are prorated. `c_grade` adds the
    components whose items were assigned by content only.

    Raises UnknownInstrument, KeyNeeded, ItemColumnsWrong, ColumnsTaken, and AnswersNotScorable where an answer is
    outside the range or no number (values between whole steps, as imputation gives them, are scored). Lazy frames are
    read once for that check, with one aggregate query. Warns with ProvisionalKey where no source confirms the key.
    """
    known = _instrument(instrument)
    known.require_key()
    if known.status == "provisional":
        warnings.warn(known.warning or f"the key of {known.id} is provisional", ProvisionalKey, stacklevel=2)
    wide = opened(frame)
    schema = wide.collect_schema()
    columns = _item_columns(known, items, schema.names())
    _refuse_taken(schema.names(), result_columns(known, c_grade=c_grade))
    _check_answers(wide, known, columns, schema)
    # what is not numeric has passed for being empty throughout
    answered = {item: column for item, column in columns.items() if schema[column].is_numeric()}
    return with_scores(frame, known, answered, min_answered=min_answered, c_grade=c_grade)


def _instrument(instrument: str | Instrument) -> Instrument:
    return instrument if isinstance(instrument, Instrument) else _built_in()[instrument]


@cache
def _built_in() -> Mapping[str, Instrument]:
    from alliance_etl.instruments.registry import load_registry  # reading YAML is for those who ask by id

    return load_registry()


def _item_columns(instrument: Instrument, items: Items, columns: Sequence[str]) -> dict[int, str]:
    named = _named(instrument, items)
    problems = list(_misfits(instrument, named, columns))
    if problems:
        raise ItemColumnsWrong(instrument.id, problems)
    return named


def _named(instrument: Instrument, items: Items) -> dict[int, str]:
    if isinstance(items, Mapping):
        return dict(items)
    if not isinstance(items, str):
        if len(items) != instrument.n_items:
            count = f"{len(items)} columns are listed for {instrument.n_items} items"
            raise ItemColumnsWrong(instrument.id, [count])
        return dict(zip(instrument.item_numbers, items, strict=True))
    try:
        named = {item: items.format(n=item) for item in instrument.item_numbers}
    except (LookupError, ValueError, AttributeError):
        raise ItemColumnsWrong(instrument.id, [f"the template {items!r} cannot be read"]) from None
    if len(set(named.values())) == 1 and len(named) > 1:
        raise ItemColumnsWrong(instrument.id, [f"the template {items!r} has no {{n}} for the item's number"])
    return named


def _misfits(instrument: Instrument, named: Mapping[int, str], columns: Sequence[str]) -> Iterator[str]:
    strangers = sorted(set(named) - set(instrument.item_numbers))
    if strangers:
        yield f"there is no item {_listed(strangers)} (items go from 1 to {instrument.n_items})"
    left_out = sorted(set(instrument.item_numbers) - set(named))
    if left_out:
        yield f"no column is named for item {_listed(left_out)}"
    by_column: dict[str, list[int]] = {}
    for item, column in named.items():
        by_column.setdefault(column, []).append(item)
    for column, items in by_column.items():
        if len(items) > 1:
            yield f"column {column!r} is named for items {_listed(items)}"
        if column not in columns:
            yield f"no column {column!r}{_nearest(column, columns)}"


def _nearest(column: str, columns: Sequence[str]) -> str:
    folded = {name.casefold(): name for name in columns}
    close = get_close_matches(column.casefold(), folded, n=1, cutoff=0.7)
    return f" (nearest: {folded[close[0]]!r})" if close else ""


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))


def _refuse_taken(columns: Sequence[str], results: Sequence[str]) -> None:
    # regardless of case, since DuckDB and most who read Parquet do not tell Score_goal from score_goal
    new = {name.casefold() for name in results}
    taken = [name for name in columns if name.casefold() in new]
    if taken:
        raise ColumnsTaken(taken)


def _check_answers(
    wide: nw.DataFrame[Any] | nw.LazyFrame[Any], instrument: Instrument, columns: Mapping[int, str], schema: nw.Schema
) -> None:
    """Raise AnswersNotScorable unless every answer is a number in the range; one query, whatever the frame."""
    assert instrument.response is not None
    low, high = instrument.response.min, instrument.response.max
    faulty = wide.select(
        *(_faulty(column, schema[column], low, high).alias(column) for column in columns.values())
    ).lazy()
    counts = faulty.collect().rows(named=True)[0]
    problems = [
        f"column {column!r} has {counts[column]} answer{'s' * (counts[column] != 1)} "
        + ("outside that range" if schema[column].is_numeric() else "in text or another type than numbers")
        for column in columns.values()
        if counts[column]
    ]
    if problems:
        raise AnswersNotScorable(instrument.id, f"{low:g} to {high:g}", problems)


def _faulty(column: str, dtype: nw.dtypes.DType, low: float, high: float) -> nw.Expr:
    """How many answers are outside the range; of a column that is not numeric, how many there are at all."""
    if not dtype.is_numeric():
        return nw.col(column).count()
    value = answer(column, dtype)
    return ((value < low) | (value > high)).sum()
