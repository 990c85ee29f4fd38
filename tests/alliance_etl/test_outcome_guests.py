"""Outcome measures are guests: scored by their own key, beside the alliance of the session, and never part of it.

The worked totals are what the keys say of forms that can be added up by hand; the CORE-10's clinical score of a form
that lacks an answer is the CORE System Trust's own rule (ten times the mean of the answered items).
"""

from pathlib import Path
from typing import Any

import pytest

from alliance_etl.crosswalks.refusals import of_instruments
from alliance_etl.instruments.registry import load_registry
from tests.scenario import POCKET, Scenario, site, table

REGISTRY = load_registry()
GUESTS = [name for name, known in REGISTRY.items() if known.kind == "outcome"]


def export(instrument: str, items: int, **keys: Any) -> dict[str, Any]:
    return {
        "files": f"{instrument}*.csv",
        "instrument": instrument,
        "participant": "client",
        "session": "session",
        "items": [f"i{n}" for n in range(1, items + 1)],
        **keys,
    }


def lines(items: int, *forms: tuple[str, int, list[object]]) -> str:
    header = ",".join(["client", "session", *(f"i{n}" for n in range(1, items + 1))])
    return table(*(",".join(map(str, [who, session, *answers])) for who, session, answers in forms), header=header)


@pytest.mark.parametrize(
    ("instrument", "answers", "total"),
    [
        ("phq9", [3] * 9, 27),
        ("phq9", [0, 1, 2, 3, 0, 1, 2, 3, 0], 12),
        ("gad7", [3] * 7, 21),
        ("gad7", [1, 0, 2, 0, 3, 0, 1], 7),
        ("core10", [4, 0, 0, 4, 4, 4, 4, 4, 4, 4], 40),  # the worst answers; items 2 and 3 are worded positively
        ("core10", [0, 4, 4, 0, 0, 0, 0, 0, 0, 0], 0),
        ("core10", [1, 3, 2, 0, 1, 0, 2, 1, 2, 0], 10),
        ("ors", [2.5, 7.1, 4.0, 6.4], 20.0),
        ("who5", [5, 4, 3, 2, 1], 15),
    ],
)
def test_a_guest_is_scored_by_its_own_key(instrument: str, answers: list[object], total: float, tmp_path: Path) -> None:
    items = len(answers)
    study = Scenario(tmp_path, {"berlin": site(it=export(instrument, items))})
    study.drop(f"{instrument}.csv", lines(items, ("A1", 1, answers)))

    study.night()

    assert study.rows("SELECT scale, round(score, 9), status FROM scores") == [("total", total, "scored")]


def test_the_core10_with_one_answer_missing_is_pro_rated_as_the_trust_says(tmp_path: Path) -> None:
    study = Scenario(tmp_path, {"berlin": site(it=export("core10", 10))}, {"scoring": {"min_answered": 0.9}})
    study.drop("core10.csv", lines(10, ("A1", 1, [1, 3, 2, 0, 1, 0, 2, 1, 2, ""]), ("B2", 1, [1] * 8 + ["", ""])))

    study.night()

    # keyed: 1 1 2 0 1 0 2 1 2, their mean times ten
    assert study.rows("SELECT round(score, 9), prorated FROM scores ORDER BY score NULLS LAST") == [
        (round(10 * 10 / 9, 9), True),
        (None, False),
    ]


@pytest.fixture
def both(tmp_path: Path) -> Scenario:
    """Sessions with alliance and outcome, and sessions with one of them."""
    alliance = {**export("pocket", 3), "rater_role": "client"}
    study = Scenario(
        tmp_path, {"berlin": site(pocket=alliance, phq=export("phq9", 9)), "ulm": site(phq=export("phq9", 9))}
    )
    study.drop("pocket.csv", lines(3, ("A1", 1, [5, 5, 1]), ("A1", 2, [1, 1, 5]), ("B2", 1, [3, 3, 3])))
    study.drop("phq9.csv", lines(9, ("A1", 1, [1] * 9), ("A1", 3, [2] * 9), ("B2", 1, [0] * 9)))
    study.drop("phq9.csv", lines(9, ("A1", 1, [3] * 9)), "ulm")
    study.night()
    return study


def test_alliance_and_outcome_of_one_session_stand_in_one_row(both: Scenario) -> None:
    rows = both.rows(
        "SELECT site, session, component, pomp, outcome, score, higher_is FROM alliance_outcome "
        "WHERE component = 'goal' OR component IS NULL ORDER BY site, participant, session"
    )

    assert sorted(rows, key=str) == sorted(
        [
            ("berlin", 1, "goal", 100.0, "phq9", 9.0, "worse"),
            ("berlin", 2, "goal", 0.0, None, None, None),
            ("berlin", 3, None, None, "phq9", 18.0, "worse"),
            ("berlin", 1, "goal", 50.0, "phq9", 0.0, "worse"),
            ("ulm", 1, None, None, "phq9", 27.0, "worse"),
        ],
        key=str,
    )


def test_guests_never_enter_goals_tasks_or_bond(both: Scenario) -> None:
    assert both.rows("SELECT DISTINCT instrument FROM alliance") == [("pocket",)]
    assert both.rows("SELECT DISTINCT instrument FROM alliance_wide") == [("pocket",)]
    assert both.rows("SELECT count(*) FROM alliance_wide") == [(3,)]
    assert both.rows("SELECT count(*) FROM forms") == [(7,)]
    assert both.rows(f"SELECT count(*) FROM mapping WHERE instrument IN ({str(GUESTS)[1:-1]})") == [(0,)]


def test_the_end_of_an_outcome_measure_is_no_sign_of_unfit_answers(both: Scenario) -> None:
    told = both.rows("SELECT DISTINCT criterion, outcome FROM fitness WHERE instrument = 'phq9' AND level = 'site'")

    assert {outcome for criterion, outcome in told if criterion in ("ceiling", "floor")} == {"not_applicable"}


@pytest.mark.parametrize("name", GUESTS)
def test_a_guest_is_known_by_numbers_and_key_alone(name: str) -> None:
    guest = REGISTRY[name]

    assert guest.mapping == ()
    assert guest.higher_is in ("better", "worse")
    assert guest.missing_facts() == []
    assert all(len(label.split()) <= 3 for label in guest.item_labels.values())
    assert all(fact.sources for fact in guest.evidence.values())


def test_a_guest_is_not_linked_to_the_alliance() -> None:
    (reason,) = of_instruments(REGISTRY["ors"], REGISTRY["srs3_client"])

    assert reason == "ors: an outcome measure says nothing about the alliance"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "outcome", "higher_is": "worse"}, "expected no mapping"),
        ({"kind": "outcome", "mapping": []}, "expected better or worse"),
        ({"higher_is": "better"}, "expected no such key"),
    ],
)
def test_what_cannot_be_of_a_guest_is_refused(change: dict[str, Any], words: str, tmp_path: Path) -> None:
    study = Scenario(tmp_path, instruments=({**POCKET, **change},))

    with pytest.raises(Exception, match=words):
        load_registry(study.folder / "instruments")
