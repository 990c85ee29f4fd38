"""Worker processes: they answer, they are bounded, and they end when their caller does."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest

from alliance_etl.workers import pool
from alliance_etl.workers.pool import Workers
from tests.alliance_etl.worker_services import Service

ROOT = Path(__file__).parents[2]


@pytest.fixture
def workers() -> Iterator[Workers]:
    of_one = Workers(1)
    of_one.serve(Service())
    yield of_one
    of_one.close()


def until(holds: Callable[[], bool]) -> bool:
    """Whether it holds within a minute."""
    given_up = time.monotonic() + 60
    while not holds() and time.monotonic() < given_up:
        time.sleep(0.01)
    return holds()


def is_there(process: int) -> bool:
    state = Path(f"/proc/{process}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z"


def begun(workers: Workers, name: str, *arguments: object) -> pool.Job:
    """A job that a worker has begun."""
    job = workers.submit(name, *arguments)
    assert until(lambda: job not in workers._waiting)
    return job


def test_frames_go_there_and_back_unchanged(workers: Workers) -> None:
    frame = pl.DataFrame({"n": [1, None, 3], "text": ["a", "", None]}, schema={"n": pl.Int8, "text": pl.String})

    doubled = begun(workers, "doubled", frame).result()

    assert doubled.equals(Service().doubled(frame))
    assert doubled.schema == frame.schema


def test_it_is_another_process(workers: Workers) -> None:
    assert begun(workers, "process").result() != os.getpid()


def test_what_a_library_prints_is_no_answer(workers: Workers) -> None:
    assert begun(workers, "printing").result() == "done"


@pytest.mark.parametrize("how", ["failing", "asleep"])
def test_what_a_worker_could_not_end_is_left_to_the_caller(how: str, workers: Workers) -> None:
    job = begun(workers, how)
    if how == "asleep":
        workers._processes[0].kill()

    assert job.result() is None
    assert workers.submit("process").result() is None


def test_who_waits_lends_a_hand(workers: Workers) -> None:
    begun(workers, "asleep")
    next_one = workers.submit("process")

    assert workers.lend_a_hand()
    assert not workers.lend_a_hand()
    assert next_one.result() == os.getpid()


def test_no_more_is_begun_than_may_lie_there_unfetched(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "MOST_AHEAD", 1)
    first = begun(workers, "process")
    second = workers.submit("process")
    assert first.is_over.wait(60)

    assert second in workers._waiting

    first.result()
    assert until(lambda: second not in workers._waiting)


def test_what_is_forgotten_takes_up_no_room(workers: Workers) -> None:
    job = begun(workers, "process")
    assert job.is_over.wait(60)

    job.forget()

    assert workers._ahead == 0


def test_a_closed_pool_leaves_nobody_waiting() -> None:
    workers = Workers(1)
    workers.serve(Service())
    job = begun(workers, "asleep")

    workers.close()

    assert job.result() is None


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="asks Linux")
def test_a_worker_ends_with_its_caller_though_that_is_killed() -> None:
    command = [sys.executable, "-m", "tests.alliance_etl.worker_services"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as caller:
        assert caller.stdout
        worker = int(caller.stdout.readline())
        assert is_there(worker)

        caller.kill()

    assert until(lambda: not is_there(worker))
