"""Run a process and say what it cost: wall time, processor time and peak memory of the whole process.

Only the standard library here: a process inherits its parent's high-water mark, so whoever measures has to stay small.
"""

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

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
    """Run to the end; cpu_seconds is of all its processes, peak_mb the largest resident size of any one, in MiB."""
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as complained:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=said, stderr=complained)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)  # wait4 has taken it: Popen must not wait again
        complained.seek(0)
        if process.returncode:
            raise Failed(f"{' '.join(command[:6])} ended with {process.returncode}\n{complained.read()[-3000:]}")
        said.seek(0)
        return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * KIB_PER_UNIT / 1024, said.read())


def warm(folder: Path) -> int:
    """Read every file once, so that the first process measured does not pay for the disk; return their bytes."""
    total = 0
    for file in folder.glob("**/*.csv"):
        with file.open("rb") as source:
            while chunk := source.read(1 << 22):
                total += len(chunk)
    return total
