"""One night at a time: an advisory lock on .state/lock that the operating system drops with the process."""

import fcntl
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from alliance_etl.errors import StudyLocked

_held: Counter[Path] = Counter()


@contextmanager
def study_lock(path: Path, *, wait_seconds: float, on_wait: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold the study's lock. StudyLocked where another process keeps it longer than `wait_seconds`.

    A process that holds it may take it again: a run holds it from end to end, and so does each of its steps.
    """
    path = path.resolve()
    if _held[path]:
        _held[path] += 1
        try:
            yield
        finally:
            _held[path] -= 1
        return
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _acquire(handle, path, wait_seconds, on_wait)
        _held[path] = 1
        yield
    finally:
        _held[path] = 0
        os.close(handle)


def _acquire(handle: int, path: Path, wait_seconds: float, on_wait: Callable[[], None] | None) -> None:
    give_up = time.monotonic() + wait_seconds
    told = False
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= give_up:
                raise StudyLocked(
                    f"another run is at work on this study ({path}); start again after it, or give --wait SECONDS"
                ) from None
        if on_wait and not told:
            on_wait()
            told = True
        time.sleep(0.1)
