"""What can befall a night: each trouble is drawn from a seeded chance, happens to a copy of a study, and is judged.

A fault is told in words; no fault is what every trouble ought to end with.
"""

import errno
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.crash.mortals import Ending, Mortals, ask, reader
from tests.crash.several_nights import Eve, lay_out, owned_by
from tests.crash.verdict import EVERYTHING, exposed, opens, seen
from tests.scenario import published

NOBODY = 65534
KILLED, FAILED, INTERRUPTED = -signal.SIGKILL, 3, 130
# A night whose trouble comes when it has ended, or does not reach it, is done.
DONE = 0
_FULL_ROOM = 6 << 20


@dataclass
class Case:
    """One trouble in the making: what it can draw from, and what was found wrong."""

    chance: random.Random
    mortals: Mortals
    eve: Eve
    later: Sequence[Eve]
    study: Path
    faults: list[str] = field(default_factory=list)
    told: str = ""
    may_stand_still: bool = False

    def night(self, allowed: Sequence[int], **trouble: Any) -> Ending:
        """A night in trouble; its ending has to be one of those allowed, and none of its processes may outlive it."""
        self.told = ", ".join(f"{name} {value}" for name, value in trouble.items())
        ending = self.mortals.night(self.study, **{**self.eve.order, **trouble})
        self.judge_ending(ending, allowed)
        return ending

    def judge_ending(self, ending: Ending, allowed: Sequence[int]) -> None:
        if ending.hung and not self.may_stand_still:
            self.faults.append("stood still, and was killed")
        if ending.status not in allowed:
            self.faults.append(f"ended with {ending.status}: {(ending.error or 'nothing said')[-1500:]}")
        if ending.status == FAILED and "what was published before still stands" not in str(ending.error):
            self.faults.append(f"told in other words: {ending.error}")
        if ending.left:
            self.faults.append("a process outlived its night")

    @property
    def a_point(self) -> int:
        return self.chance.randrange(len(self.eve.points))


def killed_at_a_step(case: Case) -> None:
    case.night([KILLED], point=case.a_point, to=case.chance.choice(["main", "group"]))


def killed_at_some_moment(case: Case) -> None:
    workers = case.chance.random() < 0.5
    seconds = case.chance.uniform(0, 3.0 if workers else 1.5)
    case.night([KILLED, DONE], seconds=seconds, to=case.chance.choice(["main", "group"]), workers=workers)


def a_worker_killed(case: Case) -> None:
    case.night([DONE], seconds=case.chance.uniform(0, 3.0), to="worker", workers=True)


def killed_with_workers(case: Case) -> None:
    # what workers do, the main process passes by: the last of its steps may never come
    case.night([KILLED, DONE], point=case.a_point, to=case.chance.choice(["main", "group"]), workers=True)


def killed_twice(case: Case) -> None:
    case.night([KILLED], point=case.a_point)
    case.night([KILLED, DONE], point=case.a_point)


def terminated(case: Case) -> None:
    case.night([-signal.SIGTERM, INTERRUPTED, DONE], point=case.a_point, send=signal.SIGTERM)


def interrupted(case: Case) -> None:
    case.night([INTERRUPTED, DONE], point=case.a_point, send=signal.SIGINT)


def a_step_fails(case: Case) -> None:
    number = case.chance.choice([errno.ENOSPC, errno.EIO, errno.EACCES, errno.EDQUOT, errno.EROFS])
    case.night([FAILED, DONE], point=case.a_point, fail=number, onwards=case.chance.random() < 0.5)


def out_of_memory_at_a_step(case: Case) -> None:
    case.night([FAILED, DONE, 1], point=case.a_point, fail=0)


def little_memory(case: Case) -> None:
    # polars waits for ever for a thread that it could not start; somebody has to end such a night
    case.may_stand_still = True
    # 127: the C library ends a process so that has no memory for a thread of its own
    aborted = [KILLED, 127, -signal.SIGABRT, -signal.SIGSEGV, -signal.SIGTRAP, -signal.SIGILL, -signal.SIGBUS]
    case.night([FAILED, DONE, 1, *aborted], memory=case.chance.randrange(4 << 20, 256 << 20))


def short_files_only(case: Case) -> None:
    case.night([FAILED, DONE], longest=int(2 ** case.chance.uniform(8, 21)))


def full_disk(case: Case) -> None:
    with _small_disk(case, f"size={_size(case.study) + case.chance.randrange(_FULL_ROOM)}"):
        case.night([FAILED, DONE])


