"""What is wrong with an instrument's file, as sentences with file, line, key, expectation and the nearest known key."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from alliance_etl.faults import FAULTS, Fault
from alliance_etl.instruments.files import Place, YamlFile
from alliance_etl.instruments.model import Evidence, Instrument, Mapped, Response, Scale
from alliance_etl.words import nearest

_BELOW: dict[str, type[BaseModel]] = {
    "response": Response,
    "scales": Scale,
    "mapping": Mapped,
    "evidence": Evidence,
}
_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "string": "a text (in quotes where it looks like something else)",
    "bool": "true or false",
    "tuple": "a list, as in [1, 2, 3]",
    "mapping": "keys and values",
    "dict": "keys and values",
    "model": "keys and values",
}


def of_validation(file: YamlFile, error: ValidationError, known_ids: list[str]) -> Iterator[str]:
    """One sentence per culprit; keys that a new form lacks are named in one sentence."""
    missing = []
    for each in error.errors(include_url=False):
        place = tuple(step for step in each["loc"] if step != "[key]")
        if each["type"] == FAULTS:
            yield from (_problem(file, (*place, *fault.place), fault.message, known_ids) for fault in _faults(each))
        elif each["type"] == "missing" and len(place) == 1:
            missing.append(str(place[0]))
        elif each["type"] == "invalid_key":
            yield file.problem(place[:-1], f"{place[-1]} is no key; expected words (a list stands in brackets: [1, 2])")
        else:
            yield file.problem(place, _sentence(place, each))
    if missing:
        yield file.problem(("id",), _incomplete(file.content["id"], missing, known_ids))


def _faults(error: ErrorDetails) -> list[Fault]:
    return list(error["ctx"]["faults"])


def _problem(file: YamlFile, place: Place, message: str, known_ids: list[str]) -> str:
    """The sentence, which says so where the study's file changes one key and the culprit is a built-in one."""
    inherited = file.content["id"] in known_ids and not file.holds(place)
    return file.problem(place, f"{message} (this key is the built-in one)" if inherited else message)


def dangling(
    instrument: Instrument, sources: Collection[str], conflicts: Collection[str]
) -> Iterator[tuple[Place, str]]:
    """Every place that cites a source or a conflict which is not listed."""
    for place, cited in _citations(instrument):
        page = str(place[-1])
        unknown = [name for name in cited if name not in (sources if page == "sources" else conflicts)]
        own = "; a source of the study's own belongs in `citation` or in a `note`" if page == "sources" else ""
        if unknown:
            yield place, f"{', '.join(unknown)} is not in schemas/{page}.yaml; expected ids of that file{own}"


def _citations(instrument: Instrument) -> Iterator[tuple[Place, tuple[str, ...]]]:
    yield ("conflicts",), instrument.conflicts
    for fact, evidence in instrument.evidence.items():
        yield ("evidence", fact, "sources"), evidence.sources
    for at, line in enumerate(instrument.mapping):
        yield ("mapping", at, "sources"), line.sources
    for at, norm in enumerate(instrument.norms):
        for key in ("sources", "conflicts"):
            yield ("norms", at, key), tuple(norm.get(key, ()))


def _incomplete(name: str, missing: list[str], known_ids: list[str]) -> str:
    close = nearest(name, known_ids)
    completing = f"; to complete a built-in form give its id{f', did you mean {close}?' if close else ''}"
    return f"no built-in form is called {name}, and a new one also needs {', '.join(missing)}{completing}"


def _sentence(place: Place, error: ErrorDetails) -> str:
    kind, context = error["type"], error.get("ctx", {})
    say = _SENTENCES.get(kind)
    if say:
        return say(place, context)
    expected = next((words for prefix, words in _KINDS.items() if kind.startswith(prefix)), None)
    return f"{_found(error['input'])} stands there; expected {expected}" if expected else error["msg"]


def _unknown_key(place: Place, _: Mapping[str, Any]) -> str:
    model = Instrument if len(place) == 1 else _BELOW[str(place[0])]
    known = list(model.model_fields)
    close = nearest(str(place[-1]), known)
    return f"unknown key; expected one of {', '.join(known)}" + (f"; did you mean {close}?" if close else "")


_SENTENCES: dict[str, Callable[[Place, Mapping[str, Any]], str]] = {
    "extra_forbidden": _unknown_key,
    "missing": lambda place, _: f"missing; expected a value for {place[-1]}",
    "literal_error": lambda _, context: f"no such word; expected {context['expected']}",
    "string_pattern_mismatch": lambda *_: "expected small letters, digits and underscores, a letter first",
    "greater_than_equal": lambda _, context: f"expected {context['ge']} or more",
}


def _found(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    return f'"{str(value)[:60]}"'
