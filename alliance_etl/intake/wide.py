"""Wide layout: one record of the file is one form.

`read_wide` turns records (texts) into typed rows plus failing cells. Rows with an error are left out of the forms;
each of them has at least one finding.
"""

from collections.abc import Mapping, Sequence

import polars as pl

from alliance_etl.intake.answers import parse_number, read_column
from alliance_etl.intake.cells import CellLog
from alliance_etl.intake.contract import AnswersContract
from alliance_etl.intake.identity import form_prefixes, hex_digits, session_suffix
from alliance_etl.intake.plan import Plan, Receipt
from alliance_etl.intake.records import Records
from alliance_etl.intake.stamps import read_stamps
from alliance_etl.intake.ticks import BETWEEN


def read_wide(records: Records, plan: Plan, receipt: Receipt, contract: AnswersContract, log: CellLog) -> pl.DataFrame:
    """The forms (Plan.rows_schema) of the records that can be trusted; everything else is logged."""
    stamps = read_stamps(records, plan, receipt, log)
    answers = read_answers(records, plan, contract, log)
    given = read_given(records, plan, log)
    parts = [stamps, answers, given, *([told_apart(records, plan)] if plan.tells_apart else [])]
    return finish_forms(pl.concat(parts, how="horizontal"), plan, log)


def told_apart(records: Records, plan: Plan) -> pl.DataFrame:
    """`apart`: what else than participant, rater and session tells a row apart, as one text."""
    texts = records.texts({column: column for column in plan.export.told_apart_by})
    return texts.select(apart=pl.concat_str(pl.all().fill_null(""), separator="\x1f"))


def read_answers(records: Records, plan: Plan, contract: AnswersContract, log: CellLog) -> pl.DataFrame:
    """`item_<n>` on the instrument's range as answered, and `missing` (JSON, or NULL) for declared reasons.

    Columns that hold nothing but whole numbers within the range are cast as they are; the others are read text by text.
    """
    lines = records.frame["line"]
    plain = plain_columns(records.frame, plan, contract)
    parts = [lines.to_frame(), plain]
    reasons: dict[int, pl.Series] = {}
    for item, column in plan.items.items():
        if f"item_{item}" in plain.columns:
            continue
        read = read_column(records.frame[column], plan.answer_rule)
        if plan.export.options:
            several = records.frame[column].str.contains(BETWEEN, literal=True).fill_null(value=False)
            read = read.with_columns(code=pl.when(several).then(pl.lit("several_ticked")).otherwise("code"))
        _note_bad(records, plan, contract, item, read, log)
        parts.append(read.select(pl.col("value").alias(f"item_{item}"), pl.col("labelled").alias(f"label_{item}")))
        declared = read["reason"].is_not_null() & (read["reason"] != "blank")
        if declared.any():
            reasons[item] = read["reason"].set(~declared, None).rename(f"reason_{item}")
    frame = pl.concat(parts, how="horizontal")
    names = [f"item_{item}" for item in plan.instrument.item_numbers]
    # with_columns, since a file of scores only has no column that says how many rows a select would have
    typed = frame.with_columns(
        recoded_item(plan, item, frame.columns).alias(f"item_{item}") for item in plan.instrument.item_numbers
    ).select(names)
    return typed.with_columns(reasons_as_json(reasons, len(lines)))


def plain_columns(frame: pl.DataFrame, plan: Plan, contract: AnswersContract) -> pl.DataFrame:
    """`item_<n>` of the columns with whole numbers within the range only, all of which the contract has vouched for."""
    low, high = plan.in_file.min, plan.in_file.max
    if not (plan.items and plan.answer_rule.whole_numbers_are_answers and contract.vouches(low, high)):
        return pl.DataFrame()
    whole = frame.select(
        pl.col(column).cast(pl.Int16, strict=False).alias(f"item_{item}") for item, column in plan.items.items()
    )
    within = whole.select(pl.all().is_between(int(low), int(high)).sum()).row(0)
    filled = frame.select(pl.col(column).count().alias(f"item_{n}") for n, column in plan.items.items()).row(0)
    return whole.select(name for name, good, cells in zip(whole.columns, within, filled, strict=True) if good == cells)


def recoded_item(plan: Plan, item: int, columns: Sequence[str]) -> pl.Expr:
    """An item on the instrument's range; NULL where the export does not deliver it."""
    if f"item_{item}" not in columns:
        return pl.lit(None, dtype=plan.item_type)
    labelled = pl.col(f"label_{item}") if f"label_{item}" in columns else None
    return plan.recoded(item, pl.col(f"item_{item}"), labelled)


def _note_bad(
    records: Records, plan: Plan, contract: AnswersContract, item: int, read: pl.DataFrame, log: CellLog
) -> None:
    code = contract.judge(read["value"], read["code"])
    if code is None:
        return
    column, bad = plan.items[item], code.is_not_null()
    log.note(
        records.frame["line"].filter(bad),
        code.filter(bad),
        position=records.positions[column],
        column=column,
        expected=contract.expected,
        text=records.frame[column].filter(bad),
        secrets=[records.text(name).filter(bad) for name in (plan.export.participant, plan.export.therapist)],
    )


