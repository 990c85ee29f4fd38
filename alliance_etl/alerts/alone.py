"""The alerts that one file shows by itself, for `check`: no ids, since these depend on the study's key.

A run may find more, since it compares with what came before: a session dated before one of an earlier file, and ranges
that change, which only a history can show.
"""

from collections.abc import Sequence
from typing import Any

import polars as pl

from alliance_etl.alerts.lookalikes import WHOSE, lookalike_ids
from alliance_etl.alerts.rules import FOUND, VISIT, rating_before_first_session, session_order, straight_lining
from alliance_etl.alerts.signs import signs_of
from alliance_etl.findings.catalogue import KINDS
from alliance_etl.findings.frame import FOLDED
from alliance_etl.intake.plan import Plan
from alliance_etl.study.model import Alerts


def alerts_alone(exports: Sequence[tuple[Plan, pl.DataFrame]], wanted: Alerts) -> list[dict[str, Any]]:
    """Findings (FOLDED), in the file's order, of the staged forms of all exports that read it."""
    found = [pl.LazyFrame(schema=FOUND)]
    placed = [
        (plan, forms.with_columns(site=pl.lit(plan.site), drop_id=pl.lit(""), family=pl.lit(plan.instrument.family)))
        for plan, forms in exports
    ]
    if placed:
        dated = pl.concat([forms.select(VISIT) for _, forms in placed]).lazy()
        order = session_order(dated) if wanted.session_order else found[0]
        found.append(order)
        if wanted.rating_before_first_session:
            found.append(rating_before_first_session(dated).join(order, on="form_id", how="anti"))
    if wanted.straight_lining:
        for plan, forms in placed:
            signs = signs_of(forms, plan.instrument.item_numbers, plan.instrument.reversed_items or (), plan.own)
            flat = signs.lazy().filter(kind="flat").with_columns(site=pl.lit(plan.site))
            found.append(straight_lining(flat, wanted.straight_lining_items))
    told = pl.collect_all(found)
    known = sorted({each for plan, _ in placed for each in plan.pseudonyms.lookalikes})
    if wanted.lookalike_id and known:
        whose = pl.concat([forms.select(WHOSE) for _, forms in placed]).lazy()
        told.append(lookalike_ids(placed[0][0].site, whose, known))
    rows = pl.concat(told).sort("line", "code")
    return [_finding(row) for row in rows.iter_rows(named=True)]


def _finding(row: dict[str, Any]) -> dict[str, Any]:
    kind = KINDS[row["code"]]
    return {
        **dict.fromkeys(FOLDED),
        "line": row["line"],
        "code": row["code"],
        "severity": kind.severity,
        "expected": row["expected"],
        "message": kind.message.format(expected=row["expected"], detail="ids are given by the run"),
        "how_to_fix": kind.how_to_fix,
        "count": 1,
    }
