"""Sessions that a file names instead of counting them: REDCap's events, and the repeat instances within them."""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from alliance_etl.intake.header import locate, same_name
from alliance_etl.intake.leave_out import is_form
from alliance_etl.intake.plan import Plan
from alliance_etl.intake.records import Records
from alliance_etl.intake.ticks import with_ticks
from alliance_etl.reading import OpenedFile
from alliance_etl.study.sessions import by_template


def resolved(plans: Sequence[Plan], text: OpenedFile) -> list[Plan]:
    """The plans with `sessions` written out for this file, where they are templates: what the texts in the rows of the
    form stand for. Rows that are left out play no part: `baseline_arm_1` needs no number where nothing was asked.
    """
    return [_resolved(plan, text) if isinstance(plan.export.sessions, tuple) else plan for plan in plans]


def _resolved(plan: Plan, text: OpenedFile) -> Plan:
    export = plan.export
    wanted = export.wanted_columns(len(plan.instrument.item_numbers))
    there = locate(text.header, wanted)
    wanted = [name for name in wanted if same_name(name) in there]
    found: set[str] = set()
    if export.session in wanted:
        at = {name: there[same_name(name)] for name in wanted}
        for block in text.blocks(sorted(set(at.values()))):
            frame = block.frame.select(pl.col(str(position)).alias(name) for name, position in at.items())
            records = with_ticks(Records(frame, at), plan)
            rows = records.frame.filter(is_form(plan, records.positions))
            found.update(rows[export.session].drop_nulls().unique().to_list())
    numbers = by_template(sorted(found), tuple(export.sessions))
    return replace(plan, export=export.model_copy(update={"sessions": numbers}))


def numbered(texts: pl.Series, plan: Plan) -> pl.Series:
    """Session texts with those that `sessions` names written as numbers; outer space and case are ignored."""
    sessions = plan.export.sessions
    assert isinstance(sessions, dict), "templates are written out before a file is read"
    if not sessions:
        return texts
    by_name = {same_name(name).casefold(): str(number) for name, number in sessions.items()}
    distinct = texts.drop_nulls().unique()
    named = {text: by_name[key] for text in distinct if (key := same_name(text).casefold()) in by_name}
    return texts.replace(named) if named else texts


def added(sessions: pl.DataFrame, instances: pl.DataFrame, largest: int) -> pl.DataFrame:
    """`value` and `code` of the session with the instance's number added; an empty cell of either counts nothing."""
    total = pl.sum_horizontal(pl.col("session", "instance").cast(pl.Int64))
    is_given = pl.col("session").is_not_null() | pl.col("instance").is_not_null()
    both = pl.DataFrame({"session": sessions["value"], "instance": instances["value"], "code": instances["code"]})
    return both.select(
        value=pl.when(is_given & (total <= largest)).then(total).cast(pl.Int32),
        code=pl.when(is_given & (total > largest)).then(pl.lit("session_unreadable")).otherwise("code"),
    )
