"""The book of nights: one entry per run of the nightly job, however it was started and however it ended.

An entry is made when the night opens and completed when it ends, so that a night that was killed is seen, too. All in
it are counts and words that quote nobody. Anybody may read it while a night is at work.
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from alliance_etl.night.reports import CheckResult, Counts, StageCost
from alliance_etl.state.processes import is_gone, this_process

Outcome = Literal["published", "unchanged", "partial", "failed", "broken_off"]
"""`unchanged`: the publication already was what the night would have written; `partial`: only some steps were asked
for, and publication was not; `broken_off`: the run's process ended before the night did.
"""

SCHEMA = """
CREATE TABLE IF NOT EXISTS nights (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, started_at TEXT NOT NULL, ended_at TEXT, started_by TEXT NOT NULL, run_id TEXT,
  process TEXT NOT NULL, rebuild INTEGER NOT NULL, drops_before INTEGER NOT NULL, configuration TEXT, outcome TEXT,
  failure TEXT, publication TEXT, publication_number INTEGER, tables TEXT NOT NULL DEFAULT '{}',
  told TEXT NOT NULL DEFAULT '{}'
);
"""

_BROKEN_OFF = (
    "the run's process ended before the night did (killed, a power failure, or no room on the disk to write how it "
    "ended); what it had taken in stands, and the run after it went on from there"
)


@dataclass(frozen=True)
class InstrumentNight:
    """One site and instrument: forms that are current now, and how many of them this night brought or changed."""

    forms: int = 0
    new: int = 0
    changed: int = 0


@dataclass(frozen=True)
class SiteNight:
    """One site: what the night's own drops brought, and how the site stood at its end.

    `waiting` are held rows that no later drop has made good; `failing` says in words why its files could not be read.
    """

    files: int = 0
    rejected: int = 0
    counts: Counts = field(default_factory=Counts)
    refolded: bool = False
    forms: int = 0
    waiting: int = 0
    alerts: int = 0
    failing: str | None = None
    instruments: Mapping[str, InstrumentNight] = field(default_factory=dict)


@dataclass(frozen=True)
class NightEntry:
    """One night. `outcome` is None while it is at work; `ended_at` is None then, and where it broke off.

    `publication` and `publication_number` name what was public at the night's end, `tables` its rows per table (empty
    where nobody has counted them since the book was begun), `configuration` is the hash that the table meta has.
    """

    seq: int
    started_at: datetime
    ended_at: datetime | None
    started_by: str
    run_id: str | None
    process: str
    rebuild: bool
    drops_before: int
    configuration: str | None
    outcome: Outcome | None = None
    failure: str | None = None
    publication: str | None = None
    publication_number: int | None = None
    tables: Mapping[str, int] = field(default_factory=dict)
    sites: Mapping[str, SiteNight] = field(default_factory=dict)
    checks: tuple[CheckResult, ...] = ()
    stages: Mapping[str, StageCost] = field(default_factory=dict)

    @property
    def seconds(self) -> float | None:
        return (self.ended_at - self.started_at).total_seconds() if self.ended_at else None

    @property
    def forms(self) -> int:
        """Current forms of all sites."""
        return sum(site.forms for site in self.sites.values())

    @property
    def waiting(self) -> int:
        """Held rows of all sites that wait to be mended."""
        return sum(site.waiting for site in self.sites.values())

    def as_dict(self) -> dict[str, Any]:
        """The entry as `status --json` prints it."""
        times = {"started_at": self.started_at.isoformat(), "ended_at": self.ended_at and self.ended_at.isoformat()}
        hidden = {"process", "drops_before"}
        plain = {name: value for name, value in asdict(self).items() if name not in hidden}
        return {**plain, **times, "outcome": self.outcome or "running", "seconds": self.seconds}


class BookOfNights:
    """The book in an open ledger. What is written belongs inside the ledger's transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def nights(self, last: int | None = None) -> list[NightEntry]:
        """The last so many nights (None: all), the newest last."""
        found = self._connection.execute(
            "SELECT * FROM nights ORDER BY seq DESC LIMIT ?", (-1 if last is None else last,)
        )
        return [_entry(row) for row in reversed(found.fetchall())]

    def night(self, seq: int) -> NightEntry:
        return _entry(self._connection.execute("SELECT * FROM nights WHERE seq = ?", (seq,)).fetchone())

    def tables_of(self, publication: str) -> dict[str, int]:
        """The rows of a publication's tables, as the night that wrote it has counted them; empty where none has."""
        row = self._connection.execute(
            "SELECT tables FROM nights WHERE publication = ? AND tables <> '{}' ORDER BY seq DESC LIMIT 1",
            (publication,),
        ).fetchone()
        return dict(json.loads(row["tables"])) if row else {}

    def begin(
        self, *, started_by: str, run_id: str | None, rebuild: bool = False, configuration: str | None = None
    ) -> int:
        """Enter a night that opens now; the number of its entry."""
        entered = self._connection.execute(
            "INSERT INTO nights (started_at, started_by, run_id, process, rebuild, configuration, drops_before) "
            "SELECT ?,?,?,?,?,?, coalesce(max(seq), 0) FROM drops",
            (_now(), started_by, run_id, this_process(), rebuild, configuration),
        )
        return int(entered.lastrowid or 0)

    def tell_broken_off(self) -> None:
        """Close the entries of nights that never ended. Only for who holds the study's lock: no night is at work."""
        self._connection.execute(
            "UPDATE nights SET outcome = 'broken_off', failure = ? WHERE outcome IS NULL", (_BROKEN_OFF,)
        )

    def end(self, entry: NightEntry) -> None:
        """Complete the entry of that number with how the night ended; `ended_at` is now."""
        told = {name: asdict(entry)[name] for name in ("sites", "checks", "stages")}
        self._connection.execute(
            "UPDATE nights SET ended_at = ?, run_id = ?, outcome = ?, failure = ?, publication = ?, "
            "publication_number = ?, tables = ?, told = ? WHERE seq = ?",
            (
                _now(),
                entry.run_id,
                entry.outcome,
                entry.failure,
                entry.publication,
                entry.publication_number,
                json.dumps(dict(entry.tables)),
                json.dumps(told, ensure_ascii=False),
                entry.seq,
            ),
        )


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _entry(row: sqlite3.Row) -> NightEntry:
    plain = dict(row)
    told = json.loads(plain.pop("told"))
    plain["started_at"] = datetime.fromisoformat(row["started_at"])
    plain["ended_at"] = datetime.fromisoformat(row["ended_at"]) if row["ended_at"] else None
    plain["rebuild"] = bool(row["rebuild"])
    plain["tables"] = json.loads(row["tables"])
    if row["outcome"] is None and is_gone(row["process"]):
        plain |= {"outcome": "broken_off", "failure": _BROKEN_OFF}
    return NightEntry(
        **plain,
        sites={name: _site(site) for name, site in told.get("sites", {}).items()},
        checks=tuple(CheckResult(**check) for check in told.get("checks", ())),
        stages={name: StageCost(**cost) for name, cost in told.get("stages", {}).items()},
    )


def _site(told: Mapping[str, Any]) -> SiteNight:
    instruments = {name: InstrumentNight(**forms) for name, forms in told["instruments"].items()}
    return SiteNight(**{**told, "counts": Counts(**told["counts"]), "instruments": instruments})
