"""What the intake makes of one file: staged forms and findings per export, before anything is compared with earlier
drops.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from alliance_etl.findings.frame import FileFinding, no_cells
from alliance_etl.intake.identity import Lookalike
from alliance_etl.night.reports import DropStatus


@dataclass(frozen=True)
class StagedExport:
    """One export's view of a file. rows_read = sum(forms.n_lines) + repeated + held + skipped."""

    name: str
    instrument: str
    forms: pl.DataFrame
    rows_read: int
    repeated: int
    held: int
    skipped: int
    cells: pl.DataFrame
    rejected: bool = False
    declared: pl.DataFrame | None = None
    """line, and declared_SCALE as the file has it, where the plan keeps totals."""


@dataclass(frozen=True)
class StagedDrop:
    """One file. `findings` are about the file as a whole, `cells` about lines that no export could take apart,
    `facts` say how it is written; `is_fixme` that it holds rows mended in a fixme file, and nothing else of the site;
    `mends` of such rows their line, the drop and line at which they were held, and the exports that read them;
    `lookalikes` at least those of the file's ids that are not in plain characters.
    """

    exports: tuple[StagedExport, ...] = ()
    findings: tuple[FileFinding, ...] = ()
    cells: pl.DataFrame = field(default_factory=no_cells)
    facts: Mapping[str, object] = field(default_factory=dict)
    is_fixme: bool = False
    mends: tuple[tuple[int, str, int, str], ...] = ()
    lookalikes: frozenset[Lookalike] = frozenset()

    @property
    def rejected(self) -> bool:
        return all(export.rejected for export in self.exports)


def judged(staged: StagedDrop, *, has_findings: bool) -> DropStatus:
    """What became of the file as a whole."""
    if staged.rejected:
        return "rejected"
    return "accepted_with_findings" if has_findings else "accepted"
