"""Confirming alerts: who says that a value is right as it stands, and why."""

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from alliance_etl.errors import ConfigurationError
from alliance_etl.state.entries import Confirmation


def chosen(alerts: pl.DataFrame, ids: Sequence[str], site: str | None, code: str | None) -> pl.DataFrame:
    """The open alerts of these ids, or (without ids) of that site and code. ConfigurationError names ids that are not
    open.
    """
    is_open = alerts.filter(state="open")
    if site is not None:
        is_open = is_open.filter(site=site)
    if code is not None:
        is_open = is_open.filter(code=code)
    if not ids:
        return is_open
    unknown = sorted(set(ids) - set(is_open["alert_id"]))
    if unknown:
        raise ConfigurationError(
            f"no open alert {', '.join(unknown)}: it is confirmed already, or its form has changed since; "
            "`alliance-etl confirm` lists the open ones. Nothing was confirmed"
        )
    return is_open.filter(pl.col("alert_id").is_in(list(ids)))


def confirmations(alerts: pl.DataFrame, *, who: str, why: str, at: datetime, how: str) -> list[Confirmation]:
    """One confirmation per alert. ConfigurationError without a name or a reason."""
    if not who.strip() or not why.strip():
        raise ConfigurationError("a confirmation needs a name (--by) and a reason (--why)")
    return [
        Confirmation(
            alert_id=row["alert_id"],
            form_id=row["form_id"],
            site=row["site"],
            code=row["code"],
            rule_version=row["rule_version"],
            fingerprint=row["fingerprint"],
            confirmed_by=who.strip(),
            confirmed_at=at,
            reason=why.strip(),
            how=how,
        )
        for row in alerts.iter_rows(named=True)
    ]
