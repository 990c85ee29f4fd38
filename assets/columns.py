"""Column schemas for Dagster, derived from the one declaration in schemas/tables.py."""

import dagster as dg

from alliance_etl.tables import Column, Table
from schemas.tables import TABLES


def described(table_name: str) -> dict[str, dg.TableSchemaMetadataValue]:
    """Metadata that shows the columns of a published table in Dagster's catalogue."""
    return {"dagster/column_schema": dg.MetadataValue.table_schema(column_schema(TABLES[table_name]))}


def column_schema(table: Table) -> dg.TableSchema:
    return dg.TableSchema(columns=[_column(column) for column in table.columns])


def _column(column: Column) -> dg.TableColumn:
    return dg.TableColumn(
        name=column.name,
        type=column.type,
        description=f"{column.description} [{column.unit}]" if column.unit else column.description,
        constraints=dg.TableColumnConstraints(
            nullable=not column.required,
            other=[f"one of {', '.join(column.values)}"] if column.values else None,
        ),
    )
