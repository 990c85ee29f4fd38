"""The book of receipts: which are due, what they tell of the publication, and which held rows later drops made good."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from alliance_etl.state.drop_rows import drop_of
from alliance_etl.state.entries import Drop, HeldRow

SCHEMA = """
CREATE TABLE IF NOT EXISTS made_good (seq INTEGER PRIMARY KEY, rows TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS told (seq INTEGER PRIMARY KEY, findings TEXT NOT NULL);
"""


class BookOfReceipts:
    """The book in an open ledger. What is written belongs inside the ledger's transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def due(self, site: str | None = None) -> list[Drop]:
        """The drops whose receipts are not yet written, or written anew, in order of arrival."""
        where, values = ("AND site = ?", (site,)) if site else ("", ())
        rows = self._connection.execute(f"SELECT * FROM drops WHERE receipt_due {where} ORDER BY seq", values)
        return [drop_of(row) for row in rows]

    def written(self, drops: Sequence[Drop]) -> None:
        """Note that these receipts stand as the ledger has them."""
        self._connection.executemany("UPDATE drops SET receipt_due = 0 WHERE seq = ?", [(drop.seq,) for drop in drops])

    def told(self) -> dict[int, list[dict[str, Any]]]:
        """What receipts tell of the publication, by drop: open alerts, and confirmations that wait."""
        rows = self._connection.execute("SELECT * FROM told ORDER BY seq")
        return {row["seq"]: json.loads(row["findings"]) for row in rows}

    def made_good(self) -> dict[int, list[HeldRow]]:
        """By drop the held rows that later drops have made good."""
        rows = self._connection.execute("SELECT * FROM made_good ORDER BY seq")
        return {row["seq"]: [(export, line) for export, line in json.loads(row["rows"])] for row in rows}

    def make_good(self, found: Mapping[int, Sequence[HeldRow]]) -> None:
        """Let just this be made good of these drops, whose receipts are then due."""
        self._note("made_good", found)

    def tell(self, findings: Mapping[int, Sequence[Mapping[str, Any]]]) -> None:
        """Let just this be told of these drops, whose receipts are then due."""
        self._note("told", findings)

    def _note(self, table: str, found: Mapping[int, Sequence[Any]]) -> None:
        for seq, listed in found.items():
            self._connection.execute(f"DELETE FROM {table} WHERE seq = ?", (seq,))
            if listed:
                self._connection.execute(f"INSERT INTO {table} VALUES (?,?)", (seq, json.dumps(list(listed))))
            self._connection.execute("UPDATE drops SET receipt_due = 1 WHERE seq = ?", (seq,))
