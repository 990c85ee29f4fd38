"""Files of FHIR: lines and places, what breaks, and the fixme file that is FHIR again."""

import json
from pathlib import Path
from typing import Any

import pytest

from alliance_etl.check import check_file
from alliance_etl.reading import open_file
from alliance_etl.study.load import load_study
from alliance_etl.trace import trace_form
from tests.alliance_etl.fhir_resources import FHIR, SHAPES, THREE, answer, bundle, ndjson, response
from tests.scenario import Scenario, all_promises, codes, counted, registry_in, site


@pytest.fixture
def study(tmp_path: Path) -> Scenario:
    return Scenario(tmp_path / "study", {"berlin": site(pocket=FHIR)})


def test_a_finding_names_the_line_at_which_the_resource_starts(study: Scenario) -> None:
    text = json.dumps(bundle(*THREE[:2], response(3, 9, 4, 4, patient="8")), indent=2)
    # three entries; the third one's brace is the last that stands four spaces deep
    line = max(n for n, each in enumerate(text.splitlines(), 1) if each == "    {")
    drop = study.received("a.json", text)
    (found,) = study.findings(drop)
    assert (found["line"], found["column"], found["cell"]) == (str(line), "q1", "")
    assert f"Line {line}, q1" in page(study, drop.drop_id)


def test_in_a_document_without_line_breaks_resources_are_counted(study: Scenario) -> None:
    drop = study.received("a.json", json.dumps(bundle(*THREE[:2], response(3, 9, 4, 4, patient="8"))))
    (found,) = study.findings(drop)
    assert found["line"] == "3"
    assert "Resource 3, q1" in page(study, drop.drop_id)


def page(study: Scenario, drop_id: str) -> str:
    return (study.folder / "receipts" / "berlin" / drop_id / "receipt.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('{"resourceType":"QuestionnaireResponse","status":"comple', "not_json"),
        (json.dumps(THREE[0])[:-1] + ', "x": NaN}', "not_json"),
        (json.dumps(THREE[0]) + json.dumps(THREE[1]), "not_json"),
        ('{"a": ' + "1" * 5000 + "}", "not_json"),
        ("[" * 100_000, "not_json"),
        ("17", "not_a_resource"),
        ('{"q1": 3}', "not_a_resource"),
        (json.dumps(bundle(THREE[0]) | {"entry": 3}), "not_a_resource"),
        (json.dumps(response(1, item=[{"answer": [{"valueInteger": 3}]}])), "not_a_resource"),
        (json.dumps(response(1, item=[{"linkId": "q1", "answer": {"valueInteger": 3}}])), "not_a_resource"),
        (json.dumps(response(1, 1, modifierExtension=[{"url": "urn:x", "valueBoolean": True}])), "not_understood"),
        (json.dumps(response(1, 1, patient="a\ud800b")), "undecodable_bytes"),
        (json.dumps(response(1, 1, patient="a\0b")), "nul_bytes"),
    ],
)
def test_a_line_that_cannot_be_read_costs_no_other_line(study: Scenario, line: str, code: str) -> None:
    drop = study.received("a.ndjson", ndjson(THREE[0], line, "", THREE[2]))
    assert counted(drop) == {"rows_read": 4, "new": 2, "held": 1, "skipped": 1}
    assert [(found["line"], found["code"]) for found in study.findings(drop)] == [("2", code)]


def test_bytes_of_another_encoding_cost_one_line(study: Scenario) -> None:
    lines = ndjson(*THREE).encode().splitlines(keepends=True)
    broken = lines[1].replace(b"a question", b"a qu\xe9stion", 1)
    drop = study.received("a.ndjson", b"".join([lines[0], broken, lines[2]] + lines[:1] * 40))
    assert [(found["line"], found["code"]) for found in study.findings(drop)] == [("2", "undecodable_bytes")]


@pytest.mark.parametrize(
    ("cut", "rows_read"),
    [(-40, 3), (-2, 4), (60, 1)],  # within the third entry; after it; before the first
)
def test_a_document_that_breaks_is_rejected_with_the_place(study: Scenario, cut: int, rows_read: int) -> None:
    text = json.dumps(bundle(*THREE), indent=2)[:cut]
    drop = study.received("a.json", text)
    (found,) = study.findings(drop)
    assert (drop.status, found["code"], found["line"]) == ("rejected", "broken_json", str(len(text.splitlines())))
    assert counted(drop) == {"rows_read": rows_read, "held": rows_read}


def test_json_that_is_no_fhir_is_told(study: Scenario) -> None:
    drop = study.received("a.json", json.dumps([{"record_id": "1", "q1": 3}]))
    assert (drop.status, codes(study.findings(drop))) == ("rejected", ["not_text"])
    assert counted(drop) == {"rows_read": 1, "held": 1}


