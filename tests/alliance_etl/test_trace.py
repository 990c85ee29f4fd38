"""`trace` says by which rule each number of a form came about. Numbers are worked out by hand beside each case."""

from pathlib import Path
from typing import Any

import pytest

from alliance_etl.trace import trace_form
from tests.scenario import HEADER, Scenario, table


def traced(study: Scenario, line: int = 2) -> dict[str, Any]:
    """The trace of the form that begins in this line."""
    study.night()
    ((form_id,),) = study.rows(f"SELECT form_id FROM forms WHERE line = {line}")
    with study.opened() as night:
        return trace_form(night, form_id)


# keys of the export, the row, and for each of the three items what stands in the file, the keyed answer and the rule;
# the pocket form is answered from 1 to 5, its third item reversed
ANSWERS = [
    ({}, "A,1,2,3,5", [("2", 2, "as answered"), ("3", 3, "as answered"), ("5", 1, "keyed = 6 - value")]),
    (
        {"labels": {"never": 1, "always": 5}},
        "A,1,never,3,Always",
        [
            ("never", 1, "a label that stands for 1"),
            ("3", 3, "as answered"),
            ("Always", 1, "a label that stands for 5; keyed = 6 - value"),
        ],
    ),
    (
        {"missing": {"-99": "refused"}},
        "A,1,-99,,5",
        [
            ("-99", None, "a code that study.yaml declares as refused"),
            (None, None, "no answer"),
            ("5", 1, "keyed = 6 - value"),
        ],
    ),
    (
        {"response": {"min": 0, "max": 4}, "labels": {"always": 5}, "reversed_at_source": [3]},
        "A,1,0,always,0",
        [
            ("0", 1, "recoded from 0..4 to 1..5"),
            ("always", 5, "a label that stands for 5"),
            ("0", 1, "recoded from 0..4 to 1..5; turned back, since the site had reversed it; keyed = 6 - value"),
        ],
    ),
]


@pytest.mark.parametrize(
    ("keys", "row", "told"), ANSWERS, ids=["numbers", "labels", "missing answers", "another range, reversed at source"]
)
def test_an_answer_is_led_back_by_the_rule_that_read_it(
    keys: dict[str, Any], row: str, told: list[tuple[str | None, float | None, str]], tmp_path: Path
) -> None:
    study = Scenario(tmp_path)
    study.export(**keys)
    study.drop("a.csv", table(row))

    answers = traced(study)["answers"]

    assert [(answer["raw"], answer["keyed"], answer["rule"]) for answer in answers] == told


# min_answered, the answers, and the total with its rule
TOTALS = [
    (1.0, "2,3,5", 6, "sum of keyed items 1, 2, 3; all are answered"),  # 2 + 3 + (6 - 5)
    (0.5, "2,3,", 7.5, "sum of keyed items 1, 2, 3; prorated: 3 x mean of the 2 that are answered"),  # 3 x 2.5
    (0.875, "2,3,", None, "sum of keyed items 1, 2, 3; no number: 2 of 3 answered, 87.5 % asked for"),
]


@pytest.mark.parametrize(
    ("min_answered", "row", "score", "rule"), TOTALS, ids=["complete", "prorated", "too few answers"]
)
def test_a_score_says_what_became_of_missing_answers(
    min_answered: float, row: str, score: float | None, rule: str, tmp_path: Path
) -> None:
    study = Scenario(tmp_path, more={"scoring": {"min_answered": min_answered}})
    study.drop("a.csv", table(f"A,1,{row}"))

    total = next(score for score in traced(study)["scores"] if score["scale"] == "total")

    assert (total["score"], total["rule"]) == (score, rule)


def test_a_component_without_a_number_says_why(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    study.drop("a.csv", table("A,1,,3,5"))

    goal = next(told for told in traced(study)["components"] if told["component"] == "goal")

    assert goal["rule"] == "100 (mean of keyed items 1 - 1) / 4; no number: 0 of 1 answered, 100 % asked for"


@pytest.mark.parametrize("layout", ["wide", "long"])
def test_session_and_date_are_led_back_to_their_cells_and_of_an_id_only_the_place_is_told(
    layout: str, tmp_path: Path
) -> None:
    study = Scenario(tmp_path)
    keys = {"date": "day", "date_format": "%d.%m.%Y"}
    if layout == "wide":
        study.export(**keys)
        study.drop("a.csv", table("Anna,7,1,2,3,05.02.2026", header=f"{HEADER},day"))
    else:
        study.export(**keys, layout={"item": "item", "value": "value"})
        rows = (f"Anna,7,q{item},{item},05.02.2026" for item in (1, 2, 3))
        study.drop("a.csv", table(*rows, header="client,session,item,value,day"))

    identity = {part["what"]: part for part in traced(study)["identity"]}

    assert {name: (part["cell"], part["raw"]) for name, part in identity.items()} == {
        "participant": ("A2", None),
        "session": ("B2", "7"),
        "session_date": ("F2" if layout == "wide" else "E2", "05.02.2026"),
    }
    assert identity["session_date"]["rule"] == "read as %d.%m.%Y"
