"""What the steps of a night report: counts and states, never a person's answer or id."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

DropStatus = Literal["accepted", "accepted_with_findings", "rejected", "duplicate"]


@dataclass(frozen=True)
class Counts:
    """Where the rows of a file went; `rows_read` is the sum of the other five."""

    rows_read: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    held: int = 0
    skipped: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(**{name: value + vars(other)[name] for name, value in vars(self).items()})

    @property
    def conserved(self) -> bool:
        return self.rows_read == self.new + self.changed + self.unchanged + self.held + self.skipped


@dataclass(frozen=True)
class DropReport:
    """What became of one dropped file; `exports` holds the same counts per export that read it.

    `seq` is the drop's place in the ledger, 0 where it is not entered there.
    """

    drop_id: str
    site: str
    file: str
    status: DropStatus
    counts: Counts
    exports: dict[str, Counts] = field(default_factory=dict)
    findings: int = 0
    seq: int = 0

    def as_dict(self) -> dict[str, Any]:
        """The drop as `run --json` prints it (contract, section 3)."""
        return {
            "drop_id": self.drop_id,
            "site": self.site,
            "file": self.file,
            "status": self.status,
            **asdict(self.counts),
            "findings": self.findings,
            "exports": {name: asdict(counts) for name, counts in self.exports.items()},
        }


@dataclass(frozen=True)
class SiteReport:
    """What one site brought; `failed` says in words why its drops could not be read, where they could not."""

    site: str
    drops: tuple[DropReport, ...] = ()
    forms: int = 0
    failed: str | None = None
    refolded: bool = False


@dataclass(frozen=True)
class CheckResult:
    """The outcome of one check. A check that could not run raises NotChecked instead: it is never a pass."""

    name: str
    passed: bool
    description: str
    by_site: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class ScoredReport:
    """Rows of each instrument's wide table."""

    forms: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class PublicationReport:
    """`rewritten` is false where the publication already was what this run would have written."""

    forms: int
    tables: dict[str, int]
    rewritten: bool
    path: str


@dataclass
class StageCost:
    """What a stage took: seconds, and the most memory that the process had held by its end."""

    seconds: float = 0.0
    peak_mb: float = 0.0
