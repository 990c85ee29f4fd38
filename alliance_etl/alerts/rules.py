"""The rules that find alerts, each over current forms only: no clock, no order of drops, so any order finds the same.

A rule returns FOUND rows; `values` is all that the rule looked at, and what a confirmation is bound to. Whoever changes
what a rule finds raises its version: its confirmations lapse and the alerts are open again.
"""

import polars as pl

VERSIONS = {
    "session_order": 1,
    "rating_before_first_session": 1,
    "straight_lining": 2,
    "range_changed": 1,
    "lookalike_id": 1,
}

VISIT = ("form_id", "site", "participant", "family", "rater_role", "session", "session_date", "drop_id", "line")
"""The columns that the rules about sessions and dates look at."""

# `subject` is what the alert is about, a form or a series of forms; `form_id` is the form, or the series' first.
FOUND = {
    "subject": pl.String,
    "form_id": pl.String,
    "site": pl.String,
    "drop_id": pl.String,
    "line": pl.Int64,
    "code": pl.String,
    "forms": pl.Int64,
    "values": pl.String,
    "expected": pl.String,
}

_PERSON = ("site", "participant")
_SERIES = (*_PERSON, "family", "rater_role")


def session_order(dated: pl.LazyFrame) -> pl.LazyFrame:
    """Forms dated before an earlier session of the same participant, instrument family and rater role.

    Basis: sessions are numbered as they are held, so dates cannot fall while numbers rise. Roles are kept apart, since
    a therapist may fill in days later than the client.
    """
    known = dated.filter(pl.col("session").is_not_null() & pl.col("session_date").is_not_null())
    latest = (
        known.group_by(*_SERIES, "session")
        .agg(latest=pl.col("session_date").max())
        .sort(*_SERIES, "session")
        .with_columns(before=pl.col("latest").cum_max().shift(1).over(_SERIES))
    )
    late = known.join(latest, on=[*_SERIES, "session"]).filter(pl.col("session_date") < pl.col("before"))
    return _found(
        late,
        "session_order",
        values=pl.format("{} {} {}", "session", "session_date", "before"),
        expected=pl.format("{} or later, since an earlier session has that date", "before"),
    )


def rating_before_first_session(dated: pl.LazyFrame) -> pl.LazyFrame:
    """Forms without a session number, or of a later session, dated before the participant's session 1.

    Basis: an alliance is rated by people who have met. The first session is the earliest date that any instrument gives
    for session 1; where none does, nothing is claimed.
    """
    first = dated.filter(pl.col("session") == 1).group_by(_PERSON).agg(first=pl.col("session_date").min())
    later = pl.col("session").is_null() | (pl.col("session") > 1)
    early = dated.join(first, on=_PERSON).filter(later & (pl.col("session_date") < pl.col("first")))
    return _found(
        early,
        "rating_before_first_session",
        values=pl.format("{} {} {}", pl.col("session").cast(pl.String).fill_null("-"), "session_date", "first"),
        expected=pl.format("{} or later, the date of session 1", "first"),
    )


def straight_lining(flat: pl.LazyFrame, least: int) -> pl.LazyFrame:
    """Forms of at least `least` answers, all equal as ticked, though some of the answered items are reversed.

    `flat` are the forms with such answers (alliance_etl.alerts.signs), with their site. Basis: agreement with an item
    and with its opposite to the same degree is possible, but more often an unread form (identical answers in a row as a
    sign of careless responding: Curran 2016, J Exp Soc Psychol 66). Answers all in the middle contradict nothing.
    """
    return _found(
        flat.filter(pl.col("n") >= least),
        "straight_lining",
        values=pl.format("{} times {}", "n", "answer"),
        expected=pl.format("answers that differ somewhere among {} items", "n"),
    )


def _found(forms: pl.LazyFrame, code: str, values: pl.Expr, expected: pl.Expr) -> pl.LazyFrame:
    columns = {
        "subject": pl.col("form_id"),
        "code": pl.lit(code),
        "forms": pl.lit(1),
        "values": values,
        "expected": expected,
    }
    return forms.with_columns(**columns).select(pl.col(name).cast(kind) for name, kind in FOUND.items())
