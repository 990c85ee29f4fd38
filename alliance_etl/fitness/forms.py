"""What the criteria need to know of forms: signs of each form, and their sums per participant.

Everything that follows is made from these sums, so that the answers of a site are gone through once.
"""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from alliance_etl.alerts.signs import ends_of, is_flat, straight_items
from alliance_etl.instruments.model import Instrument, Response
from alliance_etl.publication.scored import Scoring

PERSON = ("rater_role", "therapist", "participant")
# Of an answer scale with more steps than this, tenths of its width are what counts as a step.
_MOST_STEPS = 20


def sums_of(paths: Sequence[Path], scoring: Scoring, least_answers: int) -> pl.DataFrame:
    """Sums of scored forms per PERSON, `top` and `bottom` (highest and lowest step that a form uses, straight items).

    Columns: forms, complete, sent (forms whose answers the site sends, which scores alone are not), items and missing
    of these, unscored of these, lineable (forms with `least_answers` or more answers, where straight-lining can be
    told), lined, at_ceiling, at_floor.
    """
    instrument = scoring.instrument
    forms = pl.scan_parquet(list(paths))
    straight = straight_items(instrument.item_numbers, instrument.reversed_items or ())
    n_items = len(instrument.item_numbers)
    signs = {
        "top": _steps(pl.max_horizontal(straight), instrument) if straight else pl.lit(None, pl.Int16),
        "bottom": _steps(pl.min_horizontal(straight), instrument) if straight else pl.lit(None, pl.Int16),
        "complete": complete(scoring),
        "sent": pl.col("n_answered").is_not_null(),
        "unscored": _unscored(scoring),
        "lineable": (pl.col("n_answered") >= least_answers).fill_null(value=False) & pl.lit(can_line(instrument)),
        "lined": _lined(instrument),
        "best": _all_at(instrument, best=True),
        "worst": _all_at(instrument, best=False),
    }
    answered = pl.col("n_answered").cast(pl.Int64)
    return (
        forms.select(*PERSON, "n_answered", **signs)
        .group_by(*PERSON, "top", "bottom")
        .agg(
            forms=pl.len().cast(pl.Int64),
            complete=pl.col("complete").sum().cast(pl.Int64),
            sent=pl.col("sent").sum().cast(pl.Int64),
            items=pl.col("sent").sum().cast(pl.Int64) * n_items,
            missing=pl.col("sent").sum().cast(pl.Int64) * n_items - answered.sum(),
            unscored=(pl.col("sent") & pl.col("unscored")).sum().cast(pl.Int64),
            lineable=pl.col("lineable").sum().cast(pl.Int64),
            lined=(pl.col("lineable") & pl.col("lined")).sum().cast(pl.Int64),
            at_ceiling=(pl.col("complete") & pl.col("best")).sum().cast(pl.Int64),
            at_floor=(pl.col("complete") & pl.col("worst")).sum().cast(pl.Int64),
        )
        .collect()
    )


def complete(scoring: Scoring) -> pl.Expr:
    """Whether a form has all its answers; not, where a site delivers scores only."""
    return (pl.col("n_answered") == len(scoring.instrument.item_numbers)).fill_null(value=False)


def can_line(instrument: Instrument) -> bool:
    """Whether straight-lining can be told: some items are reversed and some are not."""
    turned = set(instrument.reversed_items or ())
    return bool(turned) and bool(set(instrument.item_numbers) - turned)


def n_steps(response: Response) -> int:
    """The steps of an answer scale; tenths of its width where there are more than twenty."""
    width = response.max - response.min
    step = response.step or 1
    return round(width / step) + 1 if width / step <= _MOST_STEPS else 11


def _steps(answer: pl.Expr, instrument: Instrument) -> pl.Expr:
    """An answer as the number of its step, the lowest being 0."""
    response = _response(instrument)
    width = response.max - response.min
    share = (answer.cast(pl.Float64) - response.min) / width
    return (share * (n_steps(response) - 1)).round().cast(pl.Int16)


def _unscored(scoring: Scoring) -> pl.Expr:
    columns = [f"pomp_{line.component}" for line in scoring.instrument.estimated(c_grade=scoring.c_grade)]
    columns = columns or [f"score_{scale}" for scale in scoring.instrument.scales]
    return pl.any_horizontal(pl.col(column).is_null() for column in columns) if columns else pl.lit(value=False)


def _lined(instrument: Instrument) -> pl.Expr:
    if not can_line(instrument):
        return pl.lit(value=False)
    ends = ends_of(instrument.item_numbers, instrument.reversed_items or ())
    return is_flat(ends, _response(instrument)).fill_null(value=False)


def _all_at(instrument: Instrument, *, best: bool) -> pl.Expr:
    """Whether every answer is the best (or worst) that can be given."""
    response, turned = _response(instrument), set(instrument.reversed_items or ())
    high, low = (response.max, response.min) if best else (response.min, response.max)
    return pl.all_horizontal(
        pl.col(f"item_{n}") == (low if n in turned else high) for n in instrument.item_numbers
    ).fill_null(value=False)


def _response(instrument: Instrument) -> Response:
    assert instrument.response is not None, "only an instrument with a key is scored"
    return instrument.response
