"""The nightly job in this process, through Dagster: what `run` and `demo` share."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alliance_etl.cli.outcome import words_of
from alliance_etl.cli.progress import progress_bar
from alliance_etl.cli.study import open_study, promises_of_schemas
from alliance_etl.errors import RunFailed
from alliance_etl.night.reports import DropReport

if TYPE_CHECKING:
    from assets.shift import Shift

# News, conservation, scoring, three checks, publication; the intake of each site comes on top.
_STAGES = 7


@dataclass(frozen=True)
class NightOutcome:
    """The document that `run --json` prints and, where the night failed, why."""

    document: dict[str, Any]
    failure: BaseException | None = None


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
    study, registry = open_study(path)
    from alliance_etl.night.night import open_night

    opening = open_night(study, registry, promises_of_schemas(), wait_seconds=wait_seconds, on_wait=on_wait)
    with progress_bar("starting Dagster") as bar, opening as night:
        news = night.sites_with_news(rebuild=rebuild)
        if not rebuild:
            night.stage_ahead(news)  # while Dagster is being imported
        from assets import home
        from assets.in_process import run_in_process
        from assets.shift import Shift

        shift = Shift(night, rebuild=rebuild, watch=bar.begin, asked=news)
        bar.expect(_STAGES + len(news))
        folder = home.own_home(study.folder) if own_home else home.dagster_home(study.folder)
        result = run_in_process(study, shift, folder, verbose=verbose)
        drops = shift.night.ledger.now(drop for site in shift.sites for drop in site.drops)
    failure = None if result.success else failure_of(shift)
    return NightOutcome(document_of(shift, drops, result.run_id, time.perf_counter() - started, failure), failure)


def failure_of(shift: "Shift") -> BaseException:
    """Why a night that did not succeed did not: the library's exception, else the check that stopped it."""
    if shift.failure:
        return shift.failure
    stopped = shift.stopped_by()
    if not stopped:
        return RunFailed("Dagster ended the run (--verbose shows its log); the last publication stands")
    reasons = (f"{check.name} does not hold at {', '.join(check.by_site)}: {check.description}" for check in stopped)
    return RunFailed(f"{' '.join(reasons)} Nothing was published; the last publication stands")


def document_of(
    shift: "Shift", drops: Sequence[DropReport], run_id: str, seconds: float, failure: BaseException | None
) -> dict[str, Any]:
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
        "run_id": run_id,
        "seconds": round(seconds, 3),
        "stages": shift.stages(),
        **({"error": words_of(failure, verbose=False)} if failure else {}),
    }
