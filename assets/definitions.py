"""What Dagster loads: the study's assets, jobs, schedule and sensor, put together and nothing more."""

import dagster as dg

from alliance_etl.study.model import Study
from assets.intake import intake_assets
from assets.nightly import nightly_job, rebuild_job, schedules
from assets.psychometrics import psychometric_tables, psychometrics_job, psychometrics_wanted
from assets.publication import publication
from assets.quality import quality_asset, quality_job, quality_wanted
from assets.retention import old_runs
from assets.scores import scoring
from assets.sensors import new_drops
from assets.shift import shift_of_this_run
from assets.study import study_here


def define(study: Study, night: dg.ResourceDefinition = shift_of_this_run) -> dg.Definitions:
    """Everything that Dagster knows of a study; `night` opens the shift that its steps share."""
    return dg.Definitions(
        assets=[intake_assets(study), scoring, publication, quality_asset(study), psychometric_tables],
        jobs=[nightly_job(), rebuild_job(), quality_job(), psychometrics_job()],
        schedules=schedules(study),
        sensors=[new_drops, quality_wanted(study), psychometrics_wanted(), old_runs],
        resources={"night": night},
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """The definitions of the study that $ALLIANCE_STUDY names, loaded when Dagster asks for them."""
    return define(study_here())
