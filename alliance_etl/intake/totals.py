"""Declared totals beside items: recomputed by the instrument's own rule and compared; the form is published either
way.
"""

import polars as pl

from alliance_etl.intake.answers import parse_number
from alliance_etl.intake.cells import CellLog
from alliance_etl.intake.plan import Plan
from alliance_etl.intake.records import Records
from alliance_etl.scoring.expressions import with_scores

# Totals are printed with few decimals; a difference below this is rounding.
TOLERANCE = 0.005
DECLARED = "declared_"


def compare_totals(records: Records, forms: pl.DataFrame, plan: Plan, log: CellLog) -> pl.DataFrame | None:
    """Log each form whose declared total is not its score, or cannot be compared, since too few items are answered.

    Returns the declared totals by line (declared_SCALE), where the plan keeps them.
    """
    if not plan.export.totals or forms.is_empty():
        return None
    items = {item: f"item_{item}" for item in plan.instrument.item_numbers}
    scored = with_scores(forms, plan.instrument, items, min_answered=plan.min_answered, c_grade=False)
    by_line = records.frame.select("line", *dict.fromkeys(plan.export.totals.values())).unique("line", keep="first")
    beside = scored.select("line", *(f"score_{scale}" for scale in plan.export.totals)).join(
        by_line, on="line", how="left", maintain_order="left"
    )
    for scale, column in plan.export.totals.items():
        _compare(beside, scale, column, records.positions.get(column), plan, log)
    return _kept(by_line, plan) if plan.keeps_totals else None


def _kept(by_line: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    def number(text: str) -> float | None:
        return None if plan.answer_rule.reason(text) is not None else parse_number(text, plan.export.decimal)

    columns = (
        pl.Series(
            f"{DECLARED}{scale}", [number(text.strip()) if text else None for text in by_line[column]], pl.Float64
        )
        for scale, column in plan.export.totals.items()
    )
    return by_line.select("line").with_columns(*columns)


def _compare(beside: pl.DataFrame, scale: str, column: str, position: int | None, plan: Plan, log: CellLog) -> None:
    text = beside[column].str.strip_chars()
    text = text.set(text == "", None)
    distinct = [cell for cell in text.drop_nulls().unique().to_list() if plan.answer_rule.reason(cell) is None]
    declared = [parse_number(cell, plan.export.decimal) for cell in distinct]
    recoded = [None if number is None else plan.recoded_score(scale, number) for number in declared]
    lookup = pl.DataFrame(
        {"text": distinct, "declared": declared, "recoded": recoded},
        schema={"text": pl.String, "declared": pl.Float64, "recoded": pl.Float64},
    )
    read = pl.DataFrame({"line": beside["line"], "text": text, "score": beside[f"score_{scale}"]}).join(
        lookup.with_columns(there=pl.lit(value=True)), on="text", how="left", maintain_order="left"
    )
    unreadable = read.filter(pl.col("there") & pl.col("declared").is_null())
    alone = read.filter(pl.col("declared").is_not_null() & pl.col("score").is_null())
    # a site that codes 0 to 4 sums up its own numbers, or has recoded them before: neither is wrong
    differs = read.filter(
        ((pl.col("declared") - pl.col("score")).abs() > TOLERANCE)
        & ((pl.col("recoded") - pl.col("score")).abs() > TOLERANCE)
    )
    for rows, code in ((unreadable, "total_unreadable"), (differs, "total_differs"), (alone, "total_not_compared")):
        log.note(
            rows["line"],
            code,
            position=position,
            column=column,
            expected=pl.Series([_expected(scale, score) for score in rows["score"]], dtype=pl.String),
            text=rows["text"],
        )


def _expected(scale: str, score: float | None) -> str:
    by_key = f"the {scale} score by the instrument's key"
    return by_key if score is None else f"{score:g}, {by_key}"
