"""Which receipts are written anew, since what is published now says something else of their rows, and why."""

from collections.abc import Collection

from alliance_etl.alerts.published import Told
from alliance_etl.night.disk import trouble_with_disk_told
from alliance_etl.night.made_good import made_good, mark_of
from alliance_etl.state.layout import Layout
from alliance_etl.state.ledger import Ledger
from alliance_etl.study.model import Study


def renew(study: Study, layout: Layout, ledger: Ledger, told: Told) -> None:
    """Note of which drops the ledger tells something else from now on; their receipts are then due."""
    _make_good(study, layout, ledger)
    before = ledger.receipts.told()
    differing = {seq: told.get(seq, []) for seq in before.keys() | told.keys() if before.get(seq) != told.get(seq)}
    if differing:
        with trouble_with_disk_told(layout.state), ledger.transaction():
            ledger.receipts.tell(differing)
            _say_renewed(study, ledger, differing, "alerts and confirmations")


def _make_good(study: Study, layout: Layout, ledger: Ledger) -> None:
    """Note which held rows wait no more, at the sites where something has come since that was last asked."""
    for site in study.sites:
        mark = mark_of(ledger, site)
        if ledger.meta(f"made_good {site}") == mark:
            continue
        own = {drop.seq for drop in ledger.drops(site)}
        before = {seq: rows for seq, rows in ledger.receipts.made_good().items() if seq in own}
        found = made_good(layout, ledger, site)
        differing = {s: found.get(s, []) for s in before.keys() | found.keys() if before.get(s) != found.get(s)}
        with trouble_with_disk_told(layout.state), ledger.transaction():
            ledger.receipts.make_good(differing)
            _say_renewed(study, ledger, differing, "held rows that later files made good")
            ledger.set_meta(f"made_good {site}", mark)


def _say_renewed(study: Study, ledger: Ledger, numbers: Collection[int], because: str) -> None:
    """Enter in the trail whose receipts are written anew."""
    for site in study.sites if numbers else ():
        drops = [drop.drop_id for drop in ledger.drops(site) if drop.seq in numbers]
        if drops:
            ledger.trail.enter("receipts_renewed", site=site, drops=drops, because=because)
