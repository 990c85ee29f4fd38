"""Dagster's SQLite databases while a run writes its events: less work for the disk, nothing less in the books.

Dagster makes an engine, opens a connection and closes it for every event. Closing the last connection to a database
makes SQLite put its write-ahead log back, which costs more than the event; so one connection to each stays open
meanwhile, and so do the engines. And a commit does not wait for the disk: after a kill all events are there, after a
power failure the last ones may be missing. What was taken in is in the study's own ledger, which waits.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any

from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.storage.runs.sqlite import sqlite_run_storage
from sqlalchemy import event
from sqlalchemy.engine import Engine

_MAKERS_OF_ENGINES: tuple[Any, ...] = (sqlite_event_log, sqlite_run_storage)


@contextmanager
def open_books() -> Iterator[None]:
    """Treat the databases of Dagster in this process in that way."""
    with ExitStack() as held:
        _keep_engines(held)
        _keep_connections(held)
        yield


def _keep_engines(held: ExitStack) -> None:
    engines: dict[str, Engine] = {}
    for module in _MAKERS_OF_ENGINES:
        make = module.create_engine

        def kept(url: str, make: Any = make, **options: Any) -> Engine:
            if url not in engines:
                engines[url] = make(url, **options)
            return engines[url]

        module.create_engine = kept
        held.callback(setattr, module, "create_engine", make)


def _keep_connections(held: ExitStack) -> None:
    kept: dict[str, sqlite3.Connection] = {}

    def connected(connection: object, _: object) -> None:
        if not isinstance(connection, sqlite3.Connection):
            return
        connection.execute("PRAGMA synchronous = NORMAL")
        file = str(connection.execute("PRAGMA database_list").fetchone()[2])
        if file and file not in kept:
            kept[file] = held.enter_context(closing(sqlite3.connect(file, check_same_thread=False)))
        if file:
            kept[file].execute("PRAGMA schema_version").fetchone()  # only who has read takes part in the log

    event.listen(Engine, "connect", connected)
    held.callback(event.remove, Engine, "connect", connected)
