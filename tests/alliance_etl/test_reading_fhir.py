"""QuestionnaireResponses of FHIR R4 are rows: what each is read as, what is held, and how it comes back mended."""

import gzip
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from alliance_etl.reading import open_file
from tests.alliance_etl.fhir_resources import FHIR, SHAPES, THREE, WAI, answer, bundle, coded, response
from tests.alliance_etl.staging import staged
from tests.scenario import Scenario, codes, counted, site

ABSENT_CODES = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
DECLINED = {
    "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "asked-declined"}]
}


@pytest.fixture
def study(tmp_path: Path) -> Scenario:
    return Scenario(tmp_path / "study", {"berlin": {**site(pocket=FHIR), "timezone": "Europe/Berlin"}})


def rows(study: Scenario, content: str | bytes, name: str = "a.json") -> list[tuple[Any, ...]]:
    (export,) = staged(study, content, name=name).exports
    return export.forms.sort("line").select("session_date", "item_1", "item_2", "item_3").rows()


def held(study: Scenario, content: str, name: str = "a.json") -> list[tuple[str, str, str]]:
    drop = study.received(name, content)
    return [(found["line"], found["column"], found["code"]) for found in study.findings(drop) if found["line"]]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_same_responses_are_the_same_forms_in_every_shape(study: Scenario, shape: str) -> None:
    assert rows(study, SHAPES[shape](*THREE), shape) == [
        (date(2026, 2, 5), 1, 2, 3),
        (date(2026, 2, 12), 5, None, 1),
        (date(2026, 2, 5), 4, 4, 4),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_packed_and_in_other_encodings_it_is_the_same(study: Scenario, encoding: str) -> None:
    content = SHAPES["bundle.json"](*THREE).encode(encoding)
    assert rows(study, gzip.compress(content), "a.json.gz") == rows(study, SHAPES["bundle.json"](*THREE))


def test_one_resource_is_a_file_too_though_it_leaves_out_what_nobody_answered(study: Scenario) -> None:
    alone = response(1, 3, 4)
    drop = study.received("a.json", json.dumps(alone, indent=2))
    assert counted(drop) == {"rows_read": 1, "new": 1}
    study.night()
    assert study.rows("SELECT value, missing FROM responses WHERE item = 3") == [(None, "blank")]


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ({"valueInteger": 4}, 4),
        ({"valueDecimal": 4.0}, 4),
        ({"valueString": " 4 "}, 4),
        ({"valueQuantity": {"value": 4, "unit": "points"}}, 4),
        (coded("4", "often"), 4),
        (coded("LA6570-1", "Often"), 4),
        ({"valueCoding": {"display": "often"}}, 4),
        ({"valueBoolean": True}, 5),
        (None, None),
    ],
    ids=str,
)
def test_an_answer_of_any_type_is_understood(study: Scenario, value: Any, read: int | None) -> None:
    study.export(labels={"often": 4, "true": 5})
    assert rows(study, json.dumps(response(1, value, 2, 3)))[0][1] == read


@pytest.mark.parametrize(
    "value",
    [
        {"valueQuantity": {"value": 4, "comparator": "<"}},
        {"valueAttachment": {"contentType": "text/plain", "title": "4"}},
        {"valueString": "four"},
        coded("LA9999-9", "what study.yaml does not know"),
    ],
    ids=str,
)
def test_an_answer_that_is_no_plain_number_is_held(study: Scenario, value: Any) -> None:
    assert held(study, json.dumps(response(1, value, 2, 3))) == [("1", "q1", "answer_unreadable")]


def test_items_within_items_and_within_answers_are_found(study: Scenario) -> None:
    inner = {"linkId": "q1", "answer": [{"valueInteger": 1, "item": [answer("q2", 2)]}]}
    deep = {"linkId": "g1", "item": [{"linkId": "g2", "item": [inner, answer("q3", 3)]}]}
    assert rows(study, json.dumps({**response(1), "item": [deep]})) == [(date(2026, 2, 5), 1, 2, 3)]


