"""All alerts of a study's current forms, and which of them somebody has confirmed."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from alliance_etl.alerts.rules import (
    FOUND,
    VERSIONS,
    VISIT,
    rating_before_first_session,
    session_order,
    straight_lining,
)
from alliance_etl.publication.scored import Scoring
from alliance_etl.state.ledger import Confirmation
from alliance_etl.study.model import Alerts

ALERTS = {
    "alert_id": pl.String,
    **{name: kind for name, kind in FOUND.items() if name != "values"},
    "rule_version": pl.Int32,
    "fingerprint": pl.String,
    "state": pl.String,
}

Answers = Mapping[str, Sequence[tuple[str, Path]]]


def alerts_of(
    scorings: Sequence[Scoring], answers: Answers, wanted: Alerts, confirmations: Sequence[Confirmation]
) -> pl.DataFrame:
    """One row of ALERTS per form and rule; `state` is confirmed where a confirmation has the same alert_id.

    `answers` are the scored files by instrument. Both sessions' rules never blame one form twice.
    """
    sources = {s.instrument.id: [path for _, path in answers[s.instrument.id]] for s in scorings}
    parts = [pl.LazyFrame(schema=FOUND)]
    dated = _dated(scorings, sources)
    order = session_order(dated) if wanted.session_order else parts[0]
    parts.append(order)
    if wanted.rating_before_first_session:
        parts.append(rating_before_first_session(dated).join(order, on="form_id", how="anti"))
    if wanted.straight_lining:
        parts += [
            straight_lining(
                pl.scan_parquet(sources[s.instrument.id]),
                s.instrument.item_numbers,
                s.instrument.reversed_items or (),
                wanted.straight_lining_items,
            )
            for s in scorings
            if sources[s.instrument.id]
        ]
    return _named(pl.concat(pl.collect_all(parts)), confirmations)


def _dated(scorings: Sequence[Scoring], sources: Mapping[str, Sequence[Path]]) -> pl.LazyFrame:
    files = [
        pl.scan_parquet(list(paths)).with_columns(family=pl.lit(scoring.instrument.family)).select(VISIT)
        for scoring in scorings
        if (paths := sources[scoring.instrument.id])
    ]
    if files:
        return pl.concat(files)
    kinds = {"session": pl.Int32, "session_date": pl.Date, "line": pl.Int64}
    return pl.LazyFrame(schema={name: kinds.get(name, pl.String()) for name in VISIT})


def _named(found: pl.DataFrame, confirmations: Sequence[Confirmation]) -> pl.DataFrame:
    confirmed = {confirmation.alert_id for confirmation in confirmations}
    prints = [_digest(values) for values in found["values"]]
    versions = [VERSIONS[code] for code in found["code"]]
    ids = [_digest(*parts) for parts in zip(found["form_id"], found["code"], versions, prints, strict=True)]
    return (
        found.with_columns(
            pl.Series("alert_id", ids, dtype=pl.String),
            pl.Series("rule_version", versions, dtype=pl.Int32),
            pl.Series("fingerprint", prints, dtype=pl.String),
            pl.Series("state", ["confirmed" if i in confirmed else "open" for i in ids], dtype=pl.String),
        )
        .select(list(ALERTS))
        .sort("site", "code", "alert_id")
    )


def _digest(*parts: object) -> str:
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()[:12]
