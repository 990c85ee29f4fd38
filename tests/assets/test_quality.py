"""The quality report in Dagster: what its checks show, and when it is asked for."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from alliance_etl.quality import made
from alliance_etl.quality.model import Result, Suite
from alliance_etl.quality.process import CouldNotCheck
from alliance_etl.state.processes import this_process
from alliance_etl.study.load import load_study
from assets.definitions import define
from assets.orphans import PROCESS_TAG
from assets.quality import quality_wanted
from tests.assets.runs import materialised, run_assets, verdicts
from tests.assets.tiny_study import STUDY, drop_wai


@pytest.fixture
def published(folder: Path, instance: dg.DagsterInstance) -> Path:
    drop_wai(folder)
    assert run_assets(folder, instance).success
    return folder


def reported(folder: Path, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    job = define(load_study(folder)).resolve_job_def("quality")
    loud = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    return job.execute_in_process(instance=instance, run_config=loud, raise_on_error=False)


def answered(monkeypatch: pytest.MonkeyPatch, **outcomes: Any) -> None:
    """Instead of Great Expectations: every expectation has passed, but those about a table as given here."""

    def checked(suites: list[Suite], seconds: float) -> list[Result]:
        return [
            Result(s.about, e.means, e.kind, e.column, outcomes.get(s.about, "passed"), by_site={"berlin": 2})
            for s in suites
            for e in s.expectations
        ]

    monkeypatch.setattr(made, "checked", checked)


def shown(result: dg.ExecuteInProcessResult, check: str) -> dg.AssetCheckEvaluation:
    return next(each for each in result.get_asset_check_evaluations() if each.check_name == f"quality_{check}")


def test_the_night_makes_no_report_of_its_own(published: Path) -> None:
    assert not (published / "warehouse" / "reports" / "quality").exists()


def test_a_good_publication_passes_every_check(
    published: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered(monkeypatch)
    result = reported(published, instance)
    assert materialised(result) == {"quality_report"}
    assert set(verdicts(result).values()) == {True}
    assert "quality_report:quality_answers_wai_sr_client" in verdicts(result)
    assert shown(result, "last_nights").metadata["outcome"].value == "not_applicable"


def test_what_does_not_hold_is_a_warning_and_what_could_not_be_checked_an_error(
    published: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered(monkeypatch, drops="failed", scales="error")
    result = reported(published, instance)
    assert result.success
    drops, scales = shown(result, "drops"), shown(result, "scales")
    assert (drops.passed, drops.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert (scales.passed, scales.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert scales.metadata["outcome"].value == "error"
    assert verdicts(result)["quality_report:quality_items"]


def test_when_nothing_could_be_checked_nothing_has_passed(
    published: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def could_not(suites: list[Suite], seconds: float) -> list[Result]:
        raise CouldNotCheck("its process was killed")

    monkeypatch.setattr(made, "checked", could_not)
    result = reported(published, instance)
    assert set(verdicts(result).values()) == {False}
    assert shown(result, "drops").description == "its process was killed"
    page = (published / "warehouse" / "reports" / "night.html").read_text(encoding="utf-8")
    assert "could not be checked: its process was killed" in page


def test_the_morning_tells_of_what_does_not_hold(
    published: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered(monkeypatch, drops="failed")
    reported(published, instance)
    page = (published / "warehouse" / "reports" / "night.html").read_text(encoding="utf-8")
    assert "expectations do not hold" in page
    assert 'href="quality/index.html"' in page


def asked(folder: Path, instance: dg.DagsterInstance) -> list[dg.RunRequest]:
    sensor = quality_wanted(load_study(folder))
    context = dg.build_sensor_context(instance=instance, definitions=define(load_study(folder)))
    return sensor.evaluate_tick(context).run_requests or []


def test_a_report_is_asked_for_once_something_else_is_public(published: Path, instance: dg.DagsterInstance) -> None:
    assert len(asked(published, instance)) == 1
    assert run_assets(published, instance).success  # nothing new: published as it was
    assert asked(published, instance) == []


def test_who_does_not_want_a_report_is_not_asked(folder: Path) -> None:
    (folder / "study.yaml").write_text(STUDY.replace("sites:", "quality: {enabled: false}\nsites:"), encoding="utf-8")
    sensors = {sensor.name: sensor for sensor in define(load_study(folder)).sensors or ()}
    assert sensors["after_publication"].default_status == dg.DefaultSensorStatus.STOPPED


def test_a_report_names_its_process_so_that_a_killed_one_holds_up_nothing(
    published: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered(monkeypatch)
    run = instance.get_run_by_id(reported(published, instance).run_id)
    assert run is not None
    assert run.tags[PROCESS_TAG] == this_process()
