"""What the audit trail tells, as types."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

Action = Literal[
    "trail_begun",
    "configuration_changed",
    "drop_taken_in",
    "drop_rejected",
    "drop_duplicate",
    "drop_judged_anew",
    "site_taken_in_anew",
    "site_rebuilt",
    "receipts_renewed",
    "confirmation",
    "publication",
    "release",
    "as_of",
    "backup",
]


@dataclass(frozen=True)
class AuditRow:
    """One action. `about` is what it was done to where that is neither drop nor form: an alert, a publication, a
    release; `told` are counts, states and names; `chain` ties the row to the one before.
    """

    seq: int
    at: datetime
    action: str
    who: str
    how: str
    run_id: str | None
    night: int | None
    site: str | None
    drop_id: str | None
    form_id: str | None
    about: str | None
    told: Mapping[str, Any]
    configuration: str | None
    registry: str | None
    version: str
    chain: str

    def as_dict(self) -> dict[str, Any]:
        """The row as JSON Lines hold it."""
        return {**asdict(self), "at": self.at.isoformat()}


@dataclass(frozen=True)
class Break:
    """The first row at which the chain does not hold, and why, in words."""

    seq: int
    why: str
