"""Ends of an answer scale that a site never uses though other sites do, as on another version of the form."""

from collections.abc import Iterator, Mapping
from math import log

import polars as pl

from alliance_etl.alerts.range_changed import CHANCE, FEWEST_PEOPLE, chance_of_none

Used = Mapping[str, pl.DataFrame]
"""Sums of forms (alliance_etl.fitness.forms) of one instrument and rater role, by site; all with their steps."""


def unused_steps(sums: Used, steps: int) -> Iterator[tuple[str, int | None]]:
    """For each site how many steps at both ends no form of it uses, beyond chance; None where no other site tells.

    The chance that none of a site's people uses an end, given what share of each other person's forms does, times the
    number of sites, ends and steps looked at, must be below alerts.range_changed.CHANCE. The forms of other sites are
    gone through only where an end is unused.
    """
    people = {site: own["participant"].n_unique() for site, own in sums.items()}
    looks = len(people) * 2 * max(steps - 1, 1)
    for site, own in sums.items():
        others = sum(people.values()) - people[site]
        if people[site] < FEWEST_PEOPLE or others < FEWEST_PEOPLE:
            yield site, None
            continue
        top, bottom = own.select(pl.col("top").max(), pl.col("bottom").min()).row(0)
        elsewhere = [frame for of, frame in sums.items() if of != site]
        ends = ((pl.col("top") > top, steps - 1 - top), (pl.col("bottom") < bottom, bottom))
        yield (
            site,
            sum(
                width
                for beyond, width in ends
                if width
                and chance_of_none(people[site], others, sum(_share(frame, beyond) for frame in elsewhere))
                < log(CHANCE / looks)
            ),
        )


def _share(forms: pl.DataFrame, beyond: pl.Expr) -> float:
    """The sum over a site's people of the share of their forms that go beyond."""
    people = forms.group_by("participant").agg(share=(pl.col("forms") * beyond).sum() / pl.col("forms").sum())
    return float(people["share"].sum())
