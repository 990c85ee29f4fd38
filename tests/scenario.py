"""A study in words: its folder, what its sites drop, a night, and what that left behind.

The instrument `pocket` has three items, answered from 1 to 5, the last reversed: rows stay short enough to be read.
What belongs here is what several tests say; what one test says stands in that test.
"""

import csv
import json
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from alliance_etl.instruments.registry import Registry, load_registry
from alliance_etl.night.night import Night, open_night
from alliance_etl.night.promises import Promises
from alliance_etl.night.reports import CheckResult, DropReport, PublicationReport, SiteReport
from alliance_etl.study.against import check_against
from alliance_etl.study.load import load_study
from schemas.promises import promises

POCKET: dict[str, Any] = {
    "id": "pocket",
    "family": "POCKET",
    "name": "three items for tests",
    "status": "built_in",
    "rater_roles": ["client", "therapist", "observer"],
    "n_items": 3,
    "response": {"min": 1, "max": 5, "step": 1},
    "reversed_items": [3],
    "scales": {"goal": {"items": [1]}, "task": {"items": [2]}, "bond": {"items": [3]}, "total": {"items": [1, 2, 3]}},
    "mapping": [
        *({"component": name, "scales": [name], "grade": "A"} for name in ("goal", "task", "bond")),
        {"component": "overall", "scales": ["total"], "grade": "C"},
    ],
}

EXPORT: dict[str, Any] = {
    "files": "*.csv",
    "instrument": "pocket",
    "participant": "client",
    "session": "session",
    "items": "q{n}",
}
HEADER = "client,session,q1,q2,q3"

# The contract's tables; `meta` tells when and by what, and is no part of what must be equal.
TABLES = (
    "forms",
    "responses",
    "scores",
    "alliance",
    "alliance_wide",
    "drops",
    "findings",
    "revisions",
    "instruments",
    "items",
    "scales",
    "mapping",
    "codebook",
)
FITNESS_TABLES = ("fitness", "fitness_criteria", "duplicate_answers", "expectations", "expected_forms")
WHEN = {"received_at", "superseded_at", "confirmed_at"}
COUNTS = ("rows_read", "new", "changed", "unchanged", "held", "skipped")


@dataclass
class Outcome:
    """What the steps of one night reported."""

    sites: dict[str, SiteReport] = field(default_factory=dict)
    conservation: CheckResult | None = None
    contracts: CheckResult | None = None
    publication: PublicationReport | None = None

    @property
    def drops(self) -> list[DropReport]:
        return [drop for site in self.sites.values() for drop in site.drops]

    @property
    def drop(self) -> DropReport:
        (only,) = self.drops
        return only


