"""The audit trail: who did what, when, to which drop, form or publication, under which configuration.

A table of the ledger, written in the transaction of the action that it tells. It can only be added to: triggers refuse
everything else, and each row carries the SHA-256 over the row before it and its own content, so that a row that was
altered, taken out or put in breaks the chain. What belongs in it are counts, states, ids of drops and forms and names
of keys; never a person's id or answer.
"""

import getpass
import hashlib
import json
import os
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, get_args

from alliance_etl.state.audit_rows import Action, AuditRow, Break

SCHEMA = """
CREATE TABLE IF NOT EXISTS audit (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, action TEXT NOT NULL, who TEXT NOT NULL, how TEXT NOT NULL,
  run_id TEXT, night INTEGER, site TEXT, drop_id TEXT, form_id TEXT, about TEXT, told TEXT NOT NULL,
  configuration TEXT, registry TEXT, version TEXT NOT NULL, chain TEXT NOT NULL
);
CREATE TRIGGER IF NOT EXISTS audit_stays BEFORE UPDATE ON audit
  BEGIN SELECT RAISE(ABORT, 'the audit trail can only be added to'); END;
CREATE TRIGGER IF NOT EXISTS audit_remains BEFORE DELETE ON audit
  BEGIN SELECT RAISE(ABORT, 'the audit trail can only be added to'); END;
CREATE TRIGGER IF NOT EXISTS audit_goes_on BEFORE INSERT ON audit
  WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM audit)
  BEGIN SELECT RAISE(ABORT, 'the audit trail can only be added to, at its end'); END;
"""

_CONTENT = (
    *("seq", "at", "action", "who", "how", "run_id", "night", "site", "drop_id", "form_id", "about", "told"),
    *("configuration", "registry", "version"),
)


@dataclass(frozen=True)
class Actor:
    """Who is at work: the user of the operating system, how the work was started, and Dagster's name for its run."""

    how: str = "command line"
    run_id: str | None = None
    who: str = field(default_factory=lambda: _user())


@dataclass(frozen=True)
class Rules:
    """The hashes of what is in force: `configuration` as in the table meta, `registry` of all instruments."""

    configuration: str | None = None
    registry: str | None = None


class AuditTrail:
    """The trail in an open ledger. What is entered belongs inside the ledger's transaction of the action itself."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.actor = Actor()
        self.rules = Rules()
        self.night: int | None = None

    def enter(
        self,
        action: Action,
        *,
        site: str | None = None,
        drop_id: str | None = None,
        form_id: str | None = None,
        about: str | None = None,
        **told: Any,
    ) -> int:
        """Add a row at the end, now; its number."""
        seq, before = self.head()
        content = {
            "seq": seq + 1,
            "at": datetime.now(UTC).isoformat(),
            "action": action,
            "who": self.actor.who,
            "how": self.actor.how,
            "run_id": self.actor.run_id,
            "night": self.night,
            "site": site,
            "drop_id": drop_id,
            "form_id": form_id,
            "about": about,
            "told": json.dumps(told, ensure_ascii=False, sort_keys=True),
            "configuration": self.rules.configuration,
            "registry": self.rules.registry,
            "version": _version(),
        }
        marks = ",".join("?" * (len(_CONTENT) + 1))
        values = (*(content[name] for name in _CONTENT), chained(before, content))
        self._connection.execute(f"INSERT INTO audit ({', '.join(_CONTENT)}, chain) VALUES ({marks})", values)
        return seq + 1

    def head(self) -> tuple[int, str]:
        """Number and chain of the last row; (0, '') where there is none."""
        row = self._connection.execute("SELECT seq, chain FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
        return (row["seq"], row["chain"]) if row else (0, "")

    def begin(self) -> None:
        """Make the first row, where there is none: it tells what the ledger held before anybody kept a trail."""
        if self.head()[0]:
            return
        drops, nights = (
            self._connection.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in ("drops", "nights")
        )
        self.enter("trail_begun", drops_before=drops, nights_before=nights)

    def rows(
        self,
        *,
        since: datetime | None = None,
        site: str | None = None,
        actions: Sequence[str] = (),
        drop_id: str | None = None,
        form_id: str | None = None,
        last: int | None = None,
    ) -> list[AuditRow]:
        """The rows that fit, in their order; of those the last so many. Dagster's run is that of the night where the
        row was written before it had a name.
        """
        wanted = [
            ("a.at >= ?", since and since.astimezone(UTC).isoformat()),
            ("a.site = ?", site),
            ("a.drop_id = ?", drop_id),
            ("a.form_id = ?", form_id),
        ]
        where = [term for term, value in wanted if value is not None]
        values: list[Any] = [value for _, value in wanted if value is not None]
        if actions:
            where.append(f"a.action IN ({','.join('?' * len(actions))})")
            values += actions
        found = self._connection.execute(
            "SELECT a.*, coalesce(a.run_id, n.run_id) AS of_run FROM audit a LEFT JOIN nights n ON n.seq = a.night "
            f"WHERE {' AND '.join(where) or 'true'} ORDER BY a.seq DESC LIMIT ?",
            (*values, -1 if last is None else last),
        )
        return [_row(row) for row in reversed(found.fetchall())]

    def first_break(self, anchors: Mapping[str, tuple[int, str]] = {}) -> Break | None:
        """Where the chain breaks first; None where it holds.

        `anchors` are numbers and chains that stand outside the ledger, by where: in publications and releases. They
        show a trail that was cut off at its end, or written anew as a whole.
        """
        before, expected = "", 1
        chains: dict[int, str] = {}
        wanted = {seq for seq, _ in anchors.values()}
        for row in self._connection.execute("SELECT * FROM audit ORDER BY seq"):
            if row["seq"] != expected:
                return Break(expected, f"row {expected} is missing; the next one there is {row['seq']}")
            if row["chain"] != chained(before, {name: row[name] for name in _CONTENT}):
                return Break(expected, f"row {expected} is not as it was written, or the row before it was replaced")
            before, expected = row["chain"], expected + 1
            if row["seq"] in wanted:
                chains[row["seq"]] = before
        for where, (seq, chain) in sorted(anchors.items(), key=lambda anchor: anchor[1][0]):
            if seq >= expected:
                return Break(expected, f"the trail ends at row {expected - 1}, but {where} knows {seq} rows")
            if seq and chains[seq] != chain:
                return Break(seq, f"the trail up to row {seq} is another one than {where} knows")
        return None


def chained(before: str, content: Mapping[str, Any]) -> str:
    """SHA-256 (hex) over the chain of the row before and the content of this one as canonical JSON."""
    text = json.dumps([content[name] for name in _CONTENT], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(f"{before}\n{text}".encode("utf-8", "surrogatepass")).hexdigest()


def actions() -> tuple[str, ...]:
    """The actions that a trail tells of."""
    return get_args(Action)


def _row(row: sqlite3.Row) -> AuditRow:
    plain = dict(row)
    plain["run_id"] = plain.pop("of_run")
    plain["at"] = datetime.fromisoformat(plain["at"])
    plain["told"] = json.loads(plain["told"])
    return AuditRow(**plain)


def _user() -> str:
    """The operating system's user; its number where it has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return f"uid {os.getuid()}"


def _version() -> str:
    return version("alliance-etl")
