"""Any other file system that fsspec knows: s3 and the rest. Folders below the one named are not looked into."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import urlsplit

from alliance_etl.pull.limits import CHUNK
from alliance_etl.pull.source import MOST_FILES, RemoteFile, Told
from alliance_etl.pull.words import shown_url, too_many

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

SECONDS = 60.0
# What changes with the content for certain; where a source has none of it, the times have to do.
_MARKS = ("ETag", "etag", "md5", "md5Hash", "content_md5", "checksum", "crc32c", "generation")
_STAMPS = ("mtime", "LastModified", "last_modified", "modified", "modify", "updated", "created")
_S3 = ("s3", "s3a")


@dataclass
class FileSystem:
    """A folder (or one file) of a file system, whose driver finds its credentials by itself."""

    url: str
    _opened: "AbstractFileSystem | None" = field(default=None, repr=False)

    patience = SECONDS
    can_list = True

    @property
    def where(self) -> str:
        return shown_url(self.url)

    def forget(self) -> None:
        """The next question makes another connection."""
        self._opened = None

    def files(self, most: int = MOST_FILES) -> list[RemoteFile]:
        with Told(self.where):
            entries = self._entries()
        if len(entries) > most:
            raise too_many(self.where, most)
        return [_file(entry) for entry in entries]

    def look(self, file: RemoteFile) -> RemoteFile | None:
        with Told(self.where):
            return _file(self._fs.info(file.path))

    def read(self, file: RemoteFile, target: BinaryIO) -> None:
        with Told(self.where), self._fs.open(file.path, "rb") as source:
            shutil.copyfileobj(source, target, CHUNK)
        target.flush()

    def _entries(self) -> list[Mapping[str, Any]]:
        root = str(self._fs._strip_protocol(self.url))
        try:
            there = self._fs.ls(root, detail=True)
        except FileNotFoundError:
            if self._scheme in _S3 and self._fs.exists(root.partition("/")[0]):
                return []  # a folder of a bucket is not there before its first file
            raise
        # a link is followed; the folder itself is no file in it
        entries = (self._fs.info(each["name"]) if each["type"] == "link" else each for each in there)
        folder = root.rstrip("/") + "/"
        return [entry for entry in entries if entry["type"] == "file" and entry["name"] != folder]

    @property
    def _scheme(self) -> str:
        return urlsplit(self.url).scheme.lower()

    @property
    def _fs(self) -> "AbstractFileSystem":
        import fsspec

        if self._opened is None:
            options: dict[str, Any] = {"skip_instance_cache": True, "use_listings_cache": False}
            if self._scheme in _S3:
                options["config_kwargs"] = {"connect_timeout": SECONDS, "read_timeout": SECONDS}
            options |= fsspec.get_filesystem_class(self._scheme)._get_kwargs_from_urls(self.url)
            self._opened = fsspec.filesystem(self._scheme, **options)
        return self._opened


def _file(entry: Mapping[str, Any]) -> RemoteFile:
    path = str(entry["name"])
    stamps = [entry[key] for key in _STAMPS if entry.get(key)]
    marks = [entry[key] for key in _MARKS if entry.get(key)] or stamps
    size = entry.get("size")
    modified = _seconds(stamps[0]) if stamps else None
    return RemoteFile(
        PurePosixPath(path).name, path, None if size is None else int(size), modified, " ".join(map(str, marks))
    )


def _seconds(stamp: object) -> float | None:
    if isinstance(stamp, datetime):
        return stamp.timestamp()
    return float(stamp) if isinstance(stamp, int | float) else None
