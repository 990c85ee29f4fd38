"""Staging ahead: other processes read the files that the night will take in, while it is busy with those before.

Staging is a pure function of a file's bytes, the configuration and the day of receipt; so it may be done anywhere and
thrown away. Nothing of it is written. The order of drops, the ledger, the archive and every receipt stay the night's.
"""

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from alliance_etl.findings.comment import may_be_fixme
from alliance_etl.instruments.registry import Registry
from alliance_etl.intake.drop import stage_drop
from alliance_etl.intake.plan import Plan, Receipt
from alliance_etl.intake.staged import StagedDrop
from alliance_etl.night.foreseen import Foreseen
from alliance_etl.night.news import DroppedFile, is_untouched
from alliance_etl.night.plans import Plans
from alliance_etl.night.promises import Promises
from alliance_etl.night.source import Source
from alliance_etl.receipts.files import write_receipt
from alliance_etl.state.entries import Drop, HeldRow
from alliance_etl.state.layout import Layout
from alliance_etl.study.model import Study
from alliance_etl.workers.pool import Job, Workers

# A larger file is not staged ahead: its forms would be in memory twice.
_LARGEST = 64 << 20
# What a process of its own costs before its first result, against what a file costs, in bytes of text.
START_BYTES, FILE_BYTES = 30 << 20, 1 << 20


@dataclass
class Errands:
    """What a worker may do for the night; a copy of it is what it serves."""

    study: Study
    registry: Registry
    promises: Promises
    key: bytes = field(repr=False)

    def stage(self, site: str, file: DroppedFile, received_at: datetime) -> StagedDrop | None:
        """A dropped file as the exports of its name read it; None where it is not just as it was seen."""
        plans = self.plans(site)
        if not is_untouched(file):
            return None
        try:
            staged = stage_by(plans, plans.for_file(file.name), file.path, file.name, received_at)
        except OSError:  # the night, which looks at the file itself, says so
            return None
        return staged if is_untouched(file) else None

    def write_receipt(
        self,
        layout: Layout,
        same: Sequence[Drop],
        source: Source,
        told: Sequence[Mapping[str, Any]],
        good: Collection[HeldRow],
    ) -> bool:
        """Write the receipt of a content."""
        write_receipt(layout, same, source.read, told, good)
        return True

    def plans(self, site: str) -> Plans:
        """The exports of a site, ready to read."""
        if site not in self._plans:
            self._plans[site] = Plans(self.study, site, self.registry, self.promises, self.key)
        return self._plans[site]

    @cached_property
    def _plans(self) -> dict[str, Plans]:
        return {}


def stage_by(plans: Plans, some: Sequence[Plan], path: Path, name: str, received_at: datetime) -> StagedDrop:
    """Read a file of a site by some of its plans."""
    contracts = [plans.contract(plan) for plan in some]
    receipt = Receipt(_day(received_at, plans))
    return stage_drop(path, name, some, receipt, contracts, plans.elsewhere)


def _day(moment: datetime, plans: Plans) -> date:
    """The day of a moment where the site is; of the moment, staging needs no more."""
    return moment.astimezone(ZoneInfo(plans.timezone)).date()


class Ahead:
    """The files that are being staged ahead, by site and file."""

    def __init__(self, errands: Errands) -> None:
        self._errands = errands
        self._workers: Workers | None = None
        self._jobs: dict[tuple[str, DroppedFile], tuple[Job, datetime]] = {}

    def begin(self, files: Iterable[tuple[str, DroppedFile]], now: datetime) -> None:
        """Have these files staged, in this order, where that saves time."""
        todo = [(site, file) for site, file in files if (site, file) not in self._jobs and self._is_apt(site, file)]
        work = sum(file.size + FILE_BYTES for _, file in todo)
        if self._workers is None:
            count = min(max((os.cpu_count() or 1) - 1, 1), work // START_BYTES)
            if not count:
                return
            self._workers = Workers(count)
            self._workers.serve(self._for_workers({site for site, _ in todo}))
        for site, file in todo:
            self._jobs[site, file] = self._workers.submit("stage", site, file, now), now

    def staged(self, site: str, file: DroppedFile, received_at: datetime) -> StagedDrop | None:
        """What a worker made of the file; None where none did, the file has changed, or midnight has passed."""
        if (site, file) not in self._jobs:
            return None
        job, begun = self._jobs.pop((site, file))
        staged, plans = job.result(), self._errands.plans(site)
        same_day = _day(begun, plans) == _day(received_at, plans)
        return staged if isinstance(staged, StagedDrop) and same_day and is_untouched(file) else None

    def errand(self, name: str, *arguments: object) -> Job | None:
        """Something that a worker does before it stages more; None where there is no worker."""
        return self._workers.submit(name, *arguments, first=True) if self._workers else None

    def forget(self, site: str, file: DroppedFile) -> None:
        """The file was taken in, or not, without what a worker may have made of it."""
        job, _ = self._jobs.pop((site, file), (None, None))
        if job:
            job.forget()

    def close(self) -> None:
        if self._workers is not None:
            self._workers.close()
        self._workers = None
        self._jobs.clear()

    def _for_workers(self, sites: Iterable[str]) -> Errands:
        promises = self._errands.promises
        contracts = Foreseen(promises.answers_contract)
        for site in sites:
            for plan in self._errands.plans(site).plans.values():
                contracts.add(plan)
        return replace(self._errands, promises=replace(promises, answers_contract=contracts))

    def _is_apt(self, site: str, file: DroppedFile) -> bool:
        local = file.remote is None and 0 <= file.size <= _LARGEST
        return local and not may_be_fixme(file.name) and bool(self._errands.plans(site).for_file(file.name))
