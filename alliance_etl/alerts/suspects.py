"""Who the rules about sessions and dates must look at: cheap tests that may suspect too many, never too few.

Files mostly have a person's forms in the order of sessions and dates. Such rows are one block, of which only both ends
matter, and there is a block per person rather than a row per form.
"""

import zlib
from collections.abc import Sequence

import polars as pl

DATES = ("participant", "rater_role", "session", "session_date")
"""The columns that are looked at."""


def suspected(files: Sequence[tuple[pl.DataFrame, str]]) -> pl.Series:
    """The participants of one site that may have a session dated before an earlier one, or a form before session 1;
    `files` are scored forms (DATES) with their instrument's family.

    Blocks that overlap, such as those of two instruments of a family, decide nothing: their persons are looked at form
    by form.
    """
    if not files:
        return pl.Series("participant", dtype=pl.String)
    blocks = pl.concat([_blocks(forms, family) for forms, family in files])
    early = _early(blocks)
    unclear = _out_of_order(blocks)
    singles = [
        _blocks(forms.filter(pl.col("participant").is_in(whom.implode())), family, single=True)
        for forms, family in files
        if (whom := unclear.filter(family=family)["participant"]).len()
    ]
    late = _out_of_order(pl.concat(singles))["participant"] if singles else early.clear()
    return pl.concat([early, late]).unique()


def _blocks(forms: pl.DataFrame, family: str, *, single: bool = False) -> pl.DataFrame:
    """The blocks of one scored file, or each form as one: person, series, and session and date at both ends.

    Within a block sessions rise and dates do not fall. Session 1 begins a block; a form without session or date is one
    of its own. `person` and `series` (person, family and rater role) are hashes: two persons that share one are both
    looked at.
    """
    roles = forms["rater_role"].unique().sort().to_list()
    parts = [forms.filter(rater_role=role) if len(roles) > 1 else forms for role in roles]
    return pl.concat(
        [_of_role(forms.clear(), family, single=single)]
        + [_of_role(part, f"{family} {role}", single=single) for part, role in zip(parts, roles, strict=True)]
    ).with_columns(family=pl.lit(family))


def _of_role(forms: pl.DataFrame, series: str, *, single: bool) -> pl.DataFrame:
    session, day, person = pl.col("session"), pl.col("session_date"), pl.col("participant")
    goes_on = (
        (person == person.shift(1)) & (session > session.shift(1)) & (day >= day.shift(1)) & (session > 1)
    ).fill_null(value=False)
    firsts = forms.select(pl.int_range(pl.len()) if single else (~goes_on).arg_true()).to_series()
    lasts = firsts.shift(-1, fill_value=forms.height).cast(pl.Int64) - 1
    first, last = forms[firsts], forms[lasts]
    return pl.DataFrame(
        {
            "participant": first["participant"],
            "person": first["participant"].hash(),
            "series": first["participant"].hash(zlib.crc32(series.encode())),
            "session": first["session"],
            "day": first["session_date"],
            "last_session": last["session"],
            "last_day": last["session_date"],
        }
    )


def _early(blocks: pl.DataFrame) -> pl.Series:
    """The participants with a form dated before their session 1."""
    firsts = blocks.filter(pl.col("session") == 1).group_by("person").agg(first=pl.col("day").min())
    return blocks.join(firsts, on="person").filter(pl.col("day") < pl.col("first"))["participant"].unique()


def _out_of_order(blocks: pl.DataFrame) -> pl.DataFrame:
    """`participant` and `family` of blocks that do not follow each other.

    In the order of sessions, whatever is wrong in a series shows between two neighbours.
    """
    ends = blocks.select("series", "session", "day", "last_session", "last_day").with_row_index("at")
    known = ends.filter(pl.col("session").is_not_null() & pl.col("day").is_not_null())
    after = pl.col("series") == pl.col("series").shift(1)
    overlap = pl.col("session") < pl.col("last_session").shift(1)
    back = pl.col("day") < pl.col("last_day").shift(1)
    odd = known.sort("series", "session", "day").filter(after & (overlap | back))["at"]
    return blocks.select("participant", "family")[odd].unique()
