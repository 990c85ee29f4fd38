"""Confirming alerts in an open night: whose word it is, that it names nobody, and the trail of it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl

from alliance_etl.alerts.confirm import chosen, confirmations
from alliance_etl.alerts.said import names_somebody
from alliance_etl.errors import ConfigurationError
from alliance_etl.night.disk import trouble_with_disk_told
from alliance_etl.night.night import Night


def confirm(
    night: Night, ids: Sequence[str], site: str | None = None, code: str | None = None, *, who: str, why: str
) -> list[dict[str, Any]]:
    """Confirm these open alerts, or (without ids) all of that site and code; the alerts that were confirmed.

    ConfigurationError where name or reason hold an id, since they are published.
    """
    alerts = chosen(night.alerts(), ids, site, code)
    given = confirmations(alerts, who=who, why=why, at=datetime.now(UTC), how="verb")
    for of in {row.site for row in given}:
        is_id = night.ids_at(of)
        if names_somebody(who, is_id) or names_somebody(why, is_id):
            raise ConfigurationError(
                "name or reason hold an id of the site, an e-mail address or a telephone number, and they are "
                "published; say it without. Nothing was confirmed"
            )
    with trouble_with_disk_told(night.layout.state), night.ledger.transaction():
        night.ledger.confirm(given)
        for word in given:
            which = {"form_id": word.form_id, "about": word.alert_id}
            night.ledger.trail.enter("confirmation", site=word.site, **which, code=word.code, confirmed_by=who)
    return alerts.with_columns(state=pl.lit("confirmed")).to_dicts()
