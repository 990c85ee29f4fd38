"""What a remote source can do, and how it fails: in words, and never with a password or token in them."""

import errno
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Protocol, TypeVar

T = TypeVar("T")

TRIES = 3
FIRST_PAUSE = 1.0
MOST_FILES = 100_000
# What only this machine's own disk can be the cause of.
_OWN_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


class SourceDown(OSError):
    """A source that cannot be listed or read now. The words name the source and what to do."""


@dataclass(frozen=True)
class RemoteFile:
    """A file of a source. `version` changes whenever the content may have; `modified` is in seconds since 1970.

    `size` is in bytes, None where the source does not tell it beforehand; so `modified`.
    """

    name: str
    path: str
    size: int | None
    modified: float | None
    version: str


class Remote(Protocol):
    """A site's source."""

    @property
    def where(self) -> str:
        """What it is called in messages."""

    @property
    def lists(self) -> bool:
        """Whether listing tells new files from old ones without reading them."""

    def files(self) -> list[RemoteFile]:
        """What lies there now. SourceDown."""

    def read(self, file: RemoteFile, target: BinaryIO) -> None:
        """Write a file's bytes to `target`, all of them. SourceDown."""


@contextmanager
def told(where: str, errors: tuple[type[Exception], ...]) -> Iterator[None]:
    """Turn what a driver raises into SourceDown; whatever else is raised is a bug."""
    try:
        yield
    except SourceDown:
        raise
    except errors as trouble:
        if isinstance(trouble, OSError) and trouble.errno in _OWN_DISK:
            raise
        raise SourceDown(f"{where}: {_words(trouble)}") from None


def _words(trouble: Exception) -> str:
    """The trouble in words of our own: a driver's text might quote what nobody should read."""
    behind = trouble.__cause__
    if isinstance(trouble, FileNotFoundError) and isinstance(behind, Exception):
        trouble = behind  # fsspec says so of a web server that cannot be reached, too
    if isinstance(trouble, FileNotFoundError) or type(trouble).__name__ in ("NoSuchBucket", "NoSuchKey"):
        return "there is no such folder or file; correct `drop` of the site in study.yaml"
    kind = type(trouble).__name__
    if isinstance(trouble, PermissionError) or kind in ("AuthenticationException", "NoCredentialsError"):
        return "it refuses the credentials, or has none; see docs/sources.md for the variables that hold them"
    if kind in ("BadHostKeyException", "UnknownHostKey"):
        return "its host key is not the known one; ask its administrator for the key and put it into known_hosts"
    if isinstance(trouble, TimeoutError) or "Timeout" in kind:
        return "it does not answer in time; the next run tries again"
    if isinstance(trouble, ConnectionError) or "Connect" in kind:
        return "it cannot be reached; the next run tries again"
    return f"it cannot be read now ({kind}); the next run tries again"


def again(work: Callable[[], T]) -> T:
    """What `work` gives; it is tried again after a pause where the source fails."""
    for number in range(TRIES - 1):
        try:
            return work()
        except SourceDown:
            time.sleep(FIRST_PAUSE * 2**number)
    return work()
