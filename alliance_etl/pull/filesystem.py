"""Any file system that fsspec knows: s3, sftp, https and the rest. Folders below the one named are not looked into."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import unquote, urlsplit, urlunsplit

from alliance_etl.pull.source import MOST_FILES, RemoteFile, SourceDown, told

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

SECONDS = 60.0
_STAMPS = ("mtime", "LastModified", "last_modified", "modified", "updated", "created")
_MARKS = ("ETag", "etag", "md5", "checksum", "crc32c", *_STAMPS)


@dataclass(frozen=True)
class FileSystem:
    """A folder (or one file) of a file system. `site` names the environment variables with its credentials."""

    url: str
    site: str

    lists = True

    @property
    def where(self) -> str:
        """The URL without user, query and the like."""
        parts = urlsplit(self.url)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))

    def files(self) -> list[RemoteFile]:
        with told(self.where, self._errors):
            entries = self._entries()
        if len(entries) > MOST_FILES:
            raise SourceDown(
                f"{self.where}: it holds more than {MOST_FILES:,} files; give the site a folder of its own"
            )
        return [self._file(entry) for entry in entries]

    def read(self, file: RemoteFile, target: BinaryIO) -> None:
        with told(self.where, self._errors), self._fs.open(file.path, "rb") as source:
            shutil.copyfileobj(source, target, 1 << 20)
        target.flush()
        if file.size is not None and target.tell() != file.size:
            raise SourceDown(f"{self.where}: a file came only in part; the next run tries again")

    def _entries(self) -> list[Mapping[str, Any]]:
        if self._is_web and not self.url.endswith("/"):
            return [self._fs.info(self._root)]
        entries = [entry for entry in self._fs.ls(self._root, detail=True) if entry["type"] == "file"]
        if self._is_web:
            # a listing has names only, and links that sort it
            return [self._fs.info(entry["name"]) for entry in entries if "?" not in entry["name"]]
        return entries

    def _file(self, entry: Mapping[str, Any]) -> RemoteFile:
        path = str(entry["name"])
        name = PurePosixPath(unquote(urlsplit(path).path) if self._is_web else path).name
        stamp = next((entry[key] for key in _STAMPS if entry.get(key)), None)
        size = entry.get("size")
        marks = [str(entry[key]) for key in _MARKS if entry.get(key)]
        return RemoteFile(name, path, int(size) if size is not None else None, _seconds(stamp), " ".join(marks))

    @property
    def _is_web(self) -> bool:
        return self.url.lower().startswith(("http://", "https://"))

    @cached_property
    def _root(self) -> str:
        return self.url if self._is_web else str(self._fs._strip_protocol(self.url))

    @cached_property
    def _fs(self) -> "AbstractFileSystem":
        import fsspec

        scheme = urlsplit(self.url).scheme.lower()
        own = {name: _variable(self.site, name) for name in ("USER", "PASSWORD", "KEY_FILE", "KNOWN_HOSTS")}
        if scheme in ("sftp", "ssh"):
            from alliance_etl.pull.sftp import verified

            return verified(self.url, own, SECONDS)
        options: dict[str, Any] = {"skip_instance_cache": True, "use_listings_cache": False}
        if self._is_web:
            options |= _web_options(own)
        else:
            options |= fsspec.get_filesystem_class(scheme)._get_kwargs_from_urls(self.url)
        return fsspec.filesystem(scheme, **options)

    @cached_property
    def _errors(self) -> tuple[type[Exception], ...]:
        """What this file system's driver raises when a source is down, refuses or lies."""
        scheme = urlsplit(self.url).scheme.lower()
        if scheme in ("sftp", "ssh"):
            from paramiko import SSHException

            return OSError, EOFError, SSHException
        if scheme in ("s3", "s3a"):
            from botocore.exceptions import BotoCoreError, ClientError

            return OSError, BotoCoreError, ClientError
        if self._is_web:
            from aiohttp import ClientError as WebError

            return OSError, WebError
        return (OSError,)


def _variable(site: str, name: str) -> str | None:
    """$ALLIANCE_<SITE>_<NAME>, where it is set to anything."""
    return os.environ.get(f"ALLIANCE_{site.upper().replace('-', '_')}_{name}") or None


def _web_options(own: Mapping[str, str | None]) -> dict[str, Any]:
    import ssl

    from aiohttp import BasicAuth, ClientTimeout

    options: dict[str, Any] = {
        "client_kwargs": {"timeout": ClientTimeout(total=None, sock_connect=SECONDS, sock_read=SECONDS)}
    }
    authority = os.environ.get("SSL_CERT_FILE")
    if authority and Path(authority).is_file():
        options["ssl"] = ssl.create_default_context(cafile=authority)
    if own["USER"]:
        options["auth"] = BasicAuth(own["USER"], own["PASSWORD"] or "")
    return options


def _seconds(stamp: object) -> float | None:
    if isinstance(stamp, datetime):
        return stamp.timestamp()
    return float(stamp) if isinstance(stamp, int | float) else None
