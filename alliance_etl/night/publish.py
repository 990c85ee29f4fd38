"""The last step of a night: collect everything that is published, build it, make it public."""

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

from alliance_etl.alerts.published import Told
from alliance_etl.course.rows import change_rule_rows, rupture_rule_rows
from alliance_etl.crosswalks.model import Crosswalk
from alliance_etl.errors import NotChecked
from alliance_etl.findings.frame import fold
from alliance_etl.fitness.catalogue import criterion_rows
from alliance_etl.fitness.expected import expectation_rows
from alliance_etl.fitness.judged import Judged
from alliance_etl.instruments.registry import Registry
from alliance_etl.night.configuration import configuration_of
from alliance_etl.night.disk import trouble_with_disk_told
from alliance_etl.night.promises import Promises
from alliance_etl.night.reports import PublicationReport
from alliance_etl.publication.build import Contents, as_frame, codebook_rows, write_duckdb, write_parquet
from alliance_etl.publication.crosswalk_tables import crosswalk_point_rows, crosswalk_rows
from alliance_etl.publication.registry_tables import instrument_rows, item_rows, mapping_rows, scale_rows
from alliance_etl.publication.scored import Scoring
from alliance_etl.publication.swap import imprint, make_public, next_folder, published_folder
from alliance_etl.receipts.files import read_all_cells
from alliance_etl.state.layout import Layout
from alliance_etl.state.ledger import Ledger
from alliance_etl.study.model import Study

Answers = Mapping[str, Sequence[tuple[str, Path]]]
"""The scored files of each instrument, each with its label."""


@dataclass(frozen=True)
class Alerted:
    """The alerts of all current forms, the rows of `confirmations`, and the findings that follow from both."""

    alerts: pl.DataFrame
    confirmations: Sequence[Mapping[str, Any]]
    told: Told


@dataclass(frozen=True)
class Ready:
    """What a night has made ready to be published, with all that it takes to do so."""

    study: Study
    registry: Registry
    promises: Promises
    layout: Layout
    ledger: Ledger
    scorings: Sequence[Scoring]
    answers: Answers
    alerted: Alerted
    judged: Judged
    crosswalks: Sequence[Crosswalk] = ()


def publish(ready: Ready) -> PublicationReport:
    """Build and swap, unless what is public was built from just this and nobody has touched it since. RunFailed where
    the warehouse cannot be written.
    """
    forms = sum(segment.rows for segment in ready.ledger.segments(kind="current") if segment.site in ready.study.sites)
    mark = _mark(ready)
    with trouble_with_disk_told(ready.layout.warehouse):
        public = published_folder(ready.layout.warehouse)
        stands = public and f"{public.name} {mark} {imprint(public)}"
    if stands and ready.ledger.meta("published") == stands:
        return PublicationReport(forms, {}, rewritten=False, path=str(ready.layout.warehouse / "alliance.duckdb"))
    with trouble_with_disk_told(ready.layout.state):
        frames = _frames(ready, mark)
    _keep_contracts(ready.promises, frames)
    contents = Contents(
        ready.scorings,
        ready.answers,
        frames,
        ready.promises.tables,
        _codes(ready.promises, ready.scorings, frames["drops"]),
    )
    with trouble_with_disk_told(ready.layout.warehouse):
        folder = next_folder(ready.layout.warehouse, after=_last_number(ready.ledger))
        files = write_parquet(folder / "tables", contents)
        rows = write_duckdb(folder / "alliance.duckdb", contents, files)
        make_public(ready.layout.warehouse, folder)
        built = f"{folder.name} {mark} {imprint(folder)}"
    with trouble_with_disk_told(ready.layout.state), ready.ledger.transaction():
        ready.ledger.set_meta("published", built)
        ready.ledger.trail.enter("publication", about=mark, number=folder.name, forms=forms, tables=rows)
    return PublicationReport(forms, rows, rewritten=True, path=str(ready.layout.warehouse / "alliance.duckdb"))


def _last_number(ledger: Ledger) -> int:
    """The number of the last publication, 0 where there was none."""
    number = (ledger.meta("published") or "0").split(" ")[0]
    return int(number) if number.isdigit() else 0


def _codes(promises: Promises, scorings: Sequence[Scoring], drops: pl.DataFrame) -> dict[str, list[str]]:
    """The texts of the coded columns of wide tables."""
    codes = {
        "site": drops["site"].unique().sort().to_list(),
        "drop_id": drops["drop_id"].unique().sort().to_list(),
        "instrument": sorted(scoring.instrument.id for scoring in scorings),
        "rater_role": [value for c in promises.tables["forms"].columns if c.name == "rater_role" for value in c.values],
    }
    return {column: texts for column, texts in codes.items() if texts}


