"""The rows that are held: where each stands, what is wrong with it, and what to do. Nobody's id, no text of a cell."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from alliance_etl.errors import ConfigurationError
from alliance_etl.findings.frame import worded
from alliance_etl.receipts.files import made_good_of, read_cells, without_rows
from alliance_etl.state.entries import Drop, HeldRow
from alliance_etl.state.layout import Layout
from alliance_etl.state.ledger import Ledger
from alliance_etl.study.model import Study

_COLUMNS = ("export", "line", "cell", "column", "code", "value", "expected", "message", "how_to_fix", "cause")


def held_rows(study: Study, site: str | None = None) -> list[dict[str, Any]]:
    """One entry per drop that has held rows, in order of arrival, `rows` one per failing cell of a row that
    still waits: `held` = `made_good` by later drops + `waiting`, as of the last night.

    A duplicate holds nothing of its own. A file that was rejected as a whole has the reason in the place of rows.
    ConfigurationError for an unknown site.
    """
    if site is not None and site not in study.sites:
        raise ConfigurationError(f"no site {site!r} in {study.path}; there are {', '.join(study.sites)}")
    layout = Layout(study.folder)
    if not layout.ledger.exists():
        return []
    ledger = Ledger(layout.ledger)
    try:
        drops = [drop for drop in ledger.drops(site) if drop.counts.held and drop.status != "duplicate"]
        good = ledger.receipts.made_good()
    finally:
        ledger.close()
    return [_of_drop(layout, drop, good.get(drop.seq, [])) for drop in drops]


def _of_drop(layout: Layout, drop: Drop, good: Sequence[HeldRow]) -> dict[str, Any]:
    waiting = without_rows(read_cells(layout, drop), good)
    errors = worded(waiting.sort("line", "position")).filter(severity="error")
    mended = made_good_of(drop, good)
    return {
        "site": drop.site,
        "file": drop.file,
        "drop_id": drop.drop_id,
        "received_at": drop.received_at.isoformat(),
        "status": drop.status,
        "held": drop.counts.held,
        "made_good": mended,
        "waiting": drop.counts.held - mended,
        "rows": errors.select(_COLUMNS).to_dicts(),
    }


def by_cause(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The failing cells of one drop folded into causes, most cells first; `count` cells, `line` the first."""
    frame = pl.DataFrame(rows, infer_schema_length=None)
    if frame.is_empty():
        return []
    folded = frame.group_by("export", "code", "column", "cause", maintain_order=True).agg(
        pl.col("line", "cell", "value", "expected", "message", "how_to_fix").first(), count=pl.len()
    )
    return folded.sort("count", descending=True, maintain_order=True).to_dicts()
