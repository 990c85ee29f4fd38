"""The demo study on disk: study.yaml, and the files that the clinics drop on each of two nights.

Everything is made in memory first, the earlier night too, since what a night's rows are due to become depends on what
came before. The bytes are the same each time and depend on nothing but this package's own files.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from alliance_etl.demo.answers import confirmed
from alliance_etl.demo.dialect import workbook, written
from alliance_etl.demo.expected import Known, due, due_again
from alliance_etl.demo.forms import TrueForm
from alliance_etl.demo.people import sittings
from alliance_etl.demo.plan import STUDY_FILE, PlannedFault, PlannedFile, PlannedSite, load_planned_sites
from alliance_etl.demo.rows import Row, Sheet, simulated
from alliance_etl.demo.spoil import HARMLESS, WHOLE_FILE, Reads, spoil
from alliance_etl.errors import ConfigurationError
from alliance_etl.instruments.model import Instrument
from alliance_etl.instruments.registry import load_registry
from alliance_etl.night.reports import Counts
from alliance_etl.study.load import load_study
from alliance_etl.study.model import Site

Night = Literal[1, 2]


@dataclass(frozen=True)
class Fault:
    """A seeded fault. `line` and `column` are None where it is the file's as a whole; `code_hint` is the code of the
    finding that is due, None where the pipeline should pass over it in silence."""

    site: str
    file: str
    line: int | None
    column: str | None
    code_hint: str | None
    explanation: str
    kind: str


@dataclass(frozen=True)
class DemoFile:
    """A file of the demo: its bytes, what is due to become of its rows, its faults and the truth behind its forms."""

    site: str
    name: str
    night: Night
    content: bytes
    counts: Counts
    rejected: bool = False
    duplicate: bool = False
    faults: tuple[Fault, ...] = ()
    truth: tuple[TrueForm, ...] = ()


@dataclass(frozen=True)
class DemoNight:
    """What one night brings. `expected` and `rejected` are keyed by (site, file)."""

    night: Night
    folder: Path
    files: tuple[Path, ...]
    expected: Mapping[tuple[str, str], Counts]
    rejected: frozenset[tuple[str, str]]
    faults: tuple[Fault, ...]
    truth: tuple[TrueForm, ...]


def write_demo(folder: Path, night: Night = 1) -> DemoNight:
    """Write study.yaml and the first night's drops, or what the second night adds to them; night 2 overwrites nothing.

    Raises ConfigurationError where night 2 is asked for and night 1 is not there.
    """
    study_file = folder / "study.yaml"
    if night == 1:
        folder.mkdir(parents=True, exist_ok=True)
        study_file.write_bytes(STUDY_FILE.read_bytes())
    elif not study_file.is_file():
        raise ConfigurationError(
            f"no study.yaml in {folder}: the second night goes on from the first, write night 1 before it"
        )
    for site in load_planned_sites():
        (folder / "drops" / site).mkdir(parents=True, exist_ok=True)
    brought = [file for file in demo_files() if file.night == night]
    paths = tuple(folder / "drops" / file.site / file.name for file in brought)
    for path, file in zip(paths, brought, strict=True):
        path.write_bytes(file.content)
    answers = confirmed(folder, load_planned_sites()) if night == 2 else {}
    return DemoNight(
        night=night,
        folder=folder,
        files=(*paths, *answers),
        expected={
            **{(file.site, file.name): file.counts for file in brought},
            **{(path.parent.name, path.name): Counts(count, new=count) for path, count in answers.items()},
        },
        rejected=frozenset((file.site, file.name) for file in brought if file.rejected),
        faults=tuple(fault for file in brought for fault in file.faults),
        truth=tuple(form for file in brought for form in file.truth),
    )


def demo_files() -> list[DemoFile]:
    """All files of both nights, site by site, each site's in the order in which they come."""
    sites, registry = load_study(STUDY_FILE).sites, load_registry()
    return [
        file
        for name, planned in load_planned_sites().items()
        for file in _Desk(name, planned, sites[name], registry).files_in_order()
    ]


@dataclass
class _Desk:
    """One clinic at work on its files; remembers what it has sent."""

    site: str
    planned: PlannedSite
    described: Site
    instruments: Mapping[str, Instrument]
    known: Known = field(default_factory=dict)
    sent: dict[str, DemoFile] = field(default_factory=dict)

    def files_in_order(self) -> list[DemoFile]:
        for plan in sorted(self.planned.files, key=lambda plan: plan.night):
            self.sent[plan.name] = self._file(plan)
        return list(self.sent.values())

    def _file(self, plan: PlannedFile) -> DemoFile:
        if plan.copy_of is not None:
            first = self.sent[plan.copy_of]
            return DemoFile(self.site, plan.name, plan.night, first.content, due_again(first.counts), duplicate=True)
        if plan.text is not None or plan.workbook:
            content = workbook() if plan.text is None else plan.text.encode(self.planned.writes.encoding)
            faults = tuple(self._fault(plan, fault, None) for fault in plan.faults)
            return DemoFile(self.site, plan.name, plan.night, content, Counts(), rejected=True, faults=faults)
        return self._export(plan)

    def _export(self, plan: PlannedFile) -> DemoFile:
        readers = self._readers(plan)
        sheet = self._sheet(plan)
        places = [(fault, spoil(sheet, fault, readers)) for fault in plan.faults if fault.code not in WHOLE_FILE]
        whole = [self._fault(plan, fault, None) for fault in plan.faults if fault.code in WHOLE_FILE]
        rejected = bool(plan.rename)
        return DemoFile(
            self.site,
            plan.name,
            plan.night,
            written(sheet.columns, sheet.rows, self.planned.writes, plan.rename),
            due(sheet.rows, readers, self.known, rejected=rejected),
            rejected=rejected,
            faults=(*whole, *self._located(plan, places, sheet.rows)),
            truth=() if rejected else sheet.truth,
        )

    def _readers(self, plan: PlannedFile) -> list[Reads]:
        exports = (self.described.exports[name] for name in plan.exports)
        return [Reads(export, self.instruments[export.instrument]) for export in exports]

    def _sheet(self, plan: PlannedFile) -> Sheet:
        """The file without its faults; rows of an earlier file that are sent again are as they should have been."""
        source = self.planned.file(plan.rows_of) if plan.rows_of else plan
        source = source.model_copy(update={"change": plan.change})
        exports = [reader.export for reader in self._readers(plan)]
        sheet = simulated(
            self.planned, source, exports, self.instruments, sittings(self.site, self.planned, source.sessions)
        )
        if plan.rows_of:
            return Sheet(sheet.columns, [row for row in sheet.rows if row.sitting in plan.sittings], ())
        return sheet

    def _fault(self, plan: PlannedFile, fault: PlannedFault, line: int | None) -> Fault:
        hint = None if fault.code in HARMLESS else fault.code
        return Fault(self.site, plan.name, line, fault.column, hint, fault.because, fault.code)

    def _located(self, plan: PlannedFile, places: list[tuple[PlannedFault, list[Row]]], rows: list[Row]) -> list[Fault]:
        """The faults with the lines that their rows have come to stand on; the header is line 1."""
        lines = {id(row): line for line, row in enumerate(rows, start=2)}
        return [self._fault(plan, fault, lines[id(row)]) for fault, spoiled in places for row in spoiled]
