"""Dagster's databases, kept open while a run writes to them."""

import sqlite3
from pathlib import Path

import dagster as dg
from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.storage.runs.sqlite import sqlite_run_storage
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from assets.books import open_books
from assets.home import open_instance


def test_what_was_written_is_there_for_the_next(tmp_path: Path) -> None:
    with open_instance(tmp_path / "dagster") as instance:
        instance.report_runless_asset_event(dg.AssetMaterialization("ledger", metadata={"sites": 3}))

    with open_instance(tmp_path / "dagster") as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey("ledger"))

    assert event
    assert event.asset_materialization
    assert event.asset_materialization.metadata["sites"].value == 3


def test_dagster_makes_its_engines_where_they_are_kept() -> None:
    makers = sqlite_event_log.create_engine, sqlite_run_storage.create_engine

    with open_books():
        assert sqlite_event_log.create_engine("sqlite://") is sqlite_event_log.create_engine("sqlite://")
        assert sqlite_run_storage.create_engine("sqlite://") is sqlite_event_log.create_engine("sqlite://")

    assert (sqlite_event_log.create_engine, sqlite_run_storage.create_engine) == makers


def test_the_write_ahead_log_is_put_back_once_at_the_end(tmp_path: Path) -> None:
    file = tmp_path / "events.db"
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    engine = create_engine(f"sqlite:///{file}", poolclass=NullPool)

    with open_books():
        for number in range(3):
            with engine.begin() as writing:
                writing.execute(text(f"CREATE TABLE t{number} (n)"))
            assert (tmp_path / "events.db-wal").exists()

    assert not (tmp_path / "events.db-wal").exists()
    with sqlite3.connect(file) as reading:
        assert reading.execute("SELECT count(*) FROM sqlite_master").fetchone() == (3,)
