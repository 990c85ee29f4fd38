"""Runs whose process is gone: a killed run must not hold up the queue for ever.

Dagster's default launcher cannot tell whether a run's process still lives, and a run of the command line has no
launcher at all. So each run carries a tag that names its process, and who looks first ends what is dead.
"""

import os
import socket
from pathlib import Path

import dagster as dg
from dagster._core.storage.dagster_run import IN_PROGRESS_RUN_STATUSES

PROCESS_TAG = "alliance_etl/process"


def this_process() -> str:
    """Host, process id and start time of this process: a number that is given out anew does not count as alive."""
    return _process(os.getpid())


def is_gone(process: str) -> bool:
    """True where a process named by `this_process` ran on this host and runs no more."""
    host, pid, _ = process.rsplit(":", 2)
    return host == socket.gethostname() and process != _process(int(pid))


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


def _process(pid: int) -> str:
    return f"{socket.gethostname()}:{pid}:{_start_time(pid)}"


def _start_time(pid: int) -> str:
    """When a process started, in the kernel's ticks (Linux); elsewhere only whether it is there."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        return stat.read_text().rpartition(")")[2].split()[19] if stat.exists() else "gone"
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return "gone"
    except PermissionError:
        return "there"
    return "there"
