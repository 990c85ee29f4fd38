"""The nightly job in this process, through Dagster: what `run` and `demo` share."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alliance_etl.cli.outcome import words_of
from alliance_etl.cli.progress import Bar, progress_bar
from alliance_etl.cli.study import open_study, promises_of_schemas
from alliance_etl.errors import AllianceError, RunFailed
from alliance_etl.night.reports import DropReport

if TYPE_CHECKING:
    from alliance_etl.night.booked import Booking
    from alliance_etl.night.night import Night
    from assets.shift import Shift

# News, conservation, scoring, three checks, publication; the intake of each site comes on top.
_STAGES = 7
_HOW = "command line"


@dataclass(frozen=True)
class NightOutcome:
    """The document that `run --json` prints; where the night failed, why; and why nobody could be told of it."""

    document: dict[str, Any]
    failure: BaseException | None = None
    untold: str | None = None


def run_night(
    path: Path,
    *,
    rebuild: bool = False,
    wait_seconds: float = 600,
    on_wait: Callable[[], None] | None = None,
    verbose: bool = False,
    own_home: bool = False,
) -> NightOutcome:
    """Run the night once. What cannot even start is raised: ConfigurationError, StudyLocked.

    `own_home` keeps the run out of the Dagster that $DAGSTER_HOME names.
    """
    started = time.perf_counter()
    with _begun(path, rebuild=rebuild, wait_seconds=wait_seconds, on_wait=on_wait) as (bar, night, booking):
        news = night.sites_with_news(rebuild=rebuild)
        if not rebuild:
            night.stage_ahead(news)  # while Dagster is being imported
        from assets import home
        from assets.in_process import run_in_process
        from assets.shift import Shift

        shift = booking.course = Shift(night, rebuild=rebuild, watch=bar.begin, asked=news)
        bar.expect(_STAGES + len(news))
        study = night.study
        folder = home.own_home(study.folder) if own_home else home.dagster_home(study.folder)
        result = run_in_process(study, shift, folder, verbose=verbose)
        shift.run_id = result.run_id
        if not result.success:
            shift.failure = shift.why_it_failed() or RunFailed(
                "Dagster could not finish the run after its publication (--verbose shows its log)"
            )
        drops = shift.night.ledger.now(drop for site in shift.sites for drop in site.drops)
    document = document_of(shift, drops, time.perf_counter() - started)
    page = None if booking.untold else str(night.layout.night_page)
    return NightOutcome({**document, "page": page}, shift.failure, booking.untold)


@contextmanager
def _begun(
    path: Path, *, rebuild: bool, wait_seconds: float, on_wait: Callable[[], None] | None
) -> "Iterator[tuple[Bar, Night, Booking]]":
    """The night opened and entered in the book; one that cannot open is entered, too."""
    with ExitStack() as stack:
        try:
            study, registry = open_study(path)
            from alliance_etl.night.booked import booked
            from alliance_etl.night.night import open_night

            bar = stack.enter_context(progress_bar("starting Dagster"))
            opening = open_night(study, registry, promises_of_schemas(), wait_seconds=wait_seconds, on_wait=on_wait)
            night = stack.enter_context(opening)
            booking = stack.enter_context(booked(night, started_by=_HOW, rebuild=rebuild))
        except AllianceError as trouble:
            from alliance_etl.night.booked import book_failed_start

            book_failed_start(path, trouble, started_by=_HOW)
            raise
        yield bar, night, booking


def document_of(shift: "Shift", drops: Sequence[DropReport], seconds: float) -> dict[str, Any]:
    """What `run --json` prints (contract, section 3), and more: checks, stages, sites that could not be read."""
    publication = shift.publication
    return {
        "published": publication is not None,
        "rewritten": publication is not None and publication.rewritten,
        "drops": [drop.as_dict() for drop in drops],
        "forms": publication.forms if publication else 0,
        "findings": sum(drop.findings for drop in drops),
        "sites_failed": {site.site: site.failed for site in shift.sites if site.failed},
        "checks": [{"name": check.name, "passed": check.passed, "by_site": check.by_site} for check in shift.checks],
        "tables": publication.tables if publication else {},
        "warehouse": publication.path if publication else None,
        "run_id": shift.run_id,
        "seconds": round(seconds, 3),
        "stages": shift.stages(),
        **({"error": words_of(shift.failure, verbose=False)} if shift.failure else {}),
    }
