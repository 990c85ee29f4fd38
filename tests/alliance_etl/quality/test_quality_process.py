"""The process that checks: what could not be checked is an error, and told apart from what does not hold."""

import os
import signal
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from alliance_etl.quality import process
from alliance_etl.quality.between_tables import last_nights
from alliance_etl.quality.distributions import distributions
from alliance_etl.quality.model import OUTCOMES, Expectation, Report, Result, Suite
from alliance_etl.quality.process import CouldNotCheck, checked
from alliance_etl.study.quality import Quality
from tests.scenario import Scenario, all_promises, registry_in

BETWEEN = "ExpectColumnValuesToBeBetween"


def between(column: str, **ends: Any) -> Expectation:
    return Expectation(BETWEEN, {"column": column, **ends}, "lies between", column)


def test_each_outcome_is_told_apart() -> None:
    """One start of Great Expectations for all of them."""
    rows = {"holds": [1, 2], "fails": [1, 9], "text": ["a", "b"], "nothing": [None, None]}
    expectations = [
        between("holds", min_value=0, max_value=5),
        between("fails", min_value=0, max_value=5),
        between("text", min_value=0, max_value=5),
        between("not_there", min_value=0, max_value=5),
    ]
    empty = Suite("b", [between("holds", min_value=0, max_value=5)], rows={"holds": []})
    results = checked([Suite("a", expectations, rows=rows), empty], seconds=120)
    assert [result.outcome for result in results] == ["passed", "failed", "error", "error", "not_applicable"]
    assert (results[1].count, results[1].of) == (1, 2)
    assert all("9" not in str(result.why) for result in results)


def test_a_kind_that_great_expectations_does_not_know_is_no_pass() -> None:
    suite = Suite("a", [Expectation("ExpectNothingOfTheKind", {}, "")], rows={"x": [1]})
    with pytest.raises(CouldNotCheck, match="ended with"):
        checked([suite], seconds=120)


def test_a_process_that_takes_too_long_is_given_up() -> None:
    with pytest.raises(CouldNotCheck, match=r"not done after .* minutes"):
        checked([Suite("a", [between("x", max_value=1)], rows={"x": [1]})], seconds=0.05)


