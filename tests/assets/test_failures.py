"""What is told of an exception, and what is not."""

import dagster as dg
import pytest

from alliance_etl.errors import AllianceError, StudyLocked, told_plainly
from assets.failures import Plainly


def raised(error: Exception) -> Exception:
    """The exception with the places that it came through."""
    try:
        raise error
    except type(error) as caught:
        return caught


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (StudyLocked("another run is at work"), "another run is at work"),
        (AllianceError("no such site"), "no such site"),
        (OSError(28, "No space left on device", "/data/ledger"), "No space left on device: /data/ledger"),
        (OSError(5, "Input/output error"), "Input/output error"),
    ],
    ids=["a failed run", "our own error", "the system's error", "the system's error without a path"],
)
def test_an_error_that_quotes_nobody_is_told_in_its_own_words(error: Exception, told: str) -> None:
    assert told_plainly(error) == told


def test_of_a_bug_only_the_place_is_told() -> None:
    told = told_plainly(raised(ValueError("'Anna Beispiel' is no number")))

    assert "Anna" not in told
    assert "test_failures.py" in told


def test_the_failure_that_dagster_sees_does_not_lead_back_to_the_exception() -> None:
    with pytest.raises(dg.Failure) as caught, Plainly():
        raise ValueError("'Anna Beispiel' is no number")

    assert caught.value.__suppress_context__
    assert "Anna" not in str(caught.value)


def test_an_interruption_is_no_failure() -> None:
    plainly = Plainly()

    with pytest.raises(KeyboardInterrupt), plainly:
        raise KeyboardInterrupt

    assert isinstance(plainly.error, KeyboardInterrupt)
