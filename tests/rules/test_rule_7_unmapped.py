"""Rule 7, of columns that no export maps: what stands in them is stored in the encrypted archive only."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rules.test_rule_7_ids import bytes_in, files
from tests.scenario import EXPORT, Scenario, site, table

TELLTALES = (
    "Wolpertinger ist verzogen",
    "wolpertinger.anna@example.org",
    "+49 30 90182077",
    "17.03.1951",
    "8675309421",
)
EXPORTS = {
    "wide": {**EXPORT, "files": "wide*.csv"},
    "long": {**EXPORT, "files": "long*.csv", "layout": {"item": "item", "value": "value"}},
    "scores": {**EXPORT, "files": "scores*.csv", "items": None, "scores": {"total": "sum"}},
}
# of each layout: good rows, and rows that are held for a reason of their own
FILES = {
    "wide": (
        "client,session,q1,q2,q3",
        ("K1,1,1,2,3", "K2,1,9,2,3", "K3,x,1,2,3", ",1,1,2,3", "K4,1,1,2,3", "K4,1,1,2,4"),
    ),
    "long": ("client,session,item,value", ("K5,1,q1,1", "K5,1,q2,often", "K6,1,q9,1", "K7,1,q1,1", "K7,1,q1,2")),
    "scores": ("client,session,sum", ("K8,1,9", "K9,1,99", "K10,1,much")),
}  # fmt: skip


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unmapped")
    scenario = Scenario(folder, {"berlin": site(**EXPORTS)})
    for name, (header, rows) in FILES.items():
        for number, telltale in enumerate(TELLTALES):
            spoiled = [f"{row},{telltale}" for row in (*rows, f"{rows[0]},{telltale}", f'"{rows[0]}')]
            scenario.drop(f"{name}_{number}.csv", table(*spoiled, header=f"{header},remark"))
    run = subprocess.run(
        [sys.executable, "-m", "alliance_etl.cli", "run", "--study", str(folder), "--json", "--verbose"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    assert all(drop["held"] for drop in json.loads(run.stdout)["drops"])
    (folder / "logs").mkdir()
    (folder / "logs" / "output").write_text(run.stdout + run.stderr, encoding="utf-8")
    return folder


def test_what_stands_in_columns_that_are_not_mapped_is_in_no_file_that_a_run_leaves(study: Path) -> None:
    looked_into = [path for path in files(study) if "archive" not in path.parts]

    found = {
        f"{path.relative_to(study)}: {telltale}"
        for path in looked_into
        for telltale in TELLTALES
        if telltale.encode() in bytes_in(path)
    }

    assert sorted(found) == []
    assert {path.suffix for path in looked_into} >= {".parquet", ".duckdb", ".sqlite", ".json", ".csv", ".html"}


def test_the_column_is_named_all_the_same(study: Path) -> None:
    receipts = [path.read_text(encoding="utf-8") for path in (study / "receipts").rglob("receipt.json")]

    assert len(receipts) == len(FILES) * len(TELLTALES)
    assert all("'remark'" in receipt for receipt in receipts)
