"""Records that are no forms: column names in the middle of a file, which are held, rows that skip_rows names, and
rows without any answer of the form, where the export says that they belong to another one.
"""

from collections.abc import Collection, Iterable

import polars as pl

from alliance_etl.intake.cells import CellLog
from alliance_etl.intake.header import same_name
from alliance_etl.intake.plan import Plan
from alliance_etl.intake.records import Records
from alliance_etl.study.export import AllBut


def without_headers(
    records: Records, plan: Plan, header: set[str], lost_from: int | None, log: CellLog
) -> tuple[Records, int | None]:
    """Hold column names that stand among the records; after other column names nothing can be told apart."""
    column = plan.export.participant
    suspects = records.frame.filter(pl.col(column).str.strip_chars().is_in(list(header)))
    for row in suspects.iter_rows(named=True):
        mapped = {name: same_name(str(row[name] or "")) for name in records.positions}
        if all(same_name(name) == cell for name, cell in mapped.items()):
            line = pl.Series([row["line"]])
            log.note(line, "repeated_header", position=None, column=None, expected="a row of answers")
        elif sum(cell in header for cell in mapped.values()) * 2 > len(mapped):
            lost_from = min(row["line"], lost_from or row["line"])
    frame = (
        records.frame.filter(~pl.col("line").is_in(log.held_lines().implode())) if suspects.height else records.frame
    )
    if lost_from is not None:
        lost = frame["line"].filter(frame["line"] >= lost_from)
        log.note(lost, "second_header", position=None, column=None, expected="a row of answers")
        frame = frame.filter(pl.col("line") < lost_from)
    return Records(frame, records.positions), lost_from


def without_skipped(records: Records, plan: Plan) -> tuple[Records, int]:
    """Leave out the rows that skip_rows names, and blank forms where the export leaves them out."""
    export, there = plan.export, records.positions
    if not export.skip_rows and export.blank_forms == "keep":
        return records, 0
    kept = records.frame.filter(is_form(plan, there))
    return Records(kept, records.positions), records.frame.height - kept.height


def is_form(plan: Plan, there: Collection[str]) -> pl.Expr:
    """True for a row that no rule leaves out; a rule about a column that the file lacks leaves out none."""
    export = plan.export
    kept = ~_says(export.skip_rows.items(), there)
    if export.blank_forms == "keep":
        return kept
    return kept & (_is_answered(plan, there) | _says(export.complete.items(), there))


def _is_answered(plan: Plan, there: Collection[str]) -> pl.Expr:
    """True for a row with anything in an item, a score or a total of the form."""
    scores = (*plan.export.scores.values(), *plan.export.totals.values())
    columns = [column for column in (*plan.items.values(), *scores) if column in there]
    return pl.any_horizontal(pl.lit(value=False), *(_bare(column) != "" for column in columns))


def _says(rules: Iterable[tuple[str, tuple[str, ...] | AllBut]], there: Collection[str]) -> pl.Expr:
    """True for a row with one of the texts in one of the columns."""
    said = [_is_named(_bare(column), texts) for column, texts in rules if column in there]
    return pl.any_horizontal(pl.lit(value=False), *said)


def _bare(column: str) -> pl.Expr:
    return pl.col(column).str.strip_chars().fill_null("")


def _is_named(cell: pl.Expr, texts: tuple[str, ...] | AllBut) -> pl.Expr:
    return ~cell.is_in(list(texts.texts)) if isinstance(texts, AllBut) else cell.is_in(list(texts))
