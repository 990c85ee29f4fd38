"""The tables of psychometrics: made of a publication by a job of its own, so that no night waits for them."""

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from alliance_etl.psychometrics.made import DATABASE, PACKAGES, folder_of, make_psychometrics
from alliance_etl.state.layout import Layout
from alliance_etl.state.processes import this_process
from assets.failures import Plainly
from assets.news import after_publication
from assets.orphans import PROCESS_TAG
from assets.study import registry_of, study_here
from schemas.promises import promises
from schemas.psychometric_tables import PSYCHOMETRIC_TABLES


@dg.asset(
    deps=["publication"],
    group_name="publication",
    kinds={"duckdb", "parquet"},
    description="warehouse/reports/psychometrics: reliability, item statistics, variance components and invariance "
    "between sites. Changes nothing that is published.",
)
def psychometric_tables(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    context.instance.add_run_tags(context.run.run_id, {PROCESS_TAG: this_process()})
    with Plainly():
        study = study_here()
        frames = make_psychometrics(study, registry_of(study), promises(), PSYCHOMETRIC_TABLES)
    rows = {name: dg.MetadataValue.int(frame.height) for name, frame in frames.items()}
    database = folder_of(Layout(study.folder)) / DATABASE
    return dg.MaterializeResult(metadata={**rows, "database": dg.MetadataValue.path(database)})


def psychometrics_job() -> UnresolvedAssetJobDefinition:
    return dg.define_asset_job(
        "psychometrics",
        selection=dg.AssetSelection.assets("psychometric_tables"),
        executor_def=dg.in_process_executor,
        description="Tells how reliable the instruments are in this study; changes and stops nothing.",
    )


def psychometrics_wanted() -> dg.SensorDefinition:
    """Has the tables made of each new publication; stopped until somebody starts it."""
    return after_publication(
        "psychometrics_after_publication",
        job="psychometrics",
        description="Started, it has the tables of psychometrics made of each new publication.",
        packages=PACKAGES,
        wanted=False,
    )
