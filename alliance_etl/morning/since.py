"""Which nights a morning tells of, and which one it is compared with.

By day the sensor runs the job whenever a file has settled, so that a morning may tell of several runs: of all since the
night before. A night in this sense is a run that nobody's file has asked for, and that ended well.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from alliance_etl.night.reports import Counts
from alliance_etl.state.nights import InstrumentNight, NightEntry, SiteNight

LOOKED_THROUGH = 400
"""So many nights are read to find the one before."""
_ONE_DAY = timedelta(hours=23)
"""So far back a morning reaches where only the sensor runs the job: a little less than from one morning to the next."""


@dataclass(frozen=True)
class Since:
    """The nights that a morning tells of, the newest last, and the one `before` them; None: there was none."""

    nights: Sequence[NightEntry]
    before: NightEntry | None

    @property
    def last(self) -> NightEntry:
        return self.nights[-1]

    def site(self, name: str) -> SiteNight:
        """What these nights brought of a site together, and how it stood at the end."""
        told = [night.sites[name] for night in self.nights if name in night.sites]
        if not told:  # nights that could not even open
            return replace(self._stood(name), files=0, rejected=0, counts=Counts(), refolded=False)
        new, changed = Counter[str](), Counter[str]()
        for site in told:
            for instrument, forms in site.instruments.items():
                new[instrument] += forms.new
                changed[instrument] += forms.changed
        return replace(
            told[-1],
            files=sum(site.files for site in told),
            rejected=sum(site.rejected for site in told),
            counts=sum((site.counts for site in told), Counts()),
            refolded=any(site.refolded for site in told),
            instruments={
                name: InstrumentNight(forms.forms, new[name], changed[name])
                for name, forms in told[-1].instruments.items()
            },
        )

    def more(self, count: str, site: str | None = None) -> int | None:
        """By how much `forms`, `waiting` or `alerts` (of a site, or all) has grown; None where there is no before."""
        if self.before is None:
            return None
        sites = [site] if site else sorted({name for night in (*self.nights, self.before) for name in night.sites})
        now = sum(getattr(self._stood(name), count) for name in sites)
        then = sum(getattr(self.before.sites.get(name, SiteNight()), count) for name in sites)
        return int(now - then)

    def _stood(self, site: str) -> SiteNight:
        """The site as the newest night has left it that tells of it."""
        known = (night.sites[site] for night in (*reversed(self.nights), self.before) if night and site in night.sites)
        return next(known, SiteNight())


def since_the_night_before(nights: Sequence[NightEntry]) -> Since | None:
    """What the morning after the last of these nights (in order) tells of; None where there was no night."""
    if not nights:
        return None
    *earlier, last = nights
    ends = [place for place, night in enumerate(earlier) if _ends_a_day(night)]
    if last.started_by == "sensor" and ends:
        ends.pop()  # what the last night brought is still told by day
    if last.started_by == "sensor" and not ends:
        young = [n for n in nights if n.started_at > last.started_at - _ONE_DAY]
        return Since(young, _told_before(nights[: -len(young)]))
    first = ends[-1] + 1 if ends else 0
    return Since(nights[first:], _told_before(nights[:first]))


def _ends_a_day(night: NightEntry) -> bool:
    return night.started_by != "sensor" and night.outcome in ("published", "unchanged")


def _told_before(nights: Sequence[NightEntry]) -> NightEntry | None:
    return next((night for night in reversed(nights) if night.sites), None)
