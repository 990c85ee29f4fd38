"""The published database is in a storage format that DuckDB 1.5 opens, whichever DuckDB wrote it."""

from pathlib import Path

import duckdb

from alliance_etl.publication.build import STORAGE

# Bytes 12 to 20 of a DuckDB file are its storage version, little-endian; 1.5 reads 64 to 68 (what its own error
# message says of a file of DuckDB 2.0: "we can only read versions between 64 and 68").
READ_BY_1_5 = range(64, 69)


def test_the_storage_format_is_one_that_duckdb_1_5_reads(tmp_path: Path) -> None:
    file = tmp_path / "published.duckdb"
    with duckdb.connect(str(file), config={"storage_compatibility_version": STORAGE}) as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS one; CHECKPOINT")

    version = int.from_bytes(file.read_bytes()[12:20], "little")

    assert version in READ_BY_1_5
