"""What a remote source can do, and how it fails: in words, and never with a password or token in them."""

import errno
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol, TypeVar

T = TypeVar("T")

_OURS = Path(__file__).parents[1]
TRIES = 3
FIRST_PAUSE = 1.0
# Who asks to be left alone for longer is asked by the next night.
LONGEST_PAUSE = 60.0
MOST_FILES = 100_000
# What only this machine's own disk can be the cause of.
_OWN_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
_LASTING = (
    "ImportError",
    "FileNotFoundError",
    "NoSuchBucket",
    "NoSuchKey",
    "PermissionError",
    "AuthenticationException",
    "BadAuthenticationType",
    "PasswordRequiredException",
    "NoCredentialsError",
)


class SourceDown(OSError):
    """A source that cannot be listed or read now. The words name the source and what to do.

    `lasting`: trying again at once makes no sense. `wait`: seconds for which the source asks to be left alone.
    `gone`: it answers, but what was asked for is not there. `of_file`: it answers, and other files may be well.
    """

    def __init__(
        self, words: str, *, lasting: bool = False, wait: float = 0.0, gone: bool = False, of_file: bool = False
    ) -> None:
        super().__init__(words)
        self.lasting, self.wait, self.gone, self.of_file = lasting or gone, wait, gone, of_file


@dataclass(frozen=True)
class RemoteFile:
    """A file of a source. `version` changes whenever the content may have; `modified` is in seconds since 1970.

    `size` is in bytes, None where the source does not tell it beforehand; so `modified`. Where it tells nothing that
    would change with the content, `version` is empty: whether there is news shows only when the file is read.
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
    def patience(self) -> float:
        """Seconds in which something must come of it while a file is read."""

    @property
    def can_list(self) -> bool:
        """Whether it can be asked what there is without reading it all."""

    def forget(self) -> None:
        """Give a connection up that nothing comes of any more."""

    def files(self, most: int = MOST_FILES) -> list[RemoteFile]:
        """What lies there now. SourceDown, where there are more than `most`, too."""

    def look(self, file: RemoteFile) -> RemoteFile | None:
        """The same file as it lies there now; None where that cannot be asked. SourceDown."""

    def read(self, file: RemoteFile, target: BinaryIO) -> None:
        """Write a file's bytes to `target`, all of them. SourceDown."""


BREAKS_OFF = "it cannot be reached, or breaks off; the next run tries again"


class Told:
    """Turns what a driver raises into SourceDown: whatever is raised in code that is not ours, of whatever class.

    Drivers have errors of their own, of each other's, and now and then a ValueError for a packet that is odd; none of
    them may stop the other sites. What our own code raises is a bug, and what our own disk is the cause of stays so.
    """

    def __init__(self, where: str) -> None:
        self.where = where

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if not isinstance(error, Exception) or isinstance(error, SourceDown):
            return
        own_disk = isinstance(error, OSError) and error.errno in _OWN_DISK
        if own_disk or not _is_a_drivers(trace):
            return
        kinds = {kind.__name__ for kind in type(error).__mro__}
        gone = isinstance(error, FileNotFoundError) or type(error).__name__ in ("NoSuchBucket", "NoSuchKey")
        lasting = not kinds.isdisjoint(_LASTING)
        words = f"{self.where}: {_words(error, kinds)}"
        raise SourceDown(words, lasting=lasting, gone=gone, of_file=isinstance(error, PermissionError)) from None


def _is_a_drivers(trace: TracebackType | None) -> bool:
    """Whether an exception was raised outside this package."""
    frames = traceback.extract_tb(trace)
    return bool(frames) and not Path(frames[-1].filename).is_relative_to(_OURS)


def _words(trouble: Exception, kinds: set[str]) -> str:
    """The trouble in words of our own: a driver's text might quote what nobody should read."""
    kind = type(trouble).__name__
    if isinstance(trouble, FileNotFoundError) or kind in ("NoSuchBucket", "NoSuchKey"):
        return "there is no such folder or file; correct `drop` of the site in study.yaml"
    if kinds & {"PermissionError", "AuthenticationException", "NoCredentialsError"}:
        return "it refuses the credentials, or there are none; see docs/sources.md for the variables that hold them"
    if isinstance(trouble, ImportError):
        return "the package that reads such addresses is not installed; docs/sources.md tells which"
    if "SSLError" in kinds and "CERTIFICATE_VERIFY_FAILED" in str(trouble):
        return "nobody vouches for its certificate; see docs/sources.md on SSL_CERT_FILE"
    if isinstance(trouble, TimeoutError) or any("Timeout" in name for name in kinds):
        return "it does not answer in time; the next run tries again"
    broken = kinds & {
        "ConnectionError",
        "EOFError",
        "ProtocolError",
        "PayloadError",
        "ClientPayloadError",
        "ChunkedEncodingError",
        "SSHException",
    }
    if broken or any("Connect" in name for name in kinds):
        return BREAKS_OFF
    return f"it cannot be read now ({kind}); the next run tries again"


def again(work: Callable[[], T]) -> T:
    """What `work` gives; where the source fails, it is tried again after a pause, longer each time, unless that makes
    no sense.
    """
    for number in range(TRIES - 1):
        try:
            return work()
        except SourceDown as trouble:
            if trouble.lasting or trouble.wait > LONGEST_PAUSE:
                raise
            time.sleep(max(trouble.wait, FIRST_PAUSE * 2**number))
    return work()
