"""Nights that die: a process that runs nights of studies in children of its own and troubles them where it is told to.

Started as a module; each line on stdin is one order (Order), each answer a line of JSON: the exit status, the
points that the night passed, and why it failed, if it did. What there is of trouble says `Order`.

A point is a durable step: a file opened for writing, renamed, linked, removed or flushed, a folder made, a statement
that begins or ends a transaction, and what a source of mortal_files is asked. Python's audit hook tells most of them,
so no code of the library is touched. Modules are read before the children are forked, which is what makes a night
cheap.
"""

import codecs
import ctypes
import json
import os
import resource
import select
import signal
import sqlite3
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from pathlib import Path, PurePath
from typing import Any

from alliance_etl.cli.outcome import status_of, words_of
from alliance_etl.errors import AllianceError
from alliance_etl.night import ahead, take_in
from alliance_etl.night.night import open_night
from alliance_etl.study.against import check_against
from alliance_etl.study.load import load_study
from tests.crash import mortal_files
from tests.scenario import all_promises, registry_in, taken_in

_STEPS = {"open", "os.rename", "os.link", "os.symlink", "os.remove", "os.mkdir"}
_connect, _fsync = sqlite3.connect, os.fsync
_STATEMENTS = ("BEGIN", "COMMIT", "CREATE")
_LONGEST_NIGHT = 90  # seconds; an undisturbed one takes three
_SUBREAPER = 36  # prctl: orphans of our children become ours, so that we can see them end


@dataclass(frozen=True)
class Order:
    """One night, and what befalls it.

    road        `steps` (the functions that the assets call), or `dagster` (as `alliance-etl run` does it)
    received    what the clock says when a drop is received; the real one where left out
    workers     files are staged ahead by another process even where that does not pay
    point       before which point of the night it happens (0-based), or
    seconds     how long after its beginning
    send, to    a signal's number, and to whom: `main`, its `group`, or a `worker`
    fail        what the step raises instead: an error number, or 0 for MemoryError; `onwards`: each later one, too
    longest     bytes that a file can grow to; `memory` bytes that the process can take more than it has
    user        who runs it
    meddle      a file that is written to, or removed, at the point: its path, and its new content in hex or None
    """

    folder: str
    road: str = "steps"
    rebuild: bool = False
    received: str | None = None
    workers: bool = False
    wait: float = 0
    point: int | None = None
    seconds: float | None = None
    send: int = signal.SIGKILL
    to: str = "main"
    fail: int | None = None
    onwards: bool = False
    longest: int | None = None
    memory: int | None = None
    user: int | None = None
    meddle: tuple[str, str | None] | None = None


@dataclass
class Points:
    """Counts the points that a night passes, and lets happen at one of them what the order says."""

    order: Order
    passed: list[str] = field(default_factory=list)
    sees: bool = True

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.sees or event not in _STEPS or (event == "open" and _reads_only(arguments)):
            return
        # a link's second name is the one that comes to be
        path = str(arguments[1] if event in ("os.link", "os.symlink") else arguments[0])
        # removing a draft that is no more, or making a folder that is there, changes nothing
        idle = (event == "os.remove" and path.endswith(".tmp")) or (event == "os.mkdir" and os.path.isdir(path))  # noqa: PTH112 - pathlib would be heard again
        if path.startswith(self.order.folder) and not idle:
            folder = PurePath(path).parent.relative_to(self.order.folder)
            self.reach(f"{event.removeprefix('os.')} in {folder}", may_fail=event != "os.remove")

    def connect(self, *arguments: Any, **options: Any) -> sqlite3.Connection:
        """In the place of sqlite3.connect."""
        connection = _connect(*arguments, **options)
        connection.set_trace_callback(self.statement)
        return connection

    def fsync(self, handle: int) -> None:
        """In the place of os.fsync."""
        self.reach("flush", may_fail=True)
        _fsync(handle)

    def statement(self, sql: str) -> None:
        if sql.lstrip().upper().startswith(_STATEMENTS):
            self.reach(" ".join(sql.split()[:3]))

    def reach(self, point: str, *, may_fail: bool = False) -> None:
        number, wanted = len(self.passed), self.order.point
        self.passed.append(point)
        if wanted is None or number < wanted or (number > wanted and not self.order.onwards):
            return
        if self.order.meddle:
            self.sees = False
            _meddle(*self.order.meddle)
            self.sees = True
        elif self.order.fail is None:
            _send(self.order.send, self.order.to, os.getpid())
        elif may_fail:
            raise OSError(self.order.fail, os.strerror(self.order.fail)) if self.order.fail else MemoryError


def _reads_only(arguments: tuple[Any, ...]) -> bool:
    path, mode, flags = arguments
    writes = os.O_WRONLY | os.O_RDWR
    return not isinstance(path, str) or not (flags & writes or (mode is None and flags & os.O_CREAT))


def _meddle(path: str, content: str | None) -> None:
    if content is None:
        Path(path).unlink(missing_ok=True)
    else:
        Path(path).write_bytes(bytes.fromhex(content))


