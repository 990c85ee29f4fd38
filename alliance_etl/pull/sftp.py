"""SFTP with the host's key verified: fsspec's own connection trusts whoever answers first."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import paramiko
from fsspec.implementations.sftp import SFTPFileSystem
from fsspec.utils import infer_storage_options


class UnknownHostKey(paramiko.SSHException):  # type: ignore[misc]  # its package ships no types
    """The host has a key that known_hosts does not have."""


class _Refuse(paramiko.MissingHostKeyPolicy):  # type: ignore[misc]  # its package ships no types
    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:
        raise UnknownHostKey("not in known_hosts")


class _Verified(SFTPFileSystem):  # type: ignore[misc]  # its package ships no types
    """fsspec's file system, connected only to hosts that known_hosts has."""

    cachable = False

    def _connect(self) -> None:
        known_hosts = Path(self.ssh_kwargs.pop("known_hosts"))
        self.client = paramiko.SSHClient()
        if known_hosts.is_file():
            self.client.load_host_keys(str(known_hosts))
        self.client.set_missing_host_key_policy(_Refuse())
        self.client.connect(self.host, **self.ssh_kwargs)
        self.ftp = self.client.open_sftp()
        self.ftp.get_channel().settimeout(self.ssh_kwargs["timeout"])


def verified(url: str, own: Mapping[str, str | None], seconds: float) -> SFTPFileSystem:
    """The file system of an sftp URL. `own` are the site's USER, PASSWORD, KEY_FILE and KNOWN_HOSTS."""
    said = infer_storage_options(url)
    options: dict[str, Any] = {
        "port": int(said.get("port") or 22),
        "username": own["USER"] or said.get("username"),
        "password": own["PASSWORD"],
        "key_filename": own["KEY_FILE"],
        "known_hosts": own["KNOWN_HOSTS"] or os.path.expanduser("~/.ssh/known_hosts"),  # noqa: PTH111 - may be no home
        "timeout": seconds,
        "banner_timeout": seconds,
        "auth_timeout": seconds,
    }
    return _Verified(said["host"], **options)
