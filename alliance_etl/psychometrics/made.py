"""Making the tables of the current publication: Parquet, and one DuckDB file whose columns explain themselves."""

import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import polars as pl

from alliance_etl.errors import ConfigurationError, NotChecked
from alliance_etl.history.publications import CURRENT, Publication, publication_called
from alliance_etl.instruments.registry import Registry
from alliance_etl.night.disk import trouble_with_disk_told
from alliance_etl.night.promises import Promises
from alliance_etl.publication.build import Contents, as_frame, codebook_rows, write_duckdb, write_parquet
from alliance_etl.state.layout import Layout
from alliance_etl.state.lock import study_lock
from alliance_etl.study.model import Study
from alliance_etl.tables import Table

DATABASE = "psychometrics.duckdb"
PACKAGES = ("scipy",)
INSTALL = "pip install 'alliance-etl[linking]'"
_ABOUT_THEMSELVES = ("codebook", "meta")


def make_psychometrics(
    study: Study, registry: Registry, promises: Promises, tables: Mapping[str, Table]
) -> dict[str, pl.DataFrame]:
    """The tables by name, written to reports/psychometrics.

    `tables` declare them, `codebook` and `meta` among them. ConfigurationError where nothing is published, or scipy is
    not installed; NotChecked where a table breaks its contract; StudyLocked where something else is at work too long.
    """
    if any(find_spec(package) is None for package in PACKAGES):
        raise ConfigurationError(f"this needs scipy, which is not installed: {INSTALL}")
    layout = Layout(study.folder)
    public = publication_called(layout, CURRENT)
    frames = _frames(public, registry, tables)
    broken = {name: promises.table_breaches(tables[name], frame) for name, frame in frames.items()}
    found = [f"{name}: {', '.join(breaches)}" for name, breaches in broken.items() if breaches]
    if found:
        raise NotChecked(f"tables that break their contract are not written: {'; '.join(found)}")
    with trouble_with_disk_told(layout.reports), study_lock(layout.lock, wait_seconds=600):
        _write(folder_of(layout), frames, tables)
    return frames


def folder_of(layout: Layout) -> Path:
    return layout.reports / "psychometrics"


def _frames(public: Publication, registry: Registry, tables: Mapping[str, Table]) -> dict[str, pl.DataFrame]:
    from alliance_etl.psychometrics.answers import forms_of  # what follows imports scipy
    from alliance_etl.psychometrics.rows import rows_of

    own = [table for name, table in tables.items() if name not in _ABOUT_THEMSELVES]
    parts = {table.name: [as_frame(table, [])] for table in own}
    for instrument in registry.values():
        paths = public.files(f"answers_{instrument.id}")
        if not paths or not instrument.item_numbers or instrument.response is None:
            continue
        for role, forms in forms_of(paths, instrument):
            for name, rows in rows_of(instrument, role, forms).items():
                parts[name].append(as_frame(tables[name], rows))
    frames = {name: pl.concat(listed) for name, listed in parts.items()}
    frames["codebook"] = as_frame(tables["codebook"], codebook_rows(own, []))
    frames["meta"] = as_frame(tables["meta"], [{"key": key, "value": value} for key, value in _meta(public).items()])
    return frames


def _meta(public: Publication) -> dict[str, str]:
    told = public.meta()
    return {
        **{key: told[key] for key in ("study", "title", "publication", "published_at") if key in told},
        "publication_number": public.folder.name,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        **{package: version(package) for package in ("alliance-etl", "duckdb", "numpy", "polars", "scipy")},
    }


def _write(folder: Path, frames: Mapping[str, pl.DataFrame], tables: Mapping[str, Table]) -> None:
    """All of it anew in a folder beside, which then takes the place of the last one. Under the study's lock: both
    folders' names are the same for whoever writes.
    """
    draft, last = folder.with_name(f"{folder.name}.new"), folder.with_name(f"{folder.name}.old")
    for left in (draft, last):
        shutil.rmtree(left, ignore_errors=True)
    contents = Contents((), {}, frames, tables, {})
    files = write_parquet(draft, contents)
    write_duckdb(draft / DATABASE, contents, files)
    if folder.exists():
        folder.rename(last)
    draft.rename(folder)
    shutil.rmtree(last, ignore_errors=True)
