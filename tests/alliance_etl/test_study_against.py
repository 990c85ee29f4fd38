"""A study beside its instruments: what it asks for and they do not have."""

from pathlib import Path
from typing import Any

import pytest

from alliance_etl.errors import StudyFileError
from alliance_etl.instruments.model import Instrument
from alliance_etl.study.load import check_against, load_study
from alliance_etl.study.model import Study

KNOWN: dict[str, Any] = {
    "family": "X",
    "name": "X",
    "status": "built_in",
    "n_items": 3,
    "response": {"min": 1, "max": 5, "step": 1},
    "reversed_items": [2],
    "scales": {"goal": {"items": [1, 2]}, "total": {"items": [1, 2, 3]}},
}
REGISTRY = {
    "short_client": Instrument(id="short_client", rater_roles=("client",), **KNOWN),
    "short_observer": Instrument(id="short_observer", rater_roles=("observer", "other"), **KNOWN),
    "ruler": Instrument(id="ruler", rater_roles=("client",), **{**KNOWN, "response": {"min": 0, "max": 10}}),
    "riddle": Instrument(id="riddle", rater_roles=("client",), **{**KNOWN, "status": "key_needed", "response": None}),
}
SMALL = """\
study: north_star
sites:
  berlin:
    exports:
      short:
        files: "*.csv"
        instrument: short_client
        participant: ID
        session: Sitzung
        items: "Q{n}"
"""


def study_of(folder: Path, text: str) -> Study:
    (folder / "study.yaml").write_text(text, encoding="utf-8")
    return load_study(folder)


def problems_of(study: Study) -> list[str]:
    with pytest.raises(StudyFileError) as refused:
        check_against(study, REGISTRY)
    return list(refused.value.problems)


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param("", id="template"),
        pytest.param("scores: {total: S, goal: G}", id="scores"),
        pytest.param("totals: {goal: G}\n        reversed_at_source: [1, 3]", id="totals and reversed items"),
        pytest.param("response: {min: 0, max: 4}\n        labels: {nie: 1, immer: 5}", id="labels on the form's range"),
        pytest.param("rater_role: client", id="rater role"),
        pytest.param("layout: {item: Frage, value: Q1}", id="a long file whose column is called like an item"),
    ],
)
def test_a_study_that_fits_its_instruments_passes(tmp_path: Path, keys: str) -> None:
    check_against(study_of(tmp_path, f"{SMALL}        {keys}\n"), REGISTRY)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        pytest.param("short_client", "short_cleint", "did you mean short_client?", id="unknown instrument"),
        pytest.param("short_client", "riddle", "'riddle' needs a key from the study: the response range", id="no key"),
        pytest.param(
            '"Q{n}"', "[A, B]", "2 columns for the 3 items of short_client; expected one for each", id="too few"
        ),
        pytest.param('"Q{n}"', "[A, B, C, D]", "4 columns for the 3 items of short_client", id="too many"),
        pytest.param('"Q{n}"', "{1: A, 3: C}", "no column for item 2; short_client has items 1 to 3", id="a gap"),
        pytest.param('"Q{n}"', "{1: A, 2: B, 3: C, 4: D, 5: E}", "there is no items 4, 5", id="strange items"),
        pytest.param("Sitzung", "Q2", '"Q2" is the column of session already', id="an item's column is another's"),
    ],
)
def test_what_an_instrument_does_not_have_is_told(tmp_path: Path, old: str, new: str, told: str) -> None:
    (problem,) = problems_of(study_of(tmp_path, SMALL.replace(old, new)))
    assert problem.startswith("study.yaml, line ")
    assert told in problem


@pytest.mark.parametrize(
    ("key", "told"),
    [
        pytest.param(
            "scores: {gaol: G}",
            '11, {}.scores.gaol: short_client has no scale "gaol"; did you mean "goal"?',
            id="scores",
        ),
        pytest.param(
            "totals: {bond: B}", '11, {}.totals.bond: short_client has no scale "bond"; expected one of', id="totals"
        ),
        pytest.param("reversed_at_source: [4]", "11, {}.reversed_at_source: there is no item 4", id="reversed item"),
        pytest.param("labels: {nie: 0}", "11, {}.labels.nie: 0 is outside the answers 1 to 5", id="label too low"),
        pytest.param(
            "labels: {oft: 1.5}", "11, {}.labels.oft: 1.5 lies between two of the answers", id="label between"
        ),
        pytest.param(
            "rater_role: observer", '11, {}.rater_role: short_client is not filled in by "observer"', id="role"
        ),
    ],
)
def test_a_key_that_does_not_fit_is_told_with_its_line(tmp_path: Path, key: str, told: str) -> None:
    (problem,) = problems_of(study_of(tmp_path, f"{SMALL}        {key}\n"))
    assert problem.startswith("study.yaml, line " + told.replace("{}", "sites.berlin.exports.short"))


def test_a_ruler_has_no_steps_that_a_label_could_miss(tmp_path: Path) -> None:
    study = study_of(tmp_path, SMALL.replace("short_client", "ruler") + "        labels: {oft: 7.3}\n")
    check_against(study, REGISTRY)


def test_everything_that_does_not_fit_is_told_at_once(tmp_path: Path) -> None:
    text = f"scoring: {{c_grade: [rule]}}\n{SMALL}        totals: {{bond: B}}\n        rater_role: child\n"
    assert [problem.split(":")[0] for problem in problems_of(study_of(tmp_path, text))] == [
        "study.yaml, line 1, scoring.c_grade",
        "study.yaml, line 12, sites.berlin.exports.short.totals.bond",
        "study.yaml, line 13, sites.berlin.exports.short.rater_role",
    ]


def test_a_study_that_came_from_no_file_is_told_by_key_alone(tmp_path: Path) -> None:
    study = study_of(tmp_path, SMALL.replace("short_client", "shorter_client"))
    study.path.unlink()
    (problem,) = problems_of(study)
    assert problem.startswith("study.yaml, sites.berlin.exports.short.instrument: no instrument 'shorter_client'")
