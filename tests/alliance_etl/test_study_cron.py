"""Cron lines: what is refused, in words, and that Dagster takes whatever is not."""

import pytest
from dagster._utils.schedules import is_valid_cron_schedule
from hypothesis import given, settings
from hypothesis import strategies as st

from alliance_etl.study.cron import cron_fault

VALID = [
    "0 2 * * *",
    "*/15 8-18 * * MON-FRI",
    "0 2 1,15 * *",
    "0 2 L * *",
    "0 2 * jan *",
    "0 0 * * 7",
    "30 22-4/2 * * *",
]
field = st.from_regex(r"\A(\*|[0-9]{1,2}|[0-9]{1,2}-[0-9]{1,2})(/[0-9]{1,2})?(,[0-9]{1,2})?\Z")


@pytest.mark.parametrize("line", VALID)
def test_a_cron_line_is_taken(line: str) -> None:
    assert cron_fault(line) is None
    assert is_valid_cron_schedule(line)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        pytest.param("0 2 * *", 'expected five fields: minute hour day month weekday, as in "0 2 * * *"', id="four"),
        pytest.param("0 0 2 * * *", "found 6", id="six"),
        pytest.param("@daily", "expected five fields", id="a nickname"),
        pytest.param("60 2 * * *", '"60" is no minute; expected 0 to 59', id="minute"),
        pytest.param("0 24 * * *", '"24" is no hour; expected 0 to 23', id="hour"),
        pytest.param("0 2 0 * *", '"0" is no day; expected 1 to 31', id="day"),
        pytest.param("0 2 * 13 *", '"13" is no month; expected 1 to 12', id="month"),
        pytest.param("0 2 * * 8", '"8" is no weekday; expected 0 to 7', id="weekday"),
        pytest.param("*/0 2 * * *", '"*/0" is no minute', id="a step of nothing"),
        pytest.param("0 2 * * mon-tag", '"mon-tag" is no weekday', id="a German day"),
        pytest.param("0 2 31 2 *", "no month in", id="the 31st of February"),
        pytest.param("² 2 * * *", '"²" is no minute', id="a digit that is no number"),
    ],
)
def test_what_is_no_cron_line_is_told_by_its_field(line: str, told: str) -> None:
    assert told in (cron_fault(line) or "")


@settings(max_examples=50)
@given(st.tuples(field, field, field, field, field).map(" ".join))
def test_dagster_takes_whatever_is_taken_here(line: str) -> None:
    assert cron_fault(line) is not None or is_valid_cron_schedule(line)
