"""A site's file as `site add` meets it: twenty people, three sessions each, twelve answers that use the whole range."""

from pathlib import Path
from typing import Any

IDS = [f"Kleinschmidt-{n:03d}" for n in range(20)]
"""What is told of a file must never hold one of these."""


def rows_of(
    *, date: str = "{day:02d}/{month:02d}/2025", last_day: int = 12, low: int = 1, high: int = 5
) -> list[list[Any]]:
    """Twenty people, three sessions each, twelve answers that use the whole range."""
    span = high - low + 1
    return [
        [person, session, date.format(day=1 + (5 * n + session) % last_day, month=session), f"T{n % 3}"]
        + [low + (n + session + item * item) % span for item in range(12)]
        for n, person in enumerate(IDS)
        for session in (1, 2, 3)
    ]


NAMES = ["Client ID", "Session", "Date", "Therapist", *(f"wai_sr_client_{n}" for n in range(1, 13))]


def csv(folder: Path, rows: list[list[Any]], names: list[str] | None = None, name: str = "export_2026.csv") -> Path:
    path = folder / name
    path.write_text("".join(";".join(map(str, row)) + "\n" for row in [names or NAMES, *rows]), encoding="utf-8")
    return path
