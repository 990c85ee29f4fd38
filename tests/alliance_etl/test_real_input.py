"""Data that was not written here, through a whole night: 277 sessions, WAI as labels, SRS, the authors' totals."""

import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.scenario import Outcome, Scenario, site

FOLDER = Path(__file__).parents[2].parent / "shared" / "data" / "steenstra"
WORDS = ("Never", "Rarely", "Occasionally", "Sometimes", "Often", "Very Often", "Always")
IDS = {"participant": "pairing_id", "session": "session_id"}
WAI = {
    **IDS,
    "files": "*wai*.csv",
    "instrument": "wai36_client",
    "items": "question{n}",
    "labels": {word: answer for answer, word in enumerate(WORDS, start=1)},
    "totals": {scale: f"total_wai_{scale}" for scale in ("task", "bond", "goal")},
}
SRS = {
    **IDS,
    "files": "*srs*.csv",
    "instrument": "srs3_client",
    "items": ["relationship", "goals_and_topics", "approach_or_method", "overall"],
    "totals": {"total": "total"},
}

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the published data set is not beside the checkout")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    return Scenario(tmp_path_factory.mktemp("steenstra"), {"boston": site(wai=WAI, srs=SRS)}, instruments=())


@pytest.fixture(scope="module")
def night(study: Scenario) -> Outcome:
    for file in FOLDER.glob("*.csv"):
        shutil.copy(file, study.folder / "drops" / "boston")
    return study.night()


def test_all_forms_are_published(study: Scenario, night: Outcome) -> None:
    counts = Counter({name: sum(getattr(drop.counts, name) for drop in night.drops) for name in ("new", "held")})

    assert counts == {"new": 554, "held": 0}
    assert study.rows("SELECT instrument, count(*) FROM forms GROUP BY 1 ORDER BY 1") == [
        ("srs3_client", 277),
        ("wai36_client", 277),
    ]


@pytest.mark.parametrize(("scale", "total"), [("goal", 9630), ("task", 10307), ("bond", 11387), ("total", 31324)])
def test_the_wai_scores_sum_to_the_known_totals(scale: str, total: float, study: Scenario, night: Outcome) -> None:
    assert night.publication
    assert study.rows(
        f"SELECT sum(score), count(*) FROM scores JOIN forms USING (form_id) "
        f"WHERE instrument = 'wai36_client' AND scale = '{scale}'"
    ) == [(total, 277)]


def test_the_totals_that_disagree_are_reported_and_those_that_agree_are_not(study: Scenario, night: Outcome) -> None:
    assert night.publication
    assert study.rows('SELECT code, export, "column", severity, sum("count") FROM findings GROUP BY ALL') in (
        [("total_differs", "wai", "total_wai_bond", "warning", 172), ("columns_not_read", None, None, "warning", 1)],
        [("columns_not_read", None, None, "warning", 1), ("total_differs", "wai", "total_wai_bond", "warning", 172)],
    )


def test_every_answer_is_on_the_instruments_scale(study: Scenario, night: Outcome) -> None:
    assert night.publication
    assert study.rows("SELECT min(value), max(value), count(*) FROM responses JOIN forms USING (form_id) "
                      "WHERE instrument = 'wai36_client'") == [(1, 7, 277 * 36)]  # fmt: skip


def test_both_forms_of_a_session_are_told_apart_and_belong_to_one_person(study: Scenario, night: Outcome) -> None:
    assert night.publication
    assert study.rows("SELECT count(*) FROM (SELECT participant, session FROM forms GROUP BY ALL HAVING count(*) = 2)"
                      ) == [(277,)]  # fmt: skip


def test_client_and_component_of_the_single_items_of_the_srs_are_estimated(study: Scenario, night: Outcome) -> None:
    assert night.publication
    assert study.rows(
        "SELECT component, n_items, count(*) FROM alliance WHERE instrument = 'srs3_client' AND status = 'estimated' "
        "GROUP BY ALL ORDER BY 1"
    ) == [("bond", 1, 277), ("goal", 1, 277), ("overall", 4, 277), ("task", 1, 277)]
