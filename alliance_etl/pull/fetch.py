"""Fetching one file: whole, unchanged meanwhile, in bounded time, into a file without a name."""

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

from alliance_etl.pull.limits import LISTING_SECONDS, Counted, in_time
from alliance_etl.pull.source import MOST_FILES, Remote, RemoteFile, SourceDown, again

T = TypeVar("T")
ANY_SIZE = 1 << 60


def listed(remote: Remote, most: int = MOST_FILES) -> list[RemoteFile]:
    """What lies at a source, in bounded time. SourceDown, where there are more than `most` files, too."""
    return again(lambda: _in_time(remote, lambda: remote.files(most), LISTING_SECONDS))


@contextmanager
def fetched(remote: Remote, file: RemoteFile, folder: Path, most_bytes: int = ANY_SIZE) -> Iterator[Path]:
    """A path to a remote file's bytes, in a nameless file of `folder` that goes away with the process, whatever ends
    it. SourceDown, where there are more than `most_bytes`, too; FileNotFoundError where the file has gone since it was
    listed.
    """
    tries: list[RemoteFile | None] = []

    def once() -> Any:
        before = file if not tries else _in_time(remote, lambda: remote.look(file), LISTING_SECONDS)
        tries.append(before)
        return _whole(remote, before or file, folder, most_bytes)

    try:
        plain = again(once)
    except SourceDown as trouble:
        if trouble.gone and remote.can_list:
            raise FileNotFoundError from None
        raise
    with plain:
        yield Path(f"/dev/fd/{plain.fileno()}")


def remote_hash(remote: Remote, file: RemoteFile, most_bytes: int = ANY_SIZE) -> str:
    """SHA-256 of a remote file's bytes, in hex; nothing of them is kept. SourceDown."""

    def once() -> str:
        digest = hashlib.sha256()
        counted = Counted(cast(BinaryIO, _Digested(digest.update)), _Most(remote.where, most_bytes).refuse)
        target = cast(BinaryIO, counted)
        _in_time(remote, lambda: remote.read(file, target), remote.patience, lambda: counted.written)
        return digest.hexdigest()

    return again(once)


@dataclass(frozen=True)
class _Digested:
    """In the place of a file: what is written goes into a digest."""

    update: Callable[[bytes], None]

    def write(self, chunk: bytes) -> int:
        self.update(chunk)
        return len(chunk)

    def flush(self) -> None:
        """Nothing is kept back."""


@dataclass(frozen=True)
class _Most:
    """What a file may have, whatever a source says of it."""

    where: str
    bytes: int

    def refuse(self, size: int) -> None:
        if size > self.bytes:
            raise SourceDown(
                f"{self.where}: a file has more than {self.bytes >> 20:,} MiB, and is not fetched; have the site send "
                "it in parts, or raise `limits.file_mib`",
                lasting=True,
                of_file=True,
            )


def _whole(remote: Remote, before: RemoteFile, folder: Path, most_bytes: int) -> Any:
    """The file's bytes. Each try has a file of its own: one that was given up may still be written to."""
    most = _Most(remote.where, most_bytes)
    most.refuse(before.size or 0)
    plain = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - whoever asked closes it
    counted = Counted(cast(BinaryIO, plain), most.refuse)
    target = cast(BinaryIO, counted)
    _in_time(remote, lambda: remote.read(before, target), remote.patience, lambda: counted.written)
    after = _in_time(remote, lambda: remote.look(before), LISTING_SECONDS)
    if after is not None and after.version != before.version:
        raise SourceDown(
            f"{remote.where}: a file was changed while it was fetched; the next run tries again", of_file=True
        )
    size = before.size if after is None else after.size
    if size is not None and counted.written != size:
        raise SourceDown(f"{remote.where}: a file came only in part; the next run tries again", of_file=True)
    plain.flush()
    return plain


def _in_time(remote: Remote, work: Callable[[], T], seconds: float, moved: Callable[[], int] = lambda: 0) -> T:
    try:
        return in_time(remote.where, work, seconds, moved)
    except SourceDown as trouble:
        if not (trouble.gone or trouble.of_file):
            remote.forget()
        raise
