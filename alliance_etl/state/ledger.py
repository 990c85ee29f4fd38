"""The ledger: every dropped file by content hash, what became of its rows, and which files below .state/ are current.

SQLite, one transaction per drop (or per site, when a site is taken in anew): after a kill the ledger is either before
or after it.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC
from functools import cached_property
from pathlib import Path
from typing import Self

from alliance_etl.errors import ConfigurationError
from alliance_etl.night.reports import DropReport
from alliance_etl.state import audit, contacts, lookalikes, nights, receipts
from alliance_etl.state import notices as told_notices
from alliance_etl.state.drop_rows import drop_of, time_of
from alliance_etl.state.entries import Confirmation, Drop, DroppedAnswer, Segment
from alliance_etl.state.layout import Layout
from alliance_etl.state.versions import refuse_newer

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS sites (site TEXT PRIMARY KEY, fingerprint TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS drops (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, site TEXT NOT NULL, file TEXT NOT NULL, sha256 TEXT NOT NULL,
  bytes INTEGER NOT NULL, received_at TEXT NOT NULL, status TEXT NOT NULL, counts TEXT NOT NULL, exports TEXT NOT NULL,
  findings INTEGER NOT NULL, findings_file TEXT, facts TEXT NOT NULL, receipt_due INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX IF NOT EXISTS drops_by_content ON drops (sha256, site);
CREATE TABLE IF NOT EXISTS seen (
  site TEXT NOT NULL, file TEXT NOT NULL, bytes INTEGER NOT NULL, modified INTEGER NOT NULL, sha256 TEXT NOT NULL,
  PRIMARY KEY (site, file)
);
CREATE TABLE IF NOT EXISTS segments (
  path TEXT PRIMARY KEY, site TEXT NOT NULL, instrument TEXT NOT NULL, kind TEXT NOT NULL, rows INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS checked (file TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS confirmations (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, alert_id TEXT NOT NULL, form_id TEXT NOT NULL, site TEXT NOT NULL,
  code TEXT NOT NULL, rule_version INTEGER NOT NULL, fingerprint TEXT NOT NULL, confirmed_by TEXT NOT NULL,
  confirmed_at TEXT NOT NULL, reason TEXT NOT NULL, how TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS answers (
  seq INTEGER NOT NULL, line INTEGER NOT NULL, alert_id TEXT NOT NULL, mark TEXT NOT NULL, sealed BLOB NOT NULL,
  PRIMARY KEY (seq, line)
);
"""


