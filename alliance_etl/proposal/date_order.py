"""The doubt about the order of day and month, and what the sessions' own order says of each way to read them."""

import polars as pl

from alliance_etl.proposal.dates import day_of, example
from alliance_etl.proposal.model import Answers, Choice, Doubt
from alliance_etl.proposal.roles import Who
from alliance_etl.proposal.table import Table


def date_doubt(table: Table, who: Who, answers: Answers) -> list[Doubt]:
    """What to ask where the dates can be read in several ways; how far sessions then follow one another is told."""
    if not who.dates or len(who.dates.formats) == 1 or answers.of("date_format"):
        return []
    column, filled = who.columns["date"], who.dates.filled
    choices = tuple(
        Choice(each, f"1 February 2026 is {example(each)}{_in_order(table, who, each)}") for each in who.dates.formats
    )
    asks = f'How are the dates in "{column}" written? All {filled:,} can be read in {len(choices)} ways.'
    return [Doubt("date_format", asks, choices)]


def _in_order(table: Table, who: Who, date_format: str) -> str:
    """How many sessions of a person come on or after the one before, if dates are read so; in words."""
    if not {"participant", "session"} <= set(who.columns):
        return ""
    person, session, day = (table.texts(who.columns[role]) for role in ("participant", "session", "date"))
    days = {text: day_of(text, date_format) for text in day.drop_nulls().unique().to_list()}
    told = pl.DataFrame(
        {
            "person": person,
            "session": session.cast(pl.Int64, strict=False),
            "day": day.replace_strict(days, default=None, return_dtype=pl.Date),
        }
    ).drop_nulls()
    step = pl.col("day").diff().over("person").dt.total_days()
    steps = told.sort("person", "session").select(step=step).drop_nulls()["step"]
    follow = sum(days >= 0 for days in steps.to_list())
    return f"; then {follow:,} of {len(steps):,} sessions follow the one before" if len(steps) else ""
