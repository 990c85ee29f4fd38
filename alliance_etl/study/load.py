"""Reading study.yaml: all that is wrong with it at once, each with its line, its key and what to write instead."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from alliance_etl.errors import StudyFileError
from alliance_etl.study.against import check_against
from alliance_etl.study.complaints import problems_of, unknown_key
from alliance_etl.study.document import Problem
from alliance_etl.study.model import Study
from alliance_etl.study.source import read_document, study_file

__all__ = ["check_against", "load_study"]


def load_study(path: Path | str) -> Study:
    """The study of a study.yaml, or of the folder that holds one.

    Raises StudyFileError with every problem of the file. Whether it fits the instruments is `check_against`'s question.
    """
    file = study_file(Path(path))
    document = read_document(file)
    data = document.data
    if not isinstance(data, dict):
        what = "is empty" if data is None else "holds no keys"
        raise StudyFileError([f"{file.name} {what}; alliance-etl init DIR writes one to start from"])
    strangers = list(_strangers(data))
    problems = [*document.problems, *(unknown_key(path, document) for path in strangers)]
    try:
        study = Study.model_validate({**_without(data, strangers), "path": file})
    except ValidationError as refused:
        for error in refused.errors(include_url=False):
            problems.extend(problems_of(error, document))
    if problems:
        raise StudyFileError([_told(file.name, problem) for problem in sorted(dict.fromkeys(problems))])
    return study


def _told(name: str, problem: Problem) -> str:
    where = f", {problem.keys}" if problem.keys else ""
    return f"{name}, line {problem.line}{where}: {problem.message}"


def _strangers(data: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """The paths of keys that only this package may set: a site's name, the study's path."""
    yield from ((key,) for key in ("path", "slug") if key in data)
    for site, exports in _mappings(data.get("sites")):
        if "name" in exports:
            yield ("sites", site, "name")
        for export, keys in _mappings(exports.get("exports")):
            if "name" in keys:
                yield ("sites", site, "exports", export, "name")


def _mappings(things: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(things, dict):
        yield from ((name, thing) for name, thing in things.items() if isinstance(thing, dict))


def _without(data: Mapping[str, Any], paths: Sequence[tuple[str, ...]]) -> Mapping[str, Any]:
    """A copy without some keys; what anchors share in the text is shared in `data`, so nothing is changed in place."""
    for path in paths:
        data = _without_one(data, path)
    return data


def _without_one(data: Mapping[str, Any], path: tuple[str, ...]) -> Mapping[str, Any]:
    first, *rest = path
    if not rest:
        return {key: value for key, value in data.items() if key != first}
    return {**data, first: _without_one(data[first], tuple(rest))}