class Ledger:
    """The open ledger of a study. Every write belongs inside `transaction()`."""

    def __init__(self, path: Path) -> None:
        fresh = not path.exists()
        self.connection = sqlite3.connect(path, isolation_level=None, timeout=60)
        self.connection.row_factory = sqlite3.Row
        if fresh and path.name != ":memory:":
            path.chmod(0o600)
        refuse_newer(self.connection, path)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = FULL")
        self.connection.executescript(
            _SCHEMA + "".join(book.SCHEMA for book in (contacts, nights, told_notices, audit, lookalikes, receipts))
        )

    @classmethod
    def in_memory(cls, original: sqlite3.Connection) -> Self:
        """A copy in memory, as the original is now; what is written to it goes nowhere."""
        copy = cls(Path(":memory:"))
        original.backup(copy.connection)
        refuse_newer(copy.connection, Path("ledger.sqlite"))
        return copy

    def close(self) -> None:
        self.connection.close()

    @cached_property
    def book(self) -> nights.BookOfNights:
        """The book of nights."""
        return nights.BookOfNights(self.connection)

    @cached_property
    def contacts(self) -> contacts.BookOfContacts:
        """When remote sources were asked, and what they answered."""
        return contacts.BookOfContacts(self.connection)

    @cached_property
    def lookalikes(self) -> lookalikes.BookOfLookalikes:
        """Which pseudonyms stand for ids that look like others."""
        return lookalikes.BookOfLookalikes(self.connection)

    @cached_property
    def notices(self) -> told_notices.BookOfNotices:
        """What notices have told."""
        return told_notices.BookOfNotices(self.connection)

    @cached_property
    def receipts(self) -> receipts.BookOfReceipts:
        """Which receipts are due, and what they tell beside their drops' own findings."""
        return receipts.BookOfReceipts(self.connection)

    def nights(self, last: int | None = None) -> list[nights.NightEntry]:
        """The last so many nights (None: all), the newest last."""
        return self.book.nights(last)

    @cached_property
    def trail(self) -> audit.AuditTrail:
        """The audit trail."""
        return audit.AuditTrail(self.connection)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or none of it."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def meta(self, key: str) -> str | None:
        row = self.connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return row["value"] if row else None

    def set_meta(self, key: str, value: str) -> None:
        self.connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def fingerprint(self, site: str) -> str | None:
        row = self.connection.execute("SELECT fingerprint FROM sites WHERE site = ?", (site,)).fetchone()
        return row["fingerprint"] if row else None

    def set_fingerprint(self, site: str, fingerprint: str) -> None:
        self.connection.execute("INSERT OR REPLACE INTO sites VALUES (?, ?)", (site, fingerprint))

    def drops(self, site: str | None = None) -> list[Drop]:
        """The drops in order of arrival."""
        where, values = ("WHERE site = ?", (site,)) if site else ("", ())
        return self._drops(where, values)

    def now(self, reports: Iterable[DropReport]) -> list[DropReport]:
        """The reports as the ledger has them now: what came later may have told something of an earlier drop."""
        found = []
        for report in reports:
            row = self.connection.execute("SELECT * FROM drops WHERE seq = ?", (report.seq,)).fetchone()
            found.append(drop_of(row).report() if row else report)
        return found

    def from_elsewhere(self, sha256: str, site: str) -> list[Drop]:
        """The drops of exactly this content that other sites have sent."""
        return self._drops("WHERE sha256 = ? AND site <> ?", (sha256, site))

    def of_content(self, sha256: str, site: str) -> list[Drop]:
        """The drops of exactly this content that a site has sent."""
        return self._drops("WHERE sha256 = ? AND site = ?", (sha256, site))

    def enter(self, drop: Drop) -> Drop:
        """Enter a drop, or enter it anew under its own number; its receipt is then due."""
        values = (
            drop.seq or None,
            drop.site,
            drop.file,
            drop.sha256,
            drop.bytes,
            drop.received_at.astimezone(UTC).isoformat(),
            drop.status,
            json.dumps(asdict(drop.counts)),
            json.dumps({name: asdict(counts) for name, counts in drop.exports.items()}),
            drop.findings,
            drop.findings_file,
            json.dumps(drop.facts),
        )
        cursor = self.connection.execute("INSERT OR REPLACE INTO drops VALUES (?,?,?,?,?,?,?,?,?,?,?,?,1)", values)
        entered = replace(drop, seq=int(cursor.lastrowid or drop.seq))
        if drop.answers is not None:
            self.connection.execute("DELETE FROM answers WHERE seq = ?", (entered.seq,))
            rows = [(entered.seq, a.line, a.alert_id, a.mark, a.sealed) for a in drop.answers]
            self.connection.executemany("INSERT INTO answers VALUES (?,?,?,?,?)", rows)
        return entered

    def answers(self, drop: Drop) -> tuple[DroppedAnswer, ...]:
        """The alerts that a drop confirms."""
        if drop.answers is not None:
            return drop.answers
        rows = self.connection.execute("SELECT * FROM answers WHERE seq = ? ORDER BY line", (drop.seq,))
        return tuple(DroppedAnswer(row["line"], row["alert_id"], row["mark"], row["sealed"]) for row in rows)

    def answering(self) -> list[Drop]:
        """The drops that confirm alerts, in order of arrival."""
        return self._drops("WHERE seq IN (SELECT seq FROM answers)")

    def _drops(self, where: str, values: Sequence[str] = ()) -> list[Drop]:
        rows = self.connection.execute(f"SELECT * FROM drops {where} ORDER BY seq", values)
        return [drop_of(row) for row in rows]

    def seen(self, site: str) -> dict[str, tuple[int, int, str]]:
        """File name → size, time of modification (ns) and content hash when it was last looked at."""
        rows = self.connection.execute("SELECT * FROM seen WHERE site = ?", (site,))
        return {row["file"]: (row["bytes"], row["modified"], row["sha256"]) for row in rows}

    def see(self, site: str, file: str, size: int, modified: int, sha256: str) -> None:
        self.connection.execute("INSERT OR REPLACE INTO seen VALUES (?,?,?,?,?)", (site, file, size, modified, sha256))

    def is_checked(self, file: str) -> bool:
        """Whether a scored file of that (unique) name has kept its contract."""
        return self.connection.execute("SELECT 1 FROM checked WHERE file = ?", (file,)).fetchone() is not None

    def set_checked(self, files: Sequence[str]) -> None:
        self.connection.executemany("INSERT OR REPLACE INTO checked VALUES (?)", [(file,) for file in files])

    def segments(
        self, site: str | None = None, instrument: str | None = None, kind: str | None = None
    ) -> list[Segment]:
        """The files of forms in the order in which they were entered, which is that of what is published of them."""
        rows = self.connection.execute(
            "SELECT * FROM segments WHERE (?1 IS NULL OR site = ?1) AND (?2 IS NULL OR instrument = ?2) "
            "AND (?3 IS NULL OR kind = ?3) ORDER BY instrument, site, rowid",
            (site, instrument, kind),
        )
        return [Segment(**dict(row)) for row in rows]

    def confirmations(self) -> list[Confirmation]:
        """All confirmations ever given, in the order in which they were."""
        rows = self.connection.execute("SELECT * FROM confirmations ORDER BY seq")
        return [_confirmation(row) for row in rows]

    def confirm(self, confirmations: Sequence[Confirmation]) -> None:
        """Append; nothing takes a confirmation back."""
        values = [
            tuple({**asdict(c), "confirmed_at": c.confirmed_at.astimezone(UTC).isoformat()}.values())
            for c in confirmations
        ]
        self.connection.executemany("INSERT INTO confirmations VALUES (NULL,?,?,?,?,?,?,?,?,?,?)", values)

    def replace_segments(self, gone: Sequence[Segment], come: Sequence[Segment]) -> None:
        self.connection.executemany("DELETE FROM segments WHERE path = ?", [(segment.path,) for segment in gone])
        self.connection.executemany(
            "INSERT INTO segments VALUES (?,?,?,?,?)", [(s.path, s.site, s.instrument, s.kind, s.rows) for s in come]
        )


def existing_ledger(layout: Layout) -> Ledger:
    """The ledger of a study in which something has run. ConfigurationError where nothing has."""
    if not layout.ledger.exists():
        raise ConfigurationError("nothing has run in this study yet; run: alliance-etl run")
    return Ledger(layout.ledger)


def _confirmation(row: sqlite3.Row) -> Confirmation:
    told = {key: value for key, value in dict(row).items() if key != "seq"}
    return Confirmation(**{**told, "confirmed_at": time_of(row["confirmed_at"])})
