"""Files with types (workbooks, SPSS, Stata, SAS, FHIR): what a typed cell says, put as the export expects it in text.

Dates are in ISO 8601 and numbers have a point there, whatever the site writes in its text files; cells of text
follow the export as in any file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

from alliance_etl.intake.answers import comparable
from alliance_etl.intake.plan import Plan
from alliance_etl.reading import Typed

_ISO = r"^\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?$"
# FHIR's dateTime with a time has its zone, too; a server may well turn the author's into UTC.
_INSTANT = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$"
# 1954 to 2119: what else a number in a column of dates might be, it is no serial date of a questionnaire.
_SERIAL = r"^[2-7]\d{4}(?:\.\d+)?$"


def adapted(plans: Sequence[Plan], typed: Typed | None) -> list[Plan]:
    """The plans for a file with types: either decimal mark is understood, and what the file declares missing has a
    reason, the export's where that names the code.
    """
    if typed is None:
        return list(plans)
    return [replace(plan, export=plan.export.model_copy(update=_changes(plan, typed))) for plan in plans]


def _changes(plan: Plan, typed: Typed) -> dict[str, object]:
    declared = {comparable(code): reason for code, reason in plan.export.missing.items()}
    own = {text: declared.get(comparable(code), reason) for text, (code, reason) in typed.missing.items()}
    return {"decimal": None, "missing": {**plan.export.missing, **own}}


def untyped(frame: pl.DataFrame, plan: Plan, typed: Typed | None, positions: Mapping[str, int]) -> pl.DataFrame:
    """Cells of a typed file as the export's texts: dates in its format, codes as labels where it speaks of labels.

    A text that only looks like a date of the file is a text: the export says how such dates are written.
    """
    if typed is None:
        return frame
    changes = []
    if (date := plan.export.date) in frame.columns:
        read = _date(pl.col(date), plan.export.date_format, typed.epoch, plan.timezone if typed.resources else None)
        texts = typed.text_dates.get(positions.get(date, -1), ())
        changes.append(pl.when(~pl.col("line").is_in(list(texts))).then(read).otherwise(pl.col(date)).alias(date))
    return frame.with_columns(*changes, *_labelled(frame, plan, typed))


def _date(cell: pl.Expr, date_format: str | None, epoch: str | None, zone: str | None) -> pl.Expr:
    bare = cell.str.strip_chars()
    day = pl.when(bare.str.contains(_ISO)).then(bare.str.slice(0, 10)).str.to_date("%Y-%m-%d", strict=False)
    if epoch is not None:
        serial = pl.when(bare.str.contains(_SERIAL)).then(bare).cast(pl.Float64, strict=False).floor().cast(pl.Int32)
        day = pl.coalesce(day, pl.lit(epoch).str.to_date() + pl.duration(days=serial))
    if zone is not None:
        instant = pl.when(bare.str.contains(_INSTANT)).then(bare).str.to_datetime("%+", time_zone="UTC", strict=False)
        day = pl.coalesce(day, instant.dt.convert_time_zone(zone).dt.date())
    return pl.coalesce(day.dt.strftime(date_format or "%Y-%m-%d"), cell)


def _labelled(frame: pl.DataFrame, plan: Plan, typed: Typed) -> list[pl.Expr]:
    spoken = plan.answer_rule.labels
    answers = [name for columns in plan.export.answer_columns.values() for name in columns]
    changes = []
    for name in dict.fromkeys([*answers, *plan.items.values()]):
        codes = {
            code: label for code, label in typed.labels.get(name, {}).items() if comparable(label).casefold() in spoken
        }
        if codes and name in frame.columns:
            changes.append(pl.col(name).replace(codes))
    return changes
