"""Items whose answers have a column each, one of which is ticked: REDCap's checkboxes, LimeSurvey's multiple choice."""

from pathlib import Path
from typing import Any

import pytest

from alliance_etl.trace import trace_form
from tests.scenario import Scenario, counted, site

TICKED: dict[str, Any] = {
    "files": "*.csv",
    "instrument": "pocket",
    "participant": "record_id",
    "session": "session",
    "items": "q{n}___{a}",
    "options": [1, 2, 3, 4, 5],
}
LABELS = {
    **TICKED,
    "items": "Item {n} (choice={a})",
    "options": ["never", "rarely", "now and then", "often", "always"],
    "labels": {"never": 1, "rarely": 2, "now and then": 3, "often": 4, "always": 5},
}
ANSWERS = "SELECT session, list(value ORDER BY item) FROM responses JOIN forms USING (form_id) GROUP BY ALL ORDER BY 1"


def header(export: dict[str, Any] = TICKED) -> list[str]:
    names = (
        export["items"].replace("{n}", str(n)).replace("{a}", str(option))
        for n in (1, 2, 3)
        for option in export["options"]
    )
    return ["record_id", "session", *names]


def row(session: int, *ticks: str, marks: tuple[str, str] = ("0", "1")) -> str:
    """A row of P1; each item's ticks as in "3", "24" or "" for none."""
    cells = [marks[str(option) in item] for item in ticks for option in range(1, 6)]
    return ",".join(["P1", str(session), *cells])


def written(*rows: str, export: dict[str, Any] = TICKED) -> str:
    return "".join(f"{line}\n" for line in (",".join(header(export)), *rows))


@pytest.mark.parametrize(
    ("export", "marks"),
    [
        pytest.param(TICKED, ("0", "1"), id="raw"),
        pytest.param(TICKED, ("", "1"), id="blank where it is not ticked"),
        pytest.param(LABELS, ("Unchecked", "Checked"), id="labels"),
        pytest.param({**TICKED, "ticked": ["Y"], "unticked": ["N"]}, ("N", "Y"), id="yes and no"),
    ],
)
def test_the_answer_is_the_one_that_is_ticked(tmp_path: Path, export: dict[str, Any], marks: tuple[str, str]) -> None:
    study = Scenario(tmp_path, {"berlin": site(pocket=export)})
    study.drop("a.csv", written(row(1, "1", "3", "5", marks=marks), row(2, "4", "", "2", marks=marks), export=export))
    assert counted(study.night().drop) == {"rows_read": 2, "new": 2}
    assert study.rows(ANSWERS) == [(1, [1, 3, 5]), (2, [4, None, 2])]


def test_two_ticks_for_one_item_hold_the_row(tmp_path: Path) -> None:
    study = Scenario(tmp_path, {"berlin": site(pocket=TICKED)})
    drop = study.received("a.csv", written(row(1, "1", "24", "5"), row(2, "1", "2", "5")))
    assert counted(drop) == {"rows_read": 2, "new": 1, "held": 1}
    (finding,) = study.findings(drop)
    assert (finding["code"], finding["line"], finding["column"], finding["cell"]) == (
        "several_ticked",
        "2",
        "q2___*",
        "H2",
    )


def test_a_cell_that_is_neither_ticked_nor_not_holds_the_row(tmp_path: Path) -> None:
    study = Scenario(tmp_path, {"berlin": site(pocket=TICKED)})
    drop = study.received("a.csv", written(row(1, "1", "2", "5", marks=("3", "1"))))
    assert counted(drop) == {"rows_read": 1, "held": 1}
    assert {finding["code"] for finding in study.findings(drop)} == {"answer_unreadable"}


def test_a_form_without_any_tick_is_blank(tmp_path: Path) -> None:
    study = Scenario(tmp_path, {"berlin": site(pocket={**TICKED, "blank_forms": "skip"})})
    drop = study.received("a.csv", written(row(1, "", "", ""), row(2, "1", "", "")))
    assert counted(drop) == {"rows_read": 2, "new": 1, "skipped": 1}


def test_a_column_of_an_option_that_is_not_there_rejects_the_file(tmp_path: Path) -> None:
    study = Scenario(tmp_path, {"berlin": site(pocket=TICKED)})
    drop = study.received("a.csv", written(row(1, "1", "2", "5")).replace("q2___4", "q2___9"))
    (finding,) = study.findings(drop)
    assert (drop.status, finding["code"], finding["expected"]) == ("rejected", "column_missing", "column 'q2___4'")


def test_a_header_in_the_middle_is_told_as_such(tmp_path: Path) -> None:
    study = Scenario(tmp_path, {"berlin": site(pocket=TICKED)})
    drop = study.received("a.csv", written(row(1, "1", "2", "5"), ",".join(header()), row(2, "1", "2", "5")))
    assert counted(drop) == {"rows_read": 3, "new": 2, "held": 1}
    assert [finding["code"] for finding in study.findings(drop)] == ["repeated_header"]


def test_a_ticked_answer_can_be_traced(tmp_path: Path) -> None:
    study = Scenario(tmp_path, {"berlin": site(pocket=TICKED)})
    study.drop("a.csv", written(row(1, "1", "3", "5")))
    study.night()
    ((form_id,),) = study.rows("SELECT form_id FROM forms")
    with study.opened() as night:
        told = trace_form(night, form_id)
    assert [(each["column"], each["cell"], each["raw"], each["value"]) for each in told["answers"]] == [
        ("q1___*", "C2", "1", 1),
        ("q2___*", "H2", "3", 3),
        ("q3___*", "M2", "5", 5),
    ]
