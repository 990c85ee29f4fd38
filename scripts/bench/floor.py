"""The floor under any pipeline that reads these files: DuckDB copies each CSV file to Parquet as it is.

`python -m scripts.bench.floor STUDY OUT`. No check, no key, no score: nothing that has to read the files and write
their answers can be much faster.
"""

import sys
from pathlib import Path

import duckdb


def copy_all(study: Path, out: Path) -> int:
    """Copy every drop; return the number of rows."""
    out.mkdir(parents=True, exist_ok=True)
    rows = 0
    with duckdb.connect() as connection:
        for file in sorted(study.glob("drops/*/*.csv")):
            target = out / f"{file.parent.name}_{file.stem}.parquet"
            copied = connection.execute(
                f"COPY (SELECT * FROM read_csv({_literal(file)})) TO {_literal(target)} (FORMAT parquet)"
            ).fetchone()
            rows += copied[0] if copied else 0
    return rows


def _literal(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


if __name__ == "__main__":
    print(copy_all(Path(sys.argv[1]), Path(sys.argv[2])))
