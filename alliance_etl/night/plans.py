"""The plans of one site: its exports with their instruments, contracts and the fingerprint of all that decides what
is taken in.
"""

import hashlib
import json
from functools import cached_property
from pathlib import Path

import polars as pl

from alliance_etl.findings.comment import exports_told, may_be_fixme
from alliance_etl.instruments.registry import Registry
from alliance_etl.intake.contract import AnswersContract
from alliance_etl.intake.identity import Pseudonyms
from alliance_etl.intake.plan import Plan, is_integral
from alliance_etl.night.promises import Promises
from alliance_etl.reading import Limits, Unreadable, open_file
from alliance_etl.study.model import Site, Study

# Raised when the intake of this package reads the same file otherwise than before: every site is then taken in anew.
INTAKE_VERSION = 7
_MOST_SHEETS = 20


class Plans:
    """The exports of one site, ready to read."""

    def __init__(self, study: Study, site: str, registry: Registry, promises: Promises, key: bytes) -> None:
        self.study, self.registry, self.promises = study, registry, promises
        self.site: Site = study.sites[site]
        self.timezone = self.site.timezone or study.timezone
        pseudonyms = Pseudonyms(key, site)
        self.plans = {
            name: Plan(
                study=study.slug,
                site=site,
                name=name,
                export=export,
                instrument=registry[export.instrument],
                given_scales=given_scales(study, export.instrument),
                item_type=item_type(study, registry, export.instrument),
                min_answered=study.scoring.min_answered,
                pseudonyms=pseudonyms,
                timezone=self.timezone,
                limits=study.limits,
            )
            for name, export in self.site.exports.items()
        }
        self._contracts: dict[str, AnswersContract] = {}

    def for_file(self, file: str) -> list[Plan]:
        """The plans of the exports that read a file of this name."""
        return [plan for plan in self.plans.values() if plan.export.matches(file)]

    def for_content(self, file: str, path: Path) -> list[Plan]:
        """The plans of the exports that read this file: of a fixme file those that its header names, whatever the
        file is called now; else by its name.
        """
        if may_be_fixme(file):
            told = [self.plans[name] for name in _exports_told(path, file, self.limits) if name in self.plans]
            if told:
                return told
        return self.for_file(file)

    @property
    def limits(self) -> Limits:
        """How large a file may be that is opened."""
        return self.study.limits.of_reading()

    def contract(self, plan: Plan) -> AnswersContract:
        if plan.name not in self._contracts:
            self._contracts[plan.name] = self.promises.answers_contract(plan.instrument, plan.in_file)
        return self._contracts[plan.name]

    @property
    def file_patterns(self) -> str:
        patterns = (pattern for plan in self.plans.values() for pattern in plan.export.files)
        return ", ".join(dict.fromkeys(patterns))

    @cached_property
    def elsewhere(self) -> list[list[str]]:
        """The columns of other sites' exports, to notice a file that was put into the wrong folder."""
        others = (site for site in self.study.sites.values() if site.name != self.site.name)
        return [
            export.required_columns(len(self.registry[export.instrument].item_numbers))
            for site in others
            for export in site.exports.values()
        ]

    @cached_property
    def fingerprint_elsewhere(self) -> str:
        """Changes when the columns of other sites' exports change."""
        return hashlib.sha256(json.dumps(self.elsewhere).encode()).hexdigest()[:16]

    @cached_property
    def fingerprint(self) -> str:
        """Changes when anything changes that decides what a file of this site is read as."""
        facts = {
            "version": INTAKE_VERSION,
            "study": self.study.slug,
            "timezone": self.timezone,
            "limits": self.study.limits.model_dump(exclude={"files"}),
            "exports": {
                name: [
                    plan.export.fingerprint(),
                    self.registry.fingerprint(plan.instrument.id),
                    plan.min_answered,
                    str(plan.item_type),
                    plan.given_scales,
                ]
                for name, plan in self.plans.items()
            },
        }
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _exports_told(path: Path, file: str, limits: Limits) -> tuple[str, ...]:
    """The exports that the header of a fixme file names, or the headers of its sheets."""
    told: list[str] = []
    for number in range(1, _MOST_SHEETS + 1):
        try:
            opened = open_file(path, file, (), sheet=number, limits=limits)
        except Unreadable as error:
            if error.code == "empty_file":  # a sheet that Excel has added
                continue
            break
        told += exports_told(opened.header)
        if "sheet" not in opened.facts:
            break
    return tuple(dict.fromkeys(told))


def given_scales(study: Study, instrument: str) -> tuple[str, ...]:
    """The scales of an instrument that any site delivers as scores."""
    exports = (
        export for site in study.sites.values() for export in site.exports.values() if export.instrument == instrument
    )
    return tuple(sorted({scale for export in exports for scale in export.scores}))


def item_type(study: Study, registry: Registry, instrument: str) -> type[pl.DataType]:
    """Int8 where all sites' answers to this instrument are whole numbers on its range, else Float64."""
    exports = [
        export for site in study.sites.values() for export in site.exports.values() if export.instrument == instrument
    ]
    return pl.Int8 if all(is_integral(export, registry[instrument]) for export in exports) else pl.Float64
