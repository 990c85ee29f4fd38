"""Why rows are held, per site: the causes that most cells hang on, and how to fix them; and how many forms vanished."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import polars as pl

from alliance_etl.findings.catalogue import KINDS
from alliance_etl.findings.frame import fold
from alliance_etl.receipts.files import made_good_of, read_all_cells
from alliance_etl.state.entries import Drop, HeldRow
from alliance_etl.state.layout import Layout

_ERRORS = [code for code, kind in KINDS.items() if kind.severity == "error"]


@dataclass(frozen=True)
class Cause:
    """One cause of held rows in one drop: `count` cells have it, `cell` or `line` is the first."""

    drop_id: str
    file: str
    code: str
    line: int | None
    column: str | None
    cell: str | None
    message: str
    how_to_fix: str
    count: int


def causes_of_held(
    layout: Layout, drops: Sequence[Drop], good: Mapping[int, Sequence[HeldRow]]
) -> dict[str, list[Cause]]:
    """Per site, the causes of the rows of `drops` that still wait (`good` are made good), most cells first."""
    holding = [drop for drop in drops if drop.findings_file and _waiting(drop, good)]
    cells = read_all_cells([layout.state / str(drop.findings_file) for drop in holding])
    waiting = _without(cells.filter(pl.col("code").is_in(_ERRORS)), holding, good)
    found: dict[str, list[Cause]] = {}
    for row in fold(waiting, within=["file"]).iter_rows(named=True):
        drop = holding[row["file"]]
        told = {name: row[name] for name in ("code", "line", "column", "cell", "message", "how_to_fix", "count")}
        found.setdefault(drop.site, []).append(Cause(drop.drop_id, drop.file, **told))
    return {site: sorted(causes, key=lambda cause: -cause.count) for site, causes in found.items()}


def vanished(layout: Layout, drops: Sequence[Drop]) -> dict[str, int]:
    """Per site, how many forms these drops have let vanish: snapshots that no longer hold them."""
    telling = sorted((drop for drop in drops if drop.findings_file), key=lambda drop: drop.site)
    counts = {}
    for site, of_site in groupby(telling, key=lambda drop: drop.site):
        cells = read_all_cells([layout.state / str(drop.findings_file) for drop in of_site])
        counts[site] = int(cells.filter(pl.col("code") == "forms_vanished")["count"].sum())
    return {site: count for site, count in counts.items() if count}


def _waiting(drop: Drop, good: Mapping[int, Sequence[HeldRow]]) -> bool:
    return drop.status != "duplicate" and drop.counts.held > made_good_of(drop, good.get(drop.seq, []))


def _without(cells: pl.DataFrame, drops: Sequence[Drop], good: Mapping[int, Sequence[HeldRow]]) -> pl.DataFrame:
    """The cells of rows that are not made good; `file` is the place of their drop in `drops`."""
    rows = [(number, *row) for number, drop in enumerate(drops) for row in good.get(drop.seq, [])]
    if not rows:
        return cells
    schema = {"file": pl.UInt32, "export": pl.String, "line": pl.Int64}
    listed = pl.DataFrame(rows, schema=schema, orient="row")
    return cells.join(listed, on=list(schema), how="anti", nulls_equal=True, maintain_order="left")
