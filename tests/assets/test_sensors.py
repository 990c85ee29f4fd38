"""The sensor: what makes it ask for a run, what keeps it quiet, and that it never gives up for good."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import pytest

from alliance_etl.night.watch import Watch
from alliance_etl.pull import source
from alliance_etl.state.processes import this_process
from assets import sensors
from assets.orphans import PROCESS_TAG, end_orphans
from assets.sensors import PENDING_TAG, new_drops
from tests.alliance_etl.pull_servers import folder_handler, free_port, served
from tests.assets.runs import run_assets, verdicts
from tests.assets.tiny_study import STUDY, drop_srs, drop_wai

# One more than the most that Linux gives out.
NO_PROCESS = 2**22 + 1


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


@pytest.fixture
def remote(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """What lies on the web as Berlin's source; the source of `quiet` is down."""
    monkeypatch.setattr(sensors, "WATCH", Watch())
    monkeypatch.setattr(source, "TRIES", 1)
    web = tmp_path / "web"
    web.mkdir()
    with served(folder_handler(web, [])) as port:
        text = STUDY.replace("  berlin:\n", f"  berlin:\n    drop: http://127.0.0.1:{port}/\n").replace(
            "  quiet:\n", f"  quiet:\n    drop: http://127.0.0.1:{free_port()}/\n"
        )
        (folder / "study.yaml").write_text(text)
        yield web


def ticked(instance: dg.DagsterInstance, cursor: str | None) -> tuple[dg.RunRequest | dg.SkipReason, str]:
    """A tick with the cursor that the one before has left."""
    context = dg.build_sensor_context(instance=instance, cursor=cursor)
    answer = new_drops(context)
    assert isinstance(answer, dg.RunRequest | dg.SkipReason)
    return answer, context.cursor or ""


def lies_there(web: Path, folder: Path, answer: int) -> None:
    drop_wai(folder, answer=answer).rename(web / "wai.csv")


def test_a_file_at_a_remote_source_asks_for_a_run_until_it_is_taken_in(
    folder: Path, instance: dg.DagsterInstance, remote: Path
) -> None:
    lies_there(remote, folder, answer=4)

    first, cursor = ticked(instance, None)
    second, cursor = ticked(instance, cursor)
    run_assets(folder, instance)
    after, _ = ticked(instance, cursor)

    assert isinstance(first, dg.RunRequest)
    assert isinstance(second, dg.RunRequest)
    assert first.run_key == second.run_key
    assert isinstance(after, dg.SkipReason)


def test_a_corrected_file_at_a_remote_source_asks_for_another_run(
    folder: Path, instance: dg.DagsterInstance, remote: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lies_there(remote, folder, answer=4)
    first, cursor = ticked(instance, None)
    run_assets(folder, instance)
    lies_there(remote, folder, answer=5)
    os.utime(remote / "wai.csv", (1_800_000_000, 1_800_000_000))
    quiet, cursor = ticked(instance, cursor)
    later = time.time() + 301
    monkeypatch.setattr(sensors, "time", SimpleNamespace(time=lambda: later))
    second, _ = ticked(instance, cursor)

    assert isinstance(first, dg.RunRequest)
    assert isinstance(quiet, dg.SkipReason)
    assert isinstance(second, dg.RunRequest)
    assert first.run_key != second.run_key


def test_a_remote_source_that_is_down_is_told_of_in_one_tick_and_fails_none(
    folder: Path, instance: dg.DagsterInstance, remote: Path
) -> None:
    first, cursor = ticked(instance, None)
    second, _ = ticked(instance, cursor)

    assert "the source of quiet fails" in (first.skip_message or "")
    assert second.skip_message == "no site has dropped anything new"


def test_a_remote_source_that_is_down_fails_its_own_check_each_night_until_it_answers(
    folder: Path, instance: dg.DagsterInstance, remote: Path
) -> None:
    lies_there(remote, folder, answer=4)
    result = run_assets(folder, instance)
    check = next(c for c in result.get_asset_check_evaluations() if not c.passed and c.check_name == "source_answers")

    assert result.success
    assert check.asset_key == dg.AssetKey(["drops", "quiet"])
    assert "cannot be reached" in (check.description or "")
    assert verdicts(result)["drops/berlin:source_answers"]

    again = verdicts(run_assets(folder, instance))
    assert (again["drops/berlin:source_answers"], again["drops/quiet:source_answers"]) == (True, False)


def test_while_a_run_is_under_way_no_remote_source_is_asked(
    folder: Path, instance: dg.DagsterInstance, remote: Path
) -> None:
    lies_there(remote, folder, answer=4)
    instance.create_run_for_job(nothing, status=dg.DagsterRunStatus.STARTED)

    answer, cursor = ticked(instance, None)

    assert isinstance(answer, dg.SkipReason)
    assert cursor == ""
