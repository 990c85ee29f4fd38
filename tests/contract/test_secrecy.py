"""Rule 7: a clinic's ids are readable in drops/, in fixme files and in the encrypted archive, and nowhere else."""

import re

import pytest

from tests.contract.conftest import Night
from tests.contract.north_star import IDS

pytestmark = pytest.mark.slow


def test_no_id_of_a_clinic_stands_in_any_column_that_is_published(night: Night) -> None:
    tables = night.rows(
        "SELECT table_name, string_agg('\"' || column_name || '\"', ', ') FROM duckdb_columns() "
        "WHERE NOT internal AND data_type = 'VARCHAR' GROUP BY table_name"
    )
    ids = "|".join(map(re.escape, IDS))

    telling = [
        table
        for table, columns in tables
        if night.rows(f"SELECT 1 FROM \"{table}\" WHERE regexp_matches(concat_ws(' ', {columns}), '{ids}') LIMIT 1")
    ]
    assert (telling, len(tables) > 15) == ([], True)


def test_no_id_of_a_clinic_is_readable_in_a_file_outside_of_drops(night: Night) -> None:
    files = [path for path in night.folder.rglob("*") if path.is_file() and "drops" not in path.parts]

    telling = [
        path.relative_to(night.folder)
        for path in files
        if not path.name.startswith("fixme") and any(identifier.encode() in path.read_bytes() for identifier in IDS)
    ]
    assert (telling, len(files) > 20) == ([], True)


def test_no_id_of_a_clinic_is_printed(night: Night) -> None:
    printed = night.ended.out + night.ended.err

    assert [identifier for identifier in IDS if identifier in printed] == []


def test_the_studys_state_is_nobody_elses_business(night: Night) -> None:
    assert oct((night.folder / ".state").stat().st_mode & 0o777) == "0o700"


def test_no_key_is_written_where_the_environment_gives_one(night: Night) -> None:
    assert not (night.folder / ".state" / "key").exists()
