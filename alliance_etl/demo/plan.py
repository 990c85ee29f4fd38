"""sites.yaml as types: how the demo's clinics work, which files they send on which night, and what is wrong in them.

What belongs here: reading that file. What a file's columns mean is study.yaml's business, what faults do is spoil.py's.
"""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict

HERE = Path(__file__).parent
STUDY_FILE = HERE / "study.yaml"
SITES_FILE = HERE / "sites.yaml"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Writes(_Strict):
    """How a clinic's software writes text; `row_names` puts R's unnamed column of row numbers in front."""

    encoding: str
    bom: bool = False
    delimiter: str
    newline: str
    quote: Literal["minimal", "all"] = "minimal"
    row_names: bool = False


class PlannedFault(_Strict):
    """One fault: the finding that is due, where it sits, and how it came about (for people).

    `put` is the text that the cell gets, `instead` what a second copy of the row has there, `emptied` a further column
    that loses its text. Without `sitting` the fault is the file's as a whole.
    """

    code: str
    because: str
    sitting: int | None = None
    item: int | None = None
    column: str | None = None
    put: str | None = None
    instead: str | None = None
    emptied: str | None = None


class PlannedFile(_Strict):
    """One file of one night: simulated sessions, rows of an earlier file sent again, a copy, or no export at all."""

    name: str
    night: Literal[1, 2] = 1
    exports: tuple[str, ...] = ()
    sessions: tuple[int, ...] = ()
    unanswered: tuple[int, ...] = ()
    rows_of: str | None = None
    sittings: tuple[int, ...] = ()
    change: Mapping[int, Mapping[str, str]] = {}
    rename: Mapping[str, str] = {}
    copy_of: str | None = None
    text: str | None = None
    workbook: bool = False
    faults: tuple[PlannedFault, ...] = ()


class Confirms(_Strict):
    """Who confirms a site's open alerts, and why."""

    who: str
    why: str


class PlannedSite(_Strict):
    """A site: its people, dialect and files. `ids` is a template over n, initials a and b, and year of birth y."""

    ids: str
    first_id: int
    participants: int
    therapists: tuple[str, ...]
    raters: tuple[str, ...] = ()
    first_day: date
    writes: Writes
    extra: Mapping[str, str] = {}
    confirms: Confirms | None = None
    files: tuple[PlannedFile, ...]

    def file(self, name: str) -> PlannedFile:
        return next(file for file in self.files if file.name == name)


def load_planned_sites() -> dict[str, PlannedSite]:
    """Site to what is planned for it, in the order of sites.yaml."""
    raw = yaml.safe_load(SITES_FILE.read_text(encoding="utf-8"))
    return {site: PlannedSite.model_validate(planned) for site, planned in raw.items()}
