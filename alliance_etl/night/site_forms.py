"""The current forms of one site while drops are folded in: which files hold them, before the ledger is told."""

import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

import polars as pl

from alliance_etl.forms.fold import Folded, fold, without
from alliance_etl.intake.identity import Lookalike
from alliance_etl.intake.staged import StagedExport
from alliance_etl.state.entries import Drop, Segment
from alliance_etl.state.layout import Layout, write_frame
from alliance_etl.state.ledger import Ledger

# More files than this per instrument and site are merged into one, so that a thousand nights stay quick to read.
MOST_SEGMENTS = 24
# So many forms are kept in memory before they are written.
MOST_PENDING = 2_000_000

Kind = Literal["current", "superseded"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass
class SiteForms:
    """Forms of one site: in files (`segments`), and in memory (`pending`) until they are flushed.

    `commit` makes the ledger name the segments, and no others of the site.
    """

    layout: Layout
    site: str
    segments: list[Segment]
    pending: dict[tuple[str, Kind], list[pl.DataFrame]] = field(default_factory=dict)
    unsafe: list[Path] = field(default_factory=list)
    lookalikes: set[Lookalike] = field(default_factory=set)

    def fold_in(self, drop: Drop, staged: StagedExport) -> Folded:
        """Fold one export's staged forms in."""
        folded = self.compared(drop, staged)
        if folded.superseded.height:
            self._take_out(staged.instrument, folded.superseded)
            superseded_at = pl.lit(drop.received_at).cast(pl.Datetime("us", "UTC"))
            self._add(staged.instrument, "superseded", folded.superseded.with_columns(superseded_at=superseded_at))
        self._add(staged.instrument, "current", folded.arrived)
        if sum(part.height for parts in self.pending.values() for part in parts) > MOST_PENDING:
            self._write_pending()
        return folded

    def compared(self, drop: Drop, staged: StagedExport) -> Folded:
        """What folding one export's staged forms in would do; nothing is done."""
        return fold(staged.forms, self._current(staged.instrument), drop.drop_id, drop.received_at)

    def forms_of(self, instrument: str, rater_role: str | None = None) -> int:
        """How many current forms of an instrument there are, in all or of one rater role."""
        if rater_role is not None:
            of_role = [part.filter(pl.col("rater_role") == rater_role) for part in self._current(instrument)]
            return sum(int(part.select(pl.len()).collect().item()) for part in of_role)
        files = sum(segment.rows for segment in self._of(instrument, "current"))
        return files + sum(part.height for part in self.pending.get((instrument, "current"), []))

    def absent(self, staged: StagedExport, rater_role: str) -> pl.DataFrame:
        """Where the current forms of the export's instrument and rater role come from (`drop_id`, `line`) that are not
        among its staged ones."""
        there = staged.forms.lazy().select("form_id")
        parts = [
            part.filter(pl.col("rater_role") == rater_role)
            .join(there, on="form_id", how="anti")
            .select("drop_id", "line")
            .collect()
            for part in self._current(staged.instrument)
        ]
        places = pl.DataFrame(schema={"drop_id": pl.String, "line": pl.Int64})
        return pl.concat([places, *parts], how="vertical_relaxed")

    def flush(self) -> list[Path]:
        """Write what is in memory; the files that must be durable before `commit`."""
        self._write_pending()
        for instrument in {segment.instrument for segment in self.segments}:
            for kind in KINDS:
                self._merge(instrument, kind)
        return [path for path in self.unsafe if path.exists()]

    def commit(self, ledger: Ledger) -> None:
        """Name the standing files in the ledger; belongs inside a transaction."""
        named = ledger.segments(self.site)
        before, stand = {segment.path for segment in named}, {segment.path for segment in self.segments}
        ledger.replace_segments(
            [segment for segment in named if segment.path not in stand],
            [segment for segment in self.segments if segment.path not in before],
        )
        ledger.lookalikes.enter(self.site, sorted(self.lookalikes))

    def _current(self, instrument: str) -> list[pl.LazyFrame]:
        files = [pl.scan_parquet(self.layout.state / segment.path) for segment in self._of(instrument, "current")]
        return [*files, *(part.lazy() for part in self.pending.get((instrument, "current"), []))]

    def _of(self, instrument: str, kind: Kind) -> list[Segment]:
        return [s for s in self.segments if s.instrument == instrument and s.kind == kind]

    def _add(self, instrument: str, kind: Kind, forms: pl.DataFrame) -> None:
        """Neighbours of one size are joined: a thousand drops of one night are a dozen frames to look through."""
        if not forms.height:
            return
        parts = self.pending.setdefault((instrument, kind), [])
        parts.append(forms)
        while len(parts) > 1 and parts[-2].height <= 2 * parts[-1].height:
            last = parts.pop()
            parts[-1] = pl.concat([parts[-1], last], rechunk=True)

    def _write_pending(self) -> None:
        for (instrument, kind), parts in self.pending.items():
            self._write(instrument, kind, pl.concat(parts))
        self.pending.clear()

    def _write(self, instrument: str, kind: Kind, forms: pl.DataFrame) -> None:
        if forms.height:
            path = Path("forms") / instrument / self.site / f"{kind}-{uuid.uuid4().hex}.parquet"
            write_frame(forms, self.layout.state / path)
            self.unsafe.append(self.layout.state / path)
            self.segments.append(Segment(str(path), self.site, instrument, kind, forms.height))

    def _take_out(self, instrument: str, superseded: pl.DataFrame) -> None:
        key: tuple[str, Kind] = (instrument, "current")
        self.pending[key] = [without(part, superseded) for part in self.pending.get(key, [])]
        for segment in self._of(instrument, "current"):
            forms = pl.read_parquet(self.layout.state / segment.path)
            left = without(forms, superseded)
            if left.height < forms.height:
                self.segments.remove(segment)
                self._write(instrument, "current", left)

    def _merge(self, instrument: str, kind: Kind) -> None:
        segments = self._of(instrument, kind)
        if len(segments) > MOST_SEGMENTS:
            merged = pl.concat([pl.read_parquet(self.layout.state / segment.path) for segment in segments])
            for segment in segments:
                self.segments.remove(segment)
            self._write(instrument, kind, merged)


def sweep(layout: Layout, ledger: Ledger) -> None:
    """Remove the files below .state/ that the ledger does not name: left by a run that did not end."""
    named = {layout.state / segment.path for segment in ledger.segments()}
    named |= {layout.state / drop.findings_file for drop in ledger.drops() if drop.findings_file}
    for folder in (layout.forms, layout.findings):
        for path in folder.rglob("*"):
            if path.is_file() and path not in named:
                path.unlink()
    kept = {drop.sha256 for drop in ledger.drops()}
    for path in layout.archive.rglob("*"):
        if path.is_file() and path.name not in kept:
            path.unlink()
