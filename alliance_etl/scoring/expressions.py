"""Scores and components as narwhals expressions: the same numbers on DuckDB, polars, pandas and Arrow.

Frames are wide: one row per form, one column per item, answers on the instrument's own range as answered, NULL or NaN
where missing. Sums are taken in the same order on every backend, and nothing is divided by a constant (polars then
multiplies by the reciprocal, others do not): results are equal to the last bit.

No home here: checking answers (score.py), ranges and keys (alliance_etl.instruments).
"""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import reduce
from operator import add
from typing import Any, NamedTuple

import narwhals as nw
from narwhals.typing import IntoFrameT

from alliance_etl.errors import ConfigurationError, KeyNeeded
from alliance_etl.instruments.model import Instrument

# columns between the layers; the names keep clear of anybody's own
_KEYED, _GIVEN = "__alliance_etl_keyed_{}", "__alliance_etl_given_{}"
_SUM, _COUNT = "__alliance_etl_sum_{}", "__alliance_etl_count_{}"


class Target(NamedTuple):
    """One number to estimate: its column, the column with the count of its answers, and its items, ascending."""

    column: str
    count_column: str
    items: tuple[int, ...]


def scale_target(instrument: Instrument, scale: str) -> Target:
    return Target(f"score_{scale}", f"n_score_{scale}", tuple(sorted(instrument.scales[scale].items)))


def component_targets(instrument: Instrument, *, c_grade: bool = False) -> tuple[Target, ...]:
    """The components that the instrument estimates, in the order of its mapping."""
    return tuple(
        Target(f"pomp_{line.component}", f"n_pomp_{line.component}", instrument.mapped_items(line))
        for line in instrument.estimated(c_grade=c_grade)
    )


def result_columns(instrument: Instrument, *, c_grade: bool = False) -> tuple[str, ...]:
    """The columns that `with_scores` appends, in order: scales as the instrument lists them, then components."""
    scales = (scale_target(instrument, scale) for scale in instrument.scales)
    targets = (*scales, *component_targets(instrument, c_grade=c_grade))
    return tuple(name for target in targets for name in (target.column, target.count_column))


def answers_needed(n_items: int, min_answered: float) -> int:
    """How many of `n_items` answers make up the share `min_answered`: at least one; a share of whole items is exact.

    Raises ConfigurationError unless 0 < min_answered <= 1.
    """
    if not 0 < min_answered <= 1:
        raise ConfigurationError(f"min_answered is {min_answered:g}; expected a share above 0, up to 1 (all items)")
    return max(1, math.ceil(min_answered * n_items - 1e-9))


def answer(column: str, dtype: nw.dtypes.DType | None = None) -> nw.Expr:
    """The answer as DOUBLE, NaN as NULL. `dtype` of the column, where known, spares whole numbers the test for NaN."""
    value = nw.col(column).cast(nw.Float64)
    if dtype is not None and (dtype.is_integer() or dtype.is_decimal()):
        return value
    return nw.when(~value.is_nan()).then(value).alias(column)


def keyed(instrument: Instrument, item: int, column: str, dtype: nw.dtypes.DType | None = None) -> nw.Expr:
    """The answer in the direction of its scale: (min + max) - answer where the key reverses the item."""
    value = answer(column, dtype)
    if item not in (instrument.reversed_items or ()):
        return value
    low, high = _answer_range(instrument)
    return (nw.lit(low + high) - value).alias(column)


def n_answered(keyed_columns: Sequence[str]) -> nw.Expr:
    """How many of the columns are not NULL, INTEGER."""
    return _sum([(~nw.col(column).is_null()).cast(nw.Int32) for column in keyed_columns])


def answered_sum(keyed_columns: Sequence[str], *, all_needed: bool) -> nw.Expr:
    """The sum of the answered items; where all are needed, NULL as soon as one is missing."""
    columns = [nw.col(column) for column in keyed_columns]
    return _sum(columns if all_needed else [column.fill_null(0.0) for column in columns])


def prorated_sum(total: nw.Expr, answered: nw.Expr, n_items: int) -> nw.Expr:
    """The sum rule with missing items: mean of the answered items x `n_items`.

    Written as sum + sum x missing / answered, so that a complete form has the same score whatever `min_answered` says.
    """
    return total + total * (n_items - answered) / answered


def pomp(total: nw.Expr, answered: nw.Expr, low: float, high: float) -> nw.Expr:
    """Percent of maximum possible of a mean, 100 (mean - low) / (high - low), from its sum and count.

    Cohen, Cohen, Aiken and West (1999), Multivariate Behavioral Research 34, 315-346. Multiplied out: one
    division, so that answers in whole numbers give the percentage rounded once.
    """
    count = answered.cast(nw.Float64)
    return (total - count * low) * 100.0 / (count * (high - low))


def with_scores(
    frame: IntoFrameT,
    instrument: Instrument,
    items: Mapping[int, str],
    *,
    min_answered: float = 1.0,
    c_grade: bool = False,
    given: Collection[str] = (),
) -> IntoFrameT:
    """The frame with `result_columns` appended; its own columns and the order of rows stay, lazy frames stay lazy.

    `items` maps item numbers to numeric columns; an item that it leaves out counts as never answered. `given` names
    scales whose score a site delivered, in columns `given_<scale>`: it stands, as it is, where all items of the scale
    are missing; the count is then NULL, and a component made of exactly the items of that scale is estimated from it.

    Raises KeyNeeded where the key is not known. Answers are taken as they are: nothing is compared with the range.
    """
    instrument.require_key()
    wide = opened(frame)
    schema = wide.collect_schema()
    layers = _Layers(instrument, min_answered, c_grade, tuple(scale for scale in instrument.scales if scale in given))
    answers = wide.with_columns(*layers.answers(items, schema))
    sums = answers.with_columns(*layers.sums())
    scored: IntoFrameT = sums.select(*schema.names(), *layers.results()).to_native()
    return scored


