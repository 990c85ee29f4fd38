"""How a column writes dates: decided over the whole column, never by one cell, and left open where nothing decides."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import product

from alliance_etl.proposal.column import Column

ISO = ""
"""No date_format is needed: ISO 8601."""
_MOST = 0.9
_FEW_YEARS, _MANY_YEARS = 5, 10
_DAYS = ("%d{s}%m{s}%Y", "%m{s}%d{s}%Y", "%Y{s}%m{s}%d", "%d{s}%m{s}%y", "%m{s}%d{s}%y", "%y{s}%m{s}%d")
_NAMED = ("%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%d. %b %Y", "%d %B %Y", "%d. %B %Y", "%B %d, %Y", "%b %d, %Y", "%d%b%Y")
_TIMES = ("", " %H:%M", " %H:%M:%S", "T%H:%M:%S", " %I:%M %p", " %I:%M:%S %p", ", %H:%M")
_SEPARATORS = ".-/ "
_FIRST_YEAR, _LAST_YEAR = 1950, 2099


@dataclass(frozen=True)
class Dates:
    """What a column may be read as: format (ISO where it needs none) → how many of its cells it reads.

    `formats` are those that read as many as any: more than one is an open doubt.
    """

    formats: Mapping[str, int]
    filled: int
    late_days: int = 0
    """Cells with a day after the 12th, which only one order of day and month can read."""


def dates_of(column: Column) -> Dates | None:
    """How the column's dates are written, or None where it holds no dates."""
    read = {each: count for each in _candidates(column) if (count := _reads(column, each))}
    best = max(read.values(), default=0)
    if not best or best < _MOST * column.filled:
        return None
    top: Mapping[str, int] = {each: count for each, count in read.items() if count == best}
    if ISO in top:
        return Dates({ISO: best}, column.filled)
    if len(top) > 1:
        top = _within_years(column, top)
    # what reads fewer cells is refuted by those that it does not read
    return Dates(top, column.filled, _late_days(column, next(iter(top))))


def _within_years(column: Column, rivals: Mapping[str, int]) -> Mapping[str, int]:
    """Rivals without those with two digits of the year that scatter over decades what another has in a few years."""
    spans = {each: _years_spanned(column, each) for each in rivals}
    return {
        each: count
        for each, count in rivals.items()
        if spans[each] <= _FEW_YEARS
        or min(spans.values()) > _FEW_YEARS
        or "%y" not in each
        or spans[each] < _MANY_YEARS
    }


def _years_spanned(column: Column, date_format: str) -> int:
    years = {day.year for day in (day_of(text, date_format) for text in column.counts) if day}
    return max(years) - min(years)


def _candidates(column: Column) -> Iterator[str]:
    """Formats that might be meant, by the separators and the time that stand in the column; ISO first."""
    texts = list(column.counts)[:50]
    yield ISO
    separators = [mark for mark in _SEPARATORS if any(mark in text for text in texts)]
    times = [time for time in _TIMES if not time or any(":" in text for text in texts)]
    for separator, days, time in product(separators, _DAYS, times):
        yield days.format(s=separator) + time
    if any(letter.isalpha() for text in texts for letter in text):
        yield from (days + time for days, time in product(_NAMED, times))


def _reads(column: Column, date_format: str) -> int:
    return sum(count for text, count in column.counts.items() if day_of(text, date_format))


def day_of(text: str, date_format: str) -> date | None:
    """The day that a text names in this format, within the years that a study may have."""
    try:
        if date_format == ISO:
            if len(text) < 10 or text[4:5] != "-":
                return None
            day = date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text).date()
        else:
            day = datetime.strptime(text, date_format).date()
    except ValueError:
        return None
    return day if _FIRST_YEAR <= day.year <= _LAST_YEAR else None


def _late_days(column: Column, date_format: str) -> int:
    days = ((day_of(text, date_format), count) for text, count in column.counts.items())
    return sum(count for day, count in days if day and day.day > 12)


def example(date_format: str) -> str:
    """A made-up date in this format."""
    return date(2026, 2, 1).strftime(date_format or "%Y-%m-%d")
