"""Dagster's own folder: where it is, who may read it, what is set there."""

import sqlite3
from pathlib import Path

import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import TickStatus
from sqlalchemy.exc import OperationalError

from alliance_etl.errors import RunFailed
from assets.home import dagster_home, open_instance, prepare_home, set_up_home


def test_dagster_lives_in_the_studys_state(tmp_path: Path) -> None:
    assert dagster_home(tmp_path) == tmp_path / ".state" / "dagster"


def test_the_environment_says_otherwise_where_it_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "elsewhere"))

    assert dagster_home(tmp_path / "study") == tmp_path / "elsewhere"


def test_only_the_owner_may_look_into_it(tmp_path: Path) -> None:
    prepare_home(tmp_path / ".state" / "dagster")

    assert [path.stat().st_mode & 0o777 for path in (tmp_path / ".state", tmp_path / ".state" / "dagster")] == [
        0o700
    ] * 2


def test_settings_that_somebody_has_changed_stay(tmp_path: Path) -> None:
    settings = tmp_path / "dagster.yaml"
    settings.write_text("telemetry: {enabled: false}\n")

    prepare_home(tmp_path)

    assert settings.read_text() == "telemetry: {enabled: false}\n"


def test_runs_queue_up_one_by_one_and_nothing_is_told_to_anybody(tmp_path: Path) -> None:
    with open_instance(tmp_path / "home") as instance:
        concurrency = instance.get_concurrency_config()

        assert not instance.telemetry_enabled
        assert concurrency.run_queue_config is not None
        assert concurrency.run_queue_config.max_concurrent_runs == 1
        assert concurrency.pool_config.default_pool_limit == 1


def test_ticks_are_forgotten_and_killed_or_endless_runs_are_seen_to(tmp_path: Path) -> None:
    with open_instance(tmp_path / "home") as instance:
        kept = instance.get_tick_retention_settings(InstigatorType.SENSOR)
        nights = instance.get_tick_retention_settings(InstigatorType.SCHEDULE)

        assert (kept[TickStatus.SKIPPED], max(kept.values()), max(nights.values())) == (2, 90, 90)
        assert (instance.run_retries_enabled, instance.run_retries_max_retries) == (True, 2)
        assert not instance.run_retries_retry_on_asset_or_op_failure
        assert instance.run_monitoring_enabled
        assert instance.run_monitoring_max_runtime_seconds == 86_400


def test_the_databases_are_there_once_it_is_set_up(tmp_path: Path) -> None:
    home = set_up_home(tmp_path)

    assert (home / "history" / "runs.db").is_file()


def test_a_disk_that_is_full_under_dagsters_books_is_no_bug_but_said_in_words(tmp_path: Path) -> None:
    full = OperationalError("INSERT", {}, sqlite3.OperationalError("database or disk is full"))

    with (
        pytest.raises(RunFailed, match=r"home: database or disk is full\. Make room"),
        open_instance(tmp_path / "home"),
    ):
        raise full
