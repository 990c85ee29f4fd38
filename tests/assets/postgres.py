"""A real PostgreSQL on loopback, in a folder of its own, gone after the test."""

import os
import pwd
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.alliance_etl.pull_servers import free_port


def _programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


PROGRAMS = _programs()


@dataclass(frozen=True)
class Postgres:
    """A server. `url` has its password."""

    url: str
    folder: Path

    def program(self, name: str, *arguments: str, said: str = "") -> str:
        """What a program of PostgreSQL's prints."""
        assert PROGRAMS is not None
        done = subprocess.run(
            [PROGRAMS / name, *arguments], check=True, input=said, capture_output=True, text=True, timeout=60
        )
        return done.stdout

    def stop(self) -> None:
        _run(self.folder, "pg_ctl", "stop", "-D", str(self.folder), "-m", "immediate", "-w")

    def start(self) -> None:
        _run(self.folder, "pg_ctl", "start", "-D", str(self.folder), "-w", "-l", str(self.folder / "log"))


@contextmanager
def postgres(folder: Path) -> Iterator[Postgres]:
    """A server with the one user `dagster`, who needs a password."""
    port, password = free_port(), secrets.token_hex(12)
    folder.mkdir()
    (folder.parent / "password").write_text(password)
    if os.geteuid() == 0:  # the server refuses to be root
        owner = pwd.getpwnam("postgres")
        for path in (folder, folder.parent / "password"):
            os.chown(path, owner.pw_uid, owner.pw_gid)
        for parent in folder.parents:
            if parent.stat().st_uid == 0 and parent.is_relative_to("/tmp"):  # noqa: S108 - pytest's own
                parent.chmod(parent.stat().st_mode | 0o011)
    secret = str(folder.parent / "password")
    _run(folder, "initdb", "-D", str(folder), "-U", "dagster", "--pwfile", secret, "-A", "scram-sha-256", "-N")
    with (folder / "postgresql.conf").open("a") as settings:
        settings.write(f"port = {port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\nfsync = off\n")
    server = Postgres(f"postgresql://dagster:{password}@127.0.0.1:{port}/postgres", folder)
    server.start()
    try:
        yield server
    finally:
        if (folder / "postmaster.pid").exists():
            server.stop()


def _run(folder: Path, program: str, *arguments: str) -> None:
    assert PROGRAMS is not None
    user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    subprocess.run(  # type: ignore[call-overload]
        [str(PROGRAMS / program), *arguments], check=True, cwd=folder, capture_output=True, timeout=60, **user
    )
