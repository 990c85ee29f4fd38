"""Crosswalks as files: YAML that reads well in a diff, beside study.yaml in crosswalks/."""

import re
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from alliance_etl.crosswalks.model import Crosswalk
from alliance_etl.errors import ConfigurationError
from alliance_etl.instruments.files import Unreadable, read_yaml
from alliance_etl.state.layout import written_whole

FOLDER = "crosswalks"


class CrosswalkFileError(ConfigurationError):
    """A crosswalk's file cannot be used; the message names file, line, key and what was expected."""


def next_number(folder: Path, source: str, target: str) -> int:
    """The version after the last one of these two instruments in the folder."""
    names = (re.fullmatch(rf"{source}--{target}--v(\d+)", path.stem) for path in folder.glob("*.yaml"))
    return max((int(name[1]) for name in names if name), default=0) + 1


def write_crosswalk(crosswalk: Crosswalk, folder: Path) -> Path:
    """Write a new version; an existing file is never overwritten."""
    path = folder / f"{crosswalk.id}.yaml"
    if path.exists():
        raise CrosswalkFileError(f"{path.name} exists, and what was reviewed is not overwritten; remove it first")
    with written_whole(path) as draft:
        draft.write_text(crosswalk_text(crosswalk), encoding="utf-8")
    return path


def crosswalk_text(crosswalk: Crosswalk) -> str:
    """The file's text: keys in the model's order, and each point on a line of its own."""
    document = crosswalk.model_dump(mode="json", exclude_none=True)
    for component in document["components"].values():
        component["points"] = [_Flow(point) for point in component["points"]]
        component["others"] = {name: _Row(values) for name, values in component["others"].items()}
        component["subgroups"] = [_Flow(group) for group in component["subgroups"]]
        if "by_items" in component:
            component["by_items"]["items"] = [_Flow(item) for item in component["by_items"]["items"]]
        for side in ("source", "target"):
            criteria = component[side]["criteria"]
            component[side]["criteria"] = {degree: _Row(pair) for degree, pair in criteria.items()}
    text = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=116)
    head = f"# {crosswalk.id}: estimated by `alliance-etl link`; review it, then name it in study.yaml (crosswalks:)"
    return f"{head}\n{text}"


def read_crosswalk(path: Path, shown_as: str) -> Crosswalk:
    """CrosswalkFileError with every problem of the file, each with its line and key."""
    try:
        file = read_yaml(path, shown_as)
    except FileNotFoundError:
        raise CrosswalkFileError(f"{shown_as} is not there; study.yaml names it under crosswalks") from None
    except Unreadable as error:
        raise CrosswalkFileError(str(error)) from None
    try:
        return Crosswalk.model_validate(file.content)
    except ValidationError as refused:
        problems = [file.problem(each["loc"], each["msg"]) for each in refused.errors(include_url=False)]
        raise CrosswalkFileError("\n".join(problems)) from None


class _Flow(dict[str, Any]):
    """A mapping on one line."""


class _Row(list[Any]):
    """A list on one line."""


class _Dumper(yaml.SafeDumper):
    pass


_Dumper.add_representer(
    _Flow, lambda dumper, data: dumper.represent_mapping("tag:yaml.org,2002:map", data, flow_style=True)
)
_Dumper.add_representer(
    _Row, lambda dumper, data: dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=True)
)
