"""What study.yaml says, as types: the study, its scoring, its sites. Their exports are export.py's.

Each key is described once, here and in export.py; schemas/study.schema.json and docs/study-yaml.md are made from it.
Reading the file and telling people what is wrong with it is load.py's.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit
from urllib.request import url2pathname

from pydantic import Field, model_validator

from alliance_etl.faults import refuse
from alliance_etl.study import faults
from alliance_etl.study.course import Course, ReliableChange, Ruptures
from alliance_etl.study.export import Export, FileRange, LongLayout
from alliance_etl.study.fields import CGrade, Cron, ExportName, Seconds, Share, Slug, Text, Zone, is_url
from alliance_etl.study.fitness import Expected, Fitness, Sends, SessionRule
from alliance_etl.study.limits import Limits
from alliance_etl.study.notices import Notice
from alliance_etl.study.places import Place, Redcap
from alliance_etl.study.quality import Quality
from alliance_etl.study.strict import Strict

__all__ = [
    "Alerts",
    "Course",
    "Expected",
    "Export",
    "FileRange",
    "Fitness",
    "Limits",
    "LongLayout",
    "Notice",
    "Quality",
    "Redcap",
    "ReliableChange",
    "Ruptures",
    "Scoring",
    "Sends",
    "SessionRule",
    "Site",
    "Study",
]


class Scoring(Strict):
    """How scale scores and components are made."""

    min_answered: Share = Field(
        default=1.0,
        description="Share of a scale's items that must be answered, above 0 and up to 1; below 1 scores are prorated.",
    )
    c_grade: CGrade = Field(
        default=False,
        description="Whether components that rest on an instrument's content alone (grade C) are estimated: "
        "true, false or a list of instruments.",
    )

    def wants_c_grade(self, instrument_id: str) -> bool:
        """True where the study asks for this instrument's C-grade components."""
        return self.c_grade if isinstance(self.c_grade, bool) else instrument_id in self.c_grade


class Alerts(Strict):
    """Which possible but unlikely values are listed until somebody confirms them."""

    session_order: bool = Field(
        default=True, description="A session dated before an earlier one of the same participant."
    )
    rating_before_first_session: bool = Field(
        default=True, description="A form dated before the participant's session 1."
    )
    straight_lining: bool = Field(default=True, description="All answers the same on a form that has reversed items.")
    range_changed: bool = Field(
        default=True, description="No answers above some value any more, as on another version of the instrument."
    )
    lookalike_id: bool = Field(
        default=True, description="An id that looks like another of the site, but for characters of another alphabet."
    )
    straight_lining_items: int = Field(
        default=6, ge=2, description="Number of answers from which on a form can be straight-lined."
    )


