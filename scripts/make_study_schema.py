"""Write what is made from alliance_etl.study's types: the JSON Schema for editors and the tables of docs/study-yaml.md.

Run it after changing a key of study.yaml (a test says when either is stale):

    python -m scripts.make_study_schema
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alliance_etl.deployment import deployment_root
from alliance_etl.study.export import Export, FileRange, LongLayout
from alliance_etl.study.model import (
    Course,
    Expected,
    Fitness,
    Limits,
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
from alliance_etl.study.presets import presets
from alliance_etl.study.strict import Strict

MODELS: tuple[type[Strict], ...] = (
    Study,
    Scoring,
    Expected,
    SessionRule,
    Fitness,
    Quality,
    Course,
    Ruptures,
    ReliableChange,
    Limits,
    Notice,
    Site,
    Sends,
    Redcap,
    Export,
    FileRange,
    LongLayout,
)

_TABLE = re.compile(r"(<!-- keys of (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_PRESETS = re.compile(r"(<!-- presets -->\n).*?(<!-- end -->)", re.DOTALL)


def schema_file() -> Path:
    return deployment_root() / "schemas" / "study.schema.json"


def page_file() -> Path:
    return deployment_root() / "docs" / "study-yaml.md"


def schema_text() -> str:
    """The JSON Schema of study.yaml: the keys that people write, none that its place in the file gives."""
    made = Study.model_json_schema(by_alias=True)
    for model in MODELS:
        owner = made if model is Study else made["$defs"][model.__name__]
        _only_written(owner, model)
    _asked_for_without_preset(made["$defs"]["Export"])
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **_without_titles(made), "title": "study.yaml"}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def page_text(page: str) -> str:
    """The page with its tables of keys made anew; what stands between them is written by hand."""
    models = {model.__name__: model for model in MODELS}
    page = _TABLE.sub(lambda found: found[1] + "\n".join(_rows(models[found[2]])) + "\n" + found[3], page)
    return _PRESETS.sub(lambda found: found[1] + "\n".join(_preset_rows()) + "\n" + found[2], page)


def _asked_for_without_preset(export: dict[str, Any]) -> None:
    """Keys that every preset fills in need be there only where none is named."""
    filled = [key for key in export["required"] if all(key in preset.defaults for preset in presets().values())]
    export["required"] = [key for key in export["required"] if key not in filled]
    export["anyOf"] = [{"required": ["preset"]}, {"required": filled}]


def _only_written(owner: dict[str, Any], model: type[Strict]) -> None:
    owner["properties"] = {key: said for key, said in owner["properties"].items() if key not in model.given}
    owner["required"] = [key for key in owner.get("required", []) if key not in model.given | model.completed]
    if not owner["required"]:
        del owner["required"]


def _without_titles(node: Any, *, of_keys: bool = False) -> Any:
    """The same without pydantic's titles, which repeat the keys; a key that is called `title` stays."""
    if isinstance(node, dict):
        return {
            key: _without_titles(value, of_keys=key == "properties")
            for key, value in node.items()
            if of_keys or key != "title"
        }
    return [_without_titles(value) for value in node] if isinstance(node, list) else node


def _rows(model: type[Strict]) -> Iterator[str]:
    yield "| key | if left out | what it says |"
    yield "| --- | --- | --- |"
    for name, field in model.model_fields.items():
        key = field.alias or name
        if key in model.given:
            continue
        default = field.get_default()
        plain = isinstance(default, str | float | int)
        left_out = "must be there" if field.is_required() and key not in model.completed else ""
        shown = f"`{json.dumps(default).strip(chr(34))}`" if plain and not left_out else left_out
        yield f"| `{key}` | {shown} | {str(field.description).replace('|', chr(92) + '|')} |"


def _preset_rows() -> Iterator[str]:
    yield "| preset | key | is filled in with |"
    yield "| --- | --- | --- |"
    for name, preset in presets().items():
        for key, value in preset.defaults.items():
            shown = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
            yield f"| `{name}` | `{key}` | `{shown}` |"


if __name__ == "__main__":
    schema_file().write_text(schema_text(), encoding="utf-8")
    page_file().write_text(page_text(page_file().read_text(encoding="utf-8")), encoding="utf-8")
