"""The shift: the open Night that the steps of one run share, and what they report.

One shift is open from a run's first step to its last, and with it the study's lock: what was checked is what is
published. Its reports are counts; a person's value never gets into them.
"""

import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from functools import cached_property

import dagster as dg

from alliance_etl.instruments.registry import Registry
from alliance_etl.night.night import Night, open_night
from alliance_etl.night.reports import CheckResult, PublicationReport, SiteReport
from alliance_etl.study.model import Study
from assets.books import open_books
from assets.checks import BLOCKING
from assets.failures import Plainly
from assets.orphans import PROCESS_TAG, this_process
from assets.study import registry_of, study_here
from schemas.promises import promises


@dataclass
class StageCost:
    """What a stage took: seconds, and the most memory that the process had held by its end."""

    seconds: float = 0.0
    peak_mb: float = 0.0


@dataclass
class Shift:
    """The Night of one run and what came of it so far; `failure` is the exception that ended it.

    `watch` is told each stage as it begins, for a progress bar; `asked` are the sites with news, where they were asked.
    """

    night: Night
    rebuild: bool = False
    watch: Callable[[str], None] | None = None
    asked: list[str] | None = None
    sites: list[SiteReport] = field(default_factory=list)
    checks: list[CheckResult] = field(default_factory=list)
    publication: PublicationReport | None = None
    costs: dict[str, StageCost] = field(default_factory=dict)
    failure: BaseException | None = None

    @cached_property
    def news(self) -> list[str]:
        """The sites that this run takes in; asked once, so that what settles meanwhile waits for the next run."""
        return self.asked if self.asked is not None else self.night.sites_with_news(rebuild=self.rebuild)

    @contextmanager
    def stage(self, name: str, of: str = "") -> Iterator[None]:
        """Measure the statements below under `name`; no text of an exception leaves them that might quote a person."""
        if self.watch:
            self.watch(f"{name} {of}".strip().replace("_", " "))
        cost = self.costs.setdefault(name, StageCost())
        started = time.perf_counter()
        plainly = Plainly()
        try:
            with plainly:
                yield
        finally:
            cost.seconds = round(cost.seconds + time.perf_counter() - started, 3)
            cost.peak_mb = round(_peak_mb(), 1)
            self.failure = plainly.error or self.failure

    def stopped_by(self) -> list[CheckResult]:
        """The blocking checks that did not pass."""
        return [check for check in self.checks if check.name in BLOCKING and not check.passed]

    def stages(self) -> dict[str, dict[str, float]]:
        """The costs of the stages as plain numbers."""
        return {name: asdict(cost) for name, cost in self.costs.items()}


def _peak_mb() -> float:
    """Megabytes of the process's highest resident memory (getrusage counts KiB on Linux, bytes on macOS)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


@contextmanager
def open_shift(
    study: Study,
    registry: Registry,
    *,
    rebuild: bool = False,
    wait_seconds: float = 600,
    on_wait: Callable[[], None] | None = None,
) -> Iterator[Shift]:
    """Open a study's night for one run. StudyLocked where another run keeps it longer than `wait_seconds`."""
    with open_night(study, registry, promises(), wait_seconds=wait_seconds, on_wait=on_wait) as night:
        yield Shift(night, rebuild=rebuild)


@dg.resource(
    description="The study's lock, ledger and key, open for one run.",
    config_schema={
        "rebuild": dg.Field(
            bool, default_value=False, description="Take everything in again, from the archive of all drops."
        ),
        "wait_seconds": dg.Field(
            float, default_value=600.0, description="How long to wait for another run of this study to end."
        ),
    },
)
def shift_of_this_run(context: dg.InitResourceContext) -> Iterator[Shift]:
    """Open the night of the study that this code location runs."""
    if context.instance is not None and context.run_id:
        context.instance.add_run_tags(context.run_id, {PROCESS_TAG: this_process()})
    config = context.resource_config
    with ExitStack() as stack:
        with Plainly():
            study = study_here()
            opening = open_shift(
                study, registry_of(study), rebuild=config["rebuild"], wait_seconds=config["wait_seconds"]
            )
            shift = stack.enter_context(opening)
        stack.enter_context(open_books())
        yield shift
