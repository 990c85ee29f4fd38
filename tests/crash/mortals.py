"""The other end of mortal_nights.py: orders given, answers read; and a reader that keeps a database open meanwhile."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ending:
    """How a night ended: exit status, the points that it passed, why it failed, processes that outlived it; `hung`: it
    stood still, and was killed.
    """

    status: int
    points: list[str]
    error: str | None
    left: int
    hung: bool = False


@dataclass
class Mortals:
    """The process of mortal_nights.py, and a folder for the studies that it runs; `temp` is where its nights put what
    they call temporary.
    """

    orders: IO[str]
    answers: IO[str]
    folder: Path
    temp: Path
    count: int = 0

    def night(self, folder: Path, **order: Any) -> Ending:
        """One night; `order` as in mortal_nights.Order."""
        (ending,) = self.nights({"folder": str(folder), **order})
        return ending

    def nights(self, *orders: dict[str, Any]) -> list[Ending]:
        """Several nights at once."""
        self.orders.write(json.dumps(orders) + "\n")
        self.orders.flush()
        return [Ending(**said) for said in json.loads(self.answers.readline())]

    def copy(self, of: Path, to: Path | None = None) -> Path:
        self.count += 1
        return Path(shutil.copytree(of, to or self.folder / f"{self.count}", symlinks=True, dirs_exist_ok=True))


@contextmanager
def mortals(folder: Path, *with_modules: str) -> Iterator[Mortals]:
    """The process, for as long as it is needed; `with_modules` as its main() knows them."""
    temp = folder / "temp"
    temp.mkdir()
    temp.chmod(0o777)
    command = [sys.executable, "-m", "tests.crash.mortal_nights", *with_modules]
    environment = {**os.environ, "TMPDIR": str(temp), "DAGSTER_DISABLE_TELEMETRY": "yes", "TZ": "UTC"}
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdin
        assert process.stdout
        yield Mortals(process.stdin, process.stdout, folder, temp)
        process.stdin.close()


READER = """
import sys, duckdb
with duckdb.connect(sys.argv[1], read_only=sys.argv[2] == "ro") as connection:
    for _ in sys.stdin:
        print(connection.execute("SELECT count(*) FROM forms").fetchone()[0], flush=True)
"""


@contextmanager
def reader(database: Path, access: str = "ro") -> Iterator["subprocess.Popen[str]"]:
    """A process that has a database open, as an analyst does."""
    command = [sys.executable, "-c", READER, str(database), access]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        assert process.stdin
        process.stdin.close()


def ask(process: "subprocess.Popen[str]") -> int:
    """How many forms the reader sees."""
    assert process.stdin
    assert process.stdout
    process.stdin.write("\n")
    process.stdin.flush()
    return int(process.stdout.readline())