def opened(frame: Any) -> nw.DataFrame[Any] | nw.LazyFrame[Any]:
    """The frame as a narwhals frame, eager or lazy (narwhals types no function that takes both)."""
    wide: nw.DataFrame[Any] | nw.LazyFrame[Any] = nw.from_native(frame)
    return wide


class _Layers:
    """The three layers of columns between answers and results: keyed answers, sums over sets of items, results.

    Not one deep expression, since DuckDB does not share what stands inside a CASE: each sum would be computed several
    times. Scales and components of the same items share their sum, and a total is the sum of the scales it is made of.
    """

    def __init__(self, instrument: Instrument, min_answered: float, c_grade: bool, given: tuple[str, ...]) -> None:
        self.instrument, self.given = instrument, given
        self.scales = {scale: scale_target(instrument, scale) for scale in instrument.scales}
        self.components = component_targets(instrument, c_grade=c_grade)
        wanted = dict.fromkeys(target.items for target in (*self.scales.values(), *self.components))
        self.needed = {items: answers_needed(len(items), min_answered) for items in wanted}
        self.all_needed = all(needed == len(items) for items, needed in self.needed.items())
        self.parts = {items: _made_of(items, wanted) for items in wanted}
        self.summed = list(dict.fromkeys(part for parts in self.parts.values() for part in parts))

    def answers(self, items: Mapping[int, str], schema: Mapping[str, nw.dtypes.DType]) -> Iterator[nw.Expr]:
        for item in sorted({item for summed in self.summed for item in summed}):
            column = items.get(item)
            value = keyed(self.instrument, item, column, schema[column]) if column else nw.lit(None, nw.Float64)
            yield value.alias(_KEYED.format(item))
        for scale in self.given:
            yield answer(f"given_{scale}", schema[f"given_{scale}"]).alias(_GIVEN.format(scale))

    def sums(self) -> Iterator[nw.Expr]:
        for at, items in enumerate(self.summed):
            columns = [_KEYED.format(item) for item in items]
            yield answered_sum(columns, all_needed=self.all_needed).alias(_SUM.format(at))
            yield n_answered(columns).alias(_COUNT.format(at))

    def results(self) -> Iterator[nw.Expr]:
        for scale, target in self.scales.items():
            given = nw.col(_GIVEN.format(scale)) if scale in self.given else None
            yield from self._result(target, self._score(scale, target.items), given)
        low, high = _answer_range(self.instrument)
        for target in self.components:
            total, count = self._sum_and_count(target.items)
            yield from self._result(target, pomp(total, count, low, high), self._given_pomp(target.items))

    def _score(self, scale: str, items: tuple[int, ...]) -> nw.Expr:
        total, count = self._sum_and_count(items)
        if self.instrument.scale_rule(scale) == "mean":
            return total / count
        return total if self.needed[items] == len(items) else prorated_sum(total, count, len(items))

    def _result(self, target: Target, estimate: nw.Expr, given: nw.Expr | None) -> tuple[nw.Expr, nw.Expr]:
        _, count = self._sum_and_count(target.items)
        if not self.all_needed:
            estimate = nw.when(count >= self.needed[target.items]).then(estimate)
        if given is None:
            return estimate.alias(target.column), count.alias(target.count_column)
        return (
            nw.when(count == 0).then(given).otherwise(estimate).alias(target.column),
            nw.when((count > 0) | given.is_null()).then(count).alias(target.count_column),
        )

    def _given_pomp(self, items: tuple[int, ...]) -> nw.Expr | None:
        for scale in self.given:
            if self.scales[scale].items == items:
                given = nw.col(_GIVEN.format(scale))
                low, high = self.instrument.score_range(scale)
                # a divisor that is a column, for the reason in the module's docstring: 0 + (high - low) where given
                return (given - low) * 100.0 / (given.is_null().cast(nw.Float64) + (high - low))
        return None

    def _sum_and_count(self, items: tuple[int, ...]) -> tuple[nw.Expr, nw.Expr]:
        places = [self.summed.index(part) for part in self.parts[items]]
        return _sum([nw.col(_SUM.format(at)) for at in places]), _sum([nw.col(_COUNT.format(at)) for at in places])


def _made_of(items: tuple[int, ...], wanted: Iterable[tuple[int, ...]]) -> tuple[tuple[int, ...], ...]:
    """Smaller wanted sets that together are these items, each item once; the items themselves where there are none."""
    parts: list[tuple[int, ...]] = []
    left = set(items)
    for part in wanted:
        if len(part) < len(items) and left.issuperset(part):
            parts.append(part)
            left.difference_update(part)
    return (items,) if left else tuple(parts)


def _sum(terms: Sequence[nw.Expr]) -> nw.Expr:
    return reduce(add, terms)


def _answer_range(instrument: Instrument) -> tuple[float, float]:
    if instrument.response is None:
        raise KeyNeeded(instrument.id, instrument.missing_facts())
    return instrument.response.min, instrument.response.max
