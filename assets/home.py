"""Where Dagster keeps its own books for a study, and how it is set up there.

Dagster itself is imported late, so that a study's folder can be prepared without waiting for it.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from alliance_etl.errors import RunFailed
from alliance_etl.state.layout import Layout, written_whole
from alliance_etl.state.lock import study_lock

if TYPE_CHECKING:
    from dagster import DagsterInstance

CONFIGURATION = """\
# Dagster's settings for this study; written once, yours to change.

telemetry:
  enabled: false
nux:  # the page that asks for an e-mail address
  enabled: false

# The steps of a night work on one study's files, so runs queue up. A pool counts whole runs: a run that is killed
# leaves no claimed slot behind.
concurrency:
  runs:
    max_concurrent_runs: 1
  pools:
    granularity: run
    default_limit: 1

# Dagster's books in PostgreSQL instead of SQLite (extra "postgres"; docs/operations.md says when):
# storage:
#   postgres:
#     postgres_url: {env: ALLIANCE_DAGSTER_DATABASE}

# Nothing that a library prints is kept: it might quote an answer. Events and counts are in the event log.
compute_logs:
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager

# A run whose process is gone is ended by the sensor of this study; this is for what the sensor cannot see.
run_monitoring:
  enabled: true
  start_timeout_seconds: 300
  max_runtime_seconds: 86400

# A night that is killed is tried again; one that fails says why, and is not.
run_retries:
  enabled: true
  max_retries: 2
  retry_on_asset_or_op_failure: false

# Ticks of schedules and sensors; runs are forgotten after keep_runs_days of study.yaml.
retention:
  schedule: {purge_after_days: 90}
  sensor:
    purge_after_days: {skipped: 2, failure: 30, success: 90}
"""


def dagster_home(folder: Path) -> Path:
    """Dagster's folder for the study in `folder`: $DAGSTER_HOME, else .state/dagster."""
    given = os.environ.get("DAGSTER_HOME")
    return Path(given).expanduser().resolve() if given else own_home(folder)


def own_home(folder: Path) -> Path:
    """The study's own Dagster folder, whatever the environment says."""
    return Layout(folder.resolve()).dagster


def prepare_home(home: Path) -> None:
    """Make Dagster's folder, closed to everyone but the owner, with its settings. An existing dagster.yaml stays."""
    home.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    home.mkdir(mode=0o700, exist_ok=True)
    settings = home / "dagster.yaml"
    if not settings.exists():
        with written_whole(settings) as draft:
            draft.write_text(CONFIGURATION, encoding="utf-8")


def set_up_home(folder: Path) -> Path:
    """Make the own Dagster folder of the study in `folder`, databases and all, under the study's lock; return it."""
    layout = Layout(folder.resolve())
    layout.make()
    with study_lock(layout.lock, wait_seconds=60), open_instance(layout.dagster):
        return layout.dagster


@contextmanager
def open_instance(home: Path) -> Iterator["DagsterInstance"]:
    """Dagster's instance in `home`.

    Call it under the study's lock the first time: two processes that set up its databases at once can leave one of
    them with two alembic heads. RunFailed where its databases cannot be read or written, now or in the body.
    """
    from dagster import DagsterInstance
    from sqlalchemy.exc import InterfaceError, OperationalError

    from assets.books import open_books

    prepare_home(home)
    try:
        with open_books(), DagsterInstance.from_config(str(home)) as instance:
            yield instance
    except (OperationalError, sqlite3.OperationalError) as trouble:
        reason = getattr(trouble, "orig", trouble)
        raise RunFailed(
            f"Dagster cannot read or write its books in {home}: {reason}. Make room, or give this user the right "
            "to write there, and run again; what was published before still stands"
        ) from trouble
    except _given_up(InterfaceError):
        raise RunFailed(
            "Dagster cannot reach the database that holds its books (storage in dagster.yaml). See that the server "
            "runs and that its address and password are right, and run again; what was published before still stands"
        ) from None


def _given_up(*more: type[Exception]) -> tuple[type[Exception], ...]:
    """What Dagster raises where it has given a database up, as far as the package for it is installed, and `more`."""
    if find_spec("dagster_postgres") is None:
        return more
    from dagster_postgres.utils import DagsterPostgresException

    return (DagsterPostgresException, *more)
