"""Records that are no forms: column names in the middle of a file, which are held, and rows that skip_rows names."""

import polars as pl

from alliance_etl.intake.cells import CellLog
from alliance_etl.intake.header import same_name
from alliance_etl.intake.plan import Plan
from alliance_etl.intake.records import Records


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
    """Leave out the rows that skip_rows names."""
    rules = plan.export.skip_rows
    if not rules:
        return records, 0
    cells = {column: pl.col(column).str.strip_chars().fill_null("") for column in rules}
    skip = pl.any_horizontal(cells[column].is_in(list(texts)) for column, texts in rules.items())
    kept = records.frame.filter(~skip)
    return Records(kept, records.positions), records.frame.height - kept.height
