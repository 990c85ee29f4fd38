"""Making a publication public: one symbolic link, replaced in one step.

    warehouse/current -> .publications/<n>      the link
    warehouse/alliance.duckdb -> current/alliance.duckdb, warehouse/tables -> current/tables      never change

DuckDB and Parquet therefore appear together. Who has a file of the old publication open keeps reading it; its folder
goes away only with the publication after the next.
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


def previous_folder(warehouse: Path) -> Path | None:
    """The folder of the publication before the public one, or None."""
    public = published_folder(warehouse)
    earlier = _earlier(warehouse / ".publications", int(public.name) if public and public.name.isdigit() else 0)
    return warehouse / ".publications" / str(earlier[-1]) if earlier else None


def _earlier(publications: Path, public: int) -> list[int]:
    """The numbers of whole publications before that one, in order."""
    names = [folder.name for folder in publications.glob("*") if (folder / "alliance.duckdb").is_file()]
    return sorted(int(name) for name in names if name.isdigit() and int(name) < public)


def next_folder(warehouse: Path, after: int = 0) -> Path:
    """The folder to build the next publication in; what an unfinished run left there is removed.

    `after` is the highest number that is known to have been given: no number is given twice, whatever became of the
    warehouse.
    """
    publications = warehouse / ".publications"
    publications.mkdir(parents=True, exist_ok=True)
    name = (warehouse / "current").resolve().name if (warehouse / "current").is_symlink() else "0"
    public = int(name) if name.isdigit() else 0
    kept = {str(number) for number in (public, *_earlier(publications, public)[-1:])}
    number = max(public, after) + 1
    for folder in publications.iterdir():
        if folder.name not in kept:
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
