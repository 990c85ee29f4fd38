"""A backup: what of a study cannot be made again. Settings, keys and links; the ledger; the archive, still encrypted.

Everything else follows from these: the next run in a restored folder takes all drops in anew and publishes. The copy is
taken under the study's lock, so that ledger and archive fit each other; of the archive only what is new is copied.
"""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from alliance_etl.errors import ConfigurationError, RunFailed
from alliance_etl.state.audit import Actor
from alliance_etl.state.layout import Layout, sync_folder
from alliance_etl.state.ledger import Ledger, existing_ledger
from alliance_etl.state.lock import study_lock
from alliance_etl.study.model import Study

# What a ledger says of files that a backup does not hold: without it, everything is taken in anew.
_DERIVED = ("segments", "checked", "sites")
# What `init` writes for Dagster: without it the services of a restored study would not start.
_STARTED_FROM = ("workspace.yaml", "definitions.py")


@dataclass(frozen=True)
class BackedUp:
    """How many archived files there are, and how many of them were copied this time; whether the key is among them."""

    folder: Path
    archived: int
    copied: int
    with_key: bool


def back_up(study: Study, target: Path, *, with_key: bool = False, wait_seconds: float = 600) -> BackedUp:
    """Copy what cannot be made again into `target`, which may hold an earlier backup of the same study.

    ConfigurationError where nothing has run yet, or `target` holds something else; RunFailed where the archive lacks a
    file that the ledger names.
    """
    layout, then = Layout(study.folder), Layout(target)
    existing_ledger(layout).close()
    if target.exists() and any(target.iterdir()) and not then.ledger.exists():
        raise ConfigurationError(f"{target} holds something that is no backup; give an empty folder, or a new one")
    with study_lock(layout.lock, wait_seconds=wait_seconds):
        then.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        copied = _copy_archive(layout, then)
        _copy_settings(study, target)
        _copy_ledger(layout, then)
        if with_key and layout.key.is_file():
            shutil.copy2(layout.key, then.key)
        with closing(Ledger(layout.ledger)) as ledger, ledger.transaction():
            ledger.trail.actor = Actor()
            ledger.trail.enter("backup", files=copied, with_key=with_key)
    sync_folder(then.state)
    archived = sum(path.is_file() for path in then.archive.rglob("*"))
    return BackedUp(target, archived, copied, with_key and then.key.is_file())


def _copy_settings(study: Study, target: Path) -> None:
    """study.yaml, what the daemon starts from, instruments/ and the crosswalks that study.yaml names."""
    shutil.copy2(study.path, target / study.path.name)
    for source in (study.folder / name for name in _STARTED_FROM):
        if source.is_file():
            shutil.copy2(source, target / source.name)
    named = [study.folder / name for name in study.crosswalks]
    for source in (*(study.folder / "instruments").glob("*.yaml"), *named):
        inside = source.resolve().is_relative_to(study.folder.resolve())
        if source.is_file() and inside:
            copy = target / source.resolve().relative_to(study.folder.resolve())
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy)


def _copy_archive(layout: Layout, then: Layout) -> int:
    """Copy archived drops that are not there yet; each is named by its content, and never changes."""
    copied = 0
    for source in _archived(layout):
        copy = then.archive / source.relative_to(layout.archive)
        if copy.is_file() and copy.stat().st_size == source.stat().st_size:
            continue
        copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = copy.with_name(f".{copy.name}.{os.getpid()}.tmp")
        shutil.copy2(source, draft)
        with draft.open("rb+") as handle:
            os.fsync(handle.fileno())
        draft.replace(copy)
        copied += 1
    return copied


def _archived(layout: Layout) -> Iterator[Path]:
    """The archived file of every content that the ledger names."""
    with closing(sqlite3.connect(layout.ledger)) as ledger:
        contents = [row[0] for row in ledger.execute("SELECT DISTINCT sha256 FROM drops ORDER BY sha256")]
    for sha256 in contents:
        path = layout.archive / sha256[:2] / sha256
        if not path.is_file():
            raise RunFailed(f"the archive lacks the file {sha256[:16]}; restore .state/archive from an earlier backup")
        yield path


def _copy_ledger(layout: Layout, then: Layout) -> None:
    """The ledger without what it says of derived files, whole or not at all."""
    draft = then.ledger.with_name(f".{then.ledger.name}.{os.getpid()}.tmp")
    draft.unlink(missing_ok=True)
    with closing(sqlite3.connect(layout.ledger)) as now, closing(sqlite3.connect(draft)) as copy:
        now.backup(copy)
        for table in _DERIVED:
            copy.execute(f"DELETE FROM {table}")
        copy.execute("DELETE FROM meta WHERE key = 'published'")
        copy.commit()
        copy.execute("PRAGMA journal_mode = DELETE")
    draft.chmod(0o600)
    draft.replace(then.ledger)
