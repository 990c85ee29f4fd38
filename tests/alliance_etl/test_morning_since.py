"""Which nights a morning tells of, and which one it is compared with."""

from datetime import UTC, datetime, timedelta

import pytest

from alliance_etl.morning.since import Since, since_the_night_before
from alliance_etl.night.reports import Counts
from alliance_etl.state.nights import InstrumentNight, NightEntry, Outcome, SiteNight

FIRST = datetime(2026, 3, 2, 2, tzinfo=UTC)


def night(hours: float, started_by: str = "schedule", outcome: Outcome = "published", **sites: SiteNight) -> NightEntry:
    """A night that began so many hours after the first."""
    began = FIRST + timedelta(hours=hours)
    standing = sites or {"berlin": SiteNight()}
    return NightEntry(
        int(hours * 10), began, began, started_by, None, "", False, 0, None, outcome, sites=standing if outcome else {}
    )


def told(*nights: NightEntry) -> Since:
    since = since_the_night_before(nights)
    assert since is not None
    return since


def hours_of(since: Since) -> list[float]:
    return [entry.seq / 10 for entry in since.nights]


def test_before_the_first_night_there_is_nothing_to_tell() -> None:
    assert since_the_night_before([]) is None


@pytest.mark.parametrize(
    ("nights", "of", "before"),
    [
        ([night(0)], [0], None),
        ([night(0), night(24)], [24], 0),
        ([night(0), night(8, "sensor"), night(24)], [8, 24], 0),
        ([night(0), night(24), night(32, "sensor")], [24, 32], 0),
        ([night(0), night(24, outcome="failed"), night(32, "command line")], [24, 32], 0),
        ([night(0), night(24), night(48, outcome="failed")], [48], 24),
        ([night(0), night(5, outcome="partial"), night(24)], [5, 24], 0),
        ([night(0, "sensor"), night(30, "sensor"), night(40, "sensor")], [30, 40], 0),
    ],
    ids=[
        "the first one",
        "one after the other",
        "what came by day belongs to the next morning",
        "by day the last night is told still",
        "a night that failed is told with the one that made up for it",
        "a night that fails is compared with the last good one",
        "some steps only are no night",
        "where only the sensor runs the job, a day",
    ],
)
def test_a_morning_tells_of_all_since_the_night_before(
    nights: list[NightEntry], of: list[float], before: float | None
) -> None:
    since = told(*nights)

    assert hours_of(since) == of
    assert (since.before.seq / 10 if since.before else None) == before


def test_what_several_runs_brought_adds_up_and_the_standing_is_the_last_ones() -> None:
    by_day = SiteNight(1, 0, Counts(3, 2, 0, 0, 1), forms=2, waiting=1, instruments={"wai": InstrumentNight(2, 2)})
    at_night = SiteNight(1, 1, Counts(2, 1, 1), forms=3, waiting=0, instruments={"wai": InstrumentNight(3, 1, 1)})

    site = told(night(0), night(8, "sensor", berlin=by_day), night(24, berlin=at_night)).site("berlin")

    assert (site.files, site.rejected, site.counts.rows_read, site.forms, site.waiting) == (2, 1, 5, 3, 0)
    assert site.instruments == {"wai": InstrumentNight(forms=3, new=3, changed=1)}


def test_growth_is_counted_from_the_night_before() -> None:
    since = told(
        night(0, berlin=SiteNight(waiting=5)), night(24, berlin=SiteNight(waiting=3), oslo=SiteNight(waiting=9))
    )

    assert (since.more("waiting"), since.more("waiting", "berlin")) == (7, -2)


def test_a_night_that_could_not_open_leaves_the_sites_as_they_stood() -> None:
    standing = SiteNight(files=2, forms=7, waiting=1)
    unopened = NightEntry(
        240, FIRST + timedelta(days=1), None, "schedule", None, "", False, 0, None, "failed", "no key"
    )

    since = told(night(0, berlin=standing), unopened)

    assert (since.site("berlin").files, since.site("berlin").forms, since.more("forms")) == (0, 7, 0)
