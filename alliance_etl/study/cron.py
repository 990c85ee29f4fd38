"""Schedules: whether a text is a cron line of five fields, said in words. When it fires is Dagster's business."""

import re
from typing import NamedTuple

_PART = re.compile(r"(?:(?P<all>[*?])|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\d+))?")
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_EXAMPLE = 'expected five fields: minute hour day month weekday, as in "0 2 * * *" for every night at two'


class _Field(NamedTuple):
    name: str
    low: int
    high: int
    words: tuple[str, ...] = ()


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("weekday", 0, 7, _WEEKDAYS),
)


def cron_fault(line: str) -> str | None:
    """What is wrong with a cron line, in words; None where there is nothing."""
    texts = line.lower().split()
    if len(texts) != len(_FIELDS):
        return f'{_EXAMPLE}; found {len(texts)} in "{line}"'
    for field, text in zip(_FIELDS, texts, strict=True):
        for part in text.split(","):
            if not _is_part(field, part):
                span = f"{field.low} to {field.high}"
                return f'"{part}" is no {field.name}; expected {span}, *, a range or a step like */5'
    if _never(days=texts[2], months=texts[3], weekdays=texts[4]):
        return f'no month in "{line}" has such a day, so it would never start'
    return None


def _is_part(field: _Field, part: str) -> bool:
    if field.name == "day" and part == "l":
        return True
    found = _PART.fullmatch(part)
    if not found or (found["step"] is not None and int(found["step"]) == 0):
        return False
    if found["all"]:
        return found["all"] == "*" or field.name in ("day", "weekday")
    return all(_value(field, text) is not None for text in (found["first"], found["last"]) if text is not None)


def _value(field: _Field, text: str) -> int | None:
    if text in field.words:
        return field.words.index(text) + field.low
    if not (text.isascii() and text.isdigit()):
        return None
    return int(text) if field.low <= int(text) <= field.high else None


def _never(*, days: str, months: str, weekdays: str) -> bool:
    """True where plain days and plain months never meet, as in the 31st of February."""
    day_values = [_value(_FIELDS[2], text) for text in days.split(",")]
    month_values = [_value(_FIELDS[3], text) for text in months.split(",")]
    plain_days = [day for day in day_values if day is not None]
    plain_months = [month for month in month_values if month is not None]
    if weekdays != "*" or len(plain_days) < len(day_values) or len(plain_months) < len(month_values):
        return False
    return min(plain_days) > max(_LONGEST[month - 1] for month in plain_months)
