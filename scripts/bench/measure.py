"""Run a process and say what it cost: wall time, processor time and peak memory of the whole process.

Only the standard library here: a process inherits its parent's high-water mark, so whoever measures has to stay small.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

_SAMPLED_EVERY = 0.05  # seconds
KIB_PER_UNIT = 1 / 1024 if sys.platform == "darwin" else 1  # ru_maxrss: bytes on macOS, KiB elsewhere


@dataclass(frozen=True)
class Cost:
    """What a process cost, and what it said."""

    seconds: float
    cpu_seconds: float
    peak_mb: float
    stdout: str


class Failed(Exception):
    """A measured process ended with another status than 0; the text ends with what it said last."""


def measure(command: list[str]) -> Cost:
    """Run to the end; cpu_seconds and peak_mb (MiB) are of all its processes together.

    What they hold together is sampled where Linux tells it; elsewhere, and where one process alone has held more
    between two samples, peak_mb is the largest resident size of any one.
    """
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as complained:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=said, stderr=complained)
        sampler = _Sampler(process.pid)
        sampler.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        sampler.ended.set()
        sampler.join()
        process.returncode = os.waitstatus_to_exitcode(status)  # wait4 has taken it: Popen must not wait again
        complained.seek(0)
        if process.returncode:
            raise Failed(f"{' '.join(command[:6])} ended with {process.returncode}\n{complained.read()[-3000:]}")
        said.seek(0)
        return Cost(
            seconds,
            usage.ru_utime + usage.ru_stime,
            max(usage.ru_maxrss * KIB_PER_UNIT / 1024, sampler.peak_mb),
            said.read(),
        )


class _Sampler(threading.Thread):
    """Looks at the resident size of a process and its descendants, pages that they share counted for each."""

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self.process, self.peak_mb, self.ended = process, 0.0, threading.Event()

    def run(self) -> None:
        while not self.ended.wait(_SAMPLED_EVERY):
            self.peak_mb = max(self.peak_mb, sum(map(_resident_mb, _family(self.process))))


def _family(process: int) -> list[int]:
    found = [process]
    for member in found:
        for children in Path(f"/proc/{member}/task").glob("*/children"):
            try:
                found += map(int, children.read_text().split())
            except OSError:  # ended since it was listed
                continue
    return found


def _resident_mb(process: int) -> float:
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except OSError:  # ended, or not Linux
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def warm(folder: Path) -> int:
    """Read every file once, so that the first process measured does not pay for the disk; return their bytes."""
    total = 0
    for file in folder.glob("**/*.csv"):
        with file.open("rb") as source:
            while chunk := source.read(1 << 22):
                total += len(chunk)
    return total
