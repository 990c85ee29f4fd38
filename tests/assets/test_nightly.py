"""The nightly job as Dagster runs it: what is materialised, what is checked, what stops it."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import duckdb
import polars as pl
import pytest

from alliance_etl.fitness.catalogue import criteria
from alliance_etl.study.load import load_study
from assets.definitions import define
from tests.assets.runs import STEPS, materialised, run_assets, verdicts
from tests.assets.tiny_study import STUDY, TELLTALE, drop_srs, drop_wai, write_study


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_study(tmp_path / "study")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


def published_forms(folder: Path) -> int:
    with duckdb.connect(str(folder / "warehouse" / "alliance.duckdb"), read_only=True) as published:
        return published.execute("SELECT count(*) FROM forms").fetchall()[0][0]


def test_every_site_of_the_study_is_an_asset(folder: Path) -> None:
    graph = define(load_study(folder)).resolve_asset_graph()

    assert {key.to_user_string() for key in graph.get_all_asset_keys()} == {
        *STEPS, "drops/berlin", "drops/oslo", "drops/quiet", "quality_report", "psychometric_tables",
    }  # fmt: skip


def test_everything_loads_as_the_code_server_loads_it(folder: Path) -> None:
    dg.Definitions.validate_loadable(define(load_study(folder)))


def test_the_schedule_is_the_studys_in_the_studys_time_zone(folder: Path) -> None:
    schedule = define(load_study(folder)).resolve_schedule_def("nightly_schedule")

    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 2 * * *", "Europe/Berlin")
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING


def test_a_study_without_a_schedule_has_none(tmp_path: Path) -> None:
    folder = write_study(tmp_path / "study", STUDY.replace('schedule: "0 2 * * *"\n', ""))

    definitions = define(load_study(folder))

    assert not definitions.schedules


@pytest.mark.parametrize("asset", ["ledger", "forms", "scores", "alliance"])
def test_an_asset_shows_the_columns_that_are_promised(folder: Path, asset: str) -> None:
    graph = define(load_study(folder)).resolve_asset_graph()

    schema = graph.get(dg.AssetKey(asset)).metadata["dagster/column_schema"].schema

    assert all(column.type and column.description for column in schema.columns)


def test_only_sites_with_news_are_materialised(folder: Path, instance: dg.DagsterInstance) -> None:
    drop_wai(folder)

    result = run_assets(folder, instance)

    assert materialised(result) == {*STEPS, "drops/berlin"}


def test_a_night_without_news_still_publishes(folder: Path, instance: dg.DagsterInstance) -> None:
    result = run_assets(folder, instance)

    assert materialised(result) == STEPS


def test_one_site_alone_can_be_taken_in(folder: Path, instance: dg.DagsterInstance) -> None:
    drop_wai(folder)
    drop_srs(folder)

    result = run_assets(folder, instance, ["drops", "oslo"])

    assert materialised(result) == {"drops/oslo"}


def test_a_site_left_out_is_taken_in_by_the_next_night(folder: Path, instance: dg.DagsterInstance) -> None:
    drop_wai(folder)
    drop_srs(folder)
    run_assets(folder, instance, ["drops", "oslo"])

    run_assets(folder, instance)

    assert published_forms(folder) == 4


def test_the_checks_of_a_good_night_pass(folder: Path, instance: dg.DagsterInstance) -> None:
    drop_wai(folder)

    result = run_assets(folder, instance)

    assert verdicts(result) == {
        "drops/berlin:nothing_held": True,
        "ledger:conservation": True,
        "scores:contracts": True,
        "scores:declared_totals": True,
        "forms:completeness": True,
        "forms:open_alerts": True,
        **{f"forms:fitness_{criterion}": True for criterion in criteria()},
    }


def test_held_rows_are_a_warning_at_their_site_and_stop_nothing(folder: Path, instance: dg.DagsterInstance) -> None:
    drop_wai(folder, answer=77)

    result = run_assets(folder, instance)

    assert result.success
    assert not verdicts(result)["drops/berlin:nothing_held"]


def test_missing_answers_are_a_warning_and_counted_per_site(folder: Path, instance: dg.DagsterInstance) -> None:
    drop_wai(folder, answer="", forms=2)

    result = run_assets(folder, instance)

    check = next(c for c in result.get_asset_check_evaluations() if c.check_name == "completeness")
    assert (check.passed, check.severity, check.metadata["count"].value) == (False, dg.AssetCheckSeverity.WARN, 2)


def test_open_alerts_are_a_warning_and_counted_per_site(folder: Path, instance: dg.DagsterInstance) -> None:
    study = folder / "study.yaml"
    study.write_text(study.read_text().replace("wai_sr_client", "wai_s_client"))  # which has reversed items
    drop_wai(folder, answer=5, forms=2)

    result = run_assets(folder, instance)

    check = next(c for c in result.get_asset_check_evaluations() if c.check_name == "open_alerts")
    assert (check.passed, check.severity, check.metadata["count"].value) == (False, dg.AssetCheckSeverity.WARN, 2)


def test_a_lost_row_stops_the_night_before_publication(folder: Path, instance: dg.DagsterInstance) -> None:
    drop_wai(folder)
    run_assets(folder, instance, ["drops", "berlin"])
    lose_a_row(folder)

    result = run_assets(folder, instance)

    assert not result.success
    assert not verdicts(result)["ledger:conservation"]
    assert not (folder / "warehouse" / "alliance.duckdb").exists()


def lose_a_row(folder: Path) -> None:
    """Let the ledger say that a drop had one row more than became of it."""
    ledger = sqlite3.connect(folder / ".state" / "ledger.sqlite")
    with ledger:
        (counts,) = ledger.execute("SELECT counts FROM drops").fetchone()
        told = json.loads(counts)
        ledger.execute("UPDATE drops SET counts = ?", [json.dumps({**told, "rows_read": told["rows_read"] + 1})])
    ledger.close()


def test_forms_that_break_their_contract_stop_the_night(folder: Path, instance: dg.DagsterInstance) -> None:
    drop_wai(folder)
    run_assets(folder, instance, ["drops", "berlin"])
    spoil_the_state(folder)

    result = run_assets(folder, instance)

    assert not result.success
    assert not verdicts(result)["scores:contracts"]
    assert not (folder / "warehouse" / "alliance.duckdb").exists()


def spoil_the_state(folder: Path) -> None:
    """Let a file of current forms lose what makes a form's id unique."""
    for path in (folder / ".state" / "forms").rglob("current-*.parquet"):
        forms = pl.read_parquet(path)
        forms.with_columns(form_id=forms["form_id"][0] + pl.lit("")).write_parquet(path)


