"""Nights that die: a process that runs nights of studies in children of its own and kills them where it is told to.

Started as a module; each line on stdin is a JSON list [folder, how, value], each answer a line of JSON:

    ["…", "points", 0]    lives; answers with the list of points at which a night can be killed
    ["…", "point", 7]     killed (SIGKILL) just before its 8th point; answers with the exit status, -9
    ["…", "seconds", 0.2] killed after so many seconds, if it has not ended by then
    ["…", "bytes", 4096]  lives with a disk on which no file can be longer than that

A point is a durable step: a file opened for writing, renamed, linked or removed, a statement that begins or ends a
transaction, and what a source of mortal_files is asked. Python's audit hook tells the others, so no code of the library
is touched. Several steps of a kind in one folder in a row are one point. Modules and registry are read before the
children are forked, which is what makes a night cheap.
"""

import json
import os
import resource
import signal
import sqlite3
import sys
import time
from pathlib import Path, PurePath
from typing import Any

from alliance_etl.cli.outcome import status_of
from alliance_etl.errors import AllianceError
from tests.crash import mortal_files
from tests.scenario import Scenario, all_promises, registry_in

_STEPS = {"open", "os.rename", "os.link", "os.symlink", "os.remove"}
_connect = sqlite3.connect
_STATEMENTS = ("BEGIN", "COMMIT", "CREATE")


class Points:
    """Counts the points that a night passes, and ends the process at one of them."""

    def __init__(self, folder: Path, last: int | None) -> None:
        self.folder, self.last = str(folder), last
        self.passed: list[str] = []

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in _STEPS and not (event == "open" and _reads_only(arguments)):
            # a link's second name is the one that comes to be
            path = str(arguments[1] if event in ("os.link", "os.symlink") else arguments[0])
            # removing a draft that is no more changes nothing
            if path.startswith(self.folder) and not (event == "os.remove" and path.endswith(".tmp")):
                folder = PurePath(path).parent.relative_to(self.folder)
                self.reach(f"{event.removeprefix('os.')} in {folder}")

    def connect(self, *arguments: Any, **options: Any) -> sqlite3.Connection:
        """In the place of sqlite3.connect."""
        connection = _connect(*arguments, **options)
        connection.set_trace_callback(self.statement)
        return connection

    def statement(self, sql: str) -> None:
        if sql.lstrip().upper().startswith(_STATEMENTS):
            self.reach(" ".join(sql.split()[:3]))

    def reach(self, point: str) -> None:
        if self.passed and self.passed[-1] == point:
            return
        if self.last == len(self.passed):
            os.kill(os.getpid(), signal.SIGKILL)
        self.passed.append(point)


def _reads_only(arguments: tuple[Any, ...]) -> bool:
    path, mode, flags = arguments
    writes = os.O_WRONLY | os.O_RDWR
    return not isinstance(path, str) or not (flags & writes or (mode is None and flags & os.O_CREAT))


def live(folder: Path, how: str, value: float, answer: int) -> None:
    """One night, in a child; what it has to say goes to the descriptor `answer`."""
    points = Points(folder, int(value) if how == "point" else None)
    sys.addaudithook(points.hook)
    sqlite3.connect = points.connect  # type: ignore[assignment]  # audit hooks hear of no statement
    mortal_files.reach = points.reach
    study = Scenario.at(folder)
    if how == "bytes":
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(value), int(value)))
    study.night()
    os.write(answer, json.dumps(points.passed).encode())


def born(folder: Path, how: str, value: float) -> list[Any]:
    """Exit status of the child's night, and the points that it passed, or why it failed."""
    registry_in(folder)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1  # a bug
        try:
            live(folder, how, value, writer)
            status = 0
        except AllianceError as error:
            os.write(writer, json.dumps([str(error)]).encode())
            status = status_of(error)
        finally:
            os._exit(status)
    os.close(writer)
    if how == "seconds":
        time.sleep(value)
        os.kill(child, signal.SIGKILL)
    with os.fdopen(reader) as said:
        points = said.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return [status, json.loads(points or "[]")]


def main() -> None:
    import schemas.contracts  # noqa: F401 - imported before the children are born

    all_promises()
    mortal_files.register()
    for line in sys.stdin:
        folder, how, value = json.loads(line)
        sys.stdout.write(json.dumps(born(Path(folder), how, value)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
