"""What pydantic refuses, in the words of a clinic's coordinator: line, key, what is wrong, what was expected."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from alliance_etl.faults import FAULTS
from alliance_etl.study.document import Document, Problem
from alliance_etl.study.export import AllBut
from alliance_etl.study.fields import WRONG
from alliance_etl.study.model import (
    Alerts,
    Course,
    Expected,
    Export,
    FileRange,
    Fitness,
    Limits,
    LongLayout,
    Notice,
    Quality,
    Redcap,
    ReliableChange,
    Ruptures,
    Scoring,
    Sends,
    SessionRule,
    Site,
    Study,
)
from alliance_etl.words import did_you_mean, found, listed

_EXPECTED = {
    "float": "a number",
    "int": "a whole number",
    "bool": "true or false",
    "string": "a text",
    "dict": "keys and values below it",
    "model": "keys and values below it",
    "tuple": "a list, as in [4, 10]",
    "path": "a folder or a URL",
}


def problems_of(error: Any, document: Document) -> Iterator[Problem]:
    """One error of a ValidationError as problems of the document."""
    loc, context = tuple(error["loc"]), error.get("ctx", {})
    if error["type"] == "extra_forbidden":
        yield unknown_key(loc, document)
    elif error["type"] == FAULTS:
        for fault in context["faults"]:
            yield Problem(*document.place((*loc, *fault.place)), fault.message)
    elif error["type"] == "missing":
        yield Problem(*document.place(loc[:-1]), f'the key "{loc[-1]}" is missing: {_description(loc)}')
    else:
        yield Problem(*document.place(loc), _sentence(error, context))


def _sentence(error: Any, context: Mapping[str, Any]) -> str:
    kind, value = error["type"], error["input"]
    if kind == WRONG:
        return str(context["sentence"])
    if kind == "literal_error":
        allowed = str(context["expected"]).replace("'", "").replace(" or ", ", ").split(", ")
        return f"{found(value)} is not known{did_you_mean(str(value), allowed)}"
    if kind == "too_short":
        return "nothing is below it; expected at least one"
    limits = {"greater_than": "above", "greater_than_equal": "from", "less_than_equal": "up to"}
    if kind in limits:
        return f"expected a number {limits[kind]} {next(iter(context.values())):g}, found {found(value)}"
    expected = _EXPECTED.get(kind.partition("_")[0], error["msg"])
    comma = "; write a point for the decimal mark" if expected == "a number" and "," in str(value) else ""
    return f"expected {expected}, found {found(value)}{comma}"


def unknown_key(loc: Sequence[Hashable], document: Document) -> Problem:
    """A key that the model at that place does not have, with the nearest one that it has."""
    owner = _model_at(loc[:-1])
    known = _keys_of(owner)
    hint = did_you_mean(str(loc[-1]), known)
    if "did you mean" not in hint:
        hint = f"; known here: {listed(known)}"
    return Problem(document.place(loc).line, document.place(loc[:-1]).keys, f'unknown key "{loc[-1]}"{hint}')


def _model_at(loc: Sequence[Hashable]) -> type[BaseModel]:
    """The model that a path of study.yaml leads to."""
    by_key: dict[Hashable, type[BaseModel]] = {
        "scoring": Scoring,
        "alerts": Alerts,
        "notices": Notice,
        "fitness": Fitness,
        "expects": SessionRule if "rule" in loc else Expected,
        "quality": Quality,
        "limits": Limits,
        "course": _of_course(loc),
    }
    if loc and loc[0] in by_key:
        return by_key[loc[0]]
    below_site: dict[Hashable, type[BaseModel]] = {"drop": Redcap, "sends": Sends}
    if len(loc) > 2 and loc[2] in below_site:
        return below_site[loc[2]]
    by_depth: dict[int, type[BaseModel]] = {0: Study, 2: Site, 4: Export}
    below_export: dict[Hashable, type[BaseModel]] = {"response": FileRange, "skip_rows": AllBut, "layout": LongLayout}
    return by_depth[len(loc)] if len(loc) in by_depth else below_export[loc[4]]


def _of_course(loc: Sequence[Hashable]) -> type[BaseModel]:
    below: dict[Hashable, type[BaseModel]] = {"ruptures": Ruptures, "change": ReliableChange}
    return below.get(loc[1], Course) if len(loc) > 1 else Course


def _keys_of(model: type[BaseModel]) -> list[str]:
    """The keys that people may write, in the order of the model."""
    given: frozenset[str] = getattr(model, "given", frozenset())
    return [field.alias or name for name, field in model.model_fields.items() if name not in given]


def _description(loc: Sequence[Hashable]) -> str:
    fields = _model_at(loc[:-1]).model_fields
    field = next(field for name, field in fields.items() if loc[-1] in (name, field.alias))
    text = (field.description or "a value").rstrip(".")
    return text[0].lower() + text[1:]
