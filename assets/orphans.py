"""Runs whose process is gone: a killed run must not hold up the queue for ever.

Dagster's default launcher cannot tell whether a run's process still lives, and a run of the command line has no
launcher at all. So each run carries a tag that names its process, and who looks first ends what is dead.
"""

import dagster as dg
from dagster._core.storage.dagster_run import IN_PROGRESS_RUN_STATUSES

from alliance_etl.state.processes import is_gone

PROCESS_TAG = "alliance_etl/process"


def end_orphans(instance: dg.DagsterInstance) -> list[str]:
    """Report every run in progress whose process is gone as failed; return their ids."""
    orphans = [
        run
        for run in instance.get_runs(dg.RunsFilter(statuses=list(IN_PROGRESS_RUN_STATUSES)))
        if PROCESS_TAG in run.tags and is_gone(run.tags[PROCESS_TAG])
    ]
    for run in orphans:
        instance.report_run_failed(run, "the run's process is gone; the last publication stands")
    return [run.run_id for run in orphans]
