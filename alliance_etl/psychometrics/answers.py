"""Forms of one instrument and rater role as the estimators take them: sorted once, one form of each person by scale,
covariances of keyed answers, site by site and all together.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from alliance_etl.instruments.model import Instrument, Response

Floats = NDArray[np.float64]
ALL_SITES = None
_WHEN = ("session", "session_date", "form_id")


@dataclass(frozen=True)
class Moments:
    """Keyed answers of one form of each person: how many people, means (items,), covariance with divisor people - 1."""

    people: int
    means: Floats
    covariance: Floats


def forms_of(paths: Sequence[Path], instrument: Instrument) -> Iterator[tuple[str, pl.DataFrame]]:
    """The forms of each rater role, those of a person one after the other, the earliest first; persons by site."""
    items = [f"item_{item}" for item in instrument.item_numbers]
    scores = [f"score_{scale}" for scale in instrument.scales]
    columns = ["site", "participant", "therapist", "rater_role", *_WHEN, *items, *scores]
    forms = pl.scan_parquet(list(paths)).select(columns).with_columns(pl.col("site", "rater_role").cast(pl.String))
    everything = forms.sort("rater_role", "site", "participant", *_WHEN, nulls_last=True).drop(_WHEN).collect()
    for (role,), of_role in everything.partition_by("rater_role", as_dict=True).items():
        yield str(role), of_role


def places(forms: pl.DataFrame) -> dict[str | None, slice]:
    """Where each site's forms stand; with several sites, all of them under ALL_SITES, too."""
    sites = forms["site"].rle().struct.unnest()
    found: dict[str | None, slice] = {}
    begin = 0
    for length, site in sites.select("len", "value").iter_rows():
        found[site] = slice(begin, begin + length)
        begin += length
    return {**found, ALL_SITES: slice(0, begin)} if len(found) > 1 else found


def first_complete(forms: pl.DataFrame, items: Sequence[int]) -> pl.DataFrame:
    """Of each person the earliest form with all these items, in the order of `forms`."""
    complete = forms.select(pl.all_horizontal(pl.col(f"item_{item}").is_not_null() for item in items)).to_series()
    kept = forms.filter(complete).select("site", "participant", *(f"item_{item}" for item in items))
    again = (pl.col("participant") == pl.col("participant").shift()) & (pl.col("site") == pl.col("site").shift())
    return kept.filter(~again.fill_null(value=False))


def keyed(forms: pl.DataFrame, instrument: Instrument, items: Sequence[int]) -> Floats:
    """Keyed answers, forms × items; nothing may be missing."""
    response, turned = response_of(instrument), set(instrument.reversed_items or ())
    answers = forms.select(pl.col(f"item_{item}").cast(pl.Float64) for item in items).to_numpy()
    reverse = np.array([item in turned for item in items])
    return np.where(reverse, response.min + response.max - answers, answers)


def moments(answers: Floats) -> Moments:
    """Of at least one form; of a single one the covariance is zero."""
    means = answers.mean(axis=0)
    off = answers - means
    return Moments(len(answers), means, off.T @ off / max(len(answers) - 1, 1))


def response_of(instrument: Instrument) -> Response:
    assert instrument.response is not None, "only an instrument with a key is scored"
    return instrument.response
