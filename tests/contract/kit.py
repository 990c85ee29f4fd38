"""The outside world: a study as text, the installed command, and what it published. Nothing here knows the package."""

import base64
import hashlib
import hmac
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

COMMAND = Path(sys.executable).parent / "alliance-etl"


@dataclass(frozen=True)
class Ended:
    """A verb that has ended: its exit status and what it wrote."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """stdout as the one JSON document that `--json` promises."""
        return json.loads(self.out)


def alliance_etl(*arguments: str | Path, at: Path | None = None, **environment: str) -> Ended:
    """The command, from folder `at`, with more variables in its environment."""
    done = subprocess.run(
        [COMMAND, *arguments],
        cwd=at,
        env={**os.environ, **environment},
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def write(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files by their paths below a folder, bytes as they are and texts in UTF-8 with their own line ends."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


@dataclass(frozen=True)
class Publication:
    """A study's folder, seen by an analyst."""

    folder: Path

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        path = self.folder / "warehouse" / "alliance.duckdb"
        with duckdb.connect(str(path), read_only=True) as warehouse:
            return warehouse.execute(sql).fetchall()

    def parquet(self, table: str) -> str:
        """The glob of a table's Parquet: one file, or a folder of files."""
        folder = self.folder / "warehouse" / "tables"
        return str(folder / table / "*.parquet" if (folder / table).is_dir() else folder / f"{table}.parquet")


def pseudonym(key: bytes, kind: str, site: str, identifier: str) -> str:
    """The formula of the contract, section 4, written down anew."""
    message = b"\x1f".join([kind.encode(), site.encode(), identifier.strip().encode()])
    letters = base64.b32encode(hmac.new(key, message, hashlib.sha256).digest()).decode().lower()
    return f"{kind[0]}_{letters[:16]}"
