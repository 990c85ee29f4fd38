"""The rule about ranges: from some day on nobody gives the highest answers any more, as if another version were used.

An answer of 5 on a form from 1 to 7 is right by itself; that no form of a month is above 5, where most forms were, is
not. Looked for is a run of days on which no form of one site, instrument and rater role has an answer above a cut; how
surprising it is depends on how many forms and how many people outside the run have one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from math import lgamma, log

import polars as pl

from alliance_etl.instruments.model import Response

# The chance of a run, by forms and by people, times the number of runs that were looked at, must be below this.
# docs/alerts.md has the false alarms and the delay that follow from it, measured by simulation.
CHANCE = 1e-4
# Fewer people, within the run or outside it, prove nothing.
FEWEST_PEOPLE = 5
# Of an answer scale with more steps than this only every tenth part of its width is a cut.
_MOST_STEPS = 20

People = Callable[[], pl.DataFrame]
"""participant, session_date and high (the highest answer) of each dated form of a series."""


@dataclass(frozen=True)
class Run:
    """Days `first` to `last`, with `forms` forms of `people` people, none with an answer above `cut`; outside it
    `above` of `others` forms have one.
    """

    cut: float
    first: date
    last: date
    forms: int
    people: int
    above: int
    others: int


def cuts(response: Response) -> list[float]:
    """The highest answers that another version of the instrument may have: at least half of the width remains."""
    width = response.max - response.min
    step = 1 if width <= _MOST_STEPS else width / 10
    below = (response.max - step * number for number in range(1, int(width / step) + 1))
    return [cut for cut in below if cut - response.min >= width / 2]


def narrow_runs(days: pl.DataFrame, response: Response, people: People) -> list[Run]:
    """The runs that are no chance, the most surprising first, none overlapping another.

    `days` has session_date, high and forms: how many forms of a day have that highest answer. `people` is asked only
    where the forms alone are surprising enough. Forms of one person resemble each other, so people are counted, too:
    the chance that none of those in the run is above the cut, given what share of each other person's forms is
    (the predictive distribution of a share with an even prior).
    """
    found = _runs(days, cuts(response))
    if found.is_empty():
        return []
    most = log(CHANCE / found.height)
    taken: list[Run] = []
    for row in found.filter(pl.col("chance") < most).sort("chance", "cut", "first").iter_rows(named=True):
        if any(row["first"] <= run.last and row["last"] >= run.first for run in taken):
            continue
        number, chance = _by_people(people(), row["cut"], row["first"], row["last"])
        if chance < most:
            names = ("cut", "first", "last", "forms", "above", "others")
            taken.append(Run(people=number, **{name: row[name] for name in names}))
    return taken


def _runs(days: pl.DataFrame, above: Sequence[float]) -> pl.DataFrame:
    """Every run of days without an answer above one of the cuts, with the logarithm of its chance by forms."""
    over = (pl.col("high") > pl.col("cut")) * pl.col("forms")
    daily = (
        days.join(pl.DataFrame({"cut": above}, schema={"cut": pl.Float64}), how="cross")
        .group_by("cut", "session_date")
        .agg(forms=pl.col("forms").sum(), over=over.sum())
        .sort("cut", "session_date")
        .with_columns(all=pl.col("forms").sum().over("cut"), above=pl.col("over").sum().over("cut"))
        .with_columns(run=pl.struct("cut", pl.col("over") > 0).rle_id())
    )
    runs = (
        daily.filter(pl.col("over") == 0)
        .group_by("run", "cut", "all", "above")
        .agg(first=pl.col("session_date").min(), last=pl.col("session_date").max(), forms=pl.col("forms").sum())
        .with_columns(others=pl.col("all") - pl.col("forms"))
    )
    share = (pl.col("above") + 0.5) / (pl.col("others") + 1)
    return runs.filter(pl.col("above") > 0).with_columns(chance=pl.col("forms") * (-share).log1p())


def _by_people(forms: pl.DataFrame, cut: float, first: date, last: date) -> tuple[int, float]:
    """How many people the run has, and the logarithm of the chance that none of them is above the cut."""
    inside = pl.col("session_date").is_between(first, last)
    within = forms.filter(inside)["participant"].n_unique()
    shares = forms.filter(~inside).group_by("participant").agg(share=(pl.col("high") > cut).mean())
    others, above = shares.height, float(shares["share"].sum())
    return within, chance_of_none(within, others, above)


def chance_of_none(within: int, others: int, above: float) -> float:
    """The logarithm of the chance that none of `within` people is above, where the shares of `others` sum up to
    `above`: the predictive distribution of a share with an even prior (beta-binomial). 0 where people are too few.
    """
    if min(within, others) < FEWEST_PEOPLE:
        return 0.0
    below = others - above + 1
    return lgamma(below + within) - lgamma(below) - lgamma(others + 2 + within) + lgamma(others + 2)
