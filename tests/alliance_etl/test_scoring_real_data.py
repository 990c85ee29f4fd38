"""Numbers that were not found here: 277 conversations with items and totals (IanSteenstra/ai-psychotherapy-eval)."""

from pathlib import Path

import duckdb
import polars as pl
import pytest

from alliance_etl import score

FOLDER = Path(__file__).parents[2].parent / "shared" / "data" / "steenstra"
LABELS = {
    label: value
    for value, label in enumerate(
        ["Never", "Rarely", "Occasionally", "Sometimes", "Often", "Very Often", "Always"], start=1
    )
}
SRS_ITEMS = ["relationship", "goals_and_topics", "approach_or_method", "overall"]

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the published data set is not beside the checkout")


@pytest.fixture(scope="module")
def wai():
    answers = pl.read_csv(FOLDER / "survey_wai_logs.csv")
    numbers = answers.with_columns(pl.col("^question.*$").replace_strict(LABELS, return_dtype=pl.Int8))
    return score(numbers, "wai36_client", items="question{n}")


@pytest.fixture(scope="module")
def srs():
    answers = duckdb.read_csv(str(FOLDER / "survey_srs_logs_with_total.csv"))
    return score(answers, "srs3_client", items=SRS_ITEMS).pl()


@pytest.mark.parametrize(("scale", "total"), [("goal", 9630), ("task", 10307), ("bond", 11387), ("total", 31324)])
def test_the_wai_sums_to_the_known_totals(wai, scale, total):
    assert [wai.height, wai[f"score_{scale}"].sum()] == [277, total]


def test_the_files_own_bond_totals_disagree_where_they_are_known_to(wai):
    assert wai.filter(pl.col("score_bond") != pl.col("total_wai_bond")).height == 172


@pytest.mark.parametrize("scale", ["goal", "task"])
def test_the_files_other_totals_agree_in_every_row(wai, scale):
    assert wai.filter(pl.col(f"score_{scale}") != pl.col(f"total_wai_{scale}")).height == 0


def test_the_srs_totals_agree_with_the_file_in_every_row(srs):
    assert srs.height == 277
    assert (srs["score_total"] - srs["total"]).abs().max() < 1e-9


def test_a_component_of_one_item_is_that_item_in_percent(srs):
    assert (srs["pomp_bond"] - 10 * srs["relationship"]).abs().max() < 1e-9
    assert srs["n_pomp_bond"].unique().to_list() == [1]
