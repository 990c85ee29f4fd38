"""Making a publication public: one symbolic link, replaced in one step.

    warehouse/current -> .publications/<n>      the link
    warehouse/alliance.duckdb -> current/alliance.duckdb, warehouse/tables -> current/tables      never change

DuckDB and Parquet therefore appear together. Who has a file of the old publication open keeps reading it; its folder
goes
away only with the publication after the next.
"""

import hashlib
import os
import shutil
import time
from pathlib import Path

from alliance_etl.state.layout import sync_folder

_FIXED = {"alliance.duckdb": "current/alliance.duckdb", "tables": "current/tables"}


def published_folder(warehouse: Path) -> Path | None:
    """The folder of the publication that is public, or None."""
    current = warehouse / "current"
    folder = current.resolve()
    complete = current.is_symlink() and (folder / "alliance.duckdb").is_file() and (folder / "tables").is_dir()
    linked = all((warehouse / link).is_symlink() for link in _FIXED)
    return folder if complete and linked else None


def imprint(folder: Path) -> str:
    """A short hash of what the files of a publication look like from outside: names, sizes and times of writing."""
    files = [folder / "alliance.duckdb", *sorted((folder / "tables").rglob("*.parquet"))]
    seen = [(str(path.relative_to(folder)), (stat := path.stat()).st_size, stat.st_mtime_ns) for path in files]
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:16]


def next_folder(warehouse: Path) -> Path:
    """The folder to build the next publication in; what an unfinished run left there is removed."""
    publications = warehouse / ".publications"
    publications.mkdir(parents=True, exist_ok=True)
    public = (warehouse / "current").resolve().name if (warehouse / "current").is_symlink() else "0"
    number = int(public) + 1 if public.isdigit() else 1
    for folder in publications.iterdir():
        if folder.name not in (public, str(number - 2)):
            shutil.rmtree(folder, ignore_errors=True)
    for draft in warehouse.glob(".*.tmp"):
        draft.unlink()
    return publications / str(number)


def make_public(warehouse: Path, folder: Path) -> None:
    """Replace the link, and with it database and Parquet tables together."""
    sync_folder(folder)
    sync_folder(folder.parent)
    for link, target in _FIXED.items():
        if not (warehouse / link).is_symlink():
            _replace_link(warehouse / link, target)
    _replace_link(warehouse / "current", str(Path(".publications") / folder.name))
    sync_folder(warehouse)


def _replace_link(link: Path, target: str) -> None:
    draft = link.with_name(f".{link.name}.{os.getpid()}.tmp")
    draft.unlink(missing_ok=True)
    draft.symlink_to(target)
    if link.is_dir() and not link.is_symlink():
        # a folder that somebody put there, from a backup say: moved aside, never deleted
        link.rename(link.with_name(f"{link.name}.before-{time.time_ns()}"))
    draft.replace(link)
