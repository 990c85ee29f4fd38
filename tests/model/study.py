"""The study that the model and the package both run: two sites, two instruments, and how it is written."""

import csv
import io
from copy import deepcopy
from pathlib import Path
from typing import Any

from tests.model.obvious import Drop, Export, Instrument, Row
from tests.scenario import POCKET, Scenario

DUO: dict[str, Any] = {
    "id": "duo",
    "family": "DUO",
    "name": "four lines for tests",
    "status": "built_in",
    "rater_roles": ["client"],
    "n_items": 4,
    "response": {"min": 0, "max": 10, "kind": "visual_analogue"},
    "rule": "mean",
    "reversed_items": [],
    "scales": {"total": {"items": [1, 2, 3, 4]}},
    "mapping": [
        {"component": "bond", "items": [1, 2], "grade": "A"},
        {"component": "goal_task", "items": [3, 4], "grade": "B"},
    ],
}
_POCKET = Instrument(
    "pocket",
    3,
    1,
    5,
    True,
    frozenset({3}),
    {"goal": (1,), "task": (2,), "bond": (3,), "total": (1, 2, 3)},
    {"goal": (1,), "task": (2,), "bond": (3,)},
)
_DUO = Instrument(
    "duo", 4, 0, 10, False, frozenset(), {"total": (1, 2, 3, 4)}, {"bond": (1, 2), "goal_task": (3, 4)}, mean=True
)
INSTRUMENTS = {"pocket": _POCKET, "duo": _DUO}


def exports() -> dict[str, list[Export]]:
    """Berlin sends numbered sessions, and files that two exports read; Oslo knows dates only."""
    pocket = Export("pocket", "p", _POCKET, "who", ("q1", "q2", "q3"), "session", "day", "by")
    duo = Export("duo", "d", _DUO, "who", ("w1", "w2", "w3", "w4"), "session", "day", "by")
    both = [
        Export("first", "both", _POCKET, "who", ("q1", "q2", "q3"), "session", "day", "by"),
        Export("second", "both", _DUO, "who", ("w1", "w2", "w3", "w4"), "session", "day", "by"),
    ]
    oslo = Export("pocket", "p", _POCKET, "who", ("q1", "q2", "q3"), None, "day")
    return deepcopy({"berlin": [pocket, duo, *both], "oslo": [oslo]})


def scenario(folder: Path, sites: dict[str, list[Export]], min_answered: float) -> Scenario:
    """The study's folder, written by what the model knows of it."""
    written = {name: {"exports": {export.name: _written(export) for export in found}} for name, found in sites.items()}
    return Scenario(folder, written, {"scoring": {"min_answered": min_answered}}, (POCKET, DUO))


def rewrite(study: Scenario, sites: dict[str, list[Export]], min_answered: float) -> None:
    """Write study.yaml anew after the model's settings have changed."""
    study.sites = {name: {"exports": {e.name: _written(e) for e in found}} for name, found in sites.items()}
    study.more = {"scoring": {"min_answered": min_answered}}
    study.write()


def _written(export: Export) -> dict[str, Any]:
    told: dict[str, Any] = {
        "files": f"{export.prefix}*.csv",
        "instrument": export.instrument.id,
        "participant": export.participant,
        "session": export.session,
        "date": export.date,
        "therapist": export.therapist,
        "items": list(export.items),
        "missing": export.missing,
        "labels": export.labels,
        "response": {"min": export.response[0], "max": export.response[1]} if export.response else None,
        "reversed_at_source": sorted(export.turned_at_source),
        "skip_rows": export.skip,
    }
    return {name: value for name, value in told.items() if value not in (None, {}, [])}


def drop_of(site: str, file: str, header: Row, rows: list[Row]) -> Drop:
    """The file that a table is written as."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return Drop(site, file, header, tuple(rows), text.getvalue().encode())
