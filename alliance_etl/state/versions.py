"""The version of a ledger's form, so that an older alliance-etl leaves alone what it would not keep whole."""

import sqlite3
from pathlib import Path

from alliance_etl.errors import ConfigurationError

# Raised when an older alliance-etl could no longer keep a ledger whole.
VERSION = 1


def refuse_newer(connection: sqlite3.Connection, path: Path) -> None:
    """Close the connection and raise ConfigurationError where a later version wrote the ledger; else number it.

    One without a number is of the first version.
    """
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > VERSION:
        connection.close()
        raise ConfigurationError(
            f"{path} was written by a newer alliance-etl (ledger version {version}, this one knows {VERSION}); "
            "install that version again. Nothing was changed"
        )
    if version < VERSION:
        connection.execute(f"PRAGMA user_version = {VERSION}")
