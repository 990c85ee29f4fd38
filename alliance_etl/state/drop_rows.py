"""Rows of the ledger's table `drops` as drops: what all books that answer with drops have in common."""

import json
import sqlite3
from datetime import datetime
from functools import lru_cache

from alliance_etl.night.reports import Counts
from alliance_etl.state.entries import Drop


def drop_of(row: sqlite3.Row) -> Drop:
    """A row of the table `drops`."""
    return Drop(
        seq=row["seq"],
        site=row["site"],
        file=row["file"],
        sha256=row["sha256"],
        bytes=row["bytes"],
        received_at=time_of(row["received_at"]),
        status=row["status"],
        counts=_counts(row["counts"]),
        exports=dict(_exports(row["exports"])),
        findings=row["findings"],
        findings_file=row["findings_file"],
        facts=json.loads(row["facts"]),
    )


def time_of(text: str) -> datetime:
    """A time as the ledger has it, ISO 8601."""
    return datetime.fromisoformat(text)


# A night asks for all drops again and again, and thousands of them have a few counts between them.
@lru_cache(maxsize=4096)
def _counts(text: str) -> Counts:
    return Counts(**json.loads(text))


@lru_cache(maxsize=4096)
def _exports(text: str) -> tuple[tuple[str, Counts], ...]:
    return tuple((name, Counts(**counts)) for name, counts in json.loads(text).items())
