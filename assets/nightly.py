"""When the night runs: the job, its rebuilding twin and the schedule of study.yaml."""

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition
from dagster._core.execution.plan.resume_retry import ReexecutionStrategy
from dagster._core.storage.tags import RETRY_STRATEGY_TAG

from alliance_etl.study.model import Study

# Only a night tried again from its first step holds the study's lock from what it checks to what it publishes; Dagster
# would go on from the step that was killed.
_AGAIN = {RETRY_STRATEGY_TAG: ReexecutionStrategy.ALL_STEPS.value}
# What is told of a publication is made after the night, by jobs of its own.
_NIGHT = dg.AssetSelection.all() - dg.AssetSelection.assets("quality_report", "psychometric_tables")


def nightly_job() -> UnresolvedAssetJobDefinition:
    return dg.define_asset_job(
        "nightly",
        selection=_NIGHT,
        executor_def=dg.in_process_executor,
        tags=_AGAIN,
        description="Takes in what is new, validates, scores, harmonises, publishes.",
    )


def rebuild_job() -> UnresolvedAssetJobDefinition:
    return dg.define_asset_job(
        "rebuild",
        selection=_NIGHT,
        executor_def=dg.in_process_executor,
        tags=_AGAIN,
        config={"resources": {"night": {"config": {"rebuild": True}}}},
        description="The same from the archive of all drops, as if they were all new.",
    )


def schedules(study: Study) -> list[dg.ScheduleDefinition]:
    """The nightly schedule in the study's time zone; none where study.yaml has none."""
    if study.schedule is None:
        return []
    return [
        dg.ScheduleDefinition(
            name="nightly_schedule",
            job_name="nightly",
            cron_schedule=study.schedule,
            execution_timezone=study.timezone,
            default_status=dg.DefaultScheduleStatus.RUNNING,
            description=f"{study.schedule} ({study.timezone}), from study.yaml.",
        )
    ]
