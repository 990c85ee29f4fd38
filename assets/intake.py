"""Intake: one asset per site of study.yaml, and the ledger that all of them fill.

Only sites with news are materialised. What stands downstream depends on the ledger, which always is, so that a night
on which nobody delivered still scores, checks and publishes.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import dagster as dg

from alliance_etl.night.night import Night
from alliance_etl.night.reports import Counts, DropReport, SiteReport
from alliance_etl.night.standing import waiting_at
from alliance_etl.study.model import Site, Study
from assets.checks import CONSERVATION, evaluated, nothing_held, source_answers
from assets.columns import described
from assets.shift import Shift

# A site of which study.yaml does not say how often it sends: most do weekly or monthly, and one that has sent nothing
# for so long is worth a telephone call.
LATE, SILENT = timedelta(days=14), timedelta(days=35)


def drops_key(site: str) -> dg.AssetKey:
    return dg.AssetKey(["drops", site])


def intake_assets(study: Study) -> dg.AssetsDefinition:
    """The assets of the study's sites and its ledger."""
    remote = [site.name for site in study.sites.values() if not isinstance(site.drop, Path)]

    @dg.multi_asset(
        name="intake",
        specs=[*(_site_spec(site) for site in study.sites.values()), _ledger_spec(study)],
        check_specs=[
            *(nothing_held(site) for site in study.sites),
            *(source_answers(site) for site in remote),
            CONSERVATION,
        ],
        can_subset=True,
        pool="duckdb",
        description="Takes in what the sites have dropped: reads, validates, pseudonymises, files; writes receipts.",
    )
    def intake(
        context: dg.AssetExecutionContext, night: dg.ResourceParam[Shift]
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        wanted = context.selected_asset_keys
        with night.stage("news"):
            news = night.news
            if not night.rebuild:
                night.night.stage_ahead([site for site in news if drops_key(site) in wanted])
        for site in news:
            if drops_key(site) in wanted:
                with night.stage("intake", of=site):
                    report = night.night.take_in(site, rebuild=night.rebuild)
                night.sites.append(report)
                yield from _shown(report, night.night)
        for site in remote:
            if drops_key(site) in wanted:
                yield _source_shown(site, night.sites)
        if dg.AssetKey("ledger") in wanted:
            with night.stage("conservation"):
                result = night.night.check_conservation()
            night.checks.append(result)
            yield dg.MaterializeResult(asset_key="ledger", metadata={"sites_with_news": len(night.sites)})
            yield evaluated(CONSERVATION, result)

    return intake


def _site_spec(site: Site) -> dg.AssetSpec:
    exports = "\n".join(f"- `{name}`: {export.instrument}" for name, export in site.exports.items())
    return dg.AssetSpec(
        drops_key(site.name),
        description=f"{site.title}: what its drops brought.\n\n{exports}",
        skippable=True,
        group_name="intake",
        kinds={"csv"},
        tags={"alliance_etl/site": site.name},
        freshness_policy=_freshness(site),
    )


def _freshness(site: Site) -> dg.FreshnessPolicy:
    """Late once as often as the site sends, failed after twice as long."""
    late = timedelta(days=site.sends.late_after) if site.sends else LATE
    return dg.FreshnessPolicy.time_window(fail_window=2 * late if site.sends else SILENT, warn_window=late)


def _ledger_spec(study: Study) -> dg.AssetSpec:
    return dg.AssetSpec(
        "ledger",
        deps=[drops_key(site) for site in study.sites],
        description="Every file by its content, and what became of each of its rows.",
        metadata=described("drops"),
        group_name="intake",
        kinds={"sqlite"},
    )


def _shown(report: SiteReport, night: Night) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """What one site's intake shows: counts, and whether anything was held back."""
    if report.failed is None:
        yield dg.MaterializeResult(asset_key=drops_key(report.site), metadata=_counts(report, night))
    held = sum(drop.counts.held for drop in report.drops)
    rejected = sum(drop.status == "rejected" for drop in report.drops)
    yield dg.AssetCheckResult(
        asset_key=drops_key(report.site),
        check_name="nothing_held",
        passed=report.failed is None and not held and not rejected,
        severity=dg.AssetCheckSeverity.WARN,
        description=report.failed,
        metadata={"held": held, "rejected_files": rejected},
    )


def _source_shown(site: str, reports: Sequence[SiteReport]) -> dg.AssetCheckResult:
    """Whether a remote source answered; one without news did, or it would be among the reports."""
    failed = next((report.failed for report in reports if report.site == site), None)
    return dg.AssetCheckResult(
        asset_key=drops_key(site),
        check_name="source_answers",
        passed=failed is None,
        severity=dg.AssetCheckSeverity.WARN,
        description=failed,
    )


def _counts(report: SiteReport, night: Night) -> dict[str, int | str | dg.TableMetadataValue | dg.PathMetadataValue]:
    total = sum((drop.counts for drop in report.drops), Counts())
    return {
        "files": len(report.drops),
        "forms": report.forms,
        "rows_read": total.rows_read,
        "new": total.new,
        "changed": total.changed,
        "unchanged": total.unchanged,
        "held": total.held,
        "still_held": waiting_at(night.ledger.drops(report.site), night.ledger)[report.site],
        "skipped": total.skipped,
        "findings": sum(drop.findings for drop in report.drops),
        "drops": dg.MetadataValue.table([_drop_record(drop) for drop in report.drops], schema=_DROPS),
        "night": dg.MetadataValue.path(night.layout.night_page),
    }


_DROP_COLUMNS = {"drop_id": "string", "file": "string", "status": "string", "rows_read": "int", "held": "int"}
_DROPS = dg.TableSchema([dg.TableColumn(name, kind) for name, kind in _DROP_COLUMNS.items()])


def _drop_record(drop: DropReport) -> dg.TableRecord:
    return dg.TableRecord({name: drop.as_dict()[name] for name in _DROP_COLUMNS})
