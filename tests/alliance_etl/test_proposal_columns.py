"""Dates, decimal marks and missing codes are decided over a whole column, and never against one of its cells."""

from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance_etl.proposal.column import Column, decimal_marks
from alliance_etl.proposal.dates import dates_of, day_of
from alliance_etl.proposal.ranges import answered

ORDERS = {"%d{s}%m{s}%Y": "%m{s}%d{s}%Y", "%m{s}%d{s}%Y": "%d{s}%m{s}%Y"}
SEPARATORS = st.sampled_from([".", "/", "-"])
DAYS = st.dates(date(2010, 1, 1), date(2030, 12, 31))
EARLY = st.builds(date, st.integers(2010, 2030), st.integers(1, 12), st.integers(1, 12))


def column(*texts: str, name: str = "c") -> Column:
    return Column(name, 0, len(texts), Counter(texts))


@given(st.sampled_from(sorted(ORDERS)), SEPARATORS, st.lists(DAYS, min_size=1, max_size=40), st.integers(13, 28))
def test_one_day_after_the_12th_decides_the_order(order: str, separator: str, days: list[date], late: int) -> None:
    date_format = order.format(s=separator)
    found = dates_of(column(*(day.strftime(date_format) for day in [*days, days[0].replace(day=late)])))

    assert found is not None
    assert list(found.formats) == [date_format]
    assert found.late_days >= 1


@given(st.sampled_from(sorted(ORDERS)), SEPARATORS, st.lists(EARLY, min_size=1, max_size=40))
def test_without_one_both_orders_are_left_open(order: str, separator: str, days: list[date]) -> None:
    found = dates_of(column(*(day.strftime(order.format(s=separator)) for day in days)))

    assert found is not None
    assert set(found.formats) == {each.format(s=separator) for each in ORDERS}


@given(st.lists(DAYS, min_size=1, max_size=20), st.sampled_from(["%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M"]))
def test_iso_dates_need_no_format(days: list[date], written: str) -> None:
    found = dates_of(column(*(day.strftime(written) for day in days)))

    assert found is not None
    assert list(found.formats) == [""]


@given(
    st.lists(DAYS, min_size=3, max_size=30, unique=True), st.sampled_from(["%d.%m.%Y", "%m/%d/%Y %H:%M", "%d %b %Y"])
)
def test_what_is_decided_reads_every_cell(days: list[date], written: str) -> None:
    texts = [day.strftime(written) for day in days]
    found = dates_of(column(*texts))

    assert found is not None
    for date_format in found.formats:
        assert all(day_of(text, date_format) for text in texts)


def test_years_of_two_digits_are_told_from_days_by_how_few_they_are() -> None:
    """From 2 January 2026 on, weekly: read as year-month-day they would scatter over three decades."""
    days = [date(2026, 1, 2) + timedelta(days=7 * week) for week in range(20)]

    found = dates_of(column(*(day.strftime("%d.%m.%y") for day in days)))

    assert found is not None
    assert list(found.formats) == ["%d.%m.%y"]


def test_a_few_cells_that_are_no_dates_do_not_hide_the_others() -> None:
    texts = [f"{day:02d}.03.2026" for day in range(1, 29)]

    found = dates_of(column(*texts, "31.02.2026", "2026-03-01"))

    assert found is not None
    assert dict(found.formats) == {"%d.%m.%Y": 28}


@pytest.mark.parametrize("texts", [["1", "2", "3"], ["3,5", "7,25"], ["A-1", "B-2"], ["10.0.0.1", "10.0.0.2"], ["99"]])
def test_what_is_no_column_of_dates(texts: list[str]) -> None:
    assert dates_of(column(*texts)) is None


@given(st.lists(st.integers(0, 999), min_size=1, max_size=30), st.sampled_from([",", "."]))
def test_the_decimal_mark_is_the_one_that_stands_there(tenths: list[int], mark: str) -> None:
    marks = decimal_marks([column(*(f"{n // 10}{mark}{n % 10}" for n in tenths), "-99", "k.A.")])

    assert dict(marks) == {mark: len(tenths)}


@given(st.lists(st.integers(0, 99), min_size=1, max_size=30))
def test_whole_numbers_leave_the_decimal_mark_open(numbers: list[int]) -> None:
    assert not decimal_marks([column(*map(str, numbers))])


def test_two_marks_in_one_column_are_both_seen() -> None:
    assert decimal_marks([column("3,5", "4,0", "7.1")]) == {",": 2, ".": 1}


def items(*columns: list[str]) -> list[Column]:
    return [column(*texts, name=f"q{n}") for n, texts in enumerate(columns, start=1)]


def test_negative_codes_and_usual_texts_stand_for_no_answer() -> None:
    held = answered(items(["1", "-99", "5"], ["2", "NA", "-99"], ["3", "k.A.", "4"]), {})

    assert held.missing == {"NA": "not_answered", "k.A.": "refused", "-99": "not_answered"}
    assert set(held.numbers) == {1, 2, 3, 4, 5}


def test_99_is_a_code_where_it_stands_in_several_columns_and_a_slip_in_one() -> None:
    often, once = [["1", "5", "99"]] * 3, [["1", "5", "99"], ["1", "5"], ["2", "4"]]

    assert answered(items(*often), {}).missing == {"99": "not_answered"}
    assert answered(items(*once), {}).missing == {}


def test_an_8_on_a_scale_to_10_is_an_answer() -> None:
    held = answered(items(*[["8", "9", "10"]] * 4), {})

    assert held.missing == {}
    assert set(held.numbers) == {8, 9, 10}
