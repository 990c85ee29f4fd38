"""The quality report, where there is one: its page, and how many expectations do not hold or could not be checked.

It is written by another process, so that nothing is taken for granted of it but where it lies.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alliance_etl.morning.to_do import ToDo

_FAILED, _UNCHECKED = ("failed", "failures"), ("error", "errors", "not_checked", "unchecked", "could_not_check")


@dataclass(frozen=True)
class Quality:
    """What is known of the report; counts are None where it does not tell them."""

    page: Path | None
    failed: int | None = None
    unchecked: int | None = None


def quality_of(reports: Path) -> Quality | None:
    """The report in reports/quality/; None where there is none."""
    folder = reports / "quality"
    pages = [path for path in (folder / "index.html", *sorted(folder.glob("*/index.html"))) if path.is_file()]
    outcomes = [told for path in sorted(folder.glob("*.json")) if (told := _read(path))]
    if not pages and not outcomes:
        return None
    told = outcomes[0] if outcomes else {}
    return Quality(pages[0] if pages else None, _count(told, _FAILED), _count(told, _UNCHECKED))


def of_quality(quality: Quality | None) -> Iterator[ToDo]:
    """What a quality report asks for."""
    if quality and (quality.failed or quality.unchecked):
        unchecked = f", and {quality.unchecked:,} could not be checked" if quality.unchecked else ""
        what = f"{quality.failed or 0:,} expectations of the quality report do not hold{unchecked}."
        where = f"Read {quality.page}." if quality.page else "Read the quality report."
        yield ToDo("quality", None, what, where, "", "report", (quality.failed or 0, quality.unchecked or 0))


def _read(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # being written, or somebody else's
        return {}
    return told if isinstance(told, dict) else {}


def _count(told: dict[str, Any], names: tuple[str, ...]) -> int | None:
    """The first of these counts, at the top or one level down; a list counts its entries."""
    for place in (told, *(value for value in told.values() if isinstance(value, dict))):
        for name in names:
            value = place.get(name)
            if isinstance(value, list | dict):
                return len(value)
            if isinstance(value, int) and not isinstance(value, bool):
                return value
    return None
