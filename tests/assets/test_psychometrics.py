"""The tables of psychometrics in Dagster: made by a job of their own, and only of what is public."""

from pathlib import Path

import dagster as dg

from alliance_etl.state.processes import this_process
from alliance_etl.study.load import load_study
from assets.definitions import define
from assets.orphans import PROCESS_TAG
from tests.assets.runs import materialised, run_assets
from tests.assets.tiny_study import drop_wai


def made(folder: Path, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    job = define(load_study(folder)).resolve_job_def("psychometrics")
    loud = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    return job.execute_in_process(instance=instance, run_config=loud, raise_on_error=False)


def test_a_job_of_its_own_makes_them_of_what_is_public(folder: Path, instance: dg.DagsterInstance) -> None:
    drop_wai(folder)
    assert run_assets(folder, instance).success
    there = folder / "warehouse" / "reports" / "psychometrics"
    assert not there.exists()  # no night makes them

    result = made(folder, instance)

    assert materialised(result) == {"psychometric_tables"}
    (event,) = result.asset_materializations_for_node("psychometric_tables")
    assert event.metadata["database"].value == str(there / "psychometrics.duckdb")
    assert event.metadata["invariance"].value == 3
    run = instance.get_run_by_id(result.run_id)
    assert run is not None
    assert run.tags[PROCESS_TAG] == this_process()


def test_without_a_publication_it_fails_and_says_so(folder: Path, instance: dg.DagsterInstance) -> None:
    result = made(folder, instance)

    assert not result.success
    (failure,) = (event for event in result.all_events if event.event_type_value == "STEP_FAILURE")
    assert "nothing is published yet" in str(failure.step_failure_data.user_failure_data)


def test_nobody_asks_for_them_until_the_sensor_is_started(folder: Path) -> None:
    sensors = {sensor.name: sensor for sensor in define(load_study(folder)).sensors or ()}

    assert sensors["psychometrics_after_publication"].default_status == dg.DefaultSensorStatus.STOPPED
