"""What one FHIR resource says, as cells of a row: its own fields, and the answers under their linkIds.

R4 (https://hl7.org/fhir/R4/questionnaireresponse.html). Groups and items within items or answers are flattened, since
a linkId is unique within its questionnaire.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from alliance_etl.reading.grid import text_of
from alliance_etl.reading.opened import SEVERAL

RESPONSE = "QuestionnaireResponse"
ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_ABSENT_SYSTEMS = (
    "http://terminology.hl7.org/CodeSystem/data-absent-reason",
    "http://terminology.hl7.org/CodeSystem/v3-NullFlavor",
)
# the second is what R5 calls it
_ORDINAL = (
    "http://hl7.org/fhir/StructureDefinition/ordinalValue",
    "http://hl7.org/fhir/StructureDefinition/itemWeight",
)
_REFERENCES = ("subject", "author", "source", "encounter")
_OF_REFERENCE = ("", ".reference", ".type", ".display", ".identifier.value", ".identifier.system")
FIELDS = (
    *("resourceType", "id", "status", "authored", "questionnaire", "questionnaire.version", "language"),
    *(f"{name}{part}" for name in _REFERENCES for part in _OF_REFERENCE),
    *("identifier.value", "identifier.system", "meta.versionId", "meta.lastUpdated", "meta.source"),
)
"""Columns that every file of FHIR has, though no resource may fill them."""

_LITERAL = re.compile(r"(?:.*/)?[A-Za-z]+/([A-Za-z0-9.-]{1,64})(?:/_history/[^/]*)?")
_NO_FIELD = frozenset({"item", "text", "contained", "extension"})
_DEPTH = 3
_PERSONS = ("Patient", "Person", "RelatedPerson", "Practitioner")
_PERSONAL = ("name", "birthDate", "telecom", "address", "photo")


class NoResponse(Exception):
    """The resource is not built as R4 has it, or says (`modifier`) that it is not to be read without knowing more."""

    def __init__(self, *, modifier: bool = False) -> None:
        self.modifier = modifier
        super().__init__()


@dataclass
class Cells:
    """A resource's row. `answers` holds every question that is there, None where it has no answer.

    labels   linkId → code → display
    missing  text of a cell → (code, reason)
    """

    fields: dict[str, str] = field(default_factory=dict)
    answers: dict[str, str | None] = field(default_factory=dict)
    ordinals: dict[str, str | None] = field(default_factory=dict)
    labels: dict[str, dict[str, str]] = field(default_factory=dict)
    missing: dict[str, tuple[str, str]] = field(default_factory=dict)


def cells_of(resource: Mapping[str, Any]) -> Cells:
    """Raises NoResponse. Of a resource of another type only its type and id are told."""
    cells = Cells()
    if resource["resourceType"] != RESPONSE:
        cells.fields = {name: resource[name] for name in ("resourceType", "id") if isinstance(resource.get(name), str)}
        return cells
    _refuse_modified(resource)
    for name, value in resource.items():
        if name not in _NO_FIELD and not name.startswith("_"):
            _put_field(name, value, cells.fields, _DEPTH)
    url, _, version = cells.fields.get("questionnaire", "").partition("|")
    cells.fields |= {"questionnaire": url} if url else {}
    cells.fields |= {"questionnaire.version": version} if version else {}
    for item in _items(resource):
        _put_answers(item, cells)
    return cells


def persons_columns(resource: Mapping[str, Any]) -> Iterator[str]:
    """What a resource about a person, or one contained in it, tells of them: as names of columns, without values."""
    contained = resource.get("contained")
    for each in (resource, *(contained if isinstance(contained, list) else ())):
        if isinstance(each, dict) and each.get("resourceType") in _PERSONS:
            yield from (f"{each['resourceType']}.{name}" for name in _PERSONAL if name in each)


def _refuse_modified(element: Mapping[str, Any]) -> None:
    if "modifierExtension" in element or "implicitRules" in element:
        raise NoResponse(modifier=True)


def _put_field(name: str, value: Any, fields: dict[str, str], depth: int) -> None:
    """A field under its path. Of a reference the bare name holds the id of what it refers to."""
    if isinstance(value, list):
        for each in value:
            _put_field(name, each, fields, depth)
    elif isinstance(value, dict):
        reference = value.get("reference")
        if isinstance(reference, str):
            match = _LITERAL.fullmatch(reference)
            _add(fields, name, match[1] if match else reference)
        for key, inner in value.items() if depth else ():
            if key != "extension":
                _put_field(f"{name}.{key}", inner, fields, depth - 1)
    elif (text := _scalar(value)) is not None:
        _add(fields, name, text)


def _add(texts: dict[str, Any], name: str, text: str | None) -> None:
    """One more text for a cell; what has several says so by what stands between them."""
    before = texts.get(name)
    texts[name] = text if before is None else before if text is None else f"{before}{SEVERAL}{text}"


def _scalar(value: Any) -> str | None:
    return ("true" if value else "false") if isinstance(value, bool) else text_of(value)


def _items(resource: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """All items, in the order of the questionnaire, those within others after them."""
    waiting = [*reversed(_list(resource, "item"))]
    while waiting:
        item = waiting.pop()
        if not isinstance(item, dict):
            raise NoResponse
        inner = _list(item, "item")
        for answer in _list(item, "answer"):
            if not isinstance(answer, dict):
                raise NoResponse
            inner = inner + _list(answer, "item")
        waiting += reversed(inner)
        yield item


def _list(element: Mapping[str, Any], name: str) -> list[Any]:
    value = element.get(name, [])
    if not isinstance(value, list):
        raise NoResponse
    return value


def _put_answers(item: Mapping[str, Any], cells: Cells) -> None:
    """A question's answers under its linkId; a group has none."""
    _refuse_modified(item)
    link, answers = item.get("linkId"), _list(item, "answer")
    if not isinstance(link, str) or not link:
        raise NoResponse
    if not answers:
        reason = _absent(item)
        if reason or "item" not in item:
            _add(cells.answers, link, _marked(reason, cells) if reason else None)
        return
    for answer in answers:
        _refuse_modified(answer)
        text, ordinal = _answer(link, answer, cells)
        _add(cells.answers, link, text)
        _add(cells.ordinals, link, ordinal)


