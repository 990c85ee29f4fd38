"""What is made from the types of study.yaml is as new as they are, and says the same."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from alliance_etl.study.load import load_study
from scripts.make_study_schema import MODELS, page_file, page_text, schema_file, schema_text

REMAKE = "run: python -m scripts.make_study_schema"


def definition(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(schema_text())
    return schema if name == "Study" else schema["$defs"][name]


def test_the_schema_for_editors_is_not_stale() -> None:
    assert schema_file().read_text(encoding="utf-8") == schema_text(), REMAKE


def test_the_tables_of_the_reference_page_are_not_stale() -> None:
    page = page_file().read_text(encoding="utf-8")
    assert page == page_text(page), REMAKE


def test_the_reference_page_has_a_table_for_every_type() -> None:
    page = page_file().read_text(encoding="utf-8")
    assert re.findall(r"<!-- keys of (\w+) -->", page) == [model.__name__ for model in MODELS]


def test_the_examples_of_the_reference_page_load(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", page_file().read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "study.yaml").write_text(example, encoding="utf-8")
    assert load_study(tmp_path).slug == "north_star"


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_editors_know_exactly_the_keys_that_people_write(model: Any) -> None:
    written = {field.alias or name for name, field in model.model_fields.items()} - model.given
    said = definition(model.__name__)
    assert set(said["properties"]) == written
    assert said["additionalProperties"] is False


@pytest.mark.parametrize(
    ("name", "required"),
    [
        ("Study", ["study", "sites"]),
        ("Site", ["exports"]),
        ("Export", ["files", "instrument"]),
        ("FileRange", ["min", "max"]),
        ("LongLayout", ["item", "value"]),
    ],
)
def test_editors_ask_for_what_must_be_there(name: str, required: list[str]) -> None:
    assert definition(name)["required"] == required


def test_editors_ask_for_a_participant_only_without_a_preset() -> None:
    assert definition("Export")["anyOf"] == [{"required": ["preset"]}, {"required": ["participant"]}]
