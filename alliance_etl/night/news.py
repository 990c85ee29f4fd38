"""What lies in the drop folders that the ledger does not know yet."""

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from alliance_etl.pull import RemoteFile
from alliance_etl.state.layout import Layout
from alliance_etl.state.ledger import Ledger
from alliance_etl.study.model import Site, Study

_UNFINISHED = (".part", ".tmp", ".filepart")
# A clock that runs ahead on the site's side must not keep a file waiting for ever.
_AHEAD_SECONDS = 60

# File name → size, time of modification and content hash when it was last looked at.
Seen = Mapping[str, tuple[int, int, str]]


@dataclass(frozen=True)
class DroppedFile:
    """A file in a site's folder. `modified` is in ns; files are taken in by (modified, name).

    Of a remote file, `path` leads nowhere, `size` is -1 where the source does not tell it, and `modified` stands for
    the version that the source tells.
    """

    path: Path
    name: str
    size: int
    modified: int
    remote: RemoteFile | None = None


@dataclass(frozen=True)
class PendingDrop:
    """A file that the next run would take in, for those who only want to know that there is one."""

    site: str
    file: str
    drop_id: str


def is_unfinished(name: str) -> bool:
    """Names of files that are still being written, or that a program keeps for itself."""
    return name.startswith((".", "~$")) or name.lower().endswith(_UNFINISHED)


def dropped_files(site: Site, settle_seconds: float) -> list[DroppedFile]:
    """The settled files of a site's folder, in the order of taking them in. OSError where it cannot be read.

    None of a remote source, which is not asked just to look.
    """
    if not isinstance(site.drop, Path):
        return []
    now = time.time()
    files = []
    for path in site.drop.iterdir():
        if is_unfinished(path.name) or not path.is_file():
            continue
        try:
            stat = path.stat()
        except FileNotFoundError:  # gone since the folder was listed
            continue
        age = now - stat.st_mtime
        if age >= settle_seconds or age < -_AHEAD_SECONDS:
            files.append(DroppedFile(path, spelled(path.name), stat.st_size, stat.st_mtime_ns))
    return sorted(files, key=lambda file: (file.modified, file.name))


def spelled(name: str) -> str:
    r"""A file's name as text; bytes that are no UTF-8 (a name packed on an old PC) are spelled out, as in `Gr\xf6e`."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def unsettled(study: Study) -> bool:
    """Whether a file lies somewhere that is only too young to be read; a folder that cannot be read holds none."""
    return any(_readable(site, 0) != _readable(site, study.settle_seconds) for site in study.sites.values())


def differing(files: Sequence[DroppedFile], seen: Seen) -> list[DroppedFile]:
    """The files that differ in size or time from when they were last looked at."""
    return [file for file in files if file.name not in seen or seen[file.name][:2] != (file.size, file.modified)]


def is_untouched(file: DroppedFile) -> bool:
    """Whether a local file lies there just as it was seen."""
    try:
        stat = file.path.stat()
    except OSError:  # whoever reads it says so
        return False
    return (stat.st_size, stat.st_mtime_ns) == (file.size, file.modified)


def content_hash(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def pending_drops(study: Study) -> list[PendingDrop]:
    """What the next run would take in. Reads only, and takes no lock."""
    return list(_pending(study))


def _pending(study: Study) -> Iterator[PendingDrop]:
    ledger_path = Layout(study.folder).ledger
    ledger = Ledger(ledger_path) if ledger_path.exists() else None
    try:
        for name, site in study.sites.items():
            seen = ledger.seen(name) if ledger else {}
            for file in differing(_readable(site, study.settle_seconds), seen):
                try:
                    digest = content_hash(file.path)
                except OSError:  # the next run says so
                    continue
                if file.name not in seen or seen[file.name][2] != digest:
                    yield PendingDrop(name, file.name, digest[:16])
    finally:
        if ledger:
            ledger.close()


def _readable(site: Site, settle_seconds: float) -> list[DroppedFile]:
    try:
        return dropped_files(site, settle_seconds)
    except OSError:  # the next run says so
        return []
