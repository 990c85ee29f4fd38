"""What a disk that is full, or must not be written, is called by those who write: told in one way, as RunFailed."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import polars as pl

from alliance_etl.errors import RunFailed

# polars knows no error of its own for a disk that is full while Parquet is written.
_POLARS_WORDS = "underlying IO error: "


@contextmanager
def trouble_with_disk_told(place: Path) -> Iterator[None]:
    """Raise RunFailed for an error of the disk below; `place` is named where the error names no file."""
    try:
        yield
    except OSError as trouble:
        raise _failed(trouble.filename or place, trouble.strerror or type(trouble).__name__) from trouble
    except sqlite3.OperationalError as trouble:
        raise _failed(place, str(trouble)) from trouble
    except (duckdb.IOException, duckdb.TransactionException, duckdb.FatalException) as trouble:
        raise _failed(place, str(trouble)) from trouble
    except pl.exceptions.ComputeError as trouble:
        _, found, reason = str(trouble).partition(_POLARS_WORDS)
        if not found:
            raise
        raise _failed(place, reason) from trouble


def _failed(place: Path | str, reason: str) -> RunFailed:
    return RunFailed(
        f"{place} cannot be read or written: {reason}. Make room, or give this user the right to write there, and run "
        "again; what was published before still stands"
    )
