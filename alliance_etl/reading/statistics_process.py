"""Reads a statistics program's file in a process of its own, since a damaged one can crash pyreadstat's library.

    python -m alliance_etl.reading.statistics_process FILE KIND TARGET CELLS COLUMNS

TARGET gets a line as soon as pyreadstat is through, and then the file as JSON: columns, rows of texts, what is missing,
labels. Where the file has more cells or columns than it may have, it gets another line, and how many. Its values are
people's answers: nothing is printed.
"""

import json
import re
import resource
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from alliance_etl.reading.grid import text_of

READ, TOO_LARGE = "read", "too large"
_BYTES_FREE, _BYTES_PER_CELL = 4 << 30, 300
Reader = Callable[..., tuple[dict[str, Any], Any]]


def main(path: str, kind: str, target: str, most_cells: str, most_columns: str) -> None:
    import pyreadstat

    most = min(_BYTES_FREE + int(most_cells) * _BYTES_PER_CELL, 1 << 62)
    resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))

    readers: dict[str, Reader] = {
        "sav": pyreadstat.read_sav,
        "dta": pyreadstat.read_dta,
        "sas7bdat": pyreadstat.read_sas7bdat,
        "xpt": pyreadstat.read_xport,
    }
    options = {} if kind == "xpt" else {"user_missing": True}
    _, meta = readers[kind](path, output_format="dict", metadataonly=True)
    rows, columns = meta.number_rows or 0, meta.number_columns or 0
    if rows * columns > int(most_cells) or columns > int(most_columns):
        Path(target).write_text(f"{TOO_LARGE}\n{json.dumps([rows, columns])}", encoding="utf-8")
        return
    data, meta = readers[kind](path, output_format="dict", **options)
    with Path(target).open("w", encoding="utf-8") as file:
        file.write(f"{READ}\n")
        file.flush()
        json.dump(_told(data, meta), file)


def _told(data: Mapping[str, Sequence[Any]], meta: Any) -> dict[str, Any]:
    columns = list(meta.column_names)
    labels = {name: _labels(meta.variable_value_labels.get(name, {})) for name in columns}
    missing: dict[str, tuple[str, str]] = {}
    texts = [_column(data[name], name, labels[name], meta, missing) for name in columns]
    return {
        "columns": columns,
        "rows": list(zip(*texts, strict=True)),
        "missing": missing,
        "labels": {name: told for name, told in labels.items() if told},
        "encoding": meta.file_encoding,
    }


def _labels(labels: Mapping[Any, str]) -> dict[str, str]:
    return {text_of(value) or "": label for value, label in labels.items()}


def _column(
    values: Sequence[Any], name: str, labels: Mapping[str, str], meta: Any, missing: dict[str, tuple[str, str]]
) -> list[str | None]:
    """A column's texts; what is declared missing becomes a text of its own, entered in `missing`."""
    ranges = meta.missing_ranges.get(name, [])
    tagged = set(meta.missing_user_values.get(name, []))
    is_single = meta.readstat_variable_types.get(name) == "float"
    texts = []
    for value in values:
        text = text_of(_shortest(value) if is_single else value.item() if hasattr(value, "item") else value)
        if text is not None and (text in tagged or _is_within(value, ranges)):
            reason = _reason(labels.get(text), text)
            marked = f"{text} (user-missing: {reason})"
            missing[marked] = (text, reason)
            text = marked
        texts.append(text)
    return texts


def _shortest(value: Any) -> Any:
    """A number of single precision (Stata's float) as it was typed: 5.1, where a double says 5.099999904632568."""
    return float(str(np.float32(value))) if isinstance(value, float) else value


def _is_within(value: Any, ranges: Sequence[Mapping[str, Any]]) -> bool:
    for each in ranges:
        low, high = each["lo"], each["hi"]
        if value == low or (isinstance(value, int | float) and isinstance(low, int | float) and low <= value <= high):
            return True
    return False


def _reason(label: str | None, code: str) -> str:
    """The file's label of a missing value as a reason, `user_missing` where it has none."""
    words = re.sub(r"\W+", "_", (label or "").strip().lower()).strip("_")
    return words or (f"user_missing_{code}" if code.isalpha() else "user_missing")


if __name__ == "__main__":
    main(*sys.argv[1:])
