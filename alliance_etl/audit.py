"""What `audit` answers: rows of the audit trail, and whether its chain holds. Reads only, beside a night at work."""

from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

from alliance_etl.history.publications import CURRENT, Publication, releases
from alliance_etl.publication.swap import published_folder
from alliance_etl.state.audit_rows import AuditRow, Break
from alliance_etl.state.layout import Layout
from alliance_etl.state.ledger import existing_ledger


def audit_rows(folder: Path, since: datetime | None, site: str | None, actions: Sequence[str]) -> list[AuditRow]:
    """The rows that fit, in their order. ConfigurationError where nothing has ever run."""
    with closing(existing_ledger(Layout(folder))) as ledger:
        return ledger.trail.rows(since=since, site=site, actions=actions)


def verified(folder: Path) -> tuple[int, Break | None]:
    """How many rows the trail has, and where its chain breaks first, if it does.

    What is published tells how far the trail had come when it was made, so that a trail that was cut off is seen.
    """
    with closing(existing_ledger(Layout(folder))) as ledger:
        return ledger.trail.head()[0], ledger.trail.first_break(_anchors(folder))


def _anchors(folder: Path) -> dict[str, tuple[int, str]]:
    layout = Layout(folder)
    public = published_folder(layout.warehouse)
    witnesses = {f"the release {release.name}": release for release in releases(layout)}
    if public is not None:
        witnesses["the publication"] = Publication(CURRENT, public)
    metas = {where: publication.meta() for where, publication in witnesses.items()}
    return {
        where: (int(meta["audit_rows"]), meta["audit_chain"]) for where, meta in metas.items() if "audit_rows" in meta
    }