def no_inodes(case: Case) -> None:
    files = sum(1 for _ in case.study.rglob("*")) + 2  # the study's folder itself, and the root of the disk
    with _small_disk(case, f"nr_inodes={files + case.chance.randrange(120)}"):
        case.night([FAILED, DONE])


def no_permission(case: Case) -> None:
    folders = [path for path in (case.study, *case.study.rglob("*")) if path.is_dir() and not path.is_symlink()]
    folder = case.chance.choice(folders)
    owned_by(case.study, NOBODY)
    before = folder.stat().st_mode
    folder.chmod(case.chance.choice([0o500, 0o400, 0o000]))
    case.night([FAILED, DONE], user=NOBODY)
    folder.chmod(before)
    case.told = f"{folder.relative_to(case.study)}"
    ending = case.mortals.night(case.study, **case.eve.order, user=NOBODY)
    case.judge_ending(ending, [DONE])


def a_drop_goes_meanwhile(case: Case) -> None:
    drop = case.chance.choice(_fresh(case))
    content = drop.read_bytes()
    # half of a copy is another content, with answers that others of the night correct: another table is right then
    halves = [] if drop.name.startswith("copy") else [content[: len(content) // 2].hex()]
    meddled = case.chance.choice([None, *halves, b"nothing\n".hex(), b"".hex()])
    was = drop.stat()
    case.night([DONE, FAILED], point=case.a_point, meddle=(str(drop), meddled))
    drop.write_bytes(content)
    os.utime(drop, ns=(was.st_atime_ns, was.st_mtime_ns))


def two_at_once(case: Case) -> None:
    order = {"folder": str(case.study), **case.eve.order, "wait": 60}
    seconds = case.chance.uniform(0, 1.0)
    case.told = f"seconds {seconds}"
    killed, waiting = case.mortals.nights({**order, "seconds": seconds}, order)
    case.judge_ending(killed, [KILLED, DONE])
    case.judge_ending(waiting, [DONE])


def a_folder_is_a_file(case: Case) -> None:
    folder = case.study / "drops" / case.chance.choice(["berlin", "ulm", "kiel"])
    aside = folder.rename(folder.with_name(".aside"))
    folder.write_text("no folder")
    case.night([DONE])
    case.told = "meddled with: the other sites are published without it"
    folder.unlink()
    aside.rename(folder)


def behind_a_link(case: Case) -> None:
    folder = case.study / "drops" / case.chance.choice(["berlin", "ulm", "kiel"])
    folder.symlink_to(folder.rename(case.study / "elsewhere"))
    case.night([KILLED, DONE], point=case.a_point)


def clock_set_back(case: Case) -> None:
    """The whole machine's clock, as far as the command can tell: a process of its own, under libfaketime."""
    back = f"-{case.chance.randrange(1, 100)}d"  # further back, the forms' dates are in the future, and rightly held
    case.told = f"clock {back}"
    alliance_etl = str(Path(sys.executable).with_name("alliance-etl"))
    verb = [alliance_etl, "run", "--study", str(case.study), *(["--rebuild"] if case.eve.order["rebuild"] else [])]
    # the source of several_nights.py is known to its own processes only: another night fetches from it
    (case.study / "study.yaml").write_text((case.study / "study.yaml").read_text().replace("mortal://", "file://"))
    environment = {**os.environ, "LD_PRELOAD": str(FAKETIME), "FAKETIME": back, "NO_COLOR": "1"}
    ended = subprocess.run(verb, env=environment, capture_output=True, text=True, check=False)
    case.judge_ending(Ending(ended.returncode, [], ended.stderr, 0), [DONE])
    shutil.copy2(case.eve.folder / "study.yaml", case.study / "study.yaml")


@contextmanager
def _small_disk(case: Case, limit: str) -> Iterator[None]:
    """The study on a disk of its own, of some size; afterwards it stands where it stood."""
    case.told, disk = limit, case.study.with_name(f"{case.study.name} disk")
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", limit, "tmpfs", str(disk)], check=True)
    stands = case.study
    try:
        case.study = case.mortals.copy(stands, disk / "study")
        yield
        shutil.rmtree(stands)
        shutil.copytree(case.study, stands, symlinks=True)
    finally:
        case.study = stands
        subprocess.run(["umount", str(disk)], check=True)


def _size(folder: Path) -> int:
    """Bytes that a folder takes on a tmpfs, which counts whole pages."""
    page = 4096
    return sum(-(-path.lstat().st_size // page) * page for path in folder.rglob("*") if path.is_file()) + 8 * page


def _fresh(case: Case) -> list[Path]:
    """Drops of this night, those apart after which others of the night come that speak of the same forms."""
    return [case.study / "drops" / place for place in case.eve.alone if (case.study / "drops" / place).exists()]


FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
"""Debian's libfaketime, where it is installed."""

Trouble = Callable[[Case], None]
KILLS: tuple[Trouble, ...] = (
    killed_at_a_step, killed_at_a_step, killed_at_some_moment, a_worker_killed, killed_with_workers, killed_twice,
    terminated, interrupted,
)  # fmt: skip
FAILURES: tuple[Trouble, ...] = (
    a_step_fails, out_of_memory_at_a_step, little_memory, short_files_only,
    *((full_disk, no_inodes, no_permission) if os.geteuid() == 0 else ()),  # small disks and taken rights need root
    a_drop_goes_meanwhile, two_at_once, a_folder_is_a_file, behind_a_link, *([clock_set_back] if FAKETIME else []),
)  # fmt: skip
# After these a file may have been taken in, or not, in another order than it was dropped, or twice.
_OTHER_DROPS = {a_drop_goes_meanwhile}
_NUMBERS = ("scores", "alliance")
_APART: dict[Trouble, tuple[str, ...]] = {
    a_drop_goes_meanwhile: ("tables", "received", "parquet", "receipts", "state"),
    # a site's drops may have been received later than another's, which shows in the order of rows
    a_folder_is_a_file: ("parquet",),
    no_permission: ("parquet", "state"),
    clock_set_back: ("received", "parquet", "receipts", "state"),
}
# One that is done again finds the night's new drops among the old ones, in files cut in another way.
_OF_A_REBUILD = {"parquet", "state"}


def befall(trouble: Trouble, chance: random.Random, mortals: Mortals, eves: Sequence[Eve]) -> Case:
    """Let a trouble befall one of the nights, and judge what comes of it, a reader looking on meanwhile."""
    number = chance.randrange(len(eves))
    case = Case(chance, mortals, eves[number], eves[number + 1 :], mortals.copy(eves[number].folder))
    database = case.study / "warehouse" / "alliance.duckdb"
    if database.exists() and chance.random() < 0.3:
        with reader(database) as looking:
            at_first = ask(looking)
            _befall(trouble, case)
            if ask(looking) != at_first:
                case.faults.append("the open reader sees something else")
    else:
        _befall(trouble, case)
    if not case.faults:
        shutil.rmtree(case.study)
    return case


def _befall(trouble: Trouble, case: Case) -> None:
    trouble(case)
    _judge_at_once(case)
    ending = case.mortals.night(case.study, **case.eve.order)
    case.judge_ending(ending, [DONE])
    if case.faults:
        return
    if trouble in _OTHER_DROPS:
        told, due = published(case.study, _NUMBERS), {name: case.eve.after.tables[name] for name in _NUMBERS}
        case.faults += [f"other {name}" for name in _NUMBERS if told[name] != due[name]]
        # what stood in the file for a moment may have been received, too
        lacking = set(case.eve.after.received) - set(seen(case.study).received)
        case.faults += [f"{len(lacking)} drops were not received when they were due"] if lacking else []
    apart = set(_APART.get(trouble, ())) | (_OF_A_REBUILD if case.eve.order["rebuild"] else set())
    case.faults += seen(case.study).differences(case.eve.after, apart)
    case.faults += [f"a draft is left: {path.name}" for path in case.study.rglob("*.tmp")]
    if not apart and case.later and case.chance.random() < 0.2:
        _go_on(case)


def _judge_at_once(case: Case) -> None:
    """What holds between the trouble and the next night: an old publication or the new one opens, nobody is exposed."""
    state = case.study / ".state"
    if case.eve.before is not None or (case.study / "warehouse" / "alliance.duckdb").exists():
        opens(case.study)
        tables = published(case.study, EVERYTHING)
        stands = [each for each in (case.eve.before, case.eve.after) if each and each.tables == tables]
        if not stands and case.told.find("meddle") < 0:
            case.faults.append("another publication than the last one or the next")
    case.faults += [f"an id stands in {path}" for path in exposed(state, case.study / "warehouse", case.mortals.temp)]
    if state.exists() and state.stat().st_mode & 0o777 != 0o700:
        case.faults.append(f".state is open: {state.stat().st_mode:o}")
    left = list(case.mortals.temp.iterdir())
    case.faults += [f"left in the folder for temporary files: {path.name}" for path in left]
    for path in left:
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _go_on(case: Case) -> None:
    """The nights that follow end as in the undisturbed study, too."""
    for eve in case.later:
        lay_out(eve, case.study)
        case.judge_ending(case.mortals.night(case.study, **eve.order), [DONE])
        case.faults += [f"{eve.name}: {told}" for told in seen(case.study).differences(eve.after)]
