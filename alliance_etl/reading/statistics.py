"""Files of statistics programs through pyreadstat: SPSS (.sav, .zsav), Stata (.dta), SAS (.sas7bdat, .xpt).

What the program's user has declared missing keeps its reason, and values keep their labels. The header counts as line
1, the first case as line 2.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from alliance_etl.reading.grid import Grid, text_of
from alliance_etl.reading.model import Unreadable
from alliance_etl.reading.opened import Typed

Reader = Callable[..., tuple[dict[str, Any], Any]]


def open_statistics(path: Path, kind: str) -> Grid:
    """All columns of the file. Raises Unreadable (not_text: damaged)."""
    import pyreadstat

    readers: dict[str, Reader] = {
        "sav": pyreadstat.read_sav,
        "dta": pyreadstat.read_dta,
        "sas7bdat": pyreadstat.read_sas7bdat,
        "xpt": pyreadstat.read_xport,
    }
    options = {} if kind == "xpt" else {"user_missing": True}
    try:
        data, meta = readers[kind](str(path), output_format="dict", **options)
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, UnicodeDecodeError):
        raise Unreadable("not_text", {"kind": f"a damaged {kind}"}) from None
    columns = list(meta.column_names)
    labels = {name: _labels(meta.variable_value_labels.get(name, {})) for name in columns}
    missing: dict[str, tuple[str, str]] = {}
    texts = [_column(data[name], name, labels[name], meta, missing) for name in columns]
    rows = list(zip(*texts, strict=True))
    facts = {"format": kind, "encoding": meta.file_encoding, "header_line": 1, "columns": len(columns)}
    typed = Typed(missing, {name: told for name, told in labels.items() if told})
    return Grid(tuple(columns), 1, rows, typed, {key: fact for key, fact in facts.items() if fact is not None})


def _labels(labels: Mapping[Any, str]) -> dict[str, str]:
    return {text_of(value) or "": label for value, label in labels.items()}


def _column(
    values: Sequence[Any], name: str, labels: Mapping[str, str], meta: Any, missing: dict[str, tuple[str, str]]
) -> list[str | None]:
    """A column's texts; what is declared missing becomes a text of its own, entered in `missing`."""
    ranges = meta.missing_ranges.get(name, [])
    tagged = set(meta.missing_user_values.get(name, []))
    texts = []
    for value in values:
        text = text_of(value.item() if hasattr(value, "item") else value)
        if text is not None and (text in tagged or _is_within(value, ranges)):
            reason = _reason(labels.get(text), text)
            marked = f"{text} (user-missing: {reason})"
            missing[marked] = (text, reason)
            text = marked
        texts.append(text)
    return texts


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