def test_the_ordinal_value_of_a_coding_can_be_the_answer(study: Scenario) -> None:
    weight = [{"url": "http://hl7.org/fhir/StructureDefinition/ordinalValue", "valueDecimal": 4}]
    study.export(items="q{n}.ordinal")
    given = (coded("LA6570-1", "Often", extension=weight) for _ in range(3))
    assert rows(study, json.dumps(response(1, *given)))[0][1:] == (4, 4, 4)


@pytest.mark.parametrize(
    "item",
    [
        {"linkId": "q1", "answer": [DECLINED]},
        {"linkId": "q1", "answer": [{"_valueInteger": DECLINED}]},
        {"linkId": "q1", **DECLINED},
        answer("q1", {"valueCoding": {"system": ABSENT_CODES, "code": "asked-declined"}}),
    ],
    ids=["of the answer", "of the value", "of the item", "as a coding"],
)
def test_a_missing_answer_keeps_its_reason(study: Scenario, item: dict[str, Any]) -> None:
    study.received("a.json", json.dumps({**response(1), "item": [item, answer("q2", 2), answer("q3", 3)]}))
    study.night()
    assert study.rows("SELECT missing FROM responses WHERE item = 1") == [("asked_declined",)]
    study.export(missing={"asked-declined": "refused"})
    study.night()
    assert study.rows("SELECT missing FROM responses WHERE item = 1") == [("refused",)]


@pytest.mark.parametrize(
    "items",
    [
        [{"linkId": "q1", "answer": [{"valueInteger": 4}, {"valueInteger": 5}]}, answer("q2", 2)],
        [answer("q1", 4), answer("q1", 4), answer("q2", 2)],
    ],
    ids=["two answers", "its linkId twice"],
)
def test_several_answers_to_one_item_are_held(study: Scenario, items: list[dict[str, Any]]) -> None:
    drop = study.received("a.json", json.dumps([{**response(1), "item": items}, response(2, 1, 2, 3, patient="8")]))
    assert counted(drop) == {"rows_read": 2, "new": 1, "held": 1}
    assert codes(study.findings(drop)) == ["several_answers"]


def test_several_answers_to_an_item_that_nobody_asked_for_hold_nothing(study: Scenario) -> None:
    remark = {"linkId": "remarks", "answer": [{"valueString": "a"}, {"valueString": "b"}]}
    drop = study.received(
        "a.json", json.dumps({**response(1, 1, 2, 3), "item": [*(answer(f"q{n}", n) for n in (1, 2, 3)), remark]})
    )
    assert counted(drop) == {"rows_read": 1, "new": 1}


@pytest.mark.parametrize(
    ("authored", "day"),
    [
        ("2026-02-05", date(2026, 2, 5)),
        ("2026-02-05T23:30:00+01:00", date(2026, 2, 5)),
        ("2026-02-05T23:30:00.125Z", date(2026, 2, 6)),  # half past midnight in Berlin
        ("2026-02-05T20:00:00-05:00", date(2026, 2, 6)),
    ],
)
def test_an_instant_has_its_day_in_the_sites_time_zone(study: Scenario, authored: str, day: date) -> None:
    assert rows(study, json.dumps(response(1, 1, 2, 3, authored=authored)))[0][0] == day


@pytest.mark.parametrize("authored", ["2026", "2026-02", "2026-02-05T23:30:00"])
def test_a_date_that_is_no_day_is_held(study: Scenario, authored: str) -> None:
    found = held(study, json.dumps(response(1, 1, 2, 3, authored=authored)))
    assert [code for _, _, code in found] == ([] if "T" in authored else ["date_unreadable"])


