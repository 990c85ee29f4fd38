"""Publication: DuckDB file and Parquet tables, put in place together in one step."""

import dagster as dg

from assets.shift import Shift


@dg.asset(
    deps=["ledger", "scores", "alliance"],
    group_name="publication",
    kinds={"duckdb", "parquet"},
    pool="duckdb",
    description="warehouse/alliance.duckdb and warehouse/tables: what analysts open.",
)
def publication(night: dg.ResourceParam[Shift]) -> dg.MaterializeResult[None]:
    with night.stage("publication"):
        report = night.night.publish()
    night.publication = report
    columns = [dg.TableColumn("table", "string"), dg.TableColumn("rows", "int")]
    tables = [dg.TableRecord({"table": table, "rows": rows}) for table, rows in report.tables.items()]
    return dg.MaterializeResult(
        metadata={
            "forms": report.forms,
            "rewritten": report.rewritten,
            "tables": dg.MetadataValue.table(tables, schema=dg.TableSchema(columns)),
        }
    )