def test_a_stopped_night_leaves_the_last_publication(folder: Path, instance: dg.DagsterInstance) -> None:
    drop_wai(folder)
    run_assets(folder, instance)
    drop_wai(folder, "wai_2.csv", site="quiet", forms=5)
    lose_a_row(folder)

    run_assets(folder, instance)

    assert published_forms(folder) == 3


@pytest.mark.parametrize("steps", [["publication"], ["forms", "scores", "alliance", "publication"]])
def test_a_run_that_does_not_check_all_again_publishes_nothing(
    folder: Path, instance: dg.DagsterInstance, steps: list[str]
) -> None:
    drop_wai(folder)
    run_assets(folder, instance)
    drop_wai(folder, "wai_2.csv", site="quiet", forms=5)
    run_assets(folder, instance, ["drops", "quiet"], ["ledger"], ["forms"], ["scores"], ["alliance"])

    result = run_assets(folder, instance, *([step] for step in steps))

    (failed,) = (event for event in result.all_events if event.is_step_failure)
    assert "run the whole job" in str(failed.step_failure_data.user_failure_data)
    assert published_forms(folder) == 3


@pytest.mark.parametrize("job", ["nightly", "rebuild"])
def test_a_killed_night_is_tried_again_from_its_first_step(folder: Path, job: str) -> None:
    tags = define(load_study(folder)).resolve_job_def(job).tags

    assert tags["dagster/retry_strategy"] == "ALL_STEPS"


def test_the_text_of_a_bug_does_not_reach_dagster(
    folder: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def scoring_goes_wrong(_: object) -> None:
        raise ValueError(f"could not convert {TELLTALE}-3 to a number")

    monkeypatch.setattr("alliance_etl.night.night.Night.score", scoring_goes_wrong)
    drop_wai(folder)

    result = run_assets(folder, instance)

    (failed,) = (event for event in result.all_events if event.is_step_failure and event.step_key == "scoring")
    kept = str(failed.step_failure_data) + str(instance.all_logs(result.run_id))
    assert TELLTALE not in kept
    assert "scoring_goes_wrong" in kept


def metadata_of(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, object]:
    (event,) = (
        event for event in result.get_asset_materialization_events() if event.asset_key == dg.AssetKey(asset.split("/"))
    )
    return {name: getattr(shown, "value", None) for name, shown in event.materialization.metadata.items()}


def test_dagster_shows_how_each_site_stands_after_the_night(folder: Path, instance: dg.DagsterInstance) -> None:
    drop_wai(folder)
    drop_wai(folder, "wai_bad.csv", answer=9)

    result = run_assets(folder, instance)

    (event,) = (e for e in result.get_asset_materialization_events() if e.asset_key == dg.AssetKey("publication"))
    records = {str(r.data["site"]): r.data for r in event.materialization.metadata["sites"].records}
    assert records["berlin"] == {
        "site": "berlin", "files": 2, "rows_read": 6, "new": 3, "changed": 0, "held": 3, "still_held": 3,
        "open_alerts": 0, "forms": 3,
    }  # fmt: skip
    assert records["quiet"]["forms"] == 0


@pytest.mark.parametrize("asset", ["drops/berlin", "publication"])
def test_dagster_leads_to_the_page_of_the_night(folder: Path, instance: dg.DagsterInstance, asset: str) -> None:
    drop_wai(folder)

    shown = metadata_of(run_assets(folder, instance), asset)

    assert str(shown["night"]) == str(folder / "warehouse" / "reports" / "night.html")
    assert (folder / "warehouse" / "reports" / "night.html").is_file()
    assert shown["still_held"] == 0