@pytest.mark.parametrize(
    ("column", "read"),
    [
        ("subject", "7"),
        ("subject.reference", "Patient/7"),
        ("author", "t9"),
        ("encounter", "e1"),
        ("id", "r1"),
        ("identifier.value", "urn:uuid:00000000000000000000000000000001"),
        ("questionnaire", WAI),
        ("questionnaire.version", "1.0"),
        ("meta.lastUpdated", "2026-02-05T14:12:16.416+00:00"),
        ("source", None),
    ],
)
def test_what_a_resource_says_of_itself_has_columns(tmp_path: Path, column: str, read: str | None) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(response(1, 1, 2, 3)))
    opened = open_file(path, path.name, [column, "q1"])
    assert opened.header == (column, "q1", "q2", "q3")
    (block,) = opened.blocks([0])
    assert block.frame["0"].to_list() == [read]


def test_an_id_that_is_no_reference_of_a_server_is_taken_as_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps([response(1, 1, subject={"reference": each}) for each in ("urn:uuid:a-b", "#p1")]))
    (block,) = open_file(path, path.name, ["subject", "q1"]).blocks([0])
    assert block.frame["0"].to_list() == ["urn:uuid:a-b", "#p1"]


def test_a_participant_known_by_identifier_only_is_held_until_study_yaml_says_so(study: Scenario) -> None:
    content = json.dumps(response(1, 1, 2, 3, subject={"identifier": {"system": "urn:x", "value": "K0412"}}))
    assert codes(study.findings(study.received("a.json", content))) == ["participant_missing"]
    study.export(participant="subject.identifier.value")
    assert [drop.counts.new for drop in study.take_in().drops] == [1]


def test_rows_are_skipped_that_are_no_responses_or_not_completed(study: Scenario) -> None:
    patient = {"resourceType": "Patient", "id": "7", "active": True}
    others = [
        response(n, 1, 2, 3, status=status)
        for n, status in enumerate(("in-progress", "stopped", "entered-in-error"), 5)
    ]
    amended = response(9, 1, 2, 3, patient="9", status="amended")
    drop = study.received("a.json", json.dumps(bundle(*THREE, patient, *others, amended)))
    assert counted(drop) == {"rows_read": 8, "new": 4, "skipped": 4}


def test_without_the_preset_a_resource_of_another_type_is_held(study: Scenario) -> None:
    study.export(preset=None, participant="subject", date="authored")
    drop = study.received("a.json", json.dumps(bundle(THREE[0], {"resourceType": "Patient", "id": "7"})))
    assert counted(drop) == {"rows_read": 2, "new": 1, "held": 1}


def test_a_response_to_another_questionnaire_is_held_until_it_is_left_out(study: Scenario) -> None:
    other = {**response(4), "questionnaire": "https://example.org/phq9", "item": [answer("phq1", 3)]}
    drop = study.received("a.json", json.dumps(bundle(*THREE, other)))
    assert counted(drop) == {"rows_read": 4, "new": 3, "held": 1}
    assert "no_answers" in codes(study.findings(drop))
    study.export(skip_rows={"questionnaire": {"not": WAI}})
    assert [counted(drop) for drop in study.take_in().drops] == [{"rows_read": 4, "new": 3, "skipped": 1}]


def test_a_file_with_none_of_the_linkids_is_rejected(study: Scenario) -> None:
    drop = study.received("a.json", json.dumps({**response(4), "item": [answer("phq1", 3)]}))
    assert (drop.status, counted(drop)) == ("rejected", {"rows_read": 1, "held": 1})
    assert codes(study.findings(drop)) == ["column_missing"]


@pytest.mark.parametrize("empty", [bundle(), {"resourceType": "Bundle", "type": "searchset", "total": 0}, []], ids=str)
def test_a_search_that_found_nothing_is_no_error(study: Scenario, empty: Any) -> None:
    drop = study.received("a.json", json.dumps(empty))
    assert (drop.status, codes(study.findings(drop))) == ("accepted_with_findings", ["header_only"])
