"""What lies at remote sources that the ledger does not know yet."""

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path

from alliance_etl.night.news import DroppedFile, Seen, differing, is_unfinished, spelled
from alliance_etl.pull import Remote, RemoteFile, SourceDown
from alliance_etl.pull.fetch import listed
from alliance_etl.pull.source import MOST_FILES

# Longer than this no run waits for a young file to settle; the next run takes it.
_LONGEST_SETTLING = 5.0
# No clock is wrong by more: a file that is older, by whatever clock, has settled.
_CLOCKS_APART = 86_400.0


def new_files(remote: Remote, settle_seconds: float, seen: Seen, most: int = MOST_FILES) -> list[DroppedFile]:
    """The settled files of a source that may be new, in the order of taking them in. SourceDown.

    Clocks differ, so that a young file has settled only if a second look a while later finds it as it was. Where that
    cannot be waited for, it must be old by the source's own clock as well.
    """
    by_clock = settle_seconds if settle_seconds > _LONGEST_SETTLING else 0.0
    new = may_be_new(remote, by_clock, seen, most)
    young = [file for file in new if _is_young(file)]
    if not young or not settle_seconds:
        return new
    time.sleep(min(settle_seconds, _LONGEST_SETTLING))
    later = {(file.name, file.size, file.modified) for file in may_be_new(remote, by_clock, seen, most)}
    return [file for file in new if file not in young or (file.name, file.size, file.modified) in later]


def may_be_new(remote: Remote, settle_seconds: float, seen: Seen, most: int = MOST_FILES) -> list[DroppedFile]:
    """The files of a source that differ from when they were last looked at, or of which the source tells nothing that
    would differ. SourceDown, where it lists more than `most`, too.
    """
    now = time.time()
    files = [
        _dropped(file)
        for file in sorted(listed(remote, most), key=lambda file: (file.modified or 0, file.name))
        if file.name and not is_unfinished(file.name) and _is_settled(file, now, settle_seconds)
    ]
    _refuse_twins(remote, files)
    unsure = {file.name for file in files if file.remote and not file.remote.version}
    new = {file.name for file in differing(files, seen)}
    return [file for file in files if file.name in unsure | new]


def _dropped(file: RemoteFile) -> DroppedFile:
    size = -1 if file.size is None else file.size
    return DroppedFile(Path(), _printable(spelled(file.name)), size, _version(file), file)


def _is_young(file: DroppedFile) -> bool:
    remote = file.remote
    if remote is None or not remote.version:
        return False
    return remote.modified is None or time.time() - remote.modified < _CLOCKS_APART


def _is_settled(file: RemoteFile, now: float, settle_seconds: float) -> bool:
    """False for a file that is too young by the source's own clock; one that is ahead of ours tells nothing."""
    return file.modified is None or not 0 <= now - file.modified < settle_seconds


def _version(file: RemoteFile) -> int:
    """What a source tells of a file's version, as the ledger keeps the time of a local one."""
    return int.from_bytes(hashlib.sha256(f"{file.size} {file.version}".encode()).digest()[:7], "big")


def _printable(name: str) -> str:
    """A name from a server: what no folder would show is spelled out."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in name)


def _refuse_twins(remote: Remote, files: Sequence[DroppedFile]) -> None:
    """Two files by one name would take turns for ever."""
    if len({file.name for file in files}) < len(files):
        raise SourceDown(f"{remote.where}: two files there go by the same name; rename one of them", lasting=True)
