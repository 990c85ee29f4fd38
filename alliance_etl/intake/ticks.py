"""Items whose answers have a column each, one of which is ticked: checkboxes, put together to one column per item."""

import polars as pl

from alliance_etl.intake.plan import Plan
from alliance_etl.intake.records import Records

BETWEEN = "\x1f"
"""Stands between the options of an item of which several are ticked."""


def with_ticks(records: Records, plan: Plan) -> Records:
    """The records with a column for each item that is ticked: the text of the option, empty where none is.

    Several options stand beside each other; a cell that is neither ticked nor not makes a text that is no answer.
    """
    columns = plan.export.tick_columns(len(plan.instrument.item_numbers))
    if not columns:
        return records
    made = [_chosen(options, plan).alias(plan.items[item]) for item, options in columns.items()]
    first = {plan.items[item]: records.positions[next(iter(options.values()))] for item, options in columns.items()}
    return Records(records.frame.with_columns(made), {**records.positions, **first})


def _chosen(columns: dict[str, str], plan: Plan) -> pl.Expr:
    ticked, unticked = plan.export.ticked, plan.export.unticked
    cells = {option: pl.col(column).str.strip_chars().fill_null("") for option, column in columns.items()}
    chosen = pl.concat_str(
        [pl.when(cell.is_in(list(ticked))).then(pl.lit(option)) for option, cell in cells.items()],
        separator=BETWEEN,
        ignore_nulls=True,
    )
    known = ["", *ticked, *unticked]
    strange = pl.coalesce(pl.when(~cell.is_in(known)).then(pl.lit("no tick: ") + cell) for cell in cells.values())
    return pl.coalesce(strange, pl.when(chosen != "").then(chosen))
