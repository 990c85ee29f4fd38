"""How the sites stand at the end of a night, and what its own drops have brought: counts, per site and instrument."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, cast

from alliance_etl.alerts.published import open_by_site
from alliance_etl.night.reports import Counts, SiteReport
from alliance_etl.receipts.files import made_good_of
from alliance_etl.state.entries import Drop, by_site
from alliance_etl.state.ledger import Ledger
from alliance_etl.state.nights import InstrumentNight, SiteNight
from alliance_etl.study.model import Study


def standing(study: Study, ledger: Ledger, reports: Sequence[SiteReport], drops_before: int) -> dict[str, SiteNight]:
    """Every site of the study. The night's own drops are those that came after `drops_before` of them; `reports` tell
    what else became of a site in the night.
    """
    drops = ledger.drops()
    alerts = open_by_site(ledger.receipts.told(), drops)
    waiting = waiting_at(drops, ledger)
    failing = {site: contact.trouble for site, contact in ledger.contacts.last().items() if contact.failing_since}
    failing |= {report.site: report.failed for report in reports if report.failed}
    refolded = {report.site for report in reports if report.refolded}
    forms = Counter[tuple[str, str]]()
    for segment in ledger.segments(kind="current"):
        forms[segment.site, segment.instrument] += segment.rows
    told = {}
    fresh = by_site(drop for drop in drops if drop.seq > drops_before)
    for name in study.sites:
        tonight = fresh[name]
        instruments = _instruments(study, name, tonight, forms)
        told[name] = SiteNight(
            files=len(tonight),
            rejected=sum(drop.status == "rejected" for drop in tonight),
            counts=sum((drop.counts for drop in tonight), Counts()),
            refolded=name in refolded,
            forms=sum(instrument.forms for instrument in instruments.values()),
            waiting=waiting[name],
            alerts=alerts.get(name, 0),
            failing=failing.get(name),
            instruments=instruments,
        )
    return told


def waiting_at(drops: Sequence[Drop], ledger: Ledger) -> Counter[str]:
    """By site the held rows that nothing has made good."""
    good = ledger.receipts.made_good()
    waiting = Counter[str]()
    for drop in drops:
        held = 0 if drop.status == "duplicate" else drop.counts.held
        waiting[drop.site] += held - made_good_of(drop, good.get(drop.seq, []))
    return waiting


def _instruments(
    study: Study, site: str, tonight: Sequence[Drop], forms: Mapping[tuple[str, str], int]
) -> dict[str, InstrumentNight]:
    instrument_of = {name: export.instrument for name, export in study.sites[site].exports.items()}
    brought = Counter[tuple[str, str]]()
    for drop in tonight:
        against: dict[str, dict[str, int]] = cast(
            Any, drop.facts.get("against_earlier", {})
        )  # forms, where counts are rows
        for export, difference in against.items():
            if drop.status != "duplicate" and export in instrument_of:
                brought[instrument_of[export], "new"] += difference["new"]
                brought[instrument_of[export], "changed"] += difference["changed"]
    used = dict.fromkeys([*instrument_of.values(), *(name for of, name in forms if of == site)])
    return {
        name: InstrumentNight(forms.get((site, name), 0), brought[name, "new"], brought[name, "changed"])
        for name in used
    }
