"""Files of statistics programs: SPSS (.sav, .zsav), Stata (.dta), SAS (.sas7bdat, .xpt).

What the program's user has declared missing keeps its reason, and values keep their labels. The header counts as line
1, the first case as line 2. The reading itself is alliance_etl.reading.statistics_process.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from alliance_etl.reading.grid import Grid
from alliance_etl.reading.limits import UNLIMITED, Limits
from alliance_etl.reading.model import Unreadable
from alliance_etl.reading.opened import Typed
from alliance_etl.reading.statistics_process import READ, TOO_LARGE

MOST_SECONDS = 600
"""A damaged file may also never end."""


def open_statistics(path: Path, kind: str, limits: Limits = UNLIMITED) -> Grid:
    """All columns of the file. Raises Unreadable (not_text: damaged; too_large)."""
    told = _read(path, kind, limits)
    columns = tuple(told["columns"])
    facts = {"format": kind, "encoding": told["encoding"], "header_line": 1, "columns": len(columns)}
    missing = {text: (code, reason) for text, (code, reason) in told["missing"].items()}
    typed = Typed(missing, told["labels"])
    return Grid(columns, 1, told["rows"], typed, {key: fact for key, fact in facts.items() if fact is not None})


def _read(path: Path, kind: str, limits: Limits) -> dict[str, Any]:
    """What the other process tells. Where it ends before pyreadstat has read the file, the file is damaged.

    The other process looks first how many cells there are, and gets memory for as many as are allowed: a compressed
    file may unpack to anything, and its header may say anything.

    Both processes know the files by their descriptors: a packed file has no name, and what is told has none either, so
    that nothing of it stays behind.
    """
    with tempfile.TemporaryFile() as told, path.open("rb") as file:
        descriptors = [file.fileno(), told.fileno()]
        source, target = (f"/dev/fd/{number}" for number in descriptors)
        command = [sys.executable, "-m", "alliance_etl.reading.statistics_process", source, kind, target]
        command += [str(limits.cells), str(limits.columns)]
        try:
            done = subprocess.run(
                command,
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=descriptors,
                timeout=MOST_SECONDS,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )
        except subprocess.TimeoutExpired:
            raise Unreadable("not_text", {"kind": f"a damaged {kind}"}) from None
        first, _, document = told.read().partition(b"\n")
    if first.decode() == TOO_LARGE:
        limits.refuse_cells(*json.loads(document))
    if first.decode() != READ:
        raise Unreadable("not_text", {"kind": f"a damaged {kind}"})
    if done.returncode:
        raise RuntimeError(f"a {kind} was read, but not told: status {done.returncode}")
    answer: dict[str, Any] = json.loads(document)
    return answer
