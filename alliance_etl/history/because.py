"""What has changed of the rules between two publications: keys of study.yaml, instruments, crosswalks, versions."""

from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from typing import Any

import polars as pl

from alliance_etl.history.publications import Publication
from alliance_etl.state.layout import Layout
from alliance_etl.state.ledger import Ledger

_VERSIONS = ("alliance-etl", "duckdb", "polars", "narwhals", "pandera", "python")


def because_of(layout: Layout, before: Publication, after: Publication) -> dict[str, Any]:
    """`configuration` by changed key, as the audit trail tells; `instruments` and `crosswalks` by name; `versions`."""
    metas = before.meta(), after.meta()
    return {
        "configuration": _keys(layout, *metas),
        "instruments": _named(before, after, ("instruments", "items", "scales", "mapping"), "instrument"),
        "crosswalks": _named(before, after, ("crosswalks", "crosswalk_points"), "crosswalk_id"),
        "versions": {
            name: [metas[0].get(name), metas[1].get(name)]
            for name in _VERSIONS
            if metas[0].get(name) != metas[1].get(name)
        },
    }


def _keys(layout: Layout, before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """The keys of study.yaml that have changed between the two publications; empty where the trail does not know."""
    if before.get("configuration") == after.get("configuration") or not layout.ledger.exists():
        return {}
    first, last = sorted(datetime.fromisoformat(meta["published_at"]) for meta in (before, after))
    with closing(Ledger(layout.ledger)) as ledger:
        rows = ledger.trail.rows(since=first, actions=["configuration_changed"])
    changes = [row for row in rows if row.at <= last or row.told.get("after") == after.get("configuration")]
    return {key: word for row in changes for key, word in row.told.get("keys", {}).items()}


def _named(before: Publication, after: Publication, tables: tuple[str, ...], column: str) -> list[str]:
    """The names whose rows differ in one of these tables."""
    names: set[str] = set()
    for table in tables:
        frames = [
            pl.concat([pl.read_parquet(path) for path in files]).cast(pl.String)
            for files in (before.files(table), after.files(table))
            if files
        ]
        if len(frames) == 2:
            shared = [name for name in frames[0].columns if name in frames[1].columns]
            one, other = (frame.select(shared) for frame in frames)
            apart = [a.join(b, on=shared, how="anti", nulls_equal=True) for a, b in ((one, other), (other, one))]
            names.update(str(name) for frame in apart for name in frame[column])
    return sorted(names)
