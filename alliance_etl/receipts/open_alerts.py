"""confirmations.csv of a receipt: the open alerts of a drop, answered by filling in two columns and dropping it."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from alliance_etl.alerts.answers import COLUMNS, NAME
from alliance_etl.findings.frame import FOLDED
from alliance_etl.state.layout import written_whole

_ABOUT = ("line", "code", "message", "expected")


def as_findings(told: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """What is told as rows of FOLDED."""
    return pl.DataFrame([{name: finding.get(name) for name in FOLDED} for finding in told], schema=FOLDED)


def write_open_alerts(folder: Path, facts: Mapping[str, object], told: Sequence[Mapping[str, Any]]) -> str | None:
    """Write the file, delimited as the site's own (`facts`); its name. One that is no longer due goes."""
    path = folder / f"{NAME}.csv"
    open_alerts = [finding for finding in told if finding["severity"] == "alert"]
    if not open_alerts:
        path.unlink(missing_ok=True)
        return None
    with written_whole(path, durable=False) as draft, draft.open("w", encoding="utf-8-sig", newline="") as file:
        rows = csv.writer(file, delimiter=str(facts.get("delimiter", ",")))
        rows.writerow([*COLUMNS, *_ABOUT])
        rows.writerows([f["alert_id"], "", "", *(f[name] for name in _ABOUT)] for f in open_alerts)
    return path.name