class Site(Strict):
    """A clinic: where its files land and what they hold."""

    given: ClassVar[frozenset[str]] = frozenset({"name"})
    completed: ClassVar[frozenset[str]] = frozenset({"title", "drop"})

    name: str = Field(description="The key under sites.")
    title: Text = Field(description="The clinic's name for people; default the site's key.")
    drop: Place = Field(
        description="Where the site's files land: a folder, relative to study.yaml (default drops/SITE), a URL "
        "(s3://…, sftp://…, https://…), or REDCap's API as {redcap: …, token: …}."
    )
    timezone: Zone | None = Field(default=None, description="The site's own time zone; default the study's.")
    sends: Sends | None = Field(
        default=None,
        description="How often the site sends, as {every_days: 7}; left out, it is late when nothing came for twice "
        "the time that usually lies between its drops.",
    )
    exports: dict[ExportName, Export] = Field(
        min_length=1, description="The site's exports by name; several may read the same file."
    )

    @model_validator(mode="before")
    @classmethod
    def _names(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        return {
            **data,
            "title": data.get("title") or _as_title(data.get("name")),
            "exports": _named(data.get("exports")),
        }

    def exports_for(self, filename: str) -> list[Export]:
        """The exports that read a file of this name, in the order of study.yaml."""
        return [export for export in self.exports.values() if export.matches(filename)]


class Study(Strict):
    """All of study.yaml. `path` is where it stands; relative folders are meant from there."""

    given: ClassVar[frozenset[str]] = frozenset({"path"})
    completed: ClassVar[frozenset[str]] = frozenset({"title"})

    slug: Slug = Field(alias="study", description="The study's short name: lower-case letters, digits, _ and -.")
    title: Text = Field(description="The study's name for people; default the short name.")
    timezone: Zone = Field(
        default="UTC", description="Time zone of the schedule and of the sites' days, such as Europe/Berlin."
    )
    schedule: Cron | None = Field(
        default=None,
        description="When the nightly job runs: a cron line, in that time zone; left out, only by hand or by sensor.",
    )
    settle_seconds: Seconds = Field(
        default=2.0, description="Age in seconds below which a file is left alone, since it may still be being written."
    )
    poll_seconds: Seconds = Field(
        default=300.0,
        description="Seconds between two looks at a remote source by day; REDCap's API, which has to be read whole, is "
        "asked a twelfth as often. 0: remote sources are asked by the nightly job only.",
    )
    scoring: Scoring = Field(default=Scoring(), description="How scale scores and components are made.")
    alerts: Alerts = Field(
        default=Alerts(), description="Which possible but unlikely values are listed until somebody confirms them."
    )
    crosswalks: tuple[Text, ...] = Field(
        default=(),
        description="Crosswalks that link scores to another instrument's ruler: files that alliance-etl link has "
        "written, relative to study.yaml.",
    )
    expects: tuple[Expected, ...] = Field(
        default=(), description="Which forms are expected of every participant: what is missing is counted, and listed."
    )
    fitness: Fitness = Field(
        default=Fitness(), description="How much of what makes answers unfit for use is borne before it is told."
    )
    quality: Quality = Field(default=Quality(), description="What the quality report after each publication looks for.")
    course: Course = Field(default=Course(), description="By which rules the course of a treatment is told.")
    limits: Limits = Field(default=Limits(), description="How large what a site sends may be.")
    notices: tuple[Notice, ...] = Field(
        default=(), description="Who is told of what there is to do after a night; left out, nobody."
    )
    keep_runs_days: int = Field(
        default=180,
        ge=0,
        description="After so many days Dagster forgets a run and its events, except where something was last made or "
        "checked; 0: never. The ledger, its audit trail and the book of nights stay.",
    )
    sites: dict[Slug, Site] = Field(min_length=1, description="The sites by short name.")
    path: Path = Field(description="Where study.yaml stands.")

    @model_validator(mode="before")
    @classmethod
    def _names_and_folders(cls, data: Any) -> Any:
        if not isinstance(data, Mapping) or data.get("path") is None:
            return data
        path = Path(os.path.abspath(data["path"]))  # noqa: PTH100  keeps symbolic links, which resolve() would follow
        title = data.get("title") or _as_title(data.get("study", data.get("slug")))
        sites = _named(data.get("sites"))
        if isinstance(sites, Mapping):
            sites = {name: _with_drop(site, path.parent) for name, site in sites.items()}
        return {**data, "path": path, "title": title, "sites": sites}

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        refuse(
            [
                *faults.of_sites(self.sites.values()),
                *faults.of_expects(self.expects, self.sites),
                *faults.of_notices(self.notices, self.sites),
            ]
        )
        return self

    @property
    def folder(self) -> Path:
        """The study's folder."""
        return self.path.parent


def _as_title(name: Any) -> str:
    return str(name or "-").replace("_", " ")


def _named(things: Any) -> Any:
    """Each mapping with its key as `name`; what is no mapping stays for pydantic to refuse."""
    if not isinstance(things, Mapping):
        return things
    return {
        name: {**(thing or {}), "name": name} if thing is None or isinstance(thing, Mapping) else thing
        for name, thing in things.items()
    }


def _with_drop(site: Any, folder: Path) -> Any:
    if not isinstance(site, Mapping):
        return site
    drop = site.get("drop") or f"drops/{site['name']}"
    if not isinstance(drop, str | Path) or is_url(str(drop)):
        return {**site, "drop": drop}
    text = url2pathname(urlsplit(drop).path) if isinstance(drop, str) and drop.lower().startswith("file:") else drop
    return {**site, "drop": Path(os.path.normpath(folder / Path(text).expanduser()))}
