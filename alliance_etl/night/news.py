"""What lies in the drop folders that the ledger does not know yet."""

import errno
import hashlib
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from alliance_etl.night.entries import look_at
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
    the version that the source tells. `linked`: it is a link that may be followed (alliance_etl.night.entries).
    """

    path: Path
    name: str
    size: int
    modified: int
    remote: RemoteFile | None = None
    linked: bool = False


@dataclass(frozen=True)
class Lying:
    """The settled files of a site's folder, in the order of taking them in; and, in a sentence each, what lies there
    under the name of a file and is not read.
    """

    files: list[DroppedFile]
    refused: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class PendingDrop:
    """A file that the next run would take in, for those who only want to know that there is one."""

    site: str
    file: str
    drop_id: str


def is_unfinished(name: str) -> bool:
    """Names of files that are still being written, or that a program keeps for itself."""
    return name.startswith((".", "~$")) or name.lower().endswith(_UNFINISHED)


def lying_at(site: Site, settle_seconds: float) -> Lying:
    """What lies in a site's folder, by one look. OSError where it cannot be read.

    Nothing of a remote source, which is not asked just to look.
    """
    files: list[DroppedFile] = []
    refused: list[str] = []
    now = time.time()
    for path in sorted(site.drop.iterdir()) if isinstance(site.drop, Path) else ():
        entry = None if is_unfinished(path.name) else look_at(path)
        if entry is None:
            continue
        if entry.refused:
            refused.append(f"{spelled(path.name)} in its folder {entry.refused}")
        age = now - entry.stat.st_mtime
        if entry.kind == "file" and (age >= settle_seconds or age < -_AHEAD_SECONDS):
            size, modified = entry.stat.st_size, entry.stat.st_mtime_ns
            files.append(DroppedFile(path, spelled(path.name), size, modified, linked=entry.linked))
    return Lying(sorted(files, key=lambda file: (file.modified, file.name)), refused)


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
    """Whether a local file lies there just as it was seen; a link that has taken its place is another thing."""
    try:
        entry = look_at(file.path)
    except OSError:  # whoever reads it says so
        return False
    if entry is None or entry.kind != "file":
        return False
    return (entry.stat.st_size, entry.stat.st_mtime_ns, entry.linked) == (file.size, file.modified, file.linked)


@contextmanager
def opened(file: DroppedFile) -> Iterator[Path]:
    """A path to a local file's bytes, whatever comes to stand under its name meanwhile. FileNotFoundError where it has
    gone; OSError where it cannot be read, or something else has taken its place.
    """
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | (0 if file.linked else os.O_NOFOLLOW)
    handle = os.open(file.path, flags)
    try:
        entry = look_at(file.path)
        if entry is not None and entry.refused:
            raise OSError(errno.ELOOP, entry.refused)
        yield Path(f"/dev/fd/{handle}")
    finally:
        os.close(handle)


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
        return lying_at(site, settle_seconds).files
    except OSError:  # the next run says so
        return []
