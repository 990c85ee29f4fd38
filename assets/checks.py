"""The asset checks: which there are, which of them stop the night, and how their outcome is shown.

What they look at is in alliance_etl.night. Their metadata are counts per site, never a person's value.
"""

import dagster as dg

from alliance_etl.fitness.catalogue import criteria
from alliance_etl.night import checks as night_checks
from alliance_etl.night.reports import CheckResult

CONSERVATION = dg.AssetCheckSpec(
    "conservation",
    asset="ledger",
    blocking=True,
    description="Every row of every drop is new, changed, unchanged, held or skipped; blocks publication.",
)
CONTRACTS = dg.AssetCheckSpec(
    "contracts",
    asset="scores",
    blocking=True,
    description="Every wide table keeps its instrument's contract (pandera): types, ranges, keys; blocks publication.",
)
DECLARED_TOTALS = dg.AssetCheckSpec(
    "declared_totals",
    asset="scores",
    description="The scale scores that a site declares beside its answers agree with the recomputed ones; warns.",
)
COMPLETENESS = dg.AssetCheckSpec(
    "completeness",
    asset="forms",
    description="No form has missing answers; warns.",
)
OPEN_ALERTS = dg.AssetCheckSpec(
    "open_alerts",
    asset="forms",
    description="No possible but unlikely value waits to be confirmed; warns.",
)
FITNESS = tuple(
    dg.AssetCheckSpec(
        f"{night_checks.FITNESS}{criterion.name}",
        asset="forms",
        description=f"{criterion.title}: {criterion.numerator}, of {criterion.denominator}; "
        "no site and no therapist has more than study.yaml bears; warns.",
    )
    for criterion in criteria().values()
)
BLOCKING = frozenset(spec.name for spec in (CONSERVATION, CONTRACTS) if spec.blocking)


def nothing_held(site: str) -> dg.AssetCheckSpec:
    """The check of one site's last drops."""
    return dg.AssetCheckSpec(
        "nothing_held",
        asset=["drops", site],
        description="No row of the site's new drops was held back, and no file was rejected or unreadable; warns.",
    )


def source_answers(site: str) -> dg.AssetCheckSpec:
    """The check of a site whose files are fetched."""
    return dg.AssetCheckSpec(
        "source_answers",
        asset=["drops", site],
        description="The site's remote source could be listed, and what is new there fetched; warns.",
    )


def evaluated(spec: dg.AssetCheckSpec, result: CheckResult) -> dg.AssetCheckResult:
    """The outcome of one of the night's checks, as an error where the check blocks, else as a warning."""
    return dg.AssetCheckResult(
        asset_key=spec.asset_key,
        check_name=spec.name,
        passed=result.passed,
        severity=dg.AssetCheckSeverity.ERROR if spec.blocking else dg.AssetCheckSeverity.WARN,
        description=result.description,
        metadata=counts_by_site(result.by_site),
    )


def counts_by_site(by_site: dict[str, int]) -> dict[str, dg.IntMetadataValue | dg.TableMetadataValue]:
    """Metadata: the sum, so that it can be plotted over the nights, and the count of each site."""
    records = [dg.TableRecord({"site": site, "count": count}) for site, count in sorted(by_site.items())]
    columns = [dg.TableColumn("site", "string"), dg.TableColumn("count", "int")]
    return {
        "count": dg.MetadataValue.int(sum(by_site.values())),
        "by_site": dg.MetadataValue.table(records, schema=dg.TableSchema(columns=columns)),
    }
