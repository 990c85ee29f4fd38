"""Ends of an answer scale that a site never uses though other sites do, as on another version of the form."""

from math import log

import polars as pl

from alliance_etl.alerts.range_changed import CHANCE, FEWEST_PEOPLE, chance_of_none


def unused_steps(sums: pl.DataFrame, site: str, steps: int) -> int | None:
    """How many steps at both ends no form of the site uses, beyond chance; None where no other site tells.

    `sums` are those of one instrument and rater role at all sites (alliance_etl.fitness.forms, with site). The chance
    that none of the site's people uses an end, given what share of each other person's forms does, times the number of
    sites, ends and steps looked at, must be below alerts.range_changed.CHANCE.
    """
    told = sums.filter(pl.col("top").is_not_null())
    by_site = dict(told.group_by("site").agg(pl.col("participant").n_unique()).iter_rows())
    people, other_people = by_site.get(site, 0), sum(n for of, n in by_site.items() if of != site)
    if people < FEWEST_PEOPLE or other_people < FEWEST_PEOPLE:
        return None
    here, others = told.filter(pl.col("site") == site), told.filter(pl.col("site") != site)
    looks = told["site"].n_unique() * 2 * max(steps - 1, 1)
    top, bottom = here["top"].max(), here["bottom"].min()
    assert isinstance(top, int), "people were counted, so there are forms"
    assert isinstance(bottom, int), "as above"
    unused = 0
    for beyond, ends in ((pl.col("top") > top, steps - 1 - top), (pl.col("bottom") < bottom, bottom)):
        if ends and chance_of_none(people, other_people, _share(others, beyond)) < log(CHANCE / looks):
            unused += ends
    return unused


def _share(others: pl.DataFrame, beyond: pl.Expr) -> float:
    """The sum over people of the share of their forms that go beyond."""
    people = others.group_by("site", "participant").agg(share=(pl.col("forms") * beyond).sum() / pl.col("forms").sum())
    return float(people["share"].sum())
