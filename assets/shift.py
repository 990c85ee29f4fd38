"""The shift: the open Night that the steps of one run share, and what they report.

One shift is open from a run's first step to its last, and with it the study's lock: what was checked is what is
published. Its reports are counts; a person's value never gets into them.
"""

import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property

import dagster as dg
from dagster._core.storage.tags import SCHEDULE_NAME_TAG, SENSOR_NAME_TAG

from alliance_etl.errors import AllianceError, NotChecked, RunFailed
from alliance_etl.instruments.registry import Registry
from alliance_etl.night.booked import Course, book_failed_start, booked
from alliance_etl.night.night import Night, open_night
from alliance_etl.night.reports import CheckResult, StageCost
from alliance_etl.state.audit import Actor
from alliance_etl.state.processes import this_process
from alliance_etl.study.model import Study
from assets.books import open_books
from assets.checks import BLOCKING
from assets.failures import Plainly
from assets.orphans import PROCESS_TAG
from assets.study import registry_of, study_here
from schemas.promises import promises

_STARTERS = {SCHEDULE_NAME_TAG: "schedule", SENSOR_NAME_TAG: "sensor"}


@dataclass
class Shift(Course):
    """The Night of one run and what came of it so far.

    `watch` is told each stage as it begins, for a progress bar; `asked` are the sites with news, where they were asked.
    """

    night: Night
    rebuild: bool = False
    watch: Callable[[str], None] | None = None
    asked: list[str] | None = None

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

    def must_be_checked(self) -> None:
        """NotChecked unless every blocking check was made by this run, which has kept the study's lock since."""
        missing = sorted(BLOCKING - {check.name for check in self.checks})
        if missing:
            raise NotChecked(f"{' and '.join(missing)} are not checked in this run; run the whole job")

    def stopped_by(self) -> list[CheckResult]:
        """The blocking checks that did not pass."""
        return [check for check in self.checks if check.name in BLOCKING and not check.passed]

    def why_it_failed(self) -> BaseException | None:
        """Why a night that ends now failed: an exception, else the check that stopped it; None where it did not."""
        if self.failure or self.outcome != "failed":
            return self.failure
        stopped = self.stopped_by()
        if not stopped:
            return RunFailed("Dagster ended the run (--verbose shows its log); the last publication stands")
        told = (f"{check.name} does not hold at {', '.join(check.by_site)}: {check.description}" for check in stopped)
        return RunFailed(f"{' '.join(told)} Nothing was published; the last publication stands")

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
    run: dg.DagsterRun | None = None,
) -> Iterator[Shift]:
    """Open a study's night for one run, and enter it in the book. StudyLocked where another run keeps it longer than
    `wait_seconds`.
    """
    with (
        open_night(study, registry, promises(), wait_seconds=wait_seconds, actor=_actor(run)) as night,
        booked(night, started_by=_started_by(run), run_id=run.run_id if run else None, rebuild=rebuild) as booking,
    ):
        shift = Shift(night, rebuild=rebuild, run_id=run.run_id if run else None, whole=_publishes(run))
        booking.course = shift
        yield shift
        shift.failure = shift.why_it_failed()


def _actor(run: dg.DagsterRun | None) -> Actor:
    return Actor(how=_started_by(run), run_id=run.run_id if run else None)


def _started_by(run: dg.DagsterRun | None) -> str:
    tags = run.tags if run else {}
    return next((who for tag, who in _STARTERS.items() if tag in tags), "Dagster")


def _publishes(run: dg.DagsterRun | None) -> bool:
    """Whether publication is among the assets that a run was asked for."""
    selected = run.asset_selection if run else None
    return selected is None or dg.AssetKey("publication") in selected


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
    run = context.run
    if context.instance is not None and run:
        context.instance.add_run_tags(run.run_id, {PROCESS_TAG: this_process()})
    config = context.resource_config
    with ExitStack() as stack:
        with Plainly():
            study = study_here()
            try:
                opening = open_shift(
                    study,
                    registry_of(study),
                    rebuild=config["rebuild"],
                    wait_seconds=config["wait_seconds"],
                    run=run,
                )
                shift = stack.enter_context(opening)
            except AllianceError as trouble:
                run_id = run.run_id if run else None
                book_failed_start(study.folder, trouble, started_by=_started_by(run), run_id=run_id)
                raise
        stack.enter_context(open_books())
        yield shift
