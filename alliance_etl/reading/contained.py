"""A file inside another: .gz, and .zip with just one file. Its bytes go into a nameless file, never under its name."""

import errno
import gzip
import tempfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import IO
from xml.etree import ElementTree

from alliance_etl.reading.limits import UNLIMITED, Limits, mib, too_large
from alliance_etl.reading.model import Unreadable

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Contained:
    """The bytes as a nameless file that lives as long as this, and the name that they had."""

    file: IO[bytes]
    name: str

    @property
    def path(self) -> Path:
        return Path(f"/dev/fd/{self.file.fileno()}")


def unpacked(path: Path, kind: str, name: str, limits: Limits = UNLIMITED) -> Contained:
    """The one file inside a gz or zip. Raises Unreadable (not_text, kind; too_large)."""
    return _from_gzip(path, name, limits) if kind == "gzip" else _from_zip(path, limits)


def _from_gzip(path: Path, name: str, limits: Limits) -> Contained:
    with DamageTold("gzip file"), path.open("rb") as packed, gzip.open(packed) as source:
        file = _copied(source, path.stat().st_size, limits)
    return Contained(file, PurePosixPath(name).stem)


def _from_zip(path: Path, limits: Limits) -> Contained:
    with DamageTold("zip archive"), zipfile.ZipFile(path) as archive:
        inside = [info for info in archive.infolist() if not _is_noise(info)]
        if len(inside) != 1:
            raise Unreadable("not_text", {"kind": f"a zip archive with {len(inside)} files"})
        if inside[0].flag_bits & 1:
            raise Unreadable("not_text", {"kind": "a zip archive under a password"})
        with archive.open(inside[0]) as source:
            file = _copied(source, path.stat().st_size, limits)
    return Contained(file, PurePosixPath(inside[0].filename.replace("\\", "/")).name)


def _is_noise(info: zipfile.ZipInfo) -> bool:
    """Folders, and what a Mac adds for itself."""
    return info.is_dir() or info.filename.startswith("__MACOSX/") or info.filename.endswith(".DS_Store")


class DamageTold:
    """Around the reading of a workbook: Unreadable where it, or the archive that its parts stand in, is damaged."""

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> None:
        if error is not None and _is_damage(error):
            raise Unreadable("not_text", {"kind": f"a damaged {self._kind}"}) from None


def _is_damage(error: BaseException) -> bool:
    """What reading a damaged workbook ends with; anything else is a fault of ours, or of the disk.

    A panic of python-calamine is told by its module: its class cannot be imported, and is no Exception.
    """
    if isinstance(error, OSError) and not isinstance(error, gzip.BadGzipFile):
        return error.errno == errno.EINVAL  # a place before the file's beginning
    known = (gzip.BadGzipFile, zipfile.BadZipFile, NotImplementedError, EOFError, zlib.error, ElementTree.ParseError)
    return isinstance(error, known) or type(error).__module__ == "pyo3_runtime"


def _copied(source: IO[bytes] | gzip.GzipFile, packed_size: int, limits: Limits) -> IO[bytes]:
    most = limits.unpacked_bytes(packed_size, limits.file_bytes)
    file = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the opened file
    while chunk := source.read(_CHUNK):
        file.write(chunk)
        if file.tell() > most:
            file.close()
            setting = "file_mib" if most >= limits.file_bytes else "unpacked_times"
            raise too_large(f"an archive that unpacks to more than {mib(most)}", setting, mib(most))
    file.flush()
    return file
