"""A night's entry in the book of nights: made when the night opens, completed however it ends.

What is entered are counts, states and words that quote nobody. A book that cannot be written at the end makes no night
fail: the next one tells that this one broke off.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from alliance_etl.errors import AllianceError, ConfigurationError, StudyLocked, told_plainly
from alliance_etl.morning.tell import tell_of_the_night
from alliance_etl.night.configuration import configuration_of
from alliance_etl.night.disk import trouble_with_disk_told
from alliance_etl.night.night import Night
from alliance_etl.night.reports import CheckResult, PublicationReport, SiteReport, StageCost
from alliance_etl.night.standing import standing
from alliance_etl.state.layout import Layout
from alliance_etl.state.ledger import Ledger
from alliance_etl.state.nights import NightEntry, Outcome, SiteNight
from alliance_etl.study.load import load_study


@dataclass(kw_only=True)
class Course:
    """What came of a night so far; `failure` is the exception that ended it, and `run_id` Dagster's name for the run.

    `whole` is false where only some of the steps were asked for, and publication is none of them.
    """

    run_id: str | None = None
    whole: bool = True
    sites: list[SiteReport] = field(default_factory=list)
    checks: list[CheckResult] = field(default_factory=list)
    publication: PublicationReport | None = None
    costs: dict[str, StageCost] = field(default_factory=dict)
    failure: BaseException | None = None

    @property
    def outcome(self) -> Outcome:
        """How a night that has come so far has ended, if it ends now."""
        if self.failure is not None:
            return "failed"
        if self.publication is None:
            return "failed" if self.whole else "partial"
        return "published" if self.publication.rewritten else "unchanged"


@dataclass
class Booking:
    """The open entry of a night; `course` is what it will tell, `untold` at the end why nobody could be told of it."""

    course: Course
    untold: str | None = None


@contextmanager
def booked(night: Night, *, started_by: str, run_id: str | None = None, rebuild: bool = False) -> Iterator[Booking]:
    """Enter a night, and complete its entry with what `course` has become by the end of the statements below."""
    ledger = night.ledger
    configuration = configuration_of(night.study, night.registry)
    with trouble_with_disk_told(night.layout.state), ledger.transaction():
        ledger.book.tell_broken_off()
        number = ledger.book.begin(started_by=started_by, run_id=run_id, rebuild=rebuild, configuration=configuration)
    ledger.trail.night = number
    booking = Booking(Course(run_id=run_id))
    try:
        yield booking
    except BaseException as error:
        booking.course.failure = booking.course.failure or error
        raise
    finally:
        with suppress(sqlite3.OperationalError):
            _complete(night, number, booking.course)
            booking.untold = tell_of_the_night(night.study, ledger)


def sites_so_far(night: Night, course: Course) -> dict[str, SiteNight]:
    """What a booked night, which is still open, has brought of each site, and how the site stands now."""
    begun = night.ledger.nights(last=1)
    return standing(night.study, night.ledger, course.sites, begun[0].drops_before if begun else 0)


def book_failed_start(path: Path, error: AllianceError, *, started_by: str, run_id: str | None = None) -> None:
    """Enter a night that could not even open; none where nothing has ever run, or where another night is at work.

    `path` is study.yaml or its folder; people are told where that can be read.
    """
    layout = Layout(path if path.is_dir() else path.parent)
    if isinstance(error, StudyLocked) or not layout.ledger.exists():
        return
    with suppress(sqlite3.OperationalError):
        ledger = Ledger(layout.ledger)
        try:
            with ledger.transaction():
                number = ledger.book.begin(started_by=started_by, run_id=run_id)
                entry = replace(ledger.book.night(number), outcome="failed", failure=told_plainly(error))
                ledger.book.end(_with_publication(ledger, entry, None))
            with suppress(ConfigurationError):
                tell_of_the_night(load_study(path), ledger)
        finally:
            ledger.close()


def _complete(night: Night, number: int, course: Course) -> None:
    ledger = night.ledger
    begun = ledger.book.night(number)
    entry = replace(
        begun,
        run_id=course.run_id,
        outcome=course.outcome,
        failure=_why(course),
        sites=standing(night.study, ledger, course.sites, begun.drops_before),
        checks=tuple(course.checks),
        stages=dict(course.costs),
    )
    with ledger.transaction():
        ledger.book.end(_with_publication(ledger, entry, course.publication))


def _why(course: Course) -> str | None:
    if course.failure is not None:
        return told_plainly(course.failure)
    return "it ended before publication; the last publication stands" if course.outcome == "failed" else None


def _with_publication(ledger: Ledger, entry: NightEntry, report: PublicationReport | None) -> NightEntry:
    """The entry with what is public now, and how many rows each of its tables has."""
    published = ledger.meta("published")
    if published is None:
        return entry
    folder, mark, *_ = published.split(" ")
    tables = report.tables if report and report.tables else ledger.book.tables_of(mark)
    number = int(folder) if folder.isdigit() else None
    return replace(entry, publication=mark, publication_number=number, tables=tables)
