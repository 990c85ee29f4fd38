"""Who and when: pseudonyms, session numbers and dates. What cannot be read is named, never guessed.

Each distinct text of a column is read once; a column of plain session numbers is cast as it is.
"""

import re
from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import polars as pl

from alliance_etl.findings.frame import is_future
from alliance_etl.intake.answers import parse_number
from alliance_etl.intake.cells import CellLog
from alliance_etl.intake.identity import Kind
from alliance_etl.intake.plan import Plan, Receipt
from alliance_etl.intake.records import Records
from alliance_etl.intake.sessions import added, numbered

_LARGEST_SESSION = 2**31 - 1
_FIRST_DAY = date(
    1920, 1, 1
)  # before any recorded session; 0026, 0202 and spreadsheets' zero in 1899 or 1904 are slips
_LAST_OF_A_YEAR = date(2026, 12, 31)  # day and month cannot be taken for each other
_PERHAPS_THOUSANDS = re.compile(r"[+-]?\d+[.,]\d{3}")
_PEOPLE: tuple[Kind, ...] = ("participant", "therapist", "rater")


def read_stamps(records: Records, plan: Plan, receipt: Receipt, log: CellLog) -> pl.DataFrame:
    """participant, therapist, rater (pseudonyms), session, session_date and line of each record."""
    export = plan.export
    stamps = ("session", "instance", "date") if export.instance else ("session", "date")
    columns = {name: getattr(export, name) for name in (*_PEOPLE, *stamps)}
    texts = _meant(records.texts(columns), plan)
    _note_missing(records, texts, plan, log)
    read = {name: read_sessions(texts[name]) for name in stamps if name != "date"}
    if export.instance:
        read["instance"] = added(read["session"], read["instance"], _LARGEST_SESSION)
    read["date"] = read_dates(texts["date"], export.date_format, receipt.day)
    named = " or a text that `sessions` names" if export.sessions or export.preset is not None else ""
    expected = {
        "session_unreadable": f"a whole number{named}",
        "date_unreadable": f"a date written as {_date_example(export.date_format)}",
        "date_in_future": f"a date up to {receipt.day}",
        "date_too_early": f"a date from {_FIRST_DAY}",
    }
    for name, found in read.items():
        if found["code"].null_count() < len(found):
            _note_unreadable(records, texts, name, columns[name], found["code"], expected, log)
    return pl.DataFrame(
        [
            *(plan.pseudonyms.of(kind, texts[kind]).alias(kind) for kind in _PEOPLE),
            read["instance" if export.instance else "session"]["value"].alias("session"),
            read["date"]["value"].alias("session_date"),
            records.frame["line"],
        ]
    )


def _meant(texts: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """The texts with sessions that `sessions` names as numbers, and without dates that are none."""
    if plan.export.sessions:
        texts = texts.with_columns(numbered(texts["session"], plan))
    if plan.export.no_date:
        texts = texts.with_columns(pl.when(~pl.col("date").is_in(list(plan.export.no_date))).then("date").alias("date"))
    return texts


def _date_example(date_format: str | None) -> str:
    return f"{_LAST_OF_A_YEAR.strftime(date_format)} ({date_format})" if date_format else "YYYY-MM-DD"


def _note_missing(records: Records, texts: pl.DataFrame, plan: Plan, log: CellLog) -> None:
    export, lines = plan.export, records.frame["line"]
    if texts["participant"].null_count():
        log.note(
            lines.filter(texts["participant"].is_null()),
            "participant_missing",
            position=records.positions[export.participant],
            column=export.participant,
            expected="the participant's id",
        )
    for name, column in (("participant", export.participant), ("therapist", export.therapist), ("rater", export.rater)):
        most = plan.limits.id_characters
        too_long = texts[name].str.len_chars() > most
        if column is not None and too_long.any():
            log.note(
                lines.filter(too_long),
                "id_too_long",
                position=records.positions[column],
                column=column,
                expected=f"at most {most:,} characters (`limits.id_characters`)",
            )
    neither = texts["session"].is_null() & texts["date"].is_null()
    if export.instance:
        neither &= texts["instance"].is_null()
    stamp = next((name for name in (export.session, export.date) if name in records.positions), None)
    if neither.any():
        log.note(
            lines.filter(neither),
            "session_missing",
            position=records.positions.get(stamp or ""),
            column=stamp,
            expected="a session number or a date",
        )


def _note_unreadable(
    records: Records,
    texts: pl.DataFrame,
    name: str,
    column: str,
    codes: pl.Series,
    expected: dict[str, str],
    log: CellLog,
) -> None:
    for code in codes.drop_nulls().unique().sort():
        bad = (codes == code).fill_null(value=False)
        log.note(
            records.frame["line"].filter(bad),
            code,
            position=records.positions[column],
            column=column,
            expected=expected[code],
            text=texts[name].filter(bad),
            secrets=[texts[kind].filter(bad) for kind in _PEOPLE],
        )


def parse_session(text: str) -> int | None:
    """A whole number from 0 up (also as `3.0` or `3,0`), or None; `1,000` might be 1 or a thousand, so it is None."""
    bare = text.strip()
    number = None if _PERHAPS_THOUSANDS.fullmatch(bare) else parse_number(bare)
    if number is None or number != int(number) or not 0 <= number <= _LARGEST_SESSION:
        return None
    return int(number)


@lru_cache(maxsize=100_000)
def parse_date(text: str, date_format: str | None) -> date | None:
    """The day that a text names, by strptime's format or ISO 8601 (a time of day may follow), or None."""
    bare = text.strip()
    try:
        if date_format is None:
            return date.fromisoformat(bare) if len(bare) == 10 else datetime.fromisoformat(bare).date()
        return datetime.strptime(bare, date_format).date()
    except ValueError:
        return None


def read_sessions(text: pl.Series) -> pl.DataFrame:
    """`value` Int32 and `code` for each row of a column of session numbers."""
    whole = text.cast(pl.Int32, strict=False)
    lowest = whole.min()
    if whole.null_count() == text.null_count() and (lowest is None or lowest >= 0):  # type: ignore[operator]  # an int
        return pl.DataFrame({"value": whole}).with_columns(code=pl.lit(None, dtype=pl.String))
    return _by_distinct(text, pl.Int32, parse_session, lambda _: None, "session_unreadable")


def read_dates(text: pl.Series, date_format: str | None, received: date) -> pl.DataFrame:
    """`value` Date and `code` for each row of a column of dates; a date after `received` lies in the future."""

    def judged(day: date) -> str | None:
        if is_future(day, received):
            return "date_in_future"
        return "date_too_early" if day < _FIRST_DAY else None

    return _by_distinct(text, pl.Date, lambda cell: parse_date(cell, date_format), judged, "date_unreadable")


def _by_distinct(
    text: pl.Series,
    dtype: type[pl.DataType],
    parse: Callable[[str], Any],
    judge: Callable[[Any], str | None],
    unreadable: str,
) -> pl.DataFrame:
    distinct = text.drop_nulls().unique()
    values = [parse(cell) for cell in distinct.to_list()]
    codes = [unreadable if value is None else judge(value) for value in values]
    lookup = pl.DataFrame(
        {"text": distinct, "value": values, "code": codes},
        schema={"text": pl.String, "value": dtype, "code": pl.String},
    )
    return text.to_frame("text").join(lookup, on="text", how="left", maintain_order="left").select("value", "code")
