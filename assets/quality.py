"""The quality report: made after a publication, by a job of its own, so that it neither delays nor undoes one.

Its outcomes are asset checks, one per table and one for each thing that is compared between tables. What could not be
checked is an error, what does not hold a warning.
"""

from collections.abc import Iterator

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from alliance_etl.morning.tell import tell_again
from alliance_etl.night.scorings import scorings_of
from alliance_etl.quality.between_tables import NIGHTS, REFERENCES, ROWS
from alliance_etl.quality.distributions import ABOUT as DISTRIBUTIONS
from alliance_etl.quality.made import make_report
from alliance_etl.quality.model import OUTCOMES, Report
from alliance_etl.quality.process import PACKAGES
from alliance_etl.state.processes import this_process
from alliance_etl.study.model import Study
from assets.checks import counts_by_site
from assets.failures import Plainly
from assets.news import after_publication
from assets.orphans import PROCESS_TAG
from assets.study import registry_of, study_here
from schemas.promises import promises
from schemas.tables import STORED

KEY = dg.AssetKey("quality_report")
_BETWEEN = {
    REFERENCES: "Every id leads to a row of the table that it names.",
    ROWS: "Tables have as many rows in DuckDB as in Parquet, and views as many as follows from their forms.",
    NIGHTS: "Tables have about as many rows as in the last nights.",
    DISTRIBUTIONS: "The newest forms of each site and instrument are like the earlier ones.",
}


def quality_asset(study: Study) -> dg.AssetsDefinition:
    """The report on the study's publication, with its checks."""
    specs = [
        dg.AssetCheckSpec(f"quality_{about}", asset=KEY, description=f"{description} Warns.")
        for about, description in _described(study).items()
    ]

    @dg.asset(
        key=KEY,
        deps=["publication"],
        check_specs=specs,
        group_name="publication",
        kinds={"greatexpectations"},
        description="warehouse/reports/quality: what a publication promises, checked by Great Expectations in a "
        "process of its own.",
    )
    def quality_report(
        context: dg.AssetExecutionContext,
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        context.instance.add_run_tags(context.run.run_id, {PROCESS_TAG: this_process()})
        with Plainly():
            here = study_here()
            made = make_report(here, scorings_of(here, registry_of(here), promises()), promises().tables)
            tell_again(here)
        counts = {outcome: dg.MetadataValue.int(count) for outcome, count in made.report.counts().items()}
        yield dg.MaterializeResult(
            metadata={**counts, "publication": made.report.publication, "page": dg.MetadataValue.path(made.page)}
        )
        for spec in specs:
            yield _shown(spec, made.report)

    return quality_report


def _described(study: Study) -> dict[str, str]:
    used = dict.fromkeys(export.instrument for site in study.sites.values() for export in site.exports.values())
    tables = [*(f"answers_{name}" for name in used), *(table.name for table in STORED)]
    return {**{name: f"The table {name} is as it is declared." for name in tables}, **_BETWEEN}


def _shown(spec: dg.AssetCheckSpec, report: Report) -> dg.AssetCheckResult:
    """One check: the worst outcome of its expectations, with counts of outcomes and, where rows fail, of rows per site.

    Without any expectation to judge by it has not passed: it could not be checked.
    """
    about = spec.name.removeprefix("quality_")
    own = Report(report.publication, report.made_at, [result for result in report.results if result.about == about])
    by_site: dict[str, int] = {}
    for result in own.results:
        for site, count in result.by_site.items():
            by_site[site] = by_site.get(site, 0) + count
    troubles = [r for r in own.results if r.outcome in ("error", "failed")]
    words = report.trouble or "; ".join(
        f"{r.column or about}: {r.means}{f' ({r.why})' if r.why else ''}" for r in troubles
    )
    return dg.AssetCheckResult(
        asset_key=spec.asset_key,
        check_name=spec.name,
        passed=own.outcome in ("passed", "not_applicable"),
        severity=dg.AssetCheckSeverity.ERROR if own.outcome == "error" else dg.AssetCheckSeverity.WARN,
        description=words[:2000] or None,
        metadata={
            "outcome": own.outcome,
            **{outcome: dg.MetadataValue.int(own.counts()[outcome]) for outcome in OUTCOMES},
            **counts_by_site(by_site),
        },
    )


def quality_job() -> UnresolvedAssetJobDefinition:
    return dg.define_asset_job(
        "quality",
        selection=dg.AssetSelection.assets(KEY),
        executor_def=dg.in_process_executor,
        description="Checks what is published, and tells; changes and stops nothing.",
    )


def quality_wanted(study: Study) -> dg.SensorDefinition:
    """Asks for the report once something else is public; stopped where it is not wanted or cannot be made."""
    return after_publication(
        "after_publication",
        job="quality",
        description="Makes the quality report of a new publication.",
        packages=PACKAGES,
        wanted=study.quality.enabled,
    )
