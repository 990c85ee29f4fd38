"""SFTP, by paramiko: one connection a night, the host's key verified, names as the server has them."""

import logging
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import paramiko
from paramiko.hostkeys import InvalidHostKey
from paramiko.sftp import CMD_CLOSE, CMD_HANDLE, CMD_OPENDIR, CMD_READDIR

from alliance_etl.pull.source import BREAKS_OFF, MOST_FILES, RemoteFile, SourceDown, Told
from alliance_etl.pull.words import shown_url, too_many, variable, variable_name

SECONDS = 60.0
# Where paramiko's own messages go, which is nowhere: what there is to say of a source is said in words of ours.
_SILENT = "alliance_etl.pull.paramiko"


@dataclass
class SftpFolder:
    """A folder (or one file) of an SFTP server. `site` names the environment variables with its credentials."""

    url: str
    site: str
    _client: Any = field(default=None, repr=False)

    patience = SECONDS
    can_list = True

    @property
    def where(self) -> str:
        return shown_url(self.url)

    def files(self, most: int = MOST_FILES) -> list[RemoteFile]:
        with self._connected() as ftp:
            root = ftp.stat(self._root)
            if not stat.S_ISDIR(root.st_mode or 0):
                return [_file(self._root, root)]
            entries = list(islice(_entries(ftp, self._root), most + 1))
            if len(entries) > most:
                raise too_many(self.where, most)
            there = ((name, _resolved(ftp, self._path(name), attributes)) for name, attributes in entries)
            return [_file(self._path(name), attributes) for name, attributes in there if attributes is not None]

    def look(self, file: RemoteFile) -> RemoteFile | None:
        with self._connected() as ftp:
            return _file(os.fsencode(file.path), ftp.stat(os.fsencode(file.path)))

    def read(self, file: RemoteFile, target: BinaryIO) -> None:
        with self._connected() as ftp:
            ftp.getfo(os.fsencode(file.path), target, max_concurrent_prefetch_requests=64)
        target.flush()

    @property
    def _root(self) -> bytes:
        """The path, from the server's root; one that begins with ~ is below the user's own folder."""
        path = self.url.partition("://")[2].partition("/")[2]
        return os.fsencode(path[2:] or "." if path.startswith("~/") or path == "~" else f"/{path}")

    def _path(self, name: bytes) -> bytes:
        return self._root.rstrip(b"/") + b"/" + name

    def forget(self) -> None:
        """The next question makes another connection."""
        self._give_up(self._client)

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        """The connection, which is given up where anything fails: the next try makes another."""
        mine = self._client
        try:
            with Told(self.where):
                if mine is None:
                    mine = self._client = _connect(self.url, self.site, self.where)
                try:
                    yield mine[1]
                except OSError as trouble:
                    # what paramiko says of a connection that went while nobody was looking has no number
                    if isinstance(trouble, SourceDown) or trouble.errno or not mine[1].get_channel().closed:
                        raise
                    raise SourceDown(f"{self.where}: {BREAKS_OFF}") from None
        except SourceDown as trouble:
            if not (trouble.gone or trouble.of_file):
                self._give_up(mine)
            raise

    def _give_up(self, connection: Any) -> None:
        if connection is not None:
            connection[0].close()
        if self._client is connection:
            self._client = None


def _entries(ftp: Any, folder: bytes) -> Iterator[tuple[bytes, Any]]:
    """Name and attributes of what a folder holds, without asking of each. Names are bytes, of whatever encoding."""
    kind, message = ftp._request(CMD_OPENDIR, folder)
    if kind != CMD_HANDLE:
        raise paramiko.SFTPError("Expected handle")
    handle = message.get_string()
    while True:
        try:
            _, message = ftp._request(CMD_READDIR, handle)
        except EOFError:
            ftp._request(CMD_CLOSE, handle)
            return
        for _ in range(message.get_int()):
            name, _long = message.get_string(), message.get_string()
            attributes = paramiko.SFTPAttributes._from_msg(message)
            if name not in (b".", b".."):
                yield name, attributes


