"""Bounded time: whoever waits for a source goes on when nothing comes of it, whatever its driver does meanwhile."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import BinaryIO, Generic, TypeVar

from alliance_etl.pull.source import SourceDown

T = TypeVar("T")

# Listing a source takes no longer; a file's bytes must go on coming (Remote.patience).
LISTING_SECONDS = 300.0
CHUNK = 1 << 16


class Begun(Generic[T]):
    """Work in a thread that nobody has to wait for: it does not keep the process from ending."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work, self._made, self._error = work, list[T](), _Kept()
        self._ended = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    def ended(self, seconds: float | None) -> bool:
        """Whether it has ended, or does so within that time."""
        return self._ended.wait(seconds)

    def result(self) -> T:
        """What the work gave, or raises what it raised; waits for it."""
        self._ended.wait()
        if self._error.error is not None:
            raise self._error.error
        return self._made[0]

    def _run(self) -> None:
        with self._error:
            self._made.append(self._work())
        self._ended.set()


class _Kept:
    """Keeps what the statements below raise, for the thread that waits to raise it."""

    def __init__(self) -> None:
        self.error: BaseException | None = None

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> bool:
        self.error = error
        return True


class Counted:
    """A file that is written to, and how much has been; `refuse` may raise when it is told."""

    def __init__(self, target: BinaryIO, refuse: Callable[[int], None] = lambda _: None) -> None:
        self._target, self._refuse = target, refuse
        self.written = 0

    def write(self, chunk: bytes) -> int:
        self.written += len(chunk)
        self._refuse(self.written)
        return self._target.write(chunk)

    def flush(self) -> None:
        self._target.flush()

    def tell(self) -> int:
        return self.written


def in_time(where: str, work: Callable[[], T], seconds: float, moved: Callable[[], int] = lambda: 0) -> T:
    """What `work` gives. SourceDown once it lasts longer than `seconds` without `moved` having grown meanwhile."""
    begun, before = Begun(work), moved()
    while not begun.ended(seconds):
        now = moved()
        if now == before:
            raise SourceDown(f"{where}: it does not answer in time; the next run tries again")
        before = now
    return begun.result()
