"""What is expected of a publication and what came of it, as plain data that goes through a pipe."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Outcome = Literal["passed", "failed", "error", "not_applicable"]
"""`error`: could not be checked, which is never a pass; `not_applicable`: there was nothing to check it on."""
OUTCOMES: tuple[Outcome, ...] = ("error", "failed", "passed", "not_applicable")


@dataclass(frozen=True)
class Expectation:
    """One expectation: the name of its class in Great Expectations and the arguments, and what it means in words."""

    kind: str
    arguments: Mapping[str, Any]
    means: str
    column: str | None = None


@dataclass(frozen=True)
class Suite:
    """Expectations of one frame: Parquet files, of which `where` takes rows by (column, operator, value), or `rows`.

    `about` is the table that the suite is told under.
    """

    about: str
    expectations: Sequence[Expectation]
    paths: Sequence[str] = ()
    where: Sequence[tuple[str, str, Any]] = ()
    rows: Mapping[str, Sequence[Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """What came of one expectation. `count` are rows that do not keep it, `by_site` the same per site where known.

    Nothing in it is a person's answer or id.
    """

    about: str
    means: str
    kind: str
    column: str | None
    outcome: Outcome
    why: str | None = None
    count: int | None = None
    of: int | None = None
    by_site: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """What came of all expectations of one publication. `trouble` says why they could not be checked at all."""

    publication: str
    made_at: str
    results: Sequence[Result]
    seconds: float = 0.0
    trouble: str | None = None

    def counts(self) -> dict[str, int]:
        """How many results have each outcome."""
        found = Counter(result.outcome for result in self.results)
        return {outcome: found[outcome] for outcome in OUTCOMES}

    @property
    def outcome(self) -> Outcome:
        """The worst of all; a report without any result could not be made."""
        counts = self.counts()
        return next((outcome for outcome in OUTCOMES if counts[outcome]), "error")

    def as_dict(self) -> dict[str, Any]:
        """The report as quality.json has it."""
        return {**asdict(self), "outcome": self.outcome, "counts": self.counts()}


def report_from(document: Mapping[str, Any]) -> Report:
    """The report that `as_dict` has written."""
    plain = {name: value for name, value in document.items() if name not in ("outcome", "counts")}
    return Report(**{**plain, "results": [Result(**result) for result in document["results"]]})
