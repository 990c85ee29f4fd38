"""Alerts answered as a coordinator answers them: the receipt's confirmations.csv, filled in and dropped back.

The only file of the demo that is not the same each time: the ids of alerts follow from the study's key.
"""

import csv
from collections.abc import Mapping
from pathlib import Path

from alliance_etl.demo.plan import PlannedSite


def confirmed(folder: Path, sites: Mapping[str, PlannedSite]) -> dict[Path, int]:
    """Drop a file of confirmations at each site that confirms, where a receipt asks for it; its rows."""
    dropped = {}
    for name, site in sites.items():
        asked = sorted((folder / "receipts" / name).glob("*/confirmations.csv"))
        if site.confirms is None or not asked:
            continue
        with asked[0].open(encoding="utf-8-sig", newline="") as lines:
            header, *rows = csv.reader(lines, delimiter=site.writes.delimiter)
        target = folder / "drops" / name / asked[0].name
        with target.open("w", encoding="utf-8-sig", newline="") as file:
            filled = ([alert, site.confirms.who, site.confirms.why, *rest] for alert, _, _, *rest in rows)
            csv.writer(file, delimiter=site.writes.delimiter).writerows([header, *filled])
        dropped[target] = len(rows)
    return dropped
