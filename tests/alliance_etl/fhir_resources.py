"""QuestionnaireResponses as FHIR servers and form renderers write them (R4), for tests."""

import json
from collections.abc import Callable
from typing import Any

WAI = "https://example.org/fhir/Questionnaire/pocket"
FHIR: dict[str, Any] = {"files": "*", "instrument": "pocket", "preset": "fhir", "items": "q{n}"}


def answer(link: str, value: Any) -> dict[str, Any]:
    """An item with one answer: a number as an integer or decimal, anything else as it is given; None: unanswered."""
    kind = {int: "valueInteger", float: "valueDecimal", str: "valueString", bool: "valueBoolean"}.get(type(value))
    if value is None:
        return {"linkId": link, "text": "a question"}
    return {"linkId": link, "text": "a question", "answer": [{kind: value} if kind else value]}


def coded(code: str, display: str, **more: Any) -> dict[str, Any]:
    return {"valueCoding": {"system": "https://example.org/answers", "code": code, "display": display, **more}}


def response(number: int, *values: Any, patient: str = "7", day: str = "2026-02-05", **more: Any) -> dict[str, Any]:
    """As HAPI hands it out: its items in a group, dates with a time zone."""
    items = [answer(f"q{n}", value) if not isinstance(value, list) else value for n, value in enumerate(values, 1)]
    return {
        "resourceType": "QuestionnaireResponse",
        "id": f"r{number}",
        "meta": {"versionId": "1", "lastUpdated": f"{day}T14:12:16.416+00:00", "source": "#x"},
        "text": {"status": "generated", "div": "<div>…</div>"},
        "identifier": {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{number:032}"},
        "questionnaire": f"{WAI}|1.0",
        "status": "completed",
        "subject": {"reference": f"Patient/{patient}"},
        "encounter": {"reference": "Encounter/e1"},
        "authored": f"{day}T14:12:16+01:00",
        "author": {"reference": "https://fhir.example.org/r4/Practitioner/t9/_history/3"},
        "item": [{"linkId": "alliance", "text": "a heading", "item": items}],
        **more,
    }


def bundle(*resources: dict[str, Any], kind: str = "searchset") -> dict[str, Any]:
    entries = [{"fullUrl": f"https://example.org/{n}", "resource": each} for n, each in enumerate(resources)]
    return {"resourceType": "Bundle", "type": kind, "total": len(resources), "entry": entries}


def ndjson(*resources: dict[str, Any] | str) -> str:
    return "".join((each if isinstance(each, str) else json.dumps(each)) + "\n" for each in resources)


THREE = (response(1, 1, 2, 3), response(2, 5, None, 1, day="2026-02-12"), response(3, 4, 4, 4, patient="8"))
SHAPES: dict[str, Callable[..., str]] = {
    "bundle.json": lambda *them: json.dumps(bundle(*them), indent=2),
    "one-line.json": lambda *them: json.dumps(bundle(*them)),
    "array.json": lambda *them: json.dumps(them, indent=1),
    "nested.json": lambda *them: json.dumps(bundle(bundle(*them[:2]), *them[2:])),
    "export.ndjson": ndjson,
    "crlf.ndjson": lambda *them: ndjson(*them).replace("\n", "\r\n"),
    "lines-called-anything.txt": ndjson,
}
