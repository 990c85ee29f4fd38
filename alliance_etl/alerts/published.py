"""Alerts and confirmations as rows of published tables, and as what the receipts of drops tell."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from alliance_etl.alerts.said import Said
from alliance_etl.findings.catalogue import KINDS
from alliance_etl.state.entries import Drop

Told = dict[int, list[dict[str, Any]]]
"""Findings that follow from all that is published, by the number of the drop whose receipt tells them."""

_OF_WORD = ("alert_id", "site", "confirmed_by", "confirmed_at", "reason", "how")
_OF_ALERT = ("form_id", "code", "rule_version", "fingerprint")


def confirmation_rows(said: Sequence[Said], alerts: pl.DataFrame) -> list[dict[str, Any]]:
    """Every confirmation; `waiting` where no current form of the site has that alert, with these values and rule."""
    current = {(row["site"], row["alert_id"]): row for row in alerts.iter_rows(named=True)}
    rows = []
    for word in said:
        alert = current.get((word.site, word.alert_id))
        about = {name: alert[name] if alert else word.about.get(name) for name in _OF_ALERT}
        told = {name: getattr(word, name) for name in _OF_WORD}
        rows.append({**told, **about, "state": "standing" if alert else "waiting"})
    return rows


def findings_told(alerts: pl.DataFrame, said: Sequence[Said], drops: Sequence[Drop]) -> Told:
    """The open alerts as findings of the drop that brought the form's newest revision, and in the drops that confirm
    alerts what waits, or is not published.
    """
    first = {(drop.site, drop.drop_id): drop for drop in reversed(drops) if drop.status != "duplicate"}
    told: Told = {}
    for row in alerts.filter(state="open").iter_rows(named=True):
        drop = first[row["site"], row["drop_id"]]
        told.setdefault(drop.seq, []).append(_finding(drop, row["line"], row["code"], row["expected"], row["alert_id"]))
    current = set(alerts.select("site", "alert_id").rows())
    for word in said:
        if word.drop is None:
            continue
        if (word.site, word.alert_id) not in current:
            finding = _finding(word.drop, word.line, "confirmation_waits", None, word.alert_id)
            told.setdefault(word.drop.seq, []).append(finding)
        for name in word.withheld:
            finding = _finding(word.drop, word.line, "confirmation_identifies", None, name)
            told.setdefault(word.drop.seq, []).append(finding)
    return {seq: sorted(listed, key=lambda f: (f["line"], f["code"], f["message"])) for seq, listed in told.items()}


def _finding(drop: Drop, line: int | None, code: str, expected: str | None, detail: str) -> dict[str, Any]:
    kind = KINDS[code]
    return {
        "drop_id": drop.drop_id,
        "site": drop.site,
        "file": drop.file,
        "line": line,
        "code": code,
        "severity": kind.severity,
        "expected": expected,
        "message": kind.message.format(expected=expected, detail=detail),
        "how_to_fix": kind.how_to_fix,
        "count": 1,
        "alert_id": detail if kind.severity == "alert" else None,
    }


def open_by_site(told: Mapping[int, Sequence[Mapping[str, Any]]], drops: Sequence[Drop]) -> dict[str, int]:
    """How many alerts are open at each site, as the receipts tell it."""
    sites = {drop.seq: drop.site for drop in drops}
    counts: dict[str, int] = {}
    for seq, findings in told.items():
        if seq in sites:
            counts[sites[seq]] = counts.get(sites[seq], 0) + sum(f["severity"] == "alert" for f in findings)
    return counts