def _mark(ready: Ready) -> str:
    """Changes with everything that is published, the time apart."""
    drops = [(d.seq, d.site, d.status, asdict(d.counts), d.findings_file) for d in ready.ledger.drops()]
    files = {name: [label for label, _ in files] for name, files in ready.answers.items()}
    superseded = [segment.path for segment in ready.ledger.segments(kind="superseded")]
    tables = {table.name: [asdict(column) for column in table.columns] for table in ready.promises.tables.values()}
    facts = [
        drops,
        files,
        superseded,
        tables,
        ready.alerted.alerts.rows(),
        ready.alerted.confirmations,
        sorted(ready.alerted.told.items()),
        configuration_of(ready.study, ready.registry),
        version("alliance-etl"),
        version("duckdb"),
    ]
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:32]


def _frames(ready: Ready, mark: str) -> dict[str, pl.DataFrame]:
    tables = ready.promises.tables
    stored = [*(scoring.table for scoring in ready.scorings), *(t for t in tables.values() if t.kind == "stored")]
    views = [table for table in tables.values() if table.kind == "view"]
    rows = {
        "drops": _drop_rows(ready.study, ready.ledger),
        "instruments": instrument_rows(ready.registry, ready.registry.origin),
        "items": item_rows(ready.registry),
        "scales": scale_rows(ready.registry),
        "mapping": mapping_rows(ready.registry, ready.study.scoring.wants_c_grade),
        "crosswalks": crosswalk_rows(ready.crosswalks),
        "crosswalk_points": crosswalk_point_rows(ready.crosswalks),
        "codebook": codebook_rows(stored, views),
        "meta": _meta_rows(ready.study, ready.registry, ready.ledger, mark),
        "confirmations": ready.alerted.confirmations,
        "fitness_criteria": criterion_rows(),
        "expectations": expectation_rows(ready.study),
        "rupture_rules": rupture_rule_rows(ready.study),
        "change_rules": change_rule_rows(ready.study),
    }
    frames = {name: as_frame(tables[name], listed) for name, listed in rows.items()}
    frames["alerts"] = ready.alerted.alerts.select(tables["alerts"].column_names)
    frames["fitness"] = ready.judged.fitness.select(tables["fitness"].column_names)
    frames["duplicate_answers"] = ready.judged.duplicates.select(tables["duplicate_answers"].column_names)
    frames["findings"] = _findings(ready.study, ready.promises, ready.layout, ready.ledger, ready.alerted.told)
    frames["superseded"] = _superseded(ready.study, ready.promises, ready.layout, ready.ledger)
    return frames


def _drop_rows(study: Study, ledger: Ledger) -> list[dict[str, object]]:
    return [
        {
            "drop_id": drop.drop_id,
            "site": drop.site,
            "file": drop.file,
            "sha256": drop.sha256,
            "bytes": drop.bytes,
            "received_at": drop.received_at,
            "status": drop.status,
            **asdict(drop.counts),
        }
        for drop in ledger.drops()
        if drop.site in study.sites
    ]


def _findings(study: Study, promises: Promises, layout: Layout, ledger: Ledger, told: Told) -> pl.DataFrame:
    table = promises.tables["findings"]
    by_file = {layout.state / d.findings_file: d for d in ledger.drops() if d.site in study.sites and d.findings_file}
    own = pl.DataFrame(
        [(number, drop.drop_id, drop.site, drop.file) for number, drop in enumerate(by_file.values())],
        schema={"number": pl.UInt32, "drop_id": pl.String, "site": pl.String, "file": pl.String},
        orient="row",
    )
    cells = read_all_cells(list(by_file)).rename({"file": "number"})
    named = fold(cells, within=["number"]).join(own, on="number", how="left", maintain_order="left")
    of_alerts = [{k: v for k, v in f.items() if k != "alert_id"} for of in told.values() for f in of]
    return pl.concat([named.select(table.column_names), as_frame(table, of_alerts)])


def _superseded(study: Study, promises: Promises, layout: Layout, ledger: Ledger) -> pl.DataFrame:
    table = promises.tables["superseded"]
    segments = [s for s in ledger.segments(kind="superseded") if s.site in study.sites]
    parts = [pl.read_parquet(layout.state / s.path, columns=list(table.column_names)) for s in segments]
    return pl.concat([as_frame(table, []), *parts])


def _meta_rows(study: Study, registry: Registry, ledger: Ledger, mark: str) -> list[dict[str, str]]:
    rows, chain = ledger.trail.head()
    facts = {
        "study": study.slug,
        "title": study.title or study.slug,
        "published_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "publication": mark,
        "configuration": configuration_of(study, registry),
        "min_answered": f"{study.scoring.min_answered:g}",
        "audit_rows": str(rows),
        "audit_chain": chain,
        "python": platform.python_version(),
        **{package: version(package) for package in ("alliance-etl", "duckdb", "polars", "narwhals", "pandera")},
    }
    return [{"key": key, "value": value} for key, value in facts.items()]


def _keep_contracts(promises: Promises, frames: Mapping[str, pl.DataFrame]) -> None:
    broken = {name: promises.table_breaches(promises.tables[name], frame) for name, frame in frames.items()}
    found = [f"{name}: {', '.join(breaches)}" for name, breaches in broken.items() if breaches]
    if found:
        raise NotChecked(f"tables that break their contract are not published: {'; '.join(found)}")
