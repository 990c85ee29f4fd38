"""Runs of the tiny study as Dagster makes them, and what they left."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from alliance_etl.study.load import load_study
from alliance_etl.study.model import Study
from assets.definitions import define
from assets.shift import Shift, open_shift
from assets.study import registry_of

# The assets that every night materialises.
STEPS = {"ledger", "forms", "scores", "alliance", "publication"}


@contextmanager
def shift_of(folder: Path) -> Iterator[tuple[Study, Shift]]:
    """The study's night, open for one run."""
    study = load_study(folder)
    with open_shift(study, registry_of(study)) as shift:
        yield study, shift


def run_assets(folder: Path, instance: dg.DagsterInstance, *assets: list[str]) -> dg.ExecuteInProcessResult:
    """Run the nightly job, or these assets of it, as Dagster does."""
    with shift_of(folder) as (study, shift):
        job = define(study, dg.ResourceDefinition.hardcoded_resource(shift)).resolve_job_def("nightly")
        return job.execute_in_process(
            instance=instance,
            asset_selection=[dg.AssetKey(asset) for asset in assets] or None,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            raise_on_error=False,
        )


def materialised(result: dg.ExecuteInProcessResult) -> set[str]:
    """The keys of the assets that a run has materialised."""
    events = result.get_asset_materialization_events()
    return {event.asset_key.to_user_string() for event in events if event.asset_key}


def verdicts(result: dg.ExecuteInProcessResult) -> dict[str, bool]:
    """The checks that were evaluated and whether they passed; site's checks under `asset:check`."""
    return {
        f"{check.asset_key.to_user_string()}:{check.check_name}": check.passed
        for check in result.get_asset_check_evaluations()
    }
