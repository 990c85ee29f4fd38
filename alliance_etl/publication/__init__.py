"""Publication: scored wide tables, views over them, DuckDB and Parquet, and the one step that makes them public."""
