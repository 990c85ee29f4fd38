"""Outcome measures are guests: scored by their own key, beside the alliance of the session, and never part of it.

The worked totals are what the keys say of forms that can be added up by hand; the CORE-10's clinical score of a form
that lacks an answer is the CORE System Trust's own rule (ten times the mean of the answered items). The CORE-OM's form
and its scores are those that another implementation publishes as its test (S61 in schemas/sources.yaml).
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
        ("phq2", [3, 2], 5),
        ("gad2", [0, 3], 3),
        ("k10", [1] * 10, 10),
        ("k10", [5, 4, 3, 2, 1, 1, 2, 3, 4, 5], 30),
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


# points as they stand on the printed form, where eight items are printed the other way round
CORE_OM_POINTS = [
    *[2, 0, 4, 0, 0, 0, 1, 1, 0, 0, 0, 4, 1, 1, 0, 0, 0],
    *[0, 0, 0, 4, 1, 0, 0, 1, 0, 0, 0, 2, 1, 1, 4, 0, 0],
]


@pytest.mark.parametrize("as_printed", [True, False], ids=["points as printed", "answers in one direction"])
def test_the_core_om_is_scored_as_another_implementation_publishes_it(as_printed: bool, tmp_path: Path) -> None:
    turned = REGISTRY["core_om"].reversed_items or ()
    keys = {"reversed_at_source": list(turned)} if as_printed else {}
    answers = [
        points if as_printed or item not in turned else 4 - points for item, points in enumerate(CORE_OM_POINTS, 1)
    ]
    study = Scenario(tmp_path, {"berlin": site(it=export("core_om", 34, **keys))})
    study.drop("core_om.csv", lines(34, ("A1", 1, list(answers))))

    study.night()

    assert dict(study.rows("SELECT scale, round(score * n_items, 9) FROM scores")) == {
        "well_being": 2.0,
        "problems": 3.0,
        "functioning": 22.0,
        "risk": 1.0,
        "non_risk": 27.0,
        "total": 28.0,
    }


def test_a_k10_with_answers_from_0_to_4_is_recoded(tmp_path: Path) -> None:
    study = Scenario(tmp_path, {"berlin": site(it=export("k10", 10, response={"min": 0, "max": 4}))})
    study.drop("k10.csv", lines(10, ("A1", 1, [0, 1, 2, 3, 4, 0, 1, 2, 3, 4])))

    study.night()

    assert study.rows("SELECT score FROM scores") == [(30.0,)]


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


def test_the_codebook_says_which_way_a_guests_score_goes(both: Scenario) -> None:
    ((told,),) = both.rows(
        "SELECT description FROM codebook WHERE \"table\" = 'answers_phq9' AND \"column\" = 'score_total'"
    )

    assert told == "total by the instrument's own rule; higher is worse"


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
