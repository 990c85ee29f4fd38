"""The book of lookalikes: which pseudonyms stand for ids with characters that look like others'.

The twin is the pseudonym of the same id in plain characters, whether or not anybody has it. No id is kept.
"""

import sqlite3
from collections.abc import Iterable

from alliance_etl.intake.identity import Lookalike

SCHEMA = """
CREATE TABLE IF NOT EXISTS lookalikes (
  site TEXT NOT NULL, kind TEXT NOT NULL, pseudonym TEXT NOT NULL, twin TEXT NOT NULL, PRIMARY KEY (site, pseudonym)
);
"""


class BookOfLookalikes:
    """The book in an open ledger. What is written belongs inside the ledger's transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def of(self, site: str) -> list[Lookalike]:
        """Those that were ever met in a file of the site, in a fixed order."""
        rows = self._connection.execute(
            "SELECT kind, pseudonym, twin FROM lookalikes WHERE site = ? ORDER BY kind, pseudonym", (site,)
        )
        return [Lookalike(row["kind"], row["pseudonym"], row["twin"]) for row in rows]

    def enter(self, site: str, found: Iterable[Lookalike]) -> None:
        """Keep those that a file holds."""
        rows = ((site, each.kind, each.pseudonym, each.twin) for each in found)
        self._connection.executemany("INSERT OR IGNORE INTO lookalikes VALUES (?, ?, ?, ?)", rows)
