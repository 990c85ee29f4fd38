"""Dagster's books do not grow for ever: runs that are long over are forgotten, with their events.

What the page shows of an asset or a check is its latest event, which goes with the run that holds it. A site that has
not sent anything for a year was last materialised a year ago: the runs that hold the latest event of anything stay.
"""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
from dagster._core.storage.asset_check_execution_record import COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES
from dagster._core.storage.dagster_run import FINISHED_STATUSES
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._core.storage.event_log.sqlite import SqliteEventLogStorage
from sqlalchemy import func, or_, select

from assets.study import study_here

# A tick is ended after 60 seconds; a hundred runs take a few.
_SECONDS, _AT_ONCE = 20.0, 500
_EVALUATED = [status.value for status in COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES]


@dg.sensor(
    minimum_interval_seconds=3600,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Forgets Dagster's runs that are older than keep_runs_days of study.yaml; what is latest stays.",
)
def old_runs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    days = study_here().keep_runs_days
    forgotten = forget_old_runs(context.instance, days)
    return dg.SkipReason(f"{forgotten} runs that were older than {days} days are forgotten")


def forget_old_runs(instance: dg.DagsterInstance, days: float, seconds: float = _SECONDS) -> int:
    """Delete finished runs older than so many days (0: none), the oldest first, for about so many seconds; how many."""
    storage = instance.event_log_storage
    if not days or not isinstance(storage, SqlEventLogStorage):
        return 0
    finished = dg.RunsFilter(statuses=FINISHED_STATUSES, created_before=datetime.now(UTC) - timedelta(days=days))
    if not instance.get_runs_count(finished):
        return 0
    latest, forgotten, give_up = _runs_of_latest_events(instance, storage), 0, time.monotonic() + seconds
    for record in instance.get_run_records(finished, limit=_AT_ONCE + len(latest), ascending=True):
        run_id = record.dagster_run.run_id
        if run_id not in latest and time.monotonic() < give_up:
            instance.delete_run(run_id)
            _forget_what_checks_said(storage, run_id)
            _remove_file_of_events(storage, run_id)
            forgotten += 1
    return forgotten


def _runs_of_latest_events(instance: dg.DagsterInstance, storage: SqlEventLogStorage) -> set[str]:
    """The runs that hold the latest materialisation of an asset, or the latest execution or evaluation of a check.

    Every run of the daemon means to execute the checks of all sites; those of a site without news stay unevaluated.
    """
    events = instance.get_latest_materialization_events(instance.all_asset_keys()).values()
    table = AssetCheckExecutionsTable.c
    check = (table.asset_key, table.check_name, table.partition)
    executed = select(func.max(table.id)).group_by(*check)
    evaluated = executed.where(table.execution_status.in_(_EVALUATED))
    with storage.index_connection() as connection:
        executions = select(table.run_id).where(or_(table.id.in_(executed), table.id.in_(evaluated)))
        runs = connection.execute(executions).scalars().all()
    return {event.run_id for event in events if event} | set(runs)


def _forget_what_checks_said(storage: SqlEventLogStorage, run_id: str) -> None:
    """Dagster's own deletion leaves it."""
    table = AssetCheckExecutionsTable
    with storage.index_connection() as connection:
        connection.execute(table.delete().where(table.c.run_id == run_id))


def _remove_file_of_events(storage: SqlEventLogStorage, run_id: str) -> None:
    """SQLite has one for each run, which Dagster empties and leaves."""
    if isinstance(storage, SqliteEventLogStorage):
        file = Path(storage.path_for_shard(run_id))
        for end in ("", "-wal", "-shm", "-journal"):
            file.with_name(file.name + end).unlink(missing_ok=True)
