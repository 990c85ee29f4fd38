"""How the study stands: per site the last drop, forms, held rows, and whether it is late or silent."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any, Literal

from alliance_etl.alerts.published import open_by_site
from alliance_etl.morning.since import LOOKED_THROUGH, since_the_night_before
from alliance_etl.morning.words import in_words, totals
from alliance_etl.night.news import is_unfinished, pending_drops, spelled
from alliance_etl.publication.swap import published_folder
from alliance_etl.pull import remote_of
from alliance_etl.quality.report import last_report, verdict
from alliance_etl.receipts.files import made_good_of
from alliance_etl.state.entries import Contact, Drop
from alliance_etl.state.layout import Layout
from alliance_etl.state.ledger import Ledger
from alliance_etl.state.nights import NightEntry
from alliance_etl.study.model import Sends, Study

Punctuality = Literal["silent", "late", "on_time"]

# A site is late when nothing came for twice its usual interval; its usual interval is known from this many drops on.
_LATE_AFTER = 2
_FEWEST_DROPS = 3
_MOST_NIGHTS = 14


def study_status(study: Study, now: datetime | None = None) -> dict[str, Any]:
    """The study as a JSON document: `sites`, `drops` with their counts, `published`, the last `nights` and what the
    `morning` after them tells, files that are `astray`.
    """
    layout = Layout(study.folder)
    moment = now or datetime.now(UTC)
    waiting = [pending.site for pending in pending_drops(study)]
    folder = published_folder(layout.warehouse)
    ledger = Ledger(layout.ledger) if layout.ledger.exists() else None
    try:
        drops = ledger.drops() if ledger else []
        forms = {name: _forms(ledger, name) for name in study.sites}
        alerts = open_by_site(ledger.receipts.told(), drops) if ledger else {}
        good = ledger.receipts.made_good() if ledger else {}
        contacts = ledger.contacts.last() if ledger else {}
        nights = ledger.nights(LOOKED_THROUGH) if ledger else []
    finally:
        if ledger:
            ledger.close()
    mended = dict.fromkeys(study.sites, 0)
    for drop in drops:
        mended[drop.site] = mended.get(drop.site, 0) + made_good_of(drop, good.get(drop.seq, []))
    return {
        "study": study.slug,
        "title": study.title,
        "published": str(layout.warehouse / "alliance.duckdb") if folder else None,
        "nights": [night.as_dict() for night in nights[-_MOST_NIGHTS:]],
        "morning": _morning(study, nights),
        "quality": _quality(layout),
        "sites": [
            {
                **_site(
                    study,
                    name,
                    [d for d in drops if d.site == name],
                    forms[name],
                    mended[name],
                    waiting.count(name),
                    moment,
                ),
                "alerts": alerts.get(name, 0),
                **_contact(study, name, contacts.get(name)),
            }
            for name in study.sites
        ],
        "astray": astray(study),
        "drops": [{**drop.report().as_dict(), "received_at": drop.received_at.isoformat()} for drop in drops],
    }


def _morning(study: Study, nights: Sequence[NightEntry]) -> dict[str, Any]:
    """The last night that has ended, against the one before: `words` for people, counts, and where its page is."""
    since = since_the_night_before([night for night in nights if night.outcome])
    page = Layout(study.folder).night_page
    return {
        "words": in_words(study, nights[-1], since) if nights else [],
        **(totals(since, study.sites) if since else {}),
        "page": str(page) if page.is_file() else None,
    }


def _quality(layout: Layout) -> dict[str, Any] | None:
    """The last quality report: of which publication, its worst outcome, how many expectations of each; None: none."""
    report = last_report(layout)
    if report is None:
        return None
    return {"publication": report.publication, "outcome": report.outcome, **report.counts(), "words": verdict(report)}


def astray(study: Study) -> list[str]:
    """Files below drops/ that no site reads: in a folder that is no site's, or in a folder within a site's."""
    drops = study.folder / "drops"
    read = {site.drop.resolve() for site in study.sites.values() if isinstance(site.drop, Path)}
    files = (path for path in drops.rglob("*") if path.is_file() and not is_unfinished(path.name))
    return sorted(spelled(str(path.relative_to(study.folder))) for path in files if path.parent.resolve() not in read)


def _forms(ledger: Ledger | None, site: str) -> int:
    return sum(segment.rows for segment in ledger.segments(site, kind="current")) if ledger else 0


def _site(
    study: Study, name: str, drops: list[Drop], forms: int, made_good: int, waiting: int, now: datetime
) -> dict[str, Any]:
    site = study.sites[name]
    last = drops[-1] if drops else None
    remote = remote_of(site)
    return {
        "site": name,
        "title": site.title,
        "drop": remote.where if remote else str(site.drop),
        "folder_there": not isinstance(site.drop, Path) or site.drop.is_dir(),
        "state": punctuality([drop.received_at for drop in drops], now, site.sends),
        "last_drop": last.received_at.isoformat() if last else None,
        "last_file": last.file if last else None,
        "last_counts": asdict(last.counts) if last else None,
        "drops": len(drops),
        "rejected": sum(drop.status == "rejected" for drop in drops),
        "forms": forms,
        "held": sum(drop.counts.held for drop in drops if drop.status != "duplicate") - made_good,
        "made_good": made_good,
        "waiting": waiting,
    }


def _contact(study: Study, name: str, contact: Contact | None) -> dict[str, Any]:
    """Of a remote source, when it was last reached, and since when it fails; nothing of a folder."""
    if isinstance(study.sites[name].drop, Path):
        contact = None
    return {
        "last_contact": contact.reached_at.isoformat() if contact and contact.reached_at else None,
        "failing_since": contact.failing_since.isoformat() if contact and contact.failing_since else None,
        "trouble": contact.trouble if contact else None,
    }


def punctuality(received: Sequence[datetime], now: datetime, sends: Sends | None = None) -> Punctuality:
    """`silent`: nothing ever came; `late`: nothing for as long as `sends` allows, or without it for twice the usual
    (median) interval between days with drops.
    """
    if not received:
        return "silent"
    if sends:
        return "late" if now - max(received) > timedelta(days=sends.late_after) else "on_time"
    days = sorted({moment.date() for moment in received})
    gaps = [(later - earlier).days for earlier, later in pairwise(days)]
    if len(days) < _FEWEST_DROPS:
        return "on_time"
    return "late" if now - max(received) > _LATE_AFTER * timedelta(days=median(gaps)) else "on_time"
