"""Dagster's books in PostgreSQL, a real one: a run of the daemon, retention, and a server that is gone."""

import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import psycopg2
import pytest

from alliance_etl.cli.night import run_night
from alliance_etl.errors import RunFailed
from alliance_etl.study.template import write_template
from assets.home import open_instance, own_home, prepare_home
from assets.retention import forget_old_runs
from tests.assets.postgres import PROGRAMS, Postgres, postgres
from tests.assets.test_daemon import daemon, wait_for
from tests.assets.tiny_study import STUDY, drop_wai

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PROGRAMS is None, reason="PostgreSQL is not installed (Debian: postgresql)"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    with postgres(tmp_path_factory.mktemp("server") / "data") as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path, server: Postgres, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study as `init` leaves it, its dagster.yaml changed as docs/operations.md says."""
    study = tmp_path / "study"
    write_template(study)
    (study / "study.yaml").write_text(STUDY)
    for site in ("berlin", "oslo", "quiet"):
        (study / "drops" / site).mkdir()
    home = own_home(study)
    prepare_home(home)
    settings = home / "dagster.yaml"
    commented = settings.read_text()
    told = commented.replace("# storage:", "storage:").replace("#   postgres", "  postgres").replace("#     ", "    ")
    assert told != commented
    settings.write_text(told)
    monkeypatch.setenv("ALLIANCE_DAGSTER_DATABASE", server.url.replace("postgresql:", "postgresql+psycopg2:"))
    return study


def asked(server: Postgres, question: str) -> list[tuple[object, ...]]:
    connection = psycopg2.connect(server.url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(question)
            return list(cursor.fetchall())
    finally:
        connection.close()


def test_the_daemon_publishes_a_dropped_file_and_the_books_are_in_the_database(
    folder: Path, server: Postgres, tmp_path: Path
) -> None:
    home = own_home(folder)
    with open_instance(home), daemon(folder, home, tmp_path / "daemon.log"):
        drop_wai(folder)
        assert wait_for(folder / "warehouse" / "alliance.duckdb"), (tmp_path / "daemon.log").read_text()
        time.sleep(3)

    with duckdb.connect(str(folder / "warehouse" / "alliance.duckdb"), read_only=True) as warehouse:
        assert warehouse.execute("SELECT count(*) FROM forms").fetchall() == [(3,)]
    jobs = asked(server, "SELECT pipeline_name, status FROM runs WHERE pipeline_name = 'nightly'")
    assert jobs == [("nightly", "SUCCESS")]
    assert not [path for path in home.rglob("*.db") if path.is_file()]


def test_old_runs_are_forgotten_there_too(folder: Path, server: Postgres) -> None:
    import dagster as dg

    @dg.asset(check_specs=[dg.AssetCheckSpec("fine", asset="made")])
    def made() -> dg.MaterializeResult:  # type: ignore[type-arg]
        return dg.MaterializeResult(check_results=[dg.AssetCheckResult(passed=True)])

    with open_instance(own_home(folder)) as instance:
        before = instance.get_runs_count()
        runs = [dg.materialize([made], instance=instance).run_id for _ in "123"]
        time.sleep(0.02)

        forget_old_runs(instance, 1e-7)

        assert instance.get_run_by_id(runs[2]) is not None
        assert [instance.get_run_by_id(run) for run in runs[:2]] == [None, None]
        assert instance.get_runs_count() <= before + 1
    assert asked(server, "SELECT count(*) FROM asset_check_executions WHERE check_name = 'fine'") == [(1,)]


def test_a_dump_that_is_read_into_an_empty_database_has_the_same_books(
    folder: Path, server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop_wai(folder)
    run_night(folder)
    before = books(folder)
    empty = server.url.replace("/postgres", "/restored")

    dump = server.program("pg_dump", "--no-owner", server.url)
    server.program("psql", server.url, "-c", "CREATE DATABASE restored")
    server.program("psql", "-v", "ON_ERROR_STOP=1", empty, said=dump)

    monkeypatch.setenv("ALLIANCE_DAGSTER_DATABASE", empty.replace("postgresql:", "postgresql+psycopg2:"))
    assert before[0]
    assert books(folder) == before


def books(folder: Path) -> tuple[list[str], dict[str, str]]:
    """The runs, and in which one each asset was last made."""
    with open_instance(own_home(folder)) as instance:
        events = instance.get_latest_materialization_events(instance.all_asset_keys())
        made = {str(key): event.run_id for key, event in events.items() if event}
        return [run.run_id for run in instance.get_runs()], made


def test_a_server_that_is_gone_is_told_in_words_without_the_password(folder: Path, server: Postgres) -> None:
    server.stop()
    try:
        with pytest.raises(RunFailed) as told, open_instance(own_home(folder)):
            pass
    finally:
        server.start()

    assert "what was published before still stands" in str(told.value)
    assert server.url.split(":")[2].split("@")[0] not in str(told.value)
