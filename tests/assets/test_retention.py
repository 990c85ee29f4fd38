"""Dagster's books: old runs are forgotten, and the page still shows when anything was last made and checked."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable, SqlEventLogStorageTable
from sqlalchemy import func, select

from alliance_etl.cli.night import run_night
from alliance_etl.study.template import write_template
from assets.home import open_instance, own_home
from assets.retention import forget_old_runs, old_runs
from tests.assets.tiny_study import STUDY, drop_wai, write_study

MOMENT = 1e-7  # of a day


@dg.asset
def steady() -> None:
    """Made by every run."""


@dg.asset
def seldom() -> None:
    """Made once."""


@dg.asset_check(asset=steady)
def usual() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


@dg.asset_check(asset=seldom)
def once() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.WARN)


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test(temp_dir=str(tmp_path)) as made:
        yield made


def night(instance: dg.DagsterInstance, *assets: object) -> str:
    return dg.materialize(list(assets), instance=instance).run_id  # type: ignore[arg-type]


def rows(instance: dg.DagsterInstance, table: object) -> int:
    with instance.event_log_storage.index_connection() as connection:  # type: ignore[attr-defined]
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def test_what_is_latest_stays_and_the_rest_goes_file_and_all(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    runs = [
        night(instance, steady, usual),
        night(instance, seldom, once),
        *(night(instance, steady, usual) for _ in "123"),
    ]
    before = instance.get_latest_materialization_events([steady.key, seldom.key])
    time.sleep(0.02)

    assert forget_old_runs(instance, MOMENT) == 3

    assert {run.run_id for run in instance.get_runs()} == {runs[1], runs[4]}
    assert instance.get_latest_materialization_events([steady.key, seldom.key]) == before
    for asset, check in ((steady, usual), (seldom, once)):
        record = instance.event_log_storage.get_latest_asset_check_execution_by_key([check.check_key])[check.check_key]
        assert record.evaluation is not None, asset
        assert record.evaluation.passed == (check is usual)
    shards = {path.name for path in tmp_path.rglob("*.db*")}
    assert not [run for run in (runs[0], runs[2], runs[3]) if f"{run}.db" in shards]
    assert {f"{runs[1]}.db", f"{runs[4]}.db"} <= shards
    assert rows(instance, AssetCheckExecutionsTable) == 2
    kept = rows(instance, SqlEventLogStorageTable)
    for _ in range(5):
        night(instance, steady, usual)
        time.sleep(0.02)
        forget_old_runs(instance, MOMENT)
    assert rows(instance, SqlEventLogStorageTable) == kept


def test_young_runs_and_all_runs_where_nothing_is_to_be_forgotten_stay(instance: dg.DagsterInstance) -> None:
    for _ in range(3):
        night(instance, steady)

    assert forget_old_runs(instance, 1) == 0
    assert forget_old_runs(instance, 0) == 0
    assert len(instance.get_runs()) == 3


def test_a_run_that_is_not_over_stays(instance: dg.DagsterInstance) -> None:
    job = dg.Definitions([steady], jobs=[dg.define_asset_job("j")]).resolve_job_def("j")
    under_way = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
    time.sleep(0.02)

    forget_old_runs(instance, MOMENT)

    assert instance.get_run_by_id(under_way.run_id) is not None


def test_what_a_check_last_found_stays_though_later_runs_did_not_evaluate_it(instance: dg.DagsterInstance) -> None:
    @dg.multi_asset(
        specs=[dg.AssetSpec("site", skippable=True), dg.AssetSpec("ledger")],
        check_specs=[dg.AssetCheckSpec("nothing_held", asset="site")],
        can_subset=True,
    )
    def intake(context: dg.AssetExecutionContext) -> Iterator[object]:
        if context.run.tags.get("unreadable"):
            yield dg.AssetCheckResult(asset_key="site", check_name="nothing_held", passed=False)
        yield dg.MaterializeResult(asset_key="ledger")

    unreadable = dg.materialize([intake], instance=instance, tags={"unreadable": "yes"}).run_id
    silent = [night(instance, intake) for _ in "123"]
    time.sleep(0.02)

    forget_old_runs(instance, MOMENT)

    assert {run.run_id for run in instance.get_runs()} == {unreadable, silent[-1]}


def test_it_stops_in_time_and_goes_on_the_next_time(instance: dg.DagsterInstance) -> None:
    for _ in range(3):
        night(instance, steady)
    time.sleep(0.02)

    assert forget_old_runs(instance, MOMENT, seconds=0) == 0
    assert forget_old_runs(instance, MOMENT) == 2


def test_the_sensor_says_what_it_forgot(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLIANCE_STUDY", str(write_study(tmp_path / "study")))

    said = old_runs(dg.build_sensor_context(instance=instance))

    assert isinstance(said, dg.SkipReason)
    assert said.skip_message == "0 runs that were older than 180 days are forgotten"


@pytest.mark.slow
def test_the_page_shows_the_same_of_every_asset_and_check_after_a_year(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    write_template(folder)
    (folder / "study.yaml").write_text(STUDY)
    for site, answer in (("berlin", 4), ("quiet", 99), ("quiet", 3)):
        (folder / "drops" / site).mkdir(exist_ok=True)
        drop_wai(folder, f"wai{answer}.csv", site=site, answer=answer)
        run_night(folder)
    run_night(folder)
    before = shown_by_the_page(folder)
    time.sleep(0.02)

    with open_instance(own_home(folder)) as instance:
        forgotten = forget_old_runs(instance, MOMENT)

    assert forgotten == 1
    assert shown_by_the_page(folder) == before
    assert {"berlin", "quiet"} <= {path[-1] for path, made in before.items() if made["assetMaterializations"]}


def shown_by_the_page(folder: Path) -> dict[tuple[str, ...], dict[str, object]]:
    """What Dagster's page asks of each asset: when it was last made, and what its checks last found."""
    question = """{ assetNodes { assetKey { path } assetMaterializations(limit: 1) { runId timestamp }
        assetChecksOrError { ... on AssetChecks { checks { name
            executionForLatestMaterialization { runId status evaluation { success } } } } } } }"""
    program = Path(sys.executable).with_name("dagster-graphql")
    subprocess.run(
        [program, "-w", "workspace.yaml", "-t", question, "-o", "answer.json"],
        cwd=folder, env={**os.environ, "DAGSTER_HOME": str(own_home(folder))}, check=True, capture_output=True,
    )  # fmt: skip
    nodes = json.loads((folder / "answer.json").read_text())["data"]["assetNodes"]
    return {tuple(node.pop("assetKey")["path"]): node for node in nodes}
