"""Scored forms: for each file of current forms one Parquet file with scores and components beside the answers, and the
signs by which alerts are found.

A scored file is named after its source and the rules that it was scored by, so only what is new is ever scored.
"""

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from alliance_etl.alerts.signs import signs_of, signs_path
from alliance_etl.batches import batches
from alliance_etl.crosswalks.chosen import Ruler
from alliance_etl.instruments.model import Instrument, Mapped
from alliance_etl.scoring.expressions import with_scores
from alliance_etl.state.entries import Segment
from alliance_etl.state.layout import Layout, make_durable, write_frame, written_whole
from alliance_etl.tables import POLARS_TYPES, Table

# Rows of a Parquet row group: DuckDB's own, so that it reads with all cores.
ROW_GROUP = 122_880
# Rows that are scored as one frame.
MOST_ROWS = 1_000_000


@dataclass(frozen=True)
class Scoring:
    """How one instrument is scored in this study, and the table that the result is published as."""

    instrument: Instrument
    fingerprint: str
    min_answered: float
    c_grade: bool
    given_scales: tuple[str, ...]
    table: Table
    ruler: Ruler | None = None
    """Where its components are linked to; it changes no stored score."""

    def count_column(self, line: Mapped) -> str:
        """The column of the wide table that counts a component's answered items."""
        scale = self.instrument.same_scale(line)
        return f"n_pomp_{line.component}" if scale is None else f"n_score_{scale}"

    @property
    def mark(self) -> str:
        """Changes with every rule that a score depends on."""
        rules = [
            self.fingerprint,
            self.min_answered,
            self.c_grade,
            self.given_scales,
            [(c.name, c.type) for c in self.table.columns],
        ]
        return hashlib.sha256(json.dumps(rules).encode()).hexdigest()[:12]


def scored_path(layout: Layout, segment: Segment, scoring: Scoring) -> Path:
    return layout.scored / segment.instrument / segment.site / f"{Path(segment.path).stem}-{scoring.mark}.parquet"


def score_segments(layout: Layout, segments: Sequence[Segment], scoring: Scoring) -> list[Path]:
    """Score the files of current forms that are not scored yet; the paths of all results.

    Many small files are scored as one frame and cut apart again, since building the expressions costs more than a small
    file's arithmetic.
    """
    todo = [segment for segment in segments if not is_scored(scored_path(layout, segment, scoring))]
    for batch in batches(todo, lambda segment: segment.rows, MOST_ROWS):
        parts = [
            pl.read_parquet(layout.state / segment.path).with_columns(site=pl.lit(segment.site)) for segment in batch
        ]
        scored = wide_forms(pl.concat(parts), scoring)
        start = 0
        for segment, part in zip(batch, parts, strict=True):
            path, forms = scored_path(layout, segment, scoring), scored.slice(start, part.height)
            with written_whole(path, durable=False) as draft:
                forms.write_parquet(draft, compression="zstd", compression_level=1, row_group_size=ROW_GROUP)
            instrument = scoring.instrument
            assert instrument.response is not None, "only an instrument with a key is scored"
            signs = signs_of(forms, instrument.item_numbers, instrument.reversed_items or (), instrument.response)
            write_frame(signs, signs_path(path))
            start += part.height
    paths = [scored_path(layout, segment, scoring) for segment in todo]
    make_durable([*paths, *map(signs_path, paths)])
    return [scored_path(layout, segment, scoring) for segment in segments]


def is_scored(path: Path) -> bool:
    """Whether a scored file is there, and its signs beside it."""
    return path.exists() and signs_path(path).exists()


def wide_forms(forms: pl.DataFrame, scoring: Scoring) -> pl.DataFrame:
    """Current forms (with their site) with scores and components, in the columns and types of the published table."""
    items = {n: f"item_{n}" for n in scoring.instrument.item_numbers}
    given = [scale for scale in scoring.given_scales if f"given_{scale}" in forms.columns]
    scored = with_scores(
        forms, scoring.instrument, items, min_answered=scoring.min_answered, c_grade=scoring.c_grade, given=given
    )
    answered = pl.sum_horizontal(pl.col(name).is_not_null().cast(pl.Int16) for name in items.values())
    delivered = pl.any_horizontal(pl.col(f"given_{s}").is_not_null() for s in given) if given else pl.lit(value=False)
    return scored.with_columns(
        instrument=pl.lit(scoring.instrument.id),
        n_answered=pl.when((answered > 0) | ~delivered).then(answered),
    ).select(pl.col(column.name).cast(POLARS_TYPES[column.type]) for column in scoring.table.columns)


def sweep_scored(layout: Layout, keep: Collection[Path]) -> None:
    """Remove scored files that no current forms stand behind any more."""
    named = {*keep, *map(signs_path, keep)}
    for path in layout.scored.rglob("*"):
        if path.is_file() and path not in named:
            path.unlink()
