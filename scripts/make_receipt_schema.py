"""Write schemas/receipt.schema.json, the JSON Schema of receipt.json, from alliance_etl.receipts.model.

Run it after changing the model (a test says when the file is stale):

    python -m scripts.make_receipt_schema
"""

import json
from pathlib import Path

from alliance_etl.deployment import deployment_root
from alliance_etl.receipts.model import Receipt


def schema_file() -> Path:
    return deployment_root() / "schemas" / "receipt.schema.json"


def schema_text() -> str:
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Receipt.model_json_schema()}
    return json.dumps({**schema, "title": "receipt.json"}, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    schema_file().write_text(schema_text(), encoding="utf-8")
