"""Declared scale scores beside the items, and whether items are reversed already: by arithmetic over all rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from alliance_etl.instruments.model import Instrument
from alliance_etl.intake.answers import parse_number
from alliance_etl.intake.totals import TOLERANCE
from alliance_etl.proposal.column import Column
from alliance_etl.proposal.table import Table
from alliance_etl.proposal.words import says_scale

_INSIDE = 0.9
_AGREES = 0.9
_FEWEST = 12
_NEAR = 0.15


@dataclass(frozen=True)
class Declared:
    """A scale's column, how many of the rows with all items it agrees with, and of how many."""

    column: str
    agrees: int
    of: int


@dataclass(frozen=True)
class Totals:
    """Scale → its declared column. `reversed`: True where the totals agree only if the site has reversed already,
    False where they agree as it stands, None where nothing tells.
    """

    columns: Mapping[str, Declared]
    reversed: bool | None


def answers_frame(
    table: Table, columns: Mapping[int, str], values: Mapping[str, float], missing: Sequence[str]
) -> pl.DataFrame:
    """The items as numbers on the range in the file, one Float64 column per item number; labels by `values`."""
    held = {}
    for item, name in columns.items():
        text = table.texts(name)
        known = {each: _number(each, values, missing) for each in text.drop_nulls().unique().to_list()}
        held[str(item)] = text.replace_strict(known, default=None, return_dtype=pl.Float64)
    return pl.DataFrame(held)


def _number(text: str, values: Mapping[str, float], missing: Sequence[str]) -> float | None:
    if text in missing:
        return None
    number = values.get(text.casefold())
    return parse_number(text) if number is None else number


def declared(
    table: Table, spare: Sequence[str], items: pl.DataFrame, instrument: Instrument, low: float, high: float
) -> Totals:
    """The spare columns that are called like a scale, or add up to one, and hold what such a score may be."""
    columns: dict[str, Declared] = {}
    turned: list[bool] = []
    keyed = _keyed(items, instrument, low, high)
    for scale in instrument.scales:
        scores = {is_turned: _score(frame, instrument, scale) for is_turned, frame in ((False, keyed), (True, items))}
        found = [
            (max((_agreement(table.texts(name), score), was) for was, score in scores.items()), name)
            for name in spare
            if name not in {each.column for each in columns.values()}
            and _may_be_score(table.columns[name], instrument, scale, low, high)
        ]
        named = [each for each in found if says_scale(each[1], scale)]
        agreeing = [each for each in found if each[0][0][0] >= _AGREES * each[0][0][1] and each[0][0][0] >= _FEWEST]
        best = max(agreeing or named, default=None)
        if best is None or (best in named and not agreeing and len(named) > 1):
            continue
        ((agrees, of), was_turned), name = best
        columns[scale] = Declared(name, agrees, of)
        if agreeing and set(instrument.reversed_items or ()) & set(instrument.scales[scale].items):
            turned.append(was_turned and _agreement(table.texts(name), scores[False])[0] < _AGREES * of)
    return Totals(columns, all(turned) if turned and len(set(turned)) == 1 else None)


def score_columns(table: Table, instrument: Instrument, spare: Sequence[str]) -> dict[str, str]:
    """Scale → column where a file has scores only."""
    assert instrument.response is not None
    low, high = instrument.response.min, instrument.response.max
    found: dict[str, str] = {}
    for scale in instrument.scales:
        named = [
            name
            for name in spare
            if says_scale(name, scale) and _may_be_score(table.columns[name], instrument, scale, low, high)
        ]
        if len(named) == 1 and named[0] not in found.values():
            found[scale] = named[0]
    return found


def _may_be_score(column: Column, instrument: Instrument, scale: str, low: float, high: float) -> bool:
    size = len(instrument.scales[scale].items) if instrument.scale_rule(scale) == "sum" else 1
    numbers = column.numbers
    inside = sum(count for number, count in numbers.items() if low * size <= number <= high * size)
    return column.share_of_numbers > _INSIDE and inside >= _INSIDE * numbers.total() > 0 and max(numbers) > high / 2


def _keyed(items: pl.DataFrame, instrument: Instrument, low: float, high: float) -> pl.DataFrame:
    turned = [str(item) for item in instrument.reversed_items or () if str(item) in items.columns]
    return items.with_columns((low + high - pl.col(turned)).name.keep()) if turned else items


def _score(items: pl.DataFrame, instrument: Instrument, scale: str) -> pl.Series:
    """The scale's score where all its items are answered, else null."""
    names = [str(item) for item in instrument.scales[scale].items]
    whole = pl.all_horizontal(pl.col(names).is_not_null())
    score = pl.sum_horizontal(names) if instrument.scale_rule(scale) == "sum" else pl.mean_horizontal(names)
    return items.select(score=pl.when(whole).then(score))["score"]


def _agreement(text: pl.Series, score: pl.Series) -> tuple[int, int]:
    """Rows in which the column says the score, of those that have both."""
    known = {each: parse_number(each) for each in text.drop_nulls().unique().to_list()}
    both = pl.DataFrame({"told": text.replace_strict(known, default=None, return_dtype=pl.Float64), "score": score})
    both = both.drop_nulls()
    return int(((both["told"] - both["score"]).abs() <= TOLERANCE).sum()), both.height


def runs_with_others(items: pl.DataFrame, instrument: Instrument) -> bool | None:
    """Whether the items that should be reversed rise and fall with the others already; None where nothing tells."""
    turned = [str(item) for item in instrument.reversed_items or ()]
    others = [name for name in items.columns if name not in turned]
    whole = items.drop_nulls()
    if not turned or not others or whole.height < _FEWEST:
        return None
    mean = pl.mean_horizontal(others)
    found = whole.select(pl.corr(name, mean).alias(name) for name in turned).row(0)
    told = [each for each in found if each is not None and each == each]
    if not told:
        return None
    average = sum(told) / len(told)
    return True if average > _NEAR else False if average < -_NEAR else None
