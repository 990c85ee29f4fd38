"""Dagster's runs and those of the command line stand in the book of nights."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import dagster as dg
import pytest

from alliance_etl.cli.night import run_night
from alliance_etl.errors import ConfigurationError
from alliance_etl.state.layout import Layout
from alliance_etl.state.ledger import Ledger
from alliance_etl.state.nights import NightEntry
from alliance_etl.study.load import load_study
from assets.definitions import define
from tests.assets.tiny_study import TELLTALE, drop_wai, write_study, write_study_with_dagster


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ALLIANCE_STUDY", str(tmp_path / "study"))
    return write_study(tmp_path / "study")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


def run(folder: Path, instance: dg.DagsterInstance, *assets: str, **tags: str) -> dg.ExecuteInProcessResult:
    """As a daemon or a click in Dagster's page would: the run opens the study by itself."""
    return (
        define(load_study(folder))
        .resolve_job_def("nightly")
        .execute_in_process(
            instance=instance,
            asset_selection=[dg.AssetKey(asset.split("/")) for asset in assets] or None,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            tags=tags,
            raise_on_error=False,
        )
    )


def nights(folder: Path) -> list[NightEntry]:
    with closing(Ledger(Layout(folder).ledger)) as ledger:
        return ledger.nights()


@pytest.mark.parametrize(
    ("tags", "who"),
    [({"dagster/schedule_name": "nightly"}, "schedule"), ({"dagster/sensor_name": "drops"}, "sensor"), ({}, "Dagster")],
    ids=["the schedule", "the sensor", "a click"],
)  # fmt: skip
def test_a_run_of_dagsters_says_who_started_it(
    folder: Path, instance: dg.DagsterInstance, tags: dict[str, str], who: str
) -> None:
    drop_wai(folder)

    result = run(folder, instance, **tags)

    (entry,) = nights(folder)
    assert (entry.started_by, entry.run_id, entry.outcome) == (who, result.run_id, "published")
    assert {check.name for check in entry.checks} >= {"conservation", "contracts", "completeness"}
    assert {"intake", "scoring", "publication"} <= entry.stages.keys()


def test_one_site_alone_is_a_part_of_a_night(folder: Path, instance: dg.DagsterInstance) -> None:
    drop_wai(folder)

    run(folder, instance, "drops/berlin")

    assert [(entry.outcome, entry.sites["berlin"].forms) for entry in nights(folder)] == [("partial", 3)]


def test_a_run_that_cannot_open_the_study_is_in_the_book(folder: Path, instance: dg.DagsterInstance) -> None:
    run(folder, instance)
    Layout(folder).key.write_text("another key")

    run(folder, instance)

    assert [entry.outcome for entry in nights(folder)] == ["published", "failed"]
    assert "Restore the key" in str(nights(folder)[1].failure)


def test_a_step_that_fails_is_told_without_what_it_quotes(
    folder: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop_wai(folder)

    def broken(*_: object) -> None:
        raise ValueError(TELLTALE)

    monkeypatch.setattr("alliance_etl.night.night.Night.score", broken)

    run(folder, instance)

    (entry,) = nights(folder)
    assert entry.outcome == "failed"
    assert "ValueError, a bug" in str(entry.failure)
    assert TELLTALE not in json.dumps(entry.as_dict(), default=str)


def test_a_run_of_the_command_line_is_in_the_book(tmp_path: Path) -> None:
    folder = write_study_with_dagster(tmp_path / "mine")
    drop_wai(folder)

    document = run_night(folder, own_home=True).document

    (entry,) = nights(folder)
    assert (entry.started_by, entry.run_id, entry.outcome) == ("command line", document["run_id"], "published")
    assert entry.tables == document["tables"]


def test_a_command_that_cannot_read_the_study_leaves_its_reason_in_the_book(tmp_path: Path) -> None:
    folder = write_study_with_dagster(tmp_path / "mine")
    run_night(folder, own_home=True)
    (folder / "study.yaml").write_text("study: tiny\nsights: {}\n", encoding="utf-8")

    with pytest.raises(ConfigurationError):
        run_night(folder, own_home=True)

    assert "sights" in str(nights(folder)[1].failure)
