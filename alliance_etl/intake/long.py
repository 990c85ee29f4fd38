"""Long layout: one record of the file is one answer; the records of one form are gathered first.

Each line of the file goes the way of its form: if one of its answers is held, the form is held with all its lines.
"""

import polars as pl

from alliance_etl.intake.answers import read_column
from alliance_etl.intake.cells import CellLog
from alliance_etl.intake.contract import AnswersContract
from alliance_etl.intake.plan import Plan, Receipt
from alliance_etl.intake.records import Records
from alliance_etl.intake.stamps import read_stamps
from alliance_etl.intake.wide import finish_forms, form_ids, reasons_as_json

_FORM = ["participant", "rater", "session", "session_date_key"]


def read_long(records: Records, plan: Plan, receipt: Receipt, contract: AnswersContract, log: CellLog) -> pl.DataFrame:
    """The forms (Plan.forms_schema) of a long file that can be trusted; everything else is logged."""
    layout = plan.export.layout
    assert layout != "wide"
    stamps = read_stamps(records, plan, receipt, log)
    rows = stamps.with_columns(
        item=_item_numbers(records, plan, log),
        session_date_key=pl.when(pl.col("session").is_null()).then("session_date"),
    )
    rows = pl.concat([rows, _answers(records, plan, contract, rows["item"], log)], how="horizontal")
    rows = _whole_forms(rows, plan, log)
    forms = _gather(rows, plan, log)
    return finish_forms(forms, plan, log)


def _item_numbers(records: Records, plan: Plan, log: CellLog) -> pl.Series:
    layout = plan.export.layout
    assert layout != "wide"
    text = records.text(layout.item)
    names = {name: item for item, name in plan.items.items()}
    distinct = text.drop_nulls().unique().to_list()
    numbers = [names.get(cell) for cell in distinct]
    lookup = pl.DataFrame({"text": distinct, "item": numbers}, schema={"text": pl.String, "item": pl.Int32})
    item = pl.DataFrame({"text": text}).join(lookup, on="text", how="left", maintain_order="left")["item"]
    unknown = item.is_null()
    first, last = next(iter(names), ""), next(reversed(names), "")
    log.note(
        records.frame["line"].filter(unknown),
        "item_unknown",
        position=records.positions[layout.item],
        column=layout.item,
        expected=f"an item from {first} to {last}",
        text=text.filter(unknown),
    )
    return item


def _answers(records: Records, plan: Plan, contract: AnswersContract, item: pl.Series, log: CellLog) -> pl.DataFrame:
    """`value` in the file's range, `reason`"""
    layout = plan.export.layout
    assert layout != "wide"
    text = records.frame[layout.value]
    read = read_column(text, plan.answer_rule)
    code = contract.judge(read["value"], read["code"])
    if code is not None and (bad := code.is_not_null() & item.is_not_null()).any():
        log.note(
            records.frame["line"].filter(bad),
            code.filter(bad),
            position=records.positions[layout.value],
            column=layout.value,
            expected=contract.expected,
            text=text.filter(bad),
            secrets=[records.text(plan.export.participant).filter(bad)],
        )
    return read.select(pl.col("value").cast(pl.Float64), "labelled", "reason")


def _whole_forms(rows: pl.DataFrame, plan: Plan, log: CellLog) -> pl.DataFrame:
    """Rows of forms without a held row; the others are held with it. Also holds an item that stands twice,
    differently.
    """
    content = pl.struct("value", "labelled", "reason")
    twice = rows.filter(
        (content.n_unique().over([*_FORM, "item"]) > 1)
        & pl.col("item").is_not_null()
        & pl.col("participant").is_not_null()
    )
    log.note(twice["line"], "item_twice", position=None, column=None, expected="one answer per item")
    held = log.held_lines()
    if held.is_empty():
        return rows
    tainted = rows.with_columns(bad=pl.col("line").is_in(held.implode())).with_columns(
        tainted=pl.col("bad").any().over(_FORM) & pl.col("participant").is_not_null()
    )
    dragged = tainted.filter(pl.col("tainted") & ~pl.col("bad"))
    log.note(dragged["line"], "form_incomplete", position=None, column=None, expected="a form without held rows")
    is_held = pl.col("line").is_in(log.held_lines().implode())
    stamp = pl.coalesce("session", pl.col("session_date").cast(pl.Int32))
    named = rows.filter(is_held & pl.col("participant").is_not_null() & stamp.is_not_null())
    log.form_ids.update(zip(named["line"], form_ids(named, plan), strict=True))
    return rows.filter(~is_held)


def _gather(rows: pl.DataFrame, plan: Plan, log: CellLog) -> pl.DataFrame:
    """One row per form: its first line, and `item_<n>` columns. Rows that only say an answer again are repeats."""
    said = rows.height
    rows = rows.unique([*_FORM, "item"], keep="first", maintain_order=True)
    log.repeated += said - rows.height
    numbers = plan.instrument.item_numbers
    first = [
        pl.col("therapist", "session_date").drop_nulls().first(),
        pl.col("line").min(),
        pl.len().cast(pl.Int32).alias("n_lines"),
    ]
    values = [pl.col("value").filter(pl.col("item") == n).first().alias(f"item_{n}") for n in numbers]
    labelled = [pl.col("labelled").filter(pl.col("item") == n).first().alias(f"label_{n}") for n in numbers]
    declared = pl.when(pl.col("reason") != "blank").then("reason")
    reasons = [declared.filter(pl.col("item") == n).first().alias(f"reason_{n}") for n in numbers]
    forms = rows.group_by(_FORM, maintain_order=True).agg(*first, *values, *labelled, *reasons)
    as_json = reasons_as_json(
        {n: forms[f"reason_{n}"] for n in numbers if forms[f"reason_{n}"].null_count() < forms.height}, forms.height
    )
    return forms.select(
        "participant",
        "therapist",
        "rater",
        "session",
        "session_date",
        "line",
        "n_lines",
        *(plan.recoded(n, pl.col(f"item_{n}"), pl.col(f"label_{n}")).alias(f"item_{n}") for n in numbers),
    ).with_columns(missing=as_json, **{f"given_{scale}": pl.lit(None, dtype=pl.Float64) for scale in plan.given_scales})
