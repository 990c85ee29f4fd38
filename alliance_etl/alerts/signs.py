"""Signs: what the rules about answers need to know of a scored file. Taken while the file is scored and kept beside it,
so that no answer is read a second time.

Two kinds of rows in one small frame. `flat`: a form whose answers are all the same though some of its items are
reversed, and not in the middle. `range`: how many forms of one role and day have just this lowest and highest answer.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from alliance_etl.instruments.model import Response

# Part of the file's name: raised when other signs are taken, so that old ones are taken anew.
_VERSION = 2

SIGNS = {
    "kind": pl.String,
    "form_id": pl.String,
    "drop_id": pl.String,
    "line": pl.Int64,
    "n": pl.Int32,
    "answer": pl.Float64,
    "rater_role": pl.String,
    "session_date": pl.Date,
    "low": pl.Float64,
    "high": pl.Float64,
    "forms": pl.Int64,
}


def signs_path(scored: Path) -> Path:
    return scored.with_name(f"{scored.stem}.signs-{_VERSION}")


def signs_of(
    forms: pl.DataFrame, items: Sequence[int], reversed_items: Sequence[int], response: Response
) -> pl.DataFrame:
    """The signs (SIGNS) of forms that have their answers as item_N.

    A form all in the middle of the range is not `flat`: neither agreeing nor disagreeing contradicts nothing.

    `range` is of the straight items only, whole numbers, rounded outwards: a reversed item may have been turned back at
    the source, which moves its range.
    """
    answers = [f"item_{n}" for n in items]
    ends = forms.select("rater_role", "session_date", **ends_of(items, reversed_items))
    return pl.concat(
        [pl.DataFrame(schema=SIGNS), _flat(forms, ends, answers, response), *_ranges(ends)], how="diagonal"
    )


def straight_items(items: Sequence[int], reversed_items: Sequence[int]) -> list[str]:
    """The columns of the items that are not reversed."""
    return [f"item_{n}" for n in items if n not in set(reversed_items)]


def ends_of(items: Sequence[int], reversed_items: Sequence[int]) -> dict[str, pl.Expr]:
    """The lowest and highest answers of a form, of its straight items and of its reversed (`turned`) ones."""
    turned = [f"item_{n}" for n in items if n in set(reversed_items)]
    return {
        **_ends("low", "high", straight_items(items, reversed_items)),
        **_ends("low_turned", "high_turned", turned),
    }


def is_flat(ends: Mapping[str, pl.Expr], response: Response) -> pl.Expr:
    """Whether all answers are the same, reversed items among them, and not in the middle; `ends` as of ends_of."""
    low, high, low_turned, high_turned = (ends[name] for name in ("low", "high", "low_turned", "high_turned"))
    middle = (response.min + response.max) / 2
    return (low == high) & (low_turned == high_turned) & (low == low_turned) & (low != middle)


def _ends(low: str, high: str, answers: Sequence[str]) -> dict[str, pl.Expr]:
    """The lowest and the highest answer, NULL where there is none."""
    if not answers:
        return {low: pl.lit(None, dtype=pl.Int8), high: pl.lit(None, dtype=pl.Int8)}
    return {low: pl.min_horizontal(answers), high: pl.max_horizontal(answers)}


def _flat(forms: pl.DataFrame, ends: pl.DataFrame, answers: Sequence[str], response: Response) -> pl.DataFrame:
    columns = {name: pl.col(name) for name in ("low", "high", "low_turned", "high_turned")}
    flat = ends.select(is_flat(columns, response)).to_series()
    counted = pl.sum_horizontal(pl.col(name).is_not_null().cast(pl.Int32) for name in answers)
    return forms.filter(flat).select(
        "form_id",
        "drop_id",
        "line",
        kind=pl.lit("flat"),
        n=counted.cast(pl.Int32),
        answer=pl.min_horizontal(answers).cast(pl.Float64),
    )


_BITS = 16
_MIDDLE = 1 << (_BITS - 1)


def _ranges(ends: pl.DataFrame) -> list[pl.DataFrame]:
    """For each rater role how often each day, lowest and highest answer are there."""
    day = pl.col("session_date").cast(pl.Int32).cast(pl.Int64)
    low, high = pl.col("low").floor().cast(pl.Int64), pl.col("high").ceil().cast(pl.Int64)
    packed = (day * (1 << _BITS) + low + _MIDDLE) * (1 << _BITS) + high + _MIDDLE
    each = ends.select("rater_role", packed=packed)
    roles = each["rater_role"].unique().sort().to_list()
    return [_counted(each["packed"].filter(each["rater_role"] == role), role) for role in roles]


def _counted(packed: pl.Series, role: str) -> pl.DataFrame:
    counted = packed.drop_nulls().value_counts(name="forms")
    size, rest = 1 << _BITS, pl.col("packed") // (1 << _BITS)
    return counted.select(
        kind=pl.lit("range"),
        rater_role=pl.lit(role),
        session_date=(rest // size).cast(pl.Int32).cast(pl.Date),
        low=(rest % size - _MIDDLE).cast(pl.Float64),
        high=(pl.col("packed") % size - _MIDDLE).cast(pl.Float64),
        forms=pl.col("forms").cast(pl.Int64),
    )
