"""The sensor: what makes it ask for a run, what keeps it quiet, and that it never gives up for good."""

import os
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from assets import sensors
from assets.orphans import PROCESS_TAG, end_orphans, this_process
from assets.sensors import PENDING_TAG, new_drops
from tests.assets.runs import run_assets
from tests.assets.tiny_study import drop_srs, drop_wai, write_study

# One more than the most that Linux gives out.
NO_PROCESS = 2**22 + 1


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ALLIANCE_STUDY", str(tmp_path / "study"))
    return write_study(tmp_path / "study")


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as temporary:
        yield temporary


def tick(instance: dg.DagsterInstance) -> dg.RunRequest | dg.SkipReason:
    answer = new_drops(dg.build_sensor_context(instance=instance))
    assert isinstance(answer, dg.RunRequest | dg.SkipReason)
    return answer


def asked(instance: dg.DagsterInstance) -> dg.RunRequest:
    answer = tick(instance)
    assert isinstance(answer, dg.RunRequest), answer
    return answer


def ended_run(instance: dg.DagsterInstance, request: dg.RunRequest) -> None:
    """A run that this request led to, and that has not taken the drops in."""
    run = instance.create_run_for_job(nothing, tags=request.tags)
    instance.report_run_failed(run)


@dg.job(name="nightly")
def nothing() -> None:
    pass


def test_nothing_new_asks_for_nothing(folder: Path, instance: dg.DagsterInstance) -> None:
    assert isinstance(tick(instance), dg.SkipReason)


def test_a_new_file_asks_for_a_run(folder: Path, instance: dg.DagsterInstance) -> None:
    drop_wai(folder)

    assert isinstance(tick(instance), dg.RunRequest)


def test_the_same_files_ask_for_the_same_run_under_any_names(folder: Path, instance: dg.DagsterInstance) -> None:
    path = drop_wai(folder, "wai_a.csv")
    before = asked(instance).run_key
    path.rename(path.with_name("wai_b.csv"))

    assert asked(instance).run_key == before


def test_a_corrected_file_under_its_old_name_asks_for_another_run(folder: Path, instance: dg.DagsterInstance) -> None:
    drop_wai(folder, answer=4)
    before = asked(instance).run_key
    drop_wai(folder, answer=5)

    assert asked(instance).run_key != before


def test_what_a_run_has_taken_in_asks_for_nothing_more(folder: Path, instance: dg.DagsterInstance) -> None:
    drop_wai(folder)
    run_assets(folder, instance)

    assert isinstance(tick(instance), dg.SkipReason)


def test_while_a_run_is_under_way_no_other_is_asked_for(folder: Path, instance: dg.DagsterInstance) -> None:
    drop_wai(folder)
    instance.create_run_for_job(nothing, status=dg.DagsterRunStatus.STARTED)

    assert isinstance(tick(instance), dg.SkipReason)


def test_after_a_failed_run_the_next_try_waits(folder: Path, instance: dg.DagsterInstance) -> None:
    drop_wai(folder)
    ended_run(instance, asked(instance))

    assert "next try" in (tick(instance).skip_message or "")


def test_after_a_failed_run_and_a_pause_it_is_tried_again(
    folder: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop_wai(folder)
    first = asked(instance)
    ended_run(instance, first)
    monkeypatch.setattr(sensors, "FIRST_PAUSE", 0.0)

    again = asked(instance)

    assert again.run_key != first.run_key
    assert again.tags[PENDING_TAG] == first.tags[PENDING_TAG]


def test_another_file_after_a_failed_run_is_tried_at_once(folder: Path, instance: dg.DagsterInstance) -> None:
    drop_wai(folder)
    ended_run(instance, asked(instance))
    drop_srs(folder)

    assert isinstance(tick(instance), dg.RunRequest)


def test_a_run_whose_process_is_gone_is_ended(folder: Path, instance: dg.DagsterInstance) -> None:
    drop_wai(folder)
    host, _, _ = this_process().rsplit(":", 2)
    tags = {PROCESS_TAG: f"{host}:{NO_PROCESS}:12345"}
    run = instance.create_run_for_job(nothing, tags=tags, status=dg.DagsterRunStatus.STARTED)

    answer = tick(instance)

    assert isinstance(answer, dg.RunRequest)
    assert instance.get_run_by_id(run.run_id).status == dg.DagsterRunStatus.FAILURE


@pytest.mark.parametrize("process", ["{host}:{pid}:{start}", "another-host:1:1"], ids=["living", "another host's"])
def test_a_run_that_may_be_alive_is_left_alone(instance: dg.DagsterInstance, process: str) -> None:
    host, pid, start = this_process().rsplit(":", 2)
    assert int(pid) == os.getpid()
    tags = {PROCESS_TAG: process.format(host=host, pid=pid, start=start)}
    instance.create_run_for_job(nothing, tags=tags, status=dg.DagsterRunStatus.STARTED)

    assert end_orphans(instance) == []
