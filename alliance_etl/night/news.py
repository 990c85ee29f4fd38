"""What lies in the drop folders that the ledger does not know yet."""

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from alliance_etl.pull import Remote, RemoteFile, remote_of
from alliance_etl.pull.source import again
from alliance_etl.state.layout import Layout
from alliance_etl.state.ledger import Ledger
from alliance_etl.study.model import Site, Study

_UNFINISHED = (".part", ".tmp", ".filepart")
# A clock that runs ahead on the site's side must not keep a file waiting for ever.
_AHEAD_SECONDS = 60


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
            files.append(DroppedFile(path, _spelled(path.name), stat.st_size, stat.st_mtime_ns))
    return sorted(files, key=lambda file: (file.modified, file.name))


def _spelled(name: str) -> str:
    r"""A file's name as text; bytes that are no UTF-8 (a name packed on an old PC) are spelled out, as in `Gr\xf6e`."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def unsettled(study: Study) -> bool:
    """Whether a file lies somewhere that is only too young to be read; a folder that cannot be read holds none."""
    return any(_readable(site, 0) != _readable(site, study.settle_seconds) for site in study.sites.values())


def fresh_files(site: Site, settle_seconds: float, seen: Mapping[str, tuple[int, int, str]]) -> list[DroppedFile]:
    """The settled files that differ in size or time from when they were last looked at; OSError as above."""
    remote = remote_of(site)
    if remote is not None:
        return remote_files(remote, settle_seconds, seen)
    return _differing(dropped_files(site, settle_seconds), seen)


def remote_files(remote: Remote, settle_seconds: float, seen: Mapping[str, tuple[int, int, str]]) -> list[DroppedFile]:
    """The files of a remote source that may be new; all of them where listing does not tell. SourceDown."""
    now = time.time()
    files = sorted(again(remote.files), key=lambda file: (file.modified or 0, file.name))
    there = [
        DroppedFile(Path(), _printable(file.name), -1 if file.size is None else file.size, _version(file), file)
        for file in files
        if file.name and not is_unfinished(file.name) and _is_settled(file, now, settle_seconds)
    ]
    return _differing(there, seen) if remote.lists else there


def _is_settled(file: RemoteFile, now: float, settle_seconds: float) -> bool:
    age = None if file.modified is None else now - file.modified
    return age is None or age >= settle_seconds or age < -_AHEAD_SECONDS


def _version(file: RemoteFile) -> int:
    """What a source tells of a file's version, as the ledger keeps the time of a local one."""
    return int.from_bytes(hashlib.sha256(f"{file.size} {file.version}".encode()).digest()[:7], "big")


def _printable(name: str) -> str:
    """A name from a server: what no folder would show is spelled out."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in name)


def _differing(files: Sequence[DroppedFile], seen: Mapping[str, tuple[int, int, str]]) -> list[DroppedFile]:
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
            for file in _differing(_readable(site, study.settle_seconds), seen):
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
