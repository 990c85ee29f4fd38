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

from alliance_etl.reading.model import Unreadable

MOST_BYTES = 4 << 30
"""What one file may hold unpacked."""
MOST_RATIO = 200
"""How many times its packed size a file may have, once it is large: text packs to a tenth, bombs to nothing."""
_FREE_BYTES = 64 << 20
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Contained:
    """The bytes as a nameless file that lives as long as this, and the name that they had."""

    file: IO[bytes]
    name: str

    @property
    def path(self) -> Path:
        return Path(f"/dev/fd/{self.file.fileno()}")


def unpacked(path: Path, kind: str, name: str) -> Contained:
    """The one file inside a gz or zip. Raises Unreadable (not_text, kind)."""
    return _from_gzip(path, name) if kind == "gzip" else _from_zip(path)


def _from_gzip(path: Path, name: str) -> Contained:
    with DamageTold("gzip file"), path.open("rb") as packed, gzip.open(packed) as source:
        file = _copied(source, path.stat().st_size)
    return Contained(file, PurePosixPath(name).stem)


def _from_zip(path: Path) -> Contained:
    with DamageTold("zip archive"), zipfile.ZipFile(path) as archive:
        inside = [info for info in archive.infolist() if not _is_noise(info)]
        if len(inside) != 1:
            raise Unreadable("not_text", {"kind": f"a zip archive with {len(inside)} files"})
        if inside[0].flag_bits & 1:
            raise Unreadable("not_text", {"kind": "a zip archive under a password"})
        with archive.open(inside[0]) as source:
            file = _copied(source, path.stat().st_size)
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


def refuse_bomb(path: Path, kind: str) -> None:
    """Raise Unreadable for a workbook that unpacks to far more than a workbook of its size does."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        unpacked_size = sum(info.file_size for info in archive.infolist())
    most = _most(path.stat().st_size)
    if unpacked_size > most:
        raise Unreadable("not_text", {"kind": f"{kind} that unpacks to more than {most >> 20:,} MiB"})


def _most(packed_size: int) -> int:
    return min(MOST_BYTES, max(_FREE_BYTES, packed_size * MOST_RATIO))


def _copied(source: IO[bytes] | gzip.GzipFile, packed_size: int) -> IO[bytes]:
    most = _most(packed_size)
    file = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the opened file
    while chunk := source.read(_CHUNK):
        file.write(chunk)
        if file.tell() > most:
            file.close()
            raise Unreadable("not_text", {"kind": f"an archive that unpacks to more than {most >> 20:,} MiB"})
    file.flush()
    return file
