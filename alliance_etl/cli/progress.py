"""A progress bar on stderr, where stderr is a terminal."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from alliance_etl.cli.console import notes

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class Bar:
    """What is being done, and how much of it there is; silent without a terminal."""

    def __init__(self, shown: "Progress | None", task: "TaskID | None") -> None:
        self._shown = shown
        self._task = task
        self._done = 0

    def expect(self, stages: int) -> None:
        """How many stages there will be."""
        if self._shown is not None and self._task is not None:
            self._shown.update(self._task, total=stages)

    def begin(self, stage: str) -> None:
        """A stage begins; the one before has ended."""
        if self._shown is not None and self._task is not None:
            self._shown.update(self._task, description=stage, completed=self._done)
        self._done += 1


@contextmanager
def progress_bar(first: str) -> Iterator[Bar]:
    """A bar that vanishes when its work is done."""
    console = notes()
    if not console.is_terminal:
        yield Bar(None, None)
        return
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as shown:
        yield Bar(shown, shown.add_task(first, total=None))
