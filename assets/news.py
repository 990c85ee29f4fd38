"""What follows a publication by a job of its own: asked for where the publication is another than the one before."""

from collections.abc import Sequence
from importlib.util import find_spec

import dagster as dg


def after_publication(
    name: str, *, job: str, description: str, packages: Sequence[str], wanted: bool
) -> dg.SensorDefinition:
    """The sensor of that name: asks for the job after each new publication. Stopped, until somebody starts it, where
    that is not wanted or packages that the job needs are not installed.
    """
    lacking = [package for package in packages if find_spec(package) is None]

    @dg.asset_sensor(
        name=name,
        asset_key=dg.AssetKey("publication"),
        job_name=job,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING if wanted and not lacking else dg.DefaultSensorStatus.STOPPED,
        description=description + (f" Not installed: {', '.join(lacking)}." if lacking else ""),
    )
    def sensor(context: dg.SensorEvaluationContext, asset_event: dg.EventLogEntry) -> dg.RunRequest | dg.SkipReason:
        return _asked_for(context, asset_event)

    return sensor


def _asked_for(context: dg.SensorEvaluationContext, event: dg.EventLogEntry) -> dg.RunRequest | dg.SkipReason:
    """The run that a materialisation of `publication` asks for, if any."""
    materialized = event.asset_materialization
    rewritten = materialized.metadata.get("rewritten") if materialized else None
    if rewritten is not None and rewritten.value is False:
        return dg.SkipReason("the publication is as it was")
    return dg.RunRequest(run_key=context.cursor)