def test_what_a_bundle_tells_of_people_is_named_in_the_receipt(study: Scenario) -> None:
    named = response(1, 1, 2, 3, subject={"reference": "Patient/7", "display": "Anna Muster"})
    patient = {"resourceType": "Patient", "id": "7", "name": [{"family": "Muster"}], "birthDate": "1990-04-01"}
    drop = study.received("a.json", json.dumps(bundle(named, patient)))
    (found,) = [each for each in study.findings(drop) if each["code"] == "identifiers_in_file"]
    assert "Patient.name" in found["message"]
    assert "Patient.birthDate" in found["message"]
    assert not [path for path in (study.folder / "receipts").rglob("*.*") if b"Muster" in path.read_bytes()]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_fixme_file_is_fhir_again_and_is_understood_when_it_comes_back(study: Scenario, shape: str) -> None:
    own = {"url": "https://example.org/own", "valueString": "kept"}
    bad = response(3, 9, 4.50, 4, patient="8", extension=[own])
    study.export(response={"min": 1, "max": 5, "step": 0.5})
    drop = study.received(shape, SHAPES[shape](*THREE[:2], bad))
    assert counted(drop) == {"rows_read": 3, "new": 2, "held": 1}
    (written,) = (study.folder / "receipts" / "berlin" / drop.drop_id).glob("fixme*")
    text = written.read_text(encoding="utf-8")
    (kept,) = resources(json.loads(text))
    assert kept["extension"][1] == own
    assert "q1 (answer_out_of_range)" in kept["extension"][0]["extension"][1]["valueString"]
    assert {**kept, "extension": [own]} == bad

    back = study.received(written.name, text)
    again = next((study.folder / "receipts" / "berlin" / back.drop_id).glob("fixme*")).read_text(encoding="utf-8")
    assert counted(back) == {"rows_read": 1, "held": 1}
    assert len(resources(json.loads(again))[0]["extension"]) == 2
    mended = study.received("mended fixme.json", again.replace('"valueInteger": 9', '"valueInteger": 5'))
    assert counted(mended) == {"rows_read": 1, "new": 1}


def resources(document: Any) -> list[Any]:
    if isinstance(document, list):
        return document
    return [each["resource"] for each in document["entry"]] if "entry" in document else [document]


def test_a_broken_line_stands_in_the_fixme_file_below_what_is_wrong_with_it(study: Scenario) -> None:
    broken = json.dumps(THREE[1])[:-1]
    drop = study.received("a.ndjson", ndjson(THREE[0], broken))
    written = study.folder / "receipts" / "berlin" / drop.drop_id / "fixme.ndjson"
    comment, line = written.read_text(encoding="utf-8").splitlines()
    assert json.loads(comment)["resourceType"] == "OperationOutcome"
    assert "not_json" in comment
    assert line == broken

    back = study.received("fixme.ndjson", f"{comment}\n{line}}}\n")

    assert counted(back) == {"rows_read": 2, "new": 1, "skipped": 1}


def test_check_gives_the_verdict_of_a_run_and_trace_leads_back(study: Scenario, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(SHAPES["bundle.json"](*THREE, response(4, 9, 1, 1, patient="9")))
    report = check_file(load_study(study.folder), registry_in(study.folder), all_promises(), path, "berlin")
    drop = study.received(path.name, path.read_bytes())
    assert (report.drop.status, counted(report.drop)) == (drop.status, counted(drop))
    study.night()
    ((form_id,),) = study.rows("SELECT form_id FROM forms WHERE session_date = '2026-02-12'")
    with study.opened() as night:
        told = trace_form(night, form_id)
    first = told["answers"][0]
    assert (first["column"], first["cell"], first["raw"]) == ("q1", None, "5")


def test_a_linkid_that_is_called_like_a_field_has_a_name_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps({**response(1), "item": [answer("status", 3)]}))
    opened = open_file(path, path.name, ["status", "item.status"])
    assert opened.header == ("status", "item.status")
    assert next(opened.blocks()).frame.row(0)[:2] == ("completed", "3")


def test_another_sites_columns_are_not_supposed_to_be_there(study: Scenario) -> None:
    study.sites["bonn"] = site(other={**FHIR, "items": ["phq1", "phq2", "phq3"]})
    study.write()
    (study.folder / "drops" / "bonn").mkdir()
    content = {**response(4), "item": [answer("phq1", 3)]}
    (found,) = study.findings(study.received("a.json", json.dumps(content)))
    assert "another site" not in found["message"]
    content["item"] += [answer("phq2", 3), answer("phq3", 3)]
    (found,) = study.findings(study.received("b.json", json.dumps(content)))
    assert "another site" in found["message"]
