"""The benchmark's parts at a small size; what they cost is `make bench`'s business, not a test's."""

import csv
import sys
from pathlib import Path

import duckdb
import polars as pl
import pytest

from alliance_etl.study.load import load_study
from scripts.bench import floor, pandas_script
from scripts.bench.generate import generate
from scripts.bench.measure import Cost, Failed, measure
from scripts.bench.page import page, ratios
from scripts.bench.plan import SITES, batches
from scripts.bench.rounds import Round

FORMS = 2000


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bench") / "study"
    generate(FORMS, folder)
    return folder


@pytest.fixture
def measured() -> Round:
    stages = {"intake": {"seconds": 6.5, "peak_mb": 900.0}}
    return Round(
        1000, 5_000_000, Cost(2.0, 3.0, 100.0, ""), Cost(7.0, 9.0, 950.4, ""), 999, stages, Cost(28.0, 28.0, 4000.0, "")
    )


@pytest.mark.parametrize("forms", [1, 2000, 1_000_000, 10_000_000])
def test_the_files_hold_as_many_forms_as_are_asked_for(forms: int) -> None:
    assert sum(batch.forms for batch in batches(forms)) == forms


def test_every_site_has_several_instruments_and_files() -> None:
    plan = list(batches(FORMS))

    assert {batch.site for batch in plan} == {f"site_{number:02d}" for number in range(1, SITES + 1)}
    assert len({batch.path for batch in plan}) == len(plan) == 180


def test_the_generated_study_is_one_that_the_product_understands(study: Path) -> None:
    loaded = load_study(study)

    assert len(loaded.sites) == SITES


def test_the_generated_study_has_faults_to_be_held(study: Path) -> None:
    nobody = 0
    for file in study.glob("drops/*/*.csv"):
        with file.open() as source:
            nobody += sum(line.startswith((",", ";")) for line in source)

    assert nobody > 0


def test_the_same_size_gives_the_same_files(study: Path, tmp_path: Path) -> None:
    generate(FORMS, tmp_path / "again")

    assert [
        file.relative_to(study)
        for file in sorted(study.rglob("*.csv"))
        if file.read_bytes() != (tmp_path / "again" / file.relative_to(study)).read_bytes()
    ] == []


def test_the_floor_copies_every_row(study: Path, tmp_path: Path) -> None:
    copied = floor.copy_all(study, tmp_path)

    kept = duckdb.sql(f"SELECT count(*) FROM read_parquet('{tmp_path}/*.parquet', union_by_name=true)").fetchall()
    assert (copied, kept) == (FORMS, [(FORMS,)])


def test_the_pandas_script_scores_every_scale_of_every_form(study: Path, tmp_path: Path) -> None:
    scales = {}
    with (study / "key.csv").open() as source:
        for line in csv.DictReader(source):
            scales.setdefault(line["instrument"], set()).add(line["scale"])

    pandas_script.main(study, tmp_path)

    scored = pl.read_csv(tmp_path / "scores.csv", infer_schema_length=None)
    found = scored.group_by("instrument").agg(pl.col("scale").unique().sort())
    assert {row["instrument"]: set(row["scale"]) for row in found.to_dicts()} == scales
    assert scored["score"].is_between(0, 7).sum() > 0.7 * len(scored)


def test_a_process_is_measured_by_itself() -> None:
    inner = [sys.executable, "-c", "held = bytearray(80 << 20); print(len(held))"]
    outer = f"from scripts.bench.measure import measure; cost = measure({inner!r}); print(cost.stdout, cost.peak_mb)"

    cost = measure([sys.executable, "-c", outer])  # by way of a small process: this one's own size would be inherited

    length, peak_mb = cost.stdout.split()
    assert int(length) == 80 << 20
    assert 80 < float(peak_mb) < 120


def test_a_process_that_fails_says_why() -> None:
    with pytest.raises(Failed, match="no such study"):
        measure([sys.executable, "-c", "raise SystemExit('no such study')"])


def test_the_page_tells_ratios_and_stages(measured: Round) -> None:
    text = page([measured])

    assert "| 1,000 | 5 MB | 2.0 s (3.0 s of processor), 100 MB | 7.0 s (9.0 s of processor), 950 MB | 3.50 |" in text
    assert "| intake | 6.5 s | 900 MB |" in text


def test_the_terminal_shows_the_ratios(measured: Round) -> None:
    assert ratios(measured) == "1,000 forms: job / floor 3.50 (of processor time 3.00); pandas / job 4.0; peak 950 MB"
