"""The published tables of alerts and of what was said about them, every column declared once."""

from dataclasses import replace

from alliance_etl.tables import Column, Table
from schemas.columns import DROP_ID, FORM_ID, LINE, SITE

_ALERT = (
    Column(
        "alert_id",
        "VARCHAR",
        "the letter a and 12 hex digits for form, rule, its version and the values it looked at",
        required=True,
    ),
    FORM_ID,
    SITE,
    Column("code", "VARCHAR", "the rule, a code of findings", required=True),
    Column("rule_version", "INTEGER", "version of the rule", required=True),
    Column("fingerprint", "VARCHAR", "hash of the values that the rule looked at", required=True),
)
ALERTS = Table(
    "alerts",
    "Possible but unlikely values of current forms, one row per form and rule, or per series of forms that an alert is "
    "about (the form is then its first); the forms are published all the same.",
    (
        *_ALERT,
        DROP_ID,
        LINE,
        Column("forms", "BIGINT", "number of forms that the alert is about", unit="forms", required=True),
        Column("expected", "VARCHAR", "what would have been likely", required=True),
        Column(
            "state",
            "VARCHAR",
            "open: listed in findings; confirmed: somebody says that the value is right",
            required=True,
            values=("open", "confirmed"),
        ),
    ),
    key=("alert_id",),
)
CONFIRMATIONS = Table(
    "confirmations",
    "Who confirmed which alert, when and why; each holds as long as the form's values and the rule stay as they are, "
    "and again when they return.",
    (
        *(replace(column, required=column.name in ("alert_id", "site")) for column in _ALERT),
        Column("confirmed_by", "VARCHAR", "who confirmed", required=True),
        Column("confirmed_at", "TIMESTAMPTZ", "when", required=True),
        Column("reason", "VARCHAR", "why the value is right", required=True),
        Column(
            "how",
            "VARCHAR",
            "verb: by `alliance-etl confirm`; drop: by a file of confirmations",
            required=True,
            values=("verb", "drop"),
        ),
        Column(
            "state",
            "VARCHAR",
            "standing; or waiting, since no current form of the site has this alert, any more or yet",
            required=True,
            values=("standing", "waiting"),
        ),
    ),
    key=("site", "alert_id"),
)
