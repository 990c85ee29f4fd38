"""What the ledger holds, as types: drops, the files of forms, contacts with remote sources, confirmations."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from alliance_etl.night.reports import Counts, DropReport, DropStatus

HeldRow = tuple[str | None, int]
"""Export (None: no export could take the line apart) and line of a held row."""


@dataclass(frozen=True)
class DroppedAnswer:
    """A row of a drop that confirms an alert: `mark` is the same for equal words, which only the key opens."""

    line: int
    alert_id: str
    mark: str
    sealed: bytes


@dataclass(frozen=True)
class Drop:
    """One row of the ledger. `seq` is the order of arrival: it decides what replaces what; 0 before it is entered."""

    seq: int
    site: str
    file: str
    sha256: str
    bytes: int
    received_at: datetime
    status: DropStatus = "accepted"
    counts: Counts = field(default_factory=Counts)
    exports: dict[str, Counts] = field(default_factory=dict)
    findings: int = 0
    findings_file: str | None = None
    facts: dict[str, object] = field(default_factory=dict)
    answers: tuple[DroppedAnswer, ...] | None = None

    @property
    def drop_id(self) -> str:
        return self.sha256[:16]

    def report(self) -> DropReport:
        return DropReport(
            self.drop_id, self.site, self.file, self.status, self.counts, self.exports, self.findings, self.seq
        )


def by_site(drops: Iterable[Drop]) -> defaultdict[str, list[Drop]]:
    """The drops of each site, in the order given."""
    grouped: defaultdict[str, list[Drop]] = defaultdict(list)
    for drop in drops:
        grouped[drop.site].append(drop)
    return grouped


@dataclass(frozen=True)
class Segment:
    """A Parquet file of forms of one site and instrument: `current` revisions, or `superseded` ones."""

    path: str
    site: str
    instrument: str
    kind: str
    rows: int


@dataclass(frozen=True)
class Contact:
    """When a site's remote source was last asked and last reached; and since when, and how, it fails, if it does."""

    site: str
    asked_at: datetime
    reached_at: datetime | None
    failing_since: datetime | None
    trouble: str | None


@dataclass(frozen=True)
class Confirmation:
    """Somebody's word that an alert's value is right; `alert_id` stands for form, rule, its version and the values."""

    alert_id: str
    form_id: str
    site: str
    code: str
    rule_version: int
    fingerprint: str
    confirmed_by: str
    confirmed_at: datetime
    reason: str
    how: str
