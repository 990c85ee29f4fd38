"""Any other file system that fsspec knows: s3 and the rest. Folders below the one named are not looked into."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import urlsplit

from alliance_etl.pull.limits import CHUNK
from alliance_etl.pull.source import MOST_FILES, RemoteFile, told
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

    def files(self) -> list[RemoteFile]:
        with told(self.where, self._errors):
            entries = self._entries()
        if len(entries) > MOST_FILES:
            raise too_many(self.where)
        return [_file(entry) for entry in entries]

    def look(self, file: RemoteFile) -> RemoteFile | None:
        with told(self.where, self._errors):
            return _file(self._fs.info(file.path))

    def read(self, file: RemoteFile, target: BinaryIO) -> None:
        with told(self.where, self._errors), self._fs.open(file.path, "rb") as source:
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

    @property
    def _errors(self) -> tuple[type[Exception], ...]:
        """What this file system's driver raises when it is not there, or a source is down, refuses or lies."""
        return OSError, ImportError, ValueError, *_own_errors(self._scheme)


# The errors that drivers have of their own, by scheme; those of the others are OSErrors.
_ERRORS = {
    "s3": ("botocore.exceptions.BotoCoreError", "botocore.exceptions.ClientError"),
    "s3a": ("botocore.exceptions.BotoCoreError", "botocore.exceptions.ClientError"),
    "gs": ("gcsfs.retry.HttpError", "google.auth.exceptions.GoogleAuthError"),
    "gcs": ("gcsfs.retry.HttpError", "google.auth.exceptions.GoogleAuthError"),
    "abfs": ("azure.core.exceptions.AzureError",),
    "abfss": ("azure.core.exceptions.AzureError",),
    "az": ("azure.core.exceptions.AzureError",),
    "smb": ("smbprotocol.exceptions.SMBException",),
    "ftp": ("ftplib.Error",),
}


def _own_errors(scheme: str) -> Iterator[type[Exception]]:
    for name in _ERRORS.get(scheme, ()):
        module, _, error = name.rpartition(".")
        try:
            yield getattr(import_module(module), error)
        except ImportError:  # then nobody raises it
            continue


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
