"""Whether a publication is another than the one before: what follows a publication is asked for only then."""

import dagster as dg


def asked_for(context: dg.SensorEvaluationContext, event: dg.EventLogEntry) -> dg.RunRequest | dg.SkipReason:
    """The run that a materialisation of `publication` asks for, if any."""
    materialized = event.asset_materialization
    rewritten = materialized.metadata.get("rewritten") if materialized else None
    if rewritten is not None and rewritten.value is False:
        return dg.SkipReason("the publication is as it was")
    return dg.RunRequest(run_key=context.cursor)
