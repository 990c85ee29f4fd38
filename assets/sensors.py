"""The sensor: a file that a clinic drops is taken in within a minute, by day as by night.

Folders are looked at in every tick, remote sources every `poll_seconds` and in the background: one that is slow or down
neither ends a tick nor keeps another site waiting, and is told of once, in the daemon's log and in the tick.

A run is asked for by the content (or the version at its source) of what is pending, never by names: a corrected file
under its old name runs again. What is still pending after a run that should have taken it in (it failed, or a file
cannot be read) is tried again after one minute, then two, four and so on up to an hour.
"""

import hashlib
import json
import time

import dagster as dg

from alliance_etl.night.news import PendingDrop, pending_drops
from alliance_etl.night.watch import Watch, as_plain, from_plain, pending_remote
from alliance_etl.study.model import Study
from assets.failures import Plainly
from assets.orphans import end_orphans
from assets.study import study_here

PENDING_TAG = "alliance_etl/pending"
FIRST_PAUSE, LONGEST_PAUSE = 60.0, 3600.0
# A tick waits so long for sources to answer; Dagster ends it after 60 seconds.
LOOK_SECONDS = 10.0
WATCH = Watch()
_UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]


@dg.sensor(
    job_name="nightly",
    minimum_interval_seconds=15,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Runs the night when a site has dropped a file that is not in the ledger.",
)
def new_drops(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    end_orphans(context.instance)
    under_way = context.instance.get_runs_count(dg.RunsFilter(job_name="nightly", statuses=_UNFINISHED))
    with Plainly():
        study = study_here()
        remote, told = _remote(context, study, ask=not under_way)
        pending = [*pending_drops(study), *remote]
    if not pending:
        return dg.SkipReason("; ".join(["no site has dropped anything new", *told]))
    if under_way:
        return dg.SkipReason("a run is under way; what it leaves is looked at after it")
    digest = hashlib.sha256("\n".join(sorted(drop.drop_id for drop in pending)).encode()).hexdigest()[:16]
    attempts, pause = _attempts(context.instance, digest)
    if pause > 0:
        return dg.SkipReason(f"still pending after {attempts} runs; the next try is in {pause:.0f} seconds")
    return dg.RunRequest(run_key=f"{digest}:{attempts}", tags={PENDING_TAG: digest})


def _remote(context: dg.SensorEvaluationContext, study: Study, *, ask: bool) -> tuple[list[PendingDrop], list[str]]:
    """What is pending at remote sources, and what there is to tell of them; the cursor keeps what was found."""
    memories, told = from_plain(json.loads(context.cursor or "{}")), list[str]()
    if ask:
        memories, told = WATCH.look(study, memories, LOOK_SECONDS, time.time())
        context.update_cursor(json.dumps(as_plain(memories)))
    for words in told:
        dg.get_dagster_logger("new_drops").warning(words)
    return pending_remote(study, memories), told


def _attempts(instance: dg.DagsterInstance, digest: str) -> tuple[int, float]:
    """How many runs have tried to take in just this, and the seconds until the next one may."""
    records = instance.get_run_records(dg.RunsFilter(tags={PENDING_TAG: digest}))
    if not records:
        return 0, 0.0
    ended = max(record.end_time or record.create_timestamp.timestamp() for record in records)
    pause = min(FIRST_PAUSE * 2 ** (len(records) - 1), LONGEST_PAUSE)
    return len(records), ended + pause - time.time()
