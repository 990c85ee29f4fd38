"""The command line: one small module per verb, each of which loads late what it needs."""

import atexit
import gc
import os
import sys
from typing import NoReturn


def main() -> NoReturn:
    """The entry point of `alliance-etl`."""
    # Modules and models are hundreds of thousands of objects that stay: looking through them again and again for
    # garbage takes a tenth of a run.
    gc.set_threshold(200_000, 20, 20)

    from alliance_etl.cli.app import app

    try:
        app(prog_name="alliance-etl")
    except SystemExit as end:
        if isinstance(end.code, int | None):
            _leave(end.code or 0)
        raise
    _leave(0)


def _leave(status: int) -> NoReturn:
    """End with this status, whatever native libraries do when they are taken down: threads of pyarrow's that still
    live then can abort a process that has done all its work (apache/arrow issue 39862).
    """
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:  # whoever read the output has gone
        pass
    os._exit(status)