def _resolved(ftp: Any, path: bytes, attributes: Any) -> Any:
    """The attributes of a file, or of what a symbolic link leads to; None of anything else."""
    mode = attributes.st_mode
    if mode is None or stat.S_ISLNK(mode) or attributes.st_size is None:
        try:
            attributes = ftp.stat(path)
        except OSError as trouble:
            if isinstance(trouble, TimeoutError | ConnectionError) or ftp.get_channel().closed:
                raise
            return None  # a link that leads nowhere, or where it may not be followed
    return attributes if stat.S_ISREG(attributes.st_mode or stat.S_IFREG) else None


def _file(path: bytes, attributes: Any) -> RemoteFile:
    modified = attributes.st_mtime
    text = os.fsdecode(path)
    stamp = "" if modified is None else str(modified)
    return RemoteFile(
        text.rpartition("/")[2], text, attributes.st_size, modified, stamp and f"{stamp} {attributes.st_size}"
    )


class UnknownHostKey(paramiko.SSHException):  # type: ignore[misc]  # its package ships no types
    """The host has a key that known_hosts does not have."""


class _Refuse(paramiko.MissingHostKeyPolicy):  # type: ignore[misc]  # its package ships no types
    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:
        raise UnknownHostKey("not in known_hosts")


def _connect(url: str, site: str, where: str) -> tuple[Any, Any]:
    """Client and SFTP session. What cannot be mended by trying again is told with its remedy."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 22
    key, given = _own_file(site, "KEY_FILE", where), variable(site, "PASSWORD")
    known_hosts = _own_file(site, "KNOWN_HOSTS", where) or Path(os.path.expanduser("~/.ssh/known_hosts"))  # noqa: PTH111 - may be no home
    if key and b"PRIVATE KEY" not in key.read_bytes()[:100]:
        raise SourceDown(
            f"{where}: ${variable_name(site, 'KEY_FILE')} names no private key as OpenSSH writes them (PuTTYgen "
            "exports one of PuTTY's as such)",
            lasting=True,
        )
    client = paramiko.SSHClient()
    client.set_log_channel(_silent())
    if known_hosts.is_file():
        try:
            client.load_host_keys(str(known_hosts))
        except InvalidHostKey:
            raise SourceDown(
                f"{where}: {known_hosts} has a line that is no host key; correct it (`ssh-keygen -lf` shows its keys)",
                lasting=True,
            ) from None
    client.set_missing_host_key_policy(_Refuse())
    try:
        client.connect(
            host,
            port,
            username=variable(site, "USER") or parts.username,
            password=given,
            key_filename=str(key) if key else None,
            allow_agent=not (key or given),
            look_for_keys=not (key or given),
            timeout=SECONDS,
            banner_timeout=SECONDS,
            auth_timeout=SECONDS,
        )
    except UnknownHostKey:
        raise SourceDown(
            f"{where}: its host key is not in {known_hosts}, so it is not spoken to. Fetch the key by "
            f"`ssh-keyscan -p {port} {host}`, compare its fingerprint with the one that its administrator tells you, "
            "and put it there",
            lasting=True,
        ) from None
    except paramiko.BadHostKeyException:
        raise SourceDown(
            f"{where}: its host key is another one than in {known_hosts}. Ask its administrator whether it was "
            "changed, before you put the new one there: somebody else may be answering",
            lasting=True,
        ) from None
    session = client.open_sftp()
    session.get_channel().settimeout(SECONDS)
    return client, session


def _silent() -> str:
    logger = logging.getLogger(_SILENT)
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    return _SILENT


def _own_file(site: str, name: str, where: str) -> Path | None:
    """A file that a variable of the site names. SourceDown where there is none."""
    given = variable(site, name)
    if given and not Path(given).is_file():
        raise SourceDown(f"{where}: ${variable_name(site, name)} names a file that is not there", lasting=True)
    return Path(given) if given else None