def ended_with(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Another process than ours answers."""
    run = subprocess.run

    def other(command: list[str], **options: Any) -> Any:
        return run([command[0], "-c", code], **options)

    monkeypatch.setattr(process.subprocess, "run", other)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (f"import os; os.kill(os.getpid(), {signal.SIGKILL.value})", r"killed \(signal 9\)"),
        ("raise SystemExit(3)", "ended with status 3"),
        ("pass", "without an answer"),
        ("print('half an ans')", "without an answer"),
    ],
)
def test_a_process_that_does_not_answer_is_no_pass(monkeypatch: pytest.MonkeyPatch, code: str, told: str) -> None:
    ended_with(monkeypatch, code)
    with pytest.raises(CouldNotCheck, match=told):
        checked([Suite("a", [between("x", max_value=1)], rows={"x": [1]})], seconds=60)


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "find_spec", lambda _: None)
    with pytest.raises(CouldNotCheck, match="great_expectations, pandas is not installed; run: pip install"):
        checked([], seconds=1)


def test_the_worst_outcome_is_the_reports_and_none_is_an_error() -> None:
    results = {outcome: Result("a", "", "", None, outcome) for outcome in OUTCOMES}
    assert Report("7", "", list(results.values())).outcome == "error"
    assert Report("7", "", [results["passed"], results["failed"]]).outcome == "failed"
    assert Report("7", "", [results["passed"], results["not_applicable"]]).outcome == "passed"
    assert Report("7", "", [results["not_applicable"]]).outcome == "not_applicable"
    assert Report("7", "", []).outcome == "error"


def ends(suite: Suite) -> tuple[int | None, int | None]:
    (expectation,) = suite.expectations
    return expectation.arguments["min_value"], expectation.arguments["max_value"]


@pytest.mark.parametrize(
    ("before", "low", "high"),
    [
        pytest.param([100, 110, 120], 117, 240, id="grows by ten a night: at most twice as many"),
        pytest.param([100, 150, 200, 250], 245, 750, id="grows by fifty: at most ten times that"),
        pytest.param([100, 100, 100], 98, None, id="never grew: any growth"),
    ],
)
def test_row_counts_are_expected_near_those_of_the_last_nights(before: list[int], low: int, high: int | None) -> None:
    suite, left_out = last_nights({"forms": 1}, [{"forms": count} for count in before], shrinks=0.02)
    assert (ends(suite), left_out) == ((low, high), [])


def test_with_few_nights_nothing_is_usual_yet() -> None:
    suite, left_out = last_nights({"forms": 5}, [{"forms": 5}] * 2, shrinks=0.02)
    assert not suite.expectations
    assert [result.outcome for result in left_out] == ["not_applicable"]


NOW = datetime(2026, 5, 1, tzinfo=UTC)


def scored(folder: Path, earlier: list[float], newest: list[float]) -> tuple[list[Any], list[Path]]:
    """The scorings of a study with the instrument pocket, and one site's forms: a person each, earlier or newest."""
    study = Scenario(folder)
    with study.opened() as night:
        scorings = list(night.scorings)
    when = [NOW - timedelta(days=100)] * len(earlier) + [NOW] * len(newest)
    forms = pl.DataFrame(
        {
            "site": "berlin",
            "participant": [f"p{n}" for n in range(len(when))],
            "received_at": when,
            **{f"pomp_{name}": [*earlier, *newest] for name in ("goal", "task", "bond")},
        }
    )
    path = folder / "forms.parquet"
    forms.write_parquet(path)
    assert registry_in(folder)
    assert all_promises()
    return scorings, [path]


@pytest.mark.parametrize(
    ("shift", "outcome"),
    [(0.0, "passed"), (8.0, "passed"), (-30.0, "failed"), (30.0, "failed")],
)
def test_a_site_whose_newest_forms_are_elsewhere_is_told(tmp_path: Path, shift: float, outcome: str) -> None:
    earlier = [45.0, 50.0, 55.0] * 10
    scorings, paths = scored(tmp_path, earlier, [value + shift for value in earlier])
    suites, left_out = distributions(scorings, {"answers_pocket": paths}, Quality())
    assert left_out == []
    low, high = ends(suites[0])
    assert low is not None
    assert high is not None
    assert ("passed" if low <= 50 + shift <= high else "failed") == outcome


def test_the_newest_forms_are_what_great_expectations_looks_at(tmp_path: Path) -> None:
    """The mean of the newest, not that of all, is compared: 20 against the band around 50."""
    scorings, paths = scored(tmp_path, [45.0, 50.0, 55.0] * 10, [15.0, 20.0, 25.0] * 5)
    suites, _ = distributions(scorings, {"answers_pocket": paths}, Quality())
    results = checked(suites, seconds=120)
    assert {result.outcome for result in results} == {"failed"}
    assert {result.why for result in results} == {"found 20"}


def test_few_people_are_not_compared(tmp_path: Path) -> None:
    scorings, paths = scored(tmp_path, [50.0] * 9, [50.0] * 20)
    suites, left_out = distributions(scorings, {"answers_pocket": paths}, Quality())
    assert suites == []
    assert {result.why for result in left_out} == {"the earlier forms are of 9 people, fewer than 10"}


def test_a_wide_spread_widens_the_band(tmp_path: Path) -> None:
    """Five people at each end: a standard deviation of 52.7 in both halves, four errors of the difference are 94."""
    scorings, paths = scored(tmp_path, [0.0, 100.0] * 5, [0.0, 100.0] * 5)
    suites, _ = distributions(scorings, {"answers_pocket": paths}, Quality())
    low, high = ends(suites[0])
    assert (low, high) == (pytest.approx(50 - 4 * 52.7046 * 0.2**0.5, abs=1e-3), pytest.approx(50 + 94.28, abs=0.01))


def test_the_process_is_told_to_be_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    ended_with(
        monkeypatch, "import os, json; print(json.dumps([[]]) if os.environ['GX_ANALYTICS_ENABLED'] == 'false' else '')"
    )
    assert checked([Suite("a", [])], seconds=60) == []
    assert "GX_ANALYTICS_ENABLED" not in os.environ
