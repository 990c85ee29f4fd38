"""One drop's staged forms against the current forms of its site and instrument (contract, section 5.3).

Frame in, frame out. A form is equal to what was there if all its content is: answers, reasons, scores, date and people.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

ORIGIN = ("revision", "drop_id", "line", "received_at")


@dataclass(frozen=True)
class Folded:
    """`arrived`: new forms and new revisions; `superseded`: the revisions that these replace; counts are rows of the
    file. `changed_cells` tells of the changed forms how often each column of content differs, those that never do left
    out; `known_forms` how many of the staged forms were there before.
    """

    arrived: pl.DataFrame
    superseded: pl.DataFrame
    new: int
    changed: int
    unchanged: int
    changed_cells: dict[str, int] = field(default_factory=dict)
    known_forms: int = 0


def fold(staged: pl.DataFrame, current: Sequence[pl.LazyFrame], drop_id: str, received_at: datetime) -> Folded:
    """Compare staged forms with the current ones of the same site and instrument, given as lazy frames."""
    incoming = staged.with_columns(
        revision=pl.lit(1, dtype=pl.Int32),
        drop_id=pl.lit(drop_id),
        received_at=pl.lit(received_at).cast(pl.Datetime("us", "UTC")),
    )
    known = _known(incoming, current)
    if known.is_empty():
        return Folded(incoming.drop("n_lines"), incoming.drop("n_lines").clear(), _rows(incoming), 0, 0)
    content = [name for name in staged.columns if name not in ("form_id", "line", "n_lines")]
    beside = incoming.join(known, on="form_id", how="left", suffix="_before", maintain_order="left")
    was_there = pl.col("revision_before").is_not_null()
    differs = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_before")) for name in content)
    judged = beside.with_columns(
        outcome=pl.when(~was_there)
        .then(pl.lit("new"))
        .when(differs)
        .then(pl.lit("changed"))
        .otherwise(pl.lit("unchanged")),
        revision=pl.col("revision_before").fill_null(0) + 1,
    )
    counts = {
        outcome: _rows(judged.filter(pl.col("outcome") == outcome)) for outcome in ("new", "changed", "unchanged")
    }
    arrived = judged.filter(pl.col("outcome") != "unchanged").select(incoming.columns).drop("n_lines")
    changed = judged.filter(pl.col("outcome") == "changed").select("form_id")
    superseded = known.join(changed, on="form_id", how="semi", maintain_order="left").select(arrived.columns)
    return Folded(arrived, superseded, **counts, changed_cells=_differing(judged, content), known_forms=known.height)


def without(forms: pl.DataFrame, superseded: pl.DataFrame) -> pl.DataFrame:
    """Current forms less those of which a newer revision has arrived."""
    return forms.join(superseded.select("form_id"), on="form_id", how="anti", maintain_order="left")


def _differing(judged: pl.DataFrame, content: Sequence[str]) -> dict[str, int]:
    changed = judged.filter(pl.col("outcome") == "changed")
    if changed.is_empty():
        return {}
    times = changed.select(pl.col(name).ne_missing(pl.col(f"{name}_before")).sum() for name in content).row(
        0, named=True
    )
    return {name: count for name, count in times.items() if count}


def _known(incoming: pl.DataFrame, current: Sequence[pl.LazyFrame]) -> pl.DataFrame:
    ids = incoming.select("form_id").lazy()
    parts = [part.join(ids, on="form_id", how="semi").collect() for part in current]
    return pl.concat([incoming.drop("n_lines").clear(), *parts])


def _rows(forms: pl.DataFrame) -> int:
    return int(forms["n_lines"].sum())
