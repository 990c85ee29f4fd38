"""Held rows that later drops have made good: their form has come properly since, or they came back mended in a fixme
file.

What is held stays history in the counts of its drop; here is told which of it still waits.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from alliance_etl.findings.catalogue import KINDS
from alliance_etl.receipts.files import read_cells
from alliance_etl.state.entries import Drop, HeldRow
from alliance_etl.state.layout import Layout
from alliance_etl.state.ledger import Ledger

_ERRORS = [code for code, kind in KINDS.items() if kind.severity == "error"]


def mark_of(ledger: Ledger, site: str) -> str:
    """Changes with everything that `made_good` of a site follows from."""
    drops = [(drop.seq, drop.status, drop.findings_file) for drop in ledger.drops(site)]
    paths = [segment.path for segment in ledger.segments(site, kind="current")]
    return hashlib.sha256(json.dumps([drops, paths]).encode()).hexdigest()[:16]


def made_good(layout: Layout, ledger: Ledger, site: str) -> dict[int, list[HeldRow]]:
    """By the number of a drop those of its held rows that wait no more, sorted.

    A row is made good where its form is current from a later drop, or where a fixme file that names it was taken in. A
    row without readable participant, session or date has no form to go by, and waits for its fixme file; so do the rows
    of a file that was rejected as a whole.
    """
    drops = [drop for drop in ledger.drops(site) if drop.status != "duplicate"]
    held = _held(layout, drops)
    if held.is_empty():
        return {}
    good = _by_form(layout, ledger, site, drops, held)
    good |= _by_fixme(drops, held, good)
    found: dict[int, list[HeldRow]] = {}
    for seq, export, line in sorted(good, key=lambda row: (row[0], row[2], row[1] or "")):
        found.setdefault(seq, []).append((export, line))
    return found


Row = tuple[int, str | None, int]
"""Number of the drop, export (None: no export could take the line apart) and line."""


def _held(layout: Layout, drops: Sequence[Drop]) -> pl.DataFrame:
    """seq, export, line and form_id of each held row; form_id is NULL where it cannot be told."""
    parts = [
        read_cells(layout, drop)
        .filter(pl.col("code").is_in(_ERRORS) & pl.col("line").is_not_null())
        .group_by("export", "line")
        .agg(pl.col("form_id").drop_nulls().first())
        .select(pl.lit(drop.seq).alias("seq"), "export", "line", "form_id")
        for drop in drops
        if drop.counts.held and drop.findings_file and drop.status != "rejected"
    ]
    return pl.concat(parts) if parts else pl.DataFrame()


def _by_form(layout: Layout, ledger: Ledger, site: str, drops: Sequence[Drop], held: pl.DataFrame) -> set[Row]:
    """The held rows whose form is current from a later drop."""
    arrived = {drop.drop_id: drop.seq for drop in drops}
    wanted = held["form_id"].drop_nulls().unique()
    paths = [layout.state / segment.path for segment in ledger.segments(site, kind="current")]
    if wanted.is_empty() or not paths or len(arrived) < 2:
        return set()
    current = pl.concat(
        [
            pl.scan_parquet(path)
            .select("form_id", "drop_id")
            .filter(pl.col("form_id").is_in(wanted.implode()))
            .collect()
            for path in paths
        ]
    )
    later = current.with_columns(since=pl.col("drop_id").replace_strict(arrived, default=0, return_dtype=pl.Int32))
    good = held.join(later, on="form_id").filter(pl.col("since") > pl.col("seq"))
    return set(good.select("seq", "export", "line").rows())


def _by_fixme(drops: Sequence[Drop], held: pl.DataFrame, good: Iterable[Row]) -> set[Row]:
    """The held rows that a fixme file names whose own row is not held, or was made good in its turn."""
    numbers: dict[str, list[int]] = {}
    for drop in drops:
        numbers.setdefault(drop.drop_id, []).append(drop.seq)
    by_line: dict[tuple[int, int], set[str | None]] = {}
    for seq, export, line in held.select("seq", "export", "line").iter_rows():
        by_line.setdefault((seq, line), set()).add(export)
    settled = set(good)
    for drop in sorted(drops, key=lambda drop: -drop.seq):
        for line, origin, row, exports in _mends(drop.facts):
            theirs = {None, *exports}  # another sheet of the workbook may have such a line, too
            held_here = by_line.get((drop.seq, line), set()) & theirs
            waits = {e for e in held_here if (drop.seq, e, line) not in settled}
            if None in waits:
                continue
            for seq in numbers.get(origin, ()):
                meant = (by_line.get((seq, row), set()) & theirs) - waits if seq < drop.seq else ()
                settled |= {(seq, e, row) for e in meant}
    return settled


def _mends(facts: Mapping[str, object]) -> list[tuple[int, str, int, list[str]]]:
    """Of the rows of a fixme file: line, the drop and line that it was held at, the exports that read it."""
    told = facts.get("mends", [])
    assert isinstance(told, list)
    return [(line, origin, row, exports.split()) for line, origin, row, exports in told]
