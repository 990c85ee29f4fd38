"""What each notice has told, so that it tells only news; and which notices cannot be sent, since when and why."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

SCHEMA = """
CREATE TABLE IF NOT EXISTS told_things (
  notice TEXT NOT NULL, thing TEXT NOT NULL, state TEXT NOT NULL, amounts TEXT NOT NULL, told_at TEXT NOT NULL,
  PRIMARY KEY (notice, thing)
);
CREATE TABLE IF NOT EXISTS sent_notices (
  notice TEXT PRIMARY KEY, tried_at TEXT NOT NULL, sent_at TEXT, failing_since TEXT, trouble TEXT
);
"""


@dataclass(frozen=True)
class ToldThing:
    """A thing to do as a notice has told it last."""

    thing: str
    state: str
    amounts: tuple[int, ...]
    told_at: datetime


@dataclass(frozen=True)
class Sent:
    """When a notice was last tried and last sent; and since when, and why, it cannot be sent, if it cannot."""

    notice: str
    tried_at: datetime
    sent_at: datetime | None
    failing_since: datetime | None
    trouble: str | None


class BookOfNotices:
    """That part of an open ledger. What is written belongs inside the ledger's transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def told(self, notice: str) -> dict[str, ToldThing]:
        """What a notice has told and not yet told to be over."""
        rows = self._connection.execute("SELECT * FROM told_things WHERE notice = ?", (notice,))
        return {
            row["thing"]: ToldThing(
                row["thing"], row["state"], tuple(json.loads(row["amounts"])), datetime.fromisoformat(row["told_at"])
            )
            for row in rows
        }

    def set_told(self, notice: str, things: Iterable[ToldThing]) -> None:
        """Let just these be told by a notice."""
        self._connection.execute("DELETE FROM told_things WHERE notice = ?", (notice,))
        self._connection.executemany(
            "INSERT INTO told_things VALUES (?,?,?,?,?)",
            [(notice, t.thing, t.state, json.dumps(t.amounts), t.told_at.isoformat()) for t in things],
        )

    def sent(self) -> dict[str, Sent]:
        """Notice → how it was sent last."""
        rows = self._connection.execute("SELECT * FROM sent_notices")
        return {row["notice"]: _sent(row) for row in rows}

    def set_sent(self, notice: str, at: datetime, trouble: str | None) -> None:
        """A notice was sent, or could not be, for that reason."""
        self._connection.execute(
            "INSERT INTO sent_notices VALUES (?1, ?2, iif(?3 IS NULL, ?2, NULL), iif(?3 IS NULL, NULL, ?2), ?3) "
            "ON CONFLICT (notice) DO UPDATE SET tried_at = ?2, trouble = ?3, "
            "sent_at = iif(?3 IS NULL, ?2, sent_at), "
            "failing_since = iif(?3 IS NULL, NULL, coalesce(failing_since, ?2))",
            (notice, at.isoformat(), trouble),
        )


def _sent(row: sqlite3.Row) -> Sent:
    sent_at, failing_since = (
        datetime.fromisoformat(row[name]) if row[name] else None for name in ("sent_at", "failing_since")
    )
    return Sent(row["notice"], datetime.fromisoformat(row["tried_at"]), sent_at, failing_since, row["trouble"])