@dataclass
class Scenario:
    """One study's folder. Files are dropped one second after the other, the first a day ago."""

    folder: Path
    sites: dict[str, dict[str, Any]] = field(default_factory=lambda: {"berlin": site(pocket=EXPORT)})
    more: dict[str, Any] = field(default_factory=dict)
    instruments: tuple[dict[str, Any], ...] = (POCKET,)
    _dropped: int = 0

    @classmethod
    def at(cls, folder: Path) -> "Scenario":
        """The study that stands in a folder already."""
        document = json.loads((folder / "study.yaml").read_text(encoding="utf-8"))
        own = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((folder / "instruments").glob("*.yaml"))]
        sites = document.pop("sites")
        return cls(folder, sites, document, tuple(own))

    def __post_init__(self) -> None:
        for name in self.sites:
            folder = self.folder / "drops" / name
            if not folder.exists():  # a file in its place is what some tests are about
                folder.mkdir(parents=True)
        self.write()

    def write(self) -> None:
        """Write study.yaml and instruments/ anew (JSON is YAML)."""
        document = {"study": "north_star", "settle_seconds": 0, **self.more, "sites": self.sites}
        (self.folder / "study.yaml").write_text(json.dumps(document, indent=1, ensure_ascii=False), encoding="utf-8")
        (self.folder / "instruments").mkdir(exist_ok=True)
        for instrument in self.instruments:
            path = self.folder / "instruments" / f"{instrument['id']}.yaml"
            path.write_text(json.dumps(instrument, indent=1), encoding="utf-8")

    def export(self, site: str = "berlin", name: str = "pocket", **keys: Any) -> None:
        """Change keys of an export; a key that becomes None is left out."""
        exports = self.sites[site]["exports"]
        exports[name] = {key: value for key, value in {**exports[name], **keys}.items() if value is not None}
        self.write()

    def drop(self, name: str, content: str | bytes, site: str = "berlin", encoding: str = "utf-8") -> Path:
        """A file lands in a site's folder."""
        path = self.folder / "drops" / site / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        self._dropped += 1
        landed = time.time() - 86_400 + self._dropped
        os.utime(path, (landed, landed))
        return path

    def opened(self, wait_seconds: float = 0) -> Any:
        """The study's night, as a context manager."""
        study, registry = load_study(self.folder), registry_in(self.folder)
        check_against(study, registry)
        return open_night(study, registry, all_promises(), wait_seconds=wait_seconds)

    def take_in(self, *, rebuild: bool = False) -> Outcome:
        """The first half of a night: drops become forms and receipts."""
        with self.opened() as night:
            return taken_in(night, rebuild=rebuild)

    def night(self, *, rebuild: bool = False) -> Outcome:
        """A whole night."""
        with self.opened() as night:
            outcome = taken_in(night, rebuild=rebuild)
            night.score()
            outcome.contracts = night.check_contracts()
            outcome.publication = night.publish()
        return outcome

    def received(self, name: str, content: str | bytes, site: str = "berlin") -> DropReport:
        """What becomes of one file."""
        self.drop(name, content, site)
        return self.take_in().drop

    def findings(self, drop: DropReport) -> list[dict[str, str]]:
        """The failing cells that the drop's receipt tells, one by one."""
        path = self.folder / "receipts" / drop.site / drop.drop_id / "findings.csv"
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return list(csv.DictReader(lines))

    def receipt(self, drop: DropReport) -> dict[str, Any]:
        path = self.folder / "receipts" / drop.site / drop.drop_id / "receipt.json"
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return document

    def rows(self, question: str) -> list[tuple[Any, ...]]:
        """What the published database answers."""
        return asked(self.folder, question)

    def tables(self) -> dict[str, list[tuple[Any, ...]]]:
        """The contract's tables as published, without the times at which it was done, rows in one order."""
        return published(self.folder)


def site(**exports: Mapping[str, Any]) -> dict[str, Any]:
    return {"exports": {name: dict(export) for name, export in exports.items()}}


def table(*rows: str, header: str = HEADER) -> str:
    """A file of these lines."""
    return "".join(f"{line}\n" for line in (header, *rows))


def taken_in(night: Night, *, rebuild: bool = False) -> Outcome:
    outcome = Outcome()
    for name in night.sites_with_news(rebuild=rebuild):
        outcome.sites[name] = night.take_in(name, rebuild=rebuild)
    outcome.conservation = night.check_conservation()
    return outcome


def asked(folder: Path, question: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(folder / "warehouse" / "alliance.duckdb"), read_only=True) as connection:
        return connection.execute(question).fetchall()


def published(folder: Path, names: Iterable[str] = (*TABLES, *FITNESS_TABLES)) -> dict[str, list[tuple[Any, ...]]]:
    """The tables of a study's publication, without the times at which it was done, rows in one order."""
    with duckdb.connect(str(folder / "warehouse" / "alliance.duckdb"), read_only=True) as connection:
        return {name: _in_order(connection, name) for name in names}


def _in_order(connection: duckdb.DuckDBPyConnection, name: str) -> list[tuple[Any, ...]]:
    there = connection.execute(f"SELECT * FROM {name} LIMIT 0").description
    kept = ", ".join(f'"{column[0]}"' for column in there if column[0] not in WHEN)
    return connection.execute(f"SELECT {kept} FROM {name} ORDER BY ALL").fetchall()


def counted(drop: DropReport) -> dict[str, int]:
    """The counts of a drop that are not 0."""
    return {name: count for name in COUNTS if (count := getattr(drop.counts, name))}


def codes(findings: Sequence[Mapping[str, str]]) -> list[str]:
    return [finding["code"] for finding in findings]


@cache
def all_promises() -> Promises:
    return promises()


_REGISTRIES: dict[tuple[bytes, ...], Registry] = {}


def registry_in(folder: Path) -> Registry:
    """The registry with a study's own instruments; read once for the same files."""
    own = tuple(path.read_bytes() for path in sorted((folder / "instruments").glob("*.yaml")))
    if own not in _REGISTRIES:
        _REGISTRIES[own] = load_registry(folder / "instruments")
    return _REGISTRIES[own]