def _answer(link: str, answer: Mapping[str, Any], cells: Cells) -> tuple[str | None, str | None]:
    """An answer's text, and its ordinal value where it brings one."""
    name = next((name for name in answer if name.startswith("value")), None)
    if name is None:
        reason = _absent(answer) or next((_absent(answer[key]) for key in answer if key.startswith("_value")), None)
        return (_marked(reason, cells) if reason else None), None
    value = answer[name]
    if not isinstance(value, dict):
        return _scalar(value), None
    if name == "valueCoding":
        return _coding(link, value, cells)
    if name == "valueQuantity":
        number, than = _scalar(value.get("value")), value.get("comparator", "")
        return (f"{than}{number}" if number is not None else _unreadable(name)), None
    return _scalar(value.get("reference")) or _unreadable(name), None


def _coding(link: str, coding: Mapping[str, Any], cells: Cells) -> tuple[str | None, str | None]:
    code, display = _scalar(coding.get("code")), _scalar(coding.get("display"))
    if coding.get("system") in _ABSENT_SYSTEMS and code:
        return _marked(code, cells), None
    if code and display:
        cells.labels.setdefault(link, {})[code] = display
    ordinal = next((each.get("valueDecimal") for each in _extensions(coding) if each.get("url") in _ORDINAL), None)
    return code or display or _unreadable("valueCoding"), _scalar(ordinal)


def _unreadable(name: str) -> str:
    """What stands in the cell of an answer that is there, but is no text and no number."""
    return f"({name})"


def _absent(element: Any) -> str | None:
    """The code of the reason for which there is no value."""
    code = next((each.get("valueCode") for each in _extensions(element) if each.get("url") == ABSENT), None)
    return code if isinstance(code, str) and code else None


def _extensions(element: Any) -> list[dict[str, Any]]:
    told = element.get("extension") if isinstance(element, dict) else None
    return [each for each in told if isinstance(each, dict)] if isinstance(told, list) else []


def _marked(code: str, cells: Cells) -> str:
    """The text of a cell that the resource itself declares missing."""
    text = f"{code} (data-absent-reason)"
    cells.missing[text] = (code, re.sub(r"\W+", "_", code.lower()).strip("_") or "absent")
    return text
