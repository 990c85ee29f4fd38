"""Publication: DuckDB file and Parquet tables, put in place together in one step."""

from dataclasses import asdict

import dagster as dg

from alliance_etl.night.booked import sites_so_far
from alliance_etl.state.nights import SiteNight
from assets.shift import Shift

_COUNTS = ("files", "rows_read", "new", "changed", "held", "still_held", "open_alerts", "forms")
_SITES = dg.TableSchema([dg.TableColumn("site", "string"), *(dg.TableColumn(name, "int") for name in _COUNTS)])


@dg.asset(
    deps=["ledger", "scores", "alliance"],
    group_name="publication",
    kinds={"duckdb", "parquet"},
    pool="duckdb",
    description="warehouse/alliance.duckdb and warehouse/tables: what analysts open.",
)
def publication(night: dg.ResourceParam[Shift]) -> dg.MaterializeResult[None]:
    with night.stage("publication"):
        night.must_be_checked()
        report = night.night.publish()
    night.publication = report
    columns = [dg.TableColumn("table", "string"), dg.TableColumn("rows", "int")]
    tables = [dg.TableRecord({"table": table, "rows": rows}) for table, rows in report.tables.items()]
    sites = sites_so_far(night.night, night)
    return dg.MaterializeResult(
        metadata={
            "forms": report.forms,
            "still_held": sum(site.waiting for site in sites.values()),
            "open_alerts": sum(site.alerts for site in sites.values()),
            "sites": dg.MetadataValue.table([_site_record(name, site) for name, site in sites.items()], schema=_SITES),
            "night": dg.MetadataValue.path(night.night.layout.night_page),
            "rewritten": report.rewritten,
            "tables": dg.MetadataValue.table(tables, schema=dg.TableSchema(columns)),
        }
    )


def _site_record(name: str, site: SiteNight) -> dg.TableRecord:
    """One site as the night's page has it: counts only."""
    rows, stands = asdict(site.counts), {"still_held": site.waiting, "open_alerts": site.alerts}
    told = {**rows, "files": site.files, "forms": site.forms, **stands}
    return dg.TableRecord({"site": name, **{count: told[count] for count in _COUNTS}})
