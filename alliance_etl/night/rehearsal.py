"""A rehearsal: what a run would make of one file, beside the forms that the study has. Nothing is written anywhere.

The ledger is copied into memory, the current forms are read where they stand, and what the file would do to them is
kept in memory, too.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import polars as pl

from alliance_etl.findings.frame import causes
from alliance_etl.forms.fold import without
from alliance_etl.instruments.registry import Registry
from alliance_etl.intake.plan import Plan
from alliance_etl.intake.staged import StagedDrop
from alliance_etl.night.ahead import Ahead, Errands
from alliance_etl.night.judging import DropJudge
from alliance_etl.night.news import content_hash
from alliance_etl.night.promises import Promises
from alliance_etl.night.site_forms import SiteForms
from alliance_etl.night.source import Source
from alliance_etl.state.archive import Archive
from alliance_etl.state.entries import Drop
from alliance_etl.state.key import ENVIRONMENT, archive_key, key_check
from alliance_etl.state.layout import Layout
from alliance_etl.state.ledger import Ledger
from alliance_etl.study.model import Study

T = TypeVar("T")
_TRIES = 3


@dataclass(frozen=True)
class Rehearsed:
    """The drop that the file would be; its findings (CELLS), and its staged forms, if it was read."""

    drop: Drop
    cells: pl.DataFrame
    staged: StagedDrop | None
    plans: dict[str, Plan]


def rehearse(study: Study, registry: Registry, promises: Promises, file: Path, site: str) -> Rehearsed | None:
    """Judge the file as the site's next drop. None where the study has no ledger yet, where this user may not read it,
    where the key is not at hand or another one, or where its forms cannot be read.
    """
    for _ in range(_TRIES):
        with suppress(FileNotFoundError):  # a run that goes on has other files of forms by now
            return _rehearsed(study, registry, promises, file, site)
    return None


def _rehearsed(study: Study, registry: Registry, promises: Promises, file: Path, site: str) -> Rehearsed | None:
    layout = Layout(study.folder)
    key = _key(layout)
    if key is None:
        return None
    with _ledger(layout.ledger) as ledger:
        if ledger is None or ledger.meta("key_check") != key_check(key):
            return None
        errands = Errands(study, registry, promises, key)
        archive = Archive(layout.archive, archive_key(key))
        judge = _Judge(site, layout, ledger, errands.plans(site), Ahead(errands), archive)
        sha256 = content_hash(file)
        new = Drop(0, site, file.name, sha256, file.stat().st_size, datetime.now(UTC))
        forms = _Forms(layout, site, ledger.segments(site))
        drop = judge.judge(_Here(archive, sha256, layout.state, here=file), new, ledger.drops(site), forms)
        return Rehearsed(drop, judge.cells, judge.staged, dict(judge.plans.plans))


def has_no_forms(study: Study) -> bool:
    """Whether no run has ever begun: then all forms are new, whoever asks."""
    layout = Layout(study.folder)
    if not layout.state.exists():
        return True
    return os.access(layout.state, os.R_OK | os.X_OK) and not layout.ledger.exists()


def _key(layout: Layout) -> bytes | None:
    """The study's key, which a rehearsal does not make."""
    if ENVIRONMENT in os.environ:
        return os.environ[ENVIRONMENT].encode()
    return layout.key.read_bytes() if os.access(layout.key, os.R_OK) else None


@contextmanager
def _ledger(path: Path) -> Iterator[Ledger | None]:
    """A copy of the ledger in memory; None where there is none that can be read."""
    if not os.access(path, os.R_OK):
        yield None
        return
    # without the log of a run that goes on or was killed, the file is all there is; to read it leaves none beside it
    way = "mode=ro" if path.with_name(f"{path.name}-wal").exists() else "immutable=1"
    with closing(sqlite3.connect(f"{path.as_uri()}?{way}", uri=True, timeout=60)) as original:
        copy = Ledger.in_memory(original)
    with closing(copy):
        yield copy


@dataclass
class _Forms(SiteForms):
    """Forms that a drop takes out of a file are left out where that is read."""

    gone: dict[str, list[pl.DataFrame]] = field(default_factory=dict)

    def _current(self, instrument: str) -> list[pl.LazyFrame]:
        gone = self.gone.get(instrument)
        parts = super()._current(instrument)
        return [part.join(pl.concat(gone).lazy(), on="form_id", how="anti") for part in parts] if gone else parts

    def _take_out(self, instrument: str, superseded: pl.DataFrame) -> None:
        pending = self.pending.get((instrument, "current"), [])
        self.pending[instrument, "current"] = [without(part, superseded) for part in pending]
        self.gone.setdefault(instrument, []).append(superseded.select("form_id"))

    def _write_pending(self) -> None:
        """All stays in memory."""


@dataclass
class _Judge(DropJudge):
    """Keeps what was found, and what was read, in memory."""

    cells: pl.DataFrame = field(default_factory=pl.DataFrame)
    staged: StagedDrop | None = None

    def _staged(self, source: Source, drop: Drop, plans: list[Plan]) -> StagedDrop:
        self.staged = super()._staged(source, drop, plans)
        return self.staged

    def _with_findings(self, drop: Drop, cells: pl.DataFrame) -> Drop:
        self.cells = cells
        found = causes(cells)
        status = "accepted_with_findings" if drop.status == "accepted" and found else drop.status
        return replace(drop, findings=found, status=status)


@dataclass(frozen=True)
class _Here(Source):
    """A file that was not dropped, and is read where it is."""

    here: Path = Path()

    def read(self, reader: Callable[[Path], T]) -> T:
        return reader(self.here)
