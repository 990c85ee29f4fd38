"""Staging a file without a night: what a site's exports make of it, as frames."""

import tempfile
from datetime import date
from pathlib import Path

import polars as pl

from alliance_etl.intake.drop import stage_drop
from alliance_etl.intake.plan import Receipt
from alliance_etl.intake.staged import StagedDrop
from alliance_etl.night.plans import Plans
from alliance_etl.study.load import load_study
from tests.scenario import Scenario, all_promises, registry_in

RECEIPT = Receipt(date(2026, 11, 23))
# where a form comes from in its file; what it says is in the other columns
PLACE = ("line", "n_lines")


def staged(study: Scenario, content: str | bytes, site: str = "berlin", name: str = "file.csv") -> StagedDrop:
    """The drop that a file of this content is."""
    plans = Plans(load_study(study.folder), site, registry_in(study.folder), all_promises(), b"key")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        reading = plans.for_file(path.name)
        return stage_drop(path, name, reading, RECEIPT, [plans.contract(plan) for plan in reading])


def forms(study: Scenario, content: str | bytes, site: str = "berlin") -> pl.DataFrame:
    """The staged forms of the only export, in the order of their ids, without their place in the file."""
    (export,) = staged(study, content, site).exports
    return export.forms.drop(PLACE).sort("form_id")


def answers(study: Scenario, content: str | bytes) -> list[tuple[float | None, ...]]:
    """The answers on the instrument's scale, in the order of the rows."""
    (export,) = staged(study, content).exports
    return [tuple(row) for row in export.forms.sort("line").select(pl.col(r"^item_\d+$").cast(pl.Float64)).rows()]
