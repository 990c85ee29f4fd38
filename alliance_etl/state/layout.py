"""Where things stand below a study's folder, and the two ways of writing a file that survive a kill."""

import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

_FLUSHES_AT_ONCE = 16


@dataclass(frozen=True)
class Layout:
    """The folders of one study."""

    folder: Path

    @property
    def state(self) -> Path:
        return self.folder / ".state"

    @property
    def key(self) -> Path:
        return self.state / "key"

    @property
    def ledger(self) -> Path:
        return self.state / "ledger.sqlite"

    @property
    def archive(self) -> Path:
        return self.state / "archive"

    @property
    def forms(self) -> Path:
        return self.state / "forms"

    @property
    def scored(self) -> Path:
        return self.state / "scored"

    @property
    def findings(self) -> Path:
        return self.state / "findings"

    @property
    def alerts(self) -> Path:
        return self.state / "alerts"

    @property
    def fitness(self) -> Path:
        return self.state / "fitness"

    @property
    def lock(self) -> Path:
        return self.state / "lock"

    @property
    def dagster(self) -> Path:
        return self.state / "dagster"

    @property
    def receipts(self) -> Path:
        return self.folder / "receipts"

    @property
    def warehouse(self) -> Path:
        return self.folder / "warehouse"

    @property
    def reports(self) -> Path:
        """Pages and plots for people."""
        return self.warehouse / "reports"

    @property
    def night_page(self) -> Path:
        return self.reports / "night.html"

    def make(self) -> None:
        """Make .state/ and its folders, closed to everyone but the owner."""
        self.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.state.chmod(0o700)
        for folder in (self.archive, self.forms, self.scored, self.alerts, self.findings, self.fitness):
            folder.mkdir(mode=0o700, exist_ok=True)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder as durable as the bytes behind them."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_durable(paths: Sequence[Path]) -> None:
    """Flush files and the names of their folders to the disk, many at once: a journalling file system shares the
    work.
    """
    folders = {path.parent for path in paths}
    with ThreadPoolExecutor(_FLUSHES_AT_ONCE) as pool:
        list(pool.map(sync_file, paths))
        list(pool.map(sync_folder, folders))


def sync_file(path: Path) -> None:
    """Flush a file's bytes to the disk."""
    with path.open("rb+") as handle:
        os.fsync(handle.fileno())


def link_or_copy(source: Path, target: Path) -> Path:
    """A hard link, so that the bytes stand once; a copy on a file system without hard links."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
        sync_file(target)
    return target


@contextmanager
def written_whole(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """A name to write to; on leaving, its content takes the place of `path` in one step.

    `durable`: it is flushed to the disk before; otherwise the caller does so (make_durable) before anything relies on
    it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield draft
        if durable:
            sync_file(draft)
        draft.replace(path)
        if durable:
            sync_folder(path.parent)
    finally:
        draft.unlink(missing_ok=True)


def write_frame(frame: pl.DataFrame, path: Path) -> None:
    """Write a frame as Parquet, whole or not at all; `make_durable` before it is relied on."""
    with written_whole(path, durable=False) as draft:
        frame.write_parquet(draft, compression="lz4", statistics=False)
