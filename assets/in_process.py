"""The nightly job in the caller's process, for the command line.

The caller has opened the night and holds the study's lock; folders without news are left out of the run, so that a
study of fifty sites pays only for those that have sent something. A remote source is not: that it answers is a check.
"""

from pathlib import Path

import dagster as dg

from alliance_etl.state.processes import this_process
from alliance_etl.study.model import Study
from assets.definitions import define
from assets.home import open_instance
from assets.intake import drops_key
from assets.orphans import PROCESS_TAG, end_orphans
from assets.retention import forget_old_runs
from assets.shift import Shift

# What a run of the command line may take longer for the sake of Dagster's books.
_SECONDS = 2.0


def run_in_process(study: Study, shift: Shift, home: Path, *, verbose: bool = False) -> dg.ExecuteInProcessResult:
    """Run the night once; its reports are in `shift`. A failure is in the result and in `shift`, never raised."""
    definitions = define(study, dg.ResourceDefinition.hardcoded_resource(shift))
    job = definitions.resolve_job_def("rebuild" if shift.rebuild else "nightly")
    folders = [site.name for site in study.sites.values() if isinstance(site.drop, Path)]
    silent = {drops_key(site) for site in folders if site not in shift.news}
    with open_instance(home) as instance:
        end_orphans(instance)
        result = job.execute_in_process(
            instance=instance,
            asset_selection=[key for key in job.asset_layer.executable_asset_keys if key not in silent],
            run_config={"loggers": {"console": {"config": {"log_level": "DEBUG" if verbose else "CRITICAL"}}}},
            tags={PROCESS_TAG: this_process(), "alliance_etl/started_by": "command line"},
            raise_on_error=False,
        )
        forget_old_runs(instance, study.keep_runs_days, _SECONDS)
    if shift.failure is None and any(map(_is_interruption, result.all_events)):
        shift.failure = KeyboardInterrupt()
    return result


def _is_interruption(event: dg.DagsterEvent) -> bool:
    """Whether a step was ended by Ctrl-C or by the system's request, in Dagster's own code and not in a stage."""
    error = event.step_failure_data.error if event.is_step_failure else None
    return error is not None and error.cls_name == dg.DagsterExecutionInterruptedError.__name__
