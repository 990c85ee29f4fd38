"""Everything that a morning tells, gathered once: the page, `status` and the notices say it in their own ways."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from alliance_etl.morning.causes import Cause, causes_of_held, vanished
from alliance_etl.morning.since import LOOKED_THROUGH, Since, since_the_night_before
from alliance_etl.morning.to_do import ToDo, of_checks, of_night, of_report, of_site, urgent_first
from alliance_etl.pull import remote_of
from alliance_etl.quality.model import Report
from alliance_etl.quality.report import last_report
from alliance_etl.state.entries import Drop, by_site
from alliance_etl.state.layout import Layout
from alliance_etl.state.ledger import Ledger
from alliance_etl.state.nights import NightEntry, SiteNight
from alliance_etl.status import Punctuality, punctuality
from alliance_etl.study.model import Study

# So many nights are drawn.
DRAWN = 30


@dataclass(frozen=True)
class SiteMorning:
    """One site: what came since the night before, how it stands, why rows are held, and what there is to do."""

    name: str
    title: str
    night: SiteNight
    punctuality: Punctuality
    last_drop: Drop | None
    drops: Sequence[Drop]
    causes: Sequence[Cause]
    vanished: int
    more_waiting: int | None
    to_do: Sequence[ToDo]


@dataclass(frozen=True)
class Morning:
    """The morning after the last night; `drawn` are the nights for the plots, the newest last, `quality` the last
    quality report.
    """

    study: Study
    since: Since
    drawn: Sequence[NightEntry]
    sites: Sequence[SiteMorning]
    to_do: Sequence[ToDo]
    quality: Report | None = None

    @property
    def night(self) -> NightEntry:
        return self.since.last

    def with_more(self, to_do: Iterable[ToDo]) -> "Morning":
        """The same with more to do."""
        return replace(self, to_do=urgent_first([*self.to_do, *to_do]))

    def local(self, moment: datetime) -> datetime:
        """A moment as the study's clock shows it."""
        return moment.astimezone(ZoneInfo(self.study.timezone))


def morning_of(study: Study, layout: Layout, ledger: Ledger) -> Morning | None:
    """The morning after the last night in the book, judged by when that ended; None where there was none."""
    nights = ledger.nights(LOOKED_THROUGH)
    since = since_the_night_before(nights)
    if since is None:
        return None
    drops = ledger.drops()
    causes = causes_of_held(layout, [drop for drop in drops if drop.site in study.sites], ledger.receipts.made_good())
    fresh = [drop for drop in drops if drop.seq > since.nights[0].drops_before and drop.site in study.sites]
    gone = vanished(layout, fresh)
    now = since.last.ended_at or since.last.started_at
    own, tonight = by_site(drops), by_site(fresh)
    sites = [
        _site(study, since, name, own[name], tonight[name], causes.get(name, []), gone.get(name, 0), now)
        for name in study.sites
    ]
    report = last_report(layout)
    to_do = [*of_night(since.last), *of_checks(since.last.checks), *of_report(report)]
    everything = urgent_first([*to_do, *(thing for site in sites for thing in site.to_do)])
    return Morning(study, since, nights[-DRAWN:], sites, everything, report)


def _site(
    study: Study,
    since: Since,
    name: str,
    own: Sequence[Drop],
    tonight: Sequence[Drop],
    causes: Sequence[Cause],
    gone: int,
    now: datetime,
) -> SiteMorning:
    site, night = study.sites[name], since.site(name)
    state = punctuality([drop.received_at for drop in own], now, site.sends)
    last = max(own, key=lambda drop: drop.received_at, default=None)
    day = f"{last.received_at.astimezone(ZoneInfo(study.timezone)):%d %B %Y}" if last else None
    remote = remote_of(site)
    where = remote.where if remote else _below(site.drop, study.folder)
    last_held = max((drop.seq for drop in own if drop.status == "rejected" or drop.counts.held), default=0)
    to_do = urgent_first(list(of_site(name, night, causes, state, day, where, last_held, site.sends)))
    more = since.more("waiting", name)
    return SiteMorning(name, site.title, night, state, last, tonight, causes, gone, more, to_do)


def _below(path: Any, folder: Path) -> str:
    return str(path.relative_to(folder)) if isinstance(path, Path) and path.is_relative_to(folder) else str(path)
