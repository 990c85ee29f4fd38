"""Write schemas/instrument.schema.json, by which editors complete and check an instrument's YAML while it is typed.

Derived from alliance_etl.instruments.model; run it after changing the model (a test says when it is stale):

    python -m scripts.make_instrument_schema
"""

import json
import re
from pathlib import Path
from typing import Any

from alliance_etl.deployment import deployment_root
from alliance_etl.instruments.model import Instrument


def schema_file() -> Path:
    return deployment_root() / "schemas" / "instrument.schema.json"


def schema_text() -> str:
    """The JSON Schema of one instrument file."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Instrument.model_json_schema(),
        "description": "A questionnaire: one YAML file in schemas/instruments, or in a study's instruments folder.",
    }
    return json.dumps(_folded(schema), indent=2, ensure_ascii=False) + "\n"


def _folded(node: Any) -> Any:
    """The same, with the line breaks inside a paragraph of a description taken out."""
    if isinstance(node, dict):
        return {key: _folded(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_folded(value) for value in node]
    return re.sub(r"(?<!\n)\n(?!\n)", " ", node) if isinstance(node, str) else node


if __name__ == "__main__":
    schema_file().write_text(schema_text(), encoding="utf-8")