def _send(number: int, to: str, night: int) -> None:
    """Send a signal to a night's process, to all of its group, or to the first of its workers, if there is one."""
    if to == "group":
        os.killpg(night, number)
    elif to == "worker":
        for child in Path(f"/proc/{night}/task/{night}/children").read_text().split()[:1]:
            os.kill(int(child), number)
    else:
        os.kill(night, number)


def _clock(at: str) -> type[datetime]:
    moment = datetime.fromisoformat(at)

    class Stopped(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]  # no subclass of ours
            return moment.astimezone(tz or UTC)

    return Stopped


def live(order: Order, answer: Callable[[dict[str, Any]], None]) -> None:
    """One night, in a child, with its trouble."""
    points = Points(order)
    sys.addaudithook(points.hook)
    sqlite3.connect, os.fsync = points.connect, points.fsync  # type: ignore[assignment]  # audit hooks hear of neither
    mortal_files.reach = points.reach
    if order.received:
        take_in.datetime = _clock(order.received)  # type: ignore[misc]
    if order.workers:
        ahead.START_BYTES = 1
    if order.longest is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (order.longest, order.longest))
    if order.memory is not None:
        taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (taken + order.memory, taken + order.memory))
    if order.user is not None:
        os.setgroups([])
        os.setgid(order.user)
        os.setuid(order.user)
    failure = _by_dagster(order) if order.road == "dagster" else _by_steps(order)
    answer({"points": points.passed, "error": words_of(failure, verbose=False) if failure else None})
    if failure:
        raise failure


def _by_steps(order: Order) -> None:
    folder = Path(order.folder)
    study, registry = load_study(folder), registry_in(folder)
    check_against(study, registry)
    with open_night(study, registry, all_promises(), wait_seconds=order.wait) as night:
        sites = night.sites_with_news(rebuild=order.rebuild)
        if not order.rebuild:
            night.stage_ahead(sites)
        failed = [site.failed for site in taken_in(night, rebuild=order.rebuild).sites.values() if site.failed]
        night.score()
        night.check_contracts()
        night.publish()
    if failed:
        raise SiteFailed("; ".join(failed))


class SiteFailed(AllianceError):
    """The night is done, but for what a site's folder did not give."""


def _by_dagster(order: Order) -> BaseException | None:
    from alliance_etl.cli.night import run_night

    made = run_night(Path(order.folder), rebuild=order.rebuild, wait_seconds=order.wait, own_home=True)
    if made.failure is None and made.document["sites_failed"]:
        return SiteFailed("; ".join(made.document["sites_failed"].values()))
    return made.failure


def born(order: Order) -> tuple[int, int]:
    """A child that lives its night: its process, and where to read what it says."""
    registry_in(Path(order.folder))
    reader, writer = os.pipe()
    child = os.fork()
    if child:
        os.close(writer)
        return child, reader
    status = 1  # a bug
    said: list[dict[str, Any]] = []
    try:
        os.setsid()
        live(order, said.append)
        status = 0
    except (AllianceError, KeyboardInterrupt, MemoryError, OSError) as error:
        said = said or [{"error": words_of(error, verbose=False)}]
        status = 0 if isinstance(error, SiteFailed) else status_of(error)
    finally:
        if status == 1:
            said = [{"error": f"a bug: {traceback.format_exc()}"}]
        os.write(writer, json.dumps(said[0] if said else {}).encode())
        os._exit(status)


def ended(order: Order, child: int, reader: int) -> dict[str, Any]:
    """Exit status of the night, what it said, how many of its processes outlived it, and whether it stood still."""
    if order.seconds is not None:
        time.sleep(order.seconds)
        with suppress(ProcessLookupError, FileNotFoundError):  # it may have ended before
            _send(order.send, order.to, child)
    with os.fdopen(reader) as open_end:
        # what a night says comes at its end, all at once
        hung = not select.select([reader], [], [], _LONGEST_NIGHT)[0]
        if hung:
            os.killpg(child, signal.SIGKILL)
        said = open_end.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    told = {"status": status, "points": [], "error": None, **json.loads(said or "{}")}
    return {**told, "left": _outliving(child), "hung": hung}


def _outliving(group: int) -> int:
    """How many processes of a group are there still, after a while in which they may end."""
    give_up = time.monotonic() + 20
    while time.monotonic() < give_up:
        try:
            if os.waitpid(-group, os.WNOHANG)[0] == 0:
                time.sleep(0.01)
        except ChildProcessError:
            return 0
    return 1


def main() -> None:
    import schemas.contracts  # noqa: F401 - imported before the children are born

    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    if "dagster" in sys.argv:
        import assets.in_process  # noqa: F401 - likewise

    codecs.lookup("unicode-escape")  # Jinja's, imported late: whoever a night is run by may not find it
    all_promises()
    mortal_files.register()
    for line in sys.stdin:
        orders = [Order(**order) for order in json.loads(line)]
        nights = [(order, *born(order)) for order in orders]
        sys.stdout.write(json.dumps([ended(*night) for night in nights]) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