def reasons_as_json(reasons: Mapping[int, pl.Series], height: int) -> pl.Series:
    """Reasons by item as one JSON object per row, keys ascending; NULL where a row declares none."""
    nothing = pl.Series("missing", [None] * height, dtype=pl.String)
    if not reasons:
        return nothing
    frame = pl.DataFrame([series.alias(f"{item}") for item, series in sorted(reasons.items())])
    parts = [pl.format('"{}":"{}"', pl.lit(name), pl.col(name)) for name in frame.columns]
    joined = frame.select(pl.concat_str(parts, separator=",", ignore_nulls=True).alias("parts"))["parts"]
    return pl.DataFrame({"parts": joined}).select(
        pl.when(pl.col("parts") != "").then(pl.lit("{") + pl.col("parts") + pl.lit("}")).alias("missing")
    )["missing"]


def read_given(records: Records, plan: Plan, log: CellLog) -> pl.DataFrame:
    """`given_<scale>` for each of the plan's given scales: the site's own scale scores, within the possible range, on
    the instrument's.
    """
    lines, columns = records.frame["line"], {}
    for scale in plan.given_scales:
        column = plan.export.scores.get(scale)
        if column is None:
            columns[f"given_{scale}"] = pl.Series([None] * len(lines), dtype=pl.Float64)
            continue
        low, high = plan.score_range_in_file(scale)
        text = records.text(column)
        lookup = _given_lookup(text.drop_nulls().unique().to_list(), scale, low, high, plan)
        read = pl.DataFrame({"text": text}).join(lookup, on="text", how="left", maintain_order="left")
        bad = read["code"].is_not_null()
        log.note(
            lines.filter(bad),
            read["code"].filter(bad),
            position=records.positions.get(column),
            column=column,
            expected=f"a number from {low:g} to {high:g}",
            text=text.filter(bad),
            secrets=[records.text(plan.export.participant).filter(bad)],
        )
        columns[f"given_{scale}"] = read["value"]
    return pl.DataFrame(columns)


def _given_lookup(texts: Sequence[str], scale: str, low: float, high: float, plan: Plan) -> pl.DataFrame:
    """`value` on the instrument's range, or the `code` of a finding, for each text; neither for a missing code."""
    rows: list[tuple[str, float | None, str | None]] = []
    for text in texts:
        value = parse_number(text, plan.export.decimal)
        if plan.answer_rule.reason(text) is not None:
            rows.append((text, None, None))
        elif value is None or not low <= value <= high:
            rows.append((text, None, "score_unreadable" if value is None else "score_out_of_range"))
        else:
            rows.append((text, plan.recoded_score(scale, value), None))
    return pl.DataFrame(rows, schema={"text": pl.String, "value": pl.Float64, "code": pl.String}, orient="row")


def finish_forms(rows: pl.DataFrame, plan: Plan, log: CellLog) -> pl.DataFrame:
    """Leave out held rows and give the rest their form ids, in the order of Plan.rows_schema."""
    is_held = pl.col("line").is_in(log.held_lines().implode())
    good = rows.filter(~is_held) if log.held else rows
    if log.held:
        stamp = pl.coalesce("session", pl.col("session_date").cast(pl.Int32))
        named = rows.filter(is_held & pl.col("participant").is_not_null() & stamp.is_not_null())
        log.form_ids.update(zip(named["line"], form_ids(named, plan), strict=True))
    if good.is_empty():
        return pl.DataFrame(schema=plan.rows_schema)
    if "n_lines" not in good.columns:
        good = good.with_columns(n_lines=pl.lit(1, dtype=pl.Int32))
    return good.with_columns(form_id=form_ids(good, plan), rater_role=pl.lit(plan.rater_role)).select(
        list(plan.rows_schema)
    )


def form_ids(forms: pl.DataFrame, plan: Plan) -> pl.Series:
    """The id of each form, from its participant, rater, and session or date."""
    if forms.is_empty():
        return pl.Series("form_id", dtype=pl.String)
    suffix = hex_digits(forms.select(session_suffix(pl.col("session"), pl.col("session_date")))[:, 0])
    return pl.select(pl.concat_str(pl.lit(_prefixes(forms, plan)), pl.lit(suffix)).alias("form_id"))["form_id"]


def _prefixes(forms: pl.DataFrame, plan: Plan) -> pl.Series:
    """The first part of each form's id, computed once per person."""
    people = forms.select("participant", "rater").unique()
    prefixes = form_prefixes(plan.study, plan.site, plan.instrument.id, plan.rater_role, people.rows())
    named = people.with_columns(prefix=pl.Series(prefixes, dtype=pl.String))
    if plan.export.rater is None:
        return forms["participant"].replace_strict(named["participant"], named["prefix"], return_dtype=pl.String)
    return forms.join(named, on=["participant", "rater"], how="left", nulls_equal=True, maintain_order="left")["prefix"]
