"""The book of contacts: when each site's remote source was last asked and reached, and since when it fails."""

import sqlite3
from datetime import UTC, datetime

from alliance_etl.state.entries import Contact

SCHEMA = """
CREATE TABLE IF NOT EXISTS contacts (
  site TEXT PRIMARY KEY, asked_at TEXT NOT NULL, reached_at TEXT, failing_since TEXT, trouble TEXT
);
"""


class BookOfContacts:
    """The book in an open ledger. What is written belongs inside the ledger's transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def last(self) -> dict[str, Contact]:
        """Site → the last contact with its remote source."""
        rows = self._connection.execute("SELECT * FROM contacts")
        return {
            row["site"]: Contact(
                row["site"],
                datetime.fromisoformat(row["asked_at"]),
                _time(row["reached_at"]),
                _time(row["failing_since"]),
                row["trouble"],
            )
            for row in rows
        }

    def enter(self, site: str, at: datetime, trouble: str | None) -> None:
        """A remote source was asked, and it answered, or failed in these words."""
        self._connection.execute(
            "INSERT INTO contacts VALUES (?1, ?2, iif(?3 IS NULL, ?2, NULL), iif(?3 IS NULL, NULL, ?2), ?3) "
            "ON CONFLICT (site) DO UPDATE SET asked_at = ?2, trouble = ?3, "
            "reached_at = iif(?3 IS NULL, ?2, reached_at), "
            "failing_since = iif(?3 IS NULL, NULL, coalesce(failing_since, ?2))",
            (site, at.astimezone(UTC).isoformat(), trouble),
        )


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
