"""All alerts of a study's current forms, and which of them somebody has confirmed."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import polars as pl

from alliance_etl.alerts.lookalikes import WHOSE, lookalike_ids
from alliance_etl.alerts.ranges import ranges_changed
from alliance_etl.alerts.rules import (
    FOUND,
    VERSIONS,
    VISIT,
    rating_before_first_session,
    session_order,
    straight_lining,
)
from alliance_etl.alerts.signs import signs_path
from alliance_etl.alerts.suspects import DATES, suspected
from alliance_etl.intake.identity import Lookalike
from alliance_etl.publication.scored import Scoring
from alliance_etl.state.layout import Layout, make_durable, write_frame
from alliance_etl.study.model import Alerts

ALERTS = {
    "alert_id": pl.String,
    **{name: kind for name, kind in FOUND.items() if name not in ("subject", "values")},
    "rule_version": pl.Int32,
    "fingerprint": pl.String,
    "state": pl.String,
}

Files = Sequence[tuple[Scoring, Path]]


def alerts_of(
    layout: Layout,
    sites: Mapping[str, Files],
    wanted: Alerts,
    confirmed: Collection[tuple[str, str]],
    lookalikes: Mapping[str, Sequence[Lookalike]],
) -> pl.DataFrame:
    """One row of ALERTS per form and rule; `state` is confirmed where `confirmed` has its site and alert_id.

    `sites` has the scored files of each site, `lookalikes` its ids that look like others. What a rule finds at one site
    depends on that site alone, so it is kept until the site's files or the rules change.
    """
    kept = {site: _mark(files, wanted, lookalikes[site]) for site, files in sites.items() if files}
    parts = [
        _kept(layout.alerts / site / f"{mark}.parquet", site, sites[site], wanted, lookalikes[site])
        for site, mark in kept.items()
    ]
    current = {layout.alerts / site / f"{mark}.parquet" for site, mark in kept.items()}
    for path in layout.alerts.rglob("*"):  # drafts of a night that was killed, too
        if path.is_file() and path not in current:
            path.unlink()
    return _named(pl.concat([pl.DataFrame(schema=FOUND), *parts]), confirmed)


def _mark(files: Files, wanted: Alerts, lookalikes: Sequence[Lookalike]) -> str:
    """Changes with all that the alerts of a site follow from."""
    facts = [sorted(path.name for _, path in files), sorted(VERSIONS.items()), wanted.model_dump(), lookalikes]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def _kept(path: Path, site: str, files: Files, wanted: Alerts, lookalikes: Sequence[Lookalike]) -> pl.DataFrame:
    if path.exists():
        return pl.read_parquet(path)
    found = of_site(site, files, wanted, lookalikes)
    write_frame(found, path)
    make_durable([path])
    return found


def of_site(site: str, files: Files, wanted: Alerts, lookalikes: Sequence[Lookalike]) -> pl.DataFrame:
    """What the rules find (FOUND) in the scored files of one site. Both sessions' rules never blame one form twice."""
    parts = [pl.LazyFrame(schema=FOUND)]
    if wanted.session_order or wanted.rating_before_first_session:
        dated = _dated(files)
        order = session_order(dated) if wanted.session_order else parts[0]
        parts.append(order)
        if wanted.rating_before_first_session:
            parts.append(rating_before_first_session(dated).join(order, on="form_id", how="anti"))
    if wanted.straight_lining and files:
        signs = pl.concat([pl.read_parquet(signs_path(path)) for _, path in files]).with_columns(site=pl.lit(site))
        parts.append(straight_lining(signs.lazy().filter(kind="flat"), wanted.straight_lining_items))
    found = pl.collect_all(parts)
    if wanted.lookalike_id and lookalikes:
        forms = pl.concat([pl.scan_parquet(path).select(WHOSE) for _, path in files])
        found.append(lookalike_ids(site, forms, lookalikes))
    return pl.concat([*found, *(ranges_changed(site, files) if wanted.range_changed else [])])


def _dated(files: Files) -> pl.LazyFrame:
    """The forms (VISIT) of those whom the rules about sessions and dates must look at."""
    kinds = {"session": pl.Int32, "session_date": pl.Date, "line": pl.Int64}
    nobody = pl.LazyFrame(schema={name: kinds.get(name, pl.String()) for name in VISIT})
    whom = suspected([(pl.read_parquet(path, columns=list(DATES)), s.instrument.family) for s, path in files])
    if whom.is_empty():
        return nobody
    theirs = [
        pl.scan_parquet(path)
        .filter(pl.col("participant").is_in(whom.implode()))
        .with_columns(family=pl.lit(scoring.instrument.family))
        .select(VISIT)
        .collect()
        for scoring, path in files
    ]
    return pl.concat(theirs).lazy()


def _named(found: pl.DataFrame, confirmed: Collection[tuple[str, str]]) -> pl.DataFrame:
    prints = [_digest(values) for values in found["values"]]
    versions = [VERSIONS[code] for code in found["code"]]
    # the letter keeps spreadsheets from taking an id for a number
    ids = [f"a{_digest(*parts)}" for parts in zip(found["subject"], found["code"], versions, prints, strict=True)]
    states = ["confirmed" if key in confirmed else "open" for key in zip(found["site"], ids, strict=True)]
    return (
        found.with_columns(
            pl.Series("alert_id", ids, dtype=pl.String),
            pl.Series("rule_version", versions, dtype=pl.Int32),
            pl.Series("fingerprint", prints, dtype=pl.String),
            pl.Series("state", states, dtype=pl.String),
        )
        .select(list(ALERTS))
        .sort("site", "code", "alert_id")
    )


def _digest(*parts: object) -> str:
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()[:12]
