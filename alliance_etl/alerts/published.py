"""Alerts and confirmations as rows of published tables."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import polars as pl

from alliance_etl.findings.catalogue import KINDS
from alliance_etl.state.ledger import Confirmation, Drop


def confirmation_rows(confirmations: Sequence[Confirmation], alerts: pl.DataFrame) -> list[dict[str, Any]]:
    """Every confirmation ever given; `lapsed` where no current form has that alert with these values and rule."""
    current = set(alerts["alert_id"])
    return [{**asdict(c), "state": "standing" if c.alert_id in current else "lapsed"} for c in confirmations]


def finding_rows(alerts: pl.DataFrame, drops: Sequence[Drop]) -> list[dict[str, Any]]:
    """The open alerts as findings of the drop that brought the form's newest revision."""
    files = {(drop.site, drop.drop_id): drop.file for drop in reversed(drops) if drop.status != "duplicate"}
    return [
        {
            "drop_id": row["drop_id"],
            "site": row["site"],
            "file": files[row["site"], row["drop_id"]],
            "line": row["line"],
            "code": row["code"],
            "severity": KINDS[row["code"]].severity,
            "expected": row["expected"],
            "message": KINDS[row["code"]].message.format(expected=row["expected"], detail=row["alert_id"]),
            "how_to_fix": KINDS[row["code"]].how_to_fix,
            "count": 1,
        }
        for row in alerts.filter(state="open").iter_rows(named=True)
    ]
