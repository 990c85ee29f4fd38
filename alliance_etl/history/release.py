"""Releases: a publication that stays. `releases/NAME/` holds tables, codebook, registry, settings, versions and sums,
and needs nothing of this project to be read.
"""

import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from alliance_etl.errors import ConfigurationError, RunFailed
from alliance_etl.history.because import because_of
from alliance_etl.history.datapackage import citation, datapackage
from alliance_etl.history.differences import compared, differences
from alliance_etl.history.publications import CURRENT, NAME, Publication, publication_called, releases, releases_folder
from alliance_etl.history.settings import settings_of
from alliance_etl.instruments.registry import Registry
from alliance_etl.night.configuration import configuration_of
from alliance_etl.night.news import content_hash
from alliance_etl.publication.swap import imprint
from alliance_etl.state.audit import Actor, Rules
from alliance_etl.state.layout import Layout, sync_folder
from alliance_etl.state.ledger import Ledger
from alliance_etl.state.lock import study_lock
from alliance_etl.study.model import Study
from alliance_etl.tables import Table

_SUMS = "SHA256SUMS"


@dataclass(frozen=True)
class Wish:
    """What a release is to be called, by whom it is, and under which licence (an SPDX id) it may be used."""

    name: str
    title: str | None = None
    authors: tuple[str, ...] = ()
    license: str | None = None
    note: str | None = None


def release(study: Study, registry: Registry, tables: Sequence[Table], wish: Wish) -> Path:
    """Freeze the current publication; its folder. ConfigurationError where the name is taken or none, RunFailed where
    the publication is not what study.yaml says today, or was meddled with.
    """
    layout = Layout(study.folder)
    target = releases_folder(layout) / wish.name
    if not NAME.fullmatch(wish.name) or wish.name in (CURRENT, "previous"):
        raise ConfigurationError(
            f'"{wish.name}" is no name for a release; expected lower-case letters, digits, . _ and -'
        )
    if target.exists():
        raise ConfigurationError(
            f"there is a release {wish.name} already, and a release never changes; take another name"
        )
    with study_lock(layout.lock, wait_seconds=600), closing(Ledger(layout.ledger)) as ledger:
        public = publication_called(layout, CURRENT)
        _refuse_what_is_not_today(study, registry, public, ledger)
        before = releases(layout)
        draft = target.with_name(f".{wish.name}.{os.getpid()}.tmp")
        shutil.rmtree(draft, ignore_errors=True)
        try:
            _fill(draft, public, study, registry, tables, wish, before[-1] if before else None)
            with ledger.transaction():
                draft.rename(target)
                sync_folder(target.parent)
                ledger.trail.actor = Actor()
                ledger.trail.rules = Rules(configuration_of(study, registry))
                files = len(_files(target))
                ledger.trail.enter("release", about=wish.name, number=public.folder.name, files=files)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return target


def _refuse_what_is_not_today(study: Study, registry: Registry, public: Publication, ledger: Ledger) -> None:
    if public.meta().get("configuration") != configuration_of(study, registry):
        raise RunFailed(
            "study.yaml or an instrument has changed since the current publication; run: alliance-etl run, then release"
        )
    number, _, seen = (ledger.meta("published") or "  ").split(" ")
    if number != public.folder.name or seen != imprint(public.folder):
        raise RunFailed(
            "the current publication is not as the last night left it (a file of it was touched); "
            "run: alliance-etl run, then release"
        )


def _fill(
    folder: Path,
    public: Publication,
    study: Study,
    registry: Registry,
    tables: Sequence[Table],
    wish: Wish,
    last: Publication | None,
) -> None:
    folder.mkdir(parents=True)
    shutil.copyfile(public.database, folder / "alliance.duckdb")
    shutil.copytree(public.tables, folder / "tables")
    _copy_definitions(folder, study, registry)
    frozen = Publication(wish.name, folder)
    files = {table.name: frozen.files(table.name) for table in tables}
    about = {
        "name": wish.name,
        "study": study.slug,
        "title": wish.title or study.title,
        "created": public.meta()["published_at"],
        "authors": wish.authors or (study.title,),
        "license": wish.license,
    }
    texts = {
        "datapackage.json": _json(datapackage(about, tables, files, folder)),
        "CITATION.cff": citation(about),
        "settings.json": _json(settings_of(study)),
        "versions.txt": _versions(),
        "README.md": _readme(about, wish, public.meta()),
        **({"changes.json": _json(_changes(Layout(study.folder), last, frozen))} if last else {}),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    pl.read_parquet(folder / "tables" / "codebook.parquet").write_csv(folder / "codebook.csv")
    sums = "".join(f"{content_hash(path)}  {path.relative_to(folder).as_posix()}\n" for path in _files(folder))
    (folder / _SUMS).write_text(sums, encoding="utf-8")
    for path in _files(folder):
        with path.open("rb+") as handle:
            os.fsync(handle.fileno())
        path.chmod(0o444)


def _copy_definitions(folder: Path, study: Study, registry: Registry) -> None:
    """The instruments that the study uses, and the crosswalks that it names, as they are in force."""
    used = {export.instrument for site in study.sites.values() for export in site.exports.values()}
    for name in sorted(used):
        text = registry[name].model_dump(mode="json", exclude_defaults=True)
        (folder / "instruments").mkdir(exist_ok=True)
        (folder / "instruments" / f"{name}.json").write_text(_json(text), encoding="utf-8")
    for name in study.crosswalks:
        (folder / "crosswalks").mkdir(exist_ok=True)
        shutil.copyfile(study.folder / name, folder / "crosswalks" / Path(name).name)


def _changes(layout: Layout, last: Publication, frozen: Publication) -> dict[str, Any]:
    with compared(last, frozen) as connection:
        found = differences(connection, 0)
    told = {"forms": found.forms, "numbers": found.numbers, "tables": found.tables}
    return {"since": last.name, "because": because_of(layout, last, frozen), **told}


def _versions() -> str:
    """What was installed, as pip writes it."""
    installed = {f"{d.metadata['Name']}=={d.version}" for d in distributions() if d.metadata["Name"]}
    return "\n".join([f"# Python {sys.version.split()[0]}", *sorted(installed, key=str.lower)]) + "\n"


def _readme(about: Mapping[str, Any], wish: Wish, meta: Mapping[str, str]) -> str:
    note = f"\n{wish.note}\n" if wish.note else ""
    licence = f"\nLicence: {wish.license}\n" if wish.license else ""
    return f"""# {about["title"]}, release {wish.name}

Published {about["created"]} by alliance-etl {meta.get("alliance-etl", "")}. This folder never changes.
{note}{licence}
- `alliance.duckdb` opens with DuckDB 1.5 or later, R or DBeaver; `tables/` has the same tables as Parquet.
- `codebook.csv` (and the comments in DuckDB) say what every column means; `datapackage.json` says it for programs.
- `instruments/` and `crosswalks/` are the keys and links that the scores rest on, `settings.json` those settings of the
  study that change numbers, `versions.txt` the software.
- `changes.json`, where there was a release before, says what is another number now, and why.
- `SHA256SUMS` holds the sum of every file: `sha256sum -c SHA256SUMS`.

Participants, therapists and raters are pseudonyms. Cite it as `CITATION.cff` says.
"""


def verify(folder: Path) -> list[str]:
    """What is wrong with a release, in words; nothing where every file is as it was, opens, and tells the same rows."""
    sums = folder / _SUMS
    if not sums.is_file():
        return [f"{_SUMS} is missing, so nothing can be compared"]
    lines = (line.partition("  ") for line in sums.read_text(encoding="utf-8").splitlines())
    expected = {name: digest for digest, _, name in lines}
    there = {path.relative_to(folder).as_posix(): path for path in _files(folder) if path != sums}
    found = [f"{name} is missing" for name in sorted(expected.keys() - there.keys())]
    found += [f"{name} was not part of the release" for name in sorted(there.keys() - expected.keys())]
    found += [
        f"{name} is another file than was released"
        for name in sorted(expected.keys() & there.keys())
        if content_hash(there[name]) != expected[name]
    ]
    return found or list(_disagreeing(Publication(folder.name, folder)))


def _disagreeing(released: Publication) -> list[str]:
    """Tables that have other rows in DuckDB than in Parquet."""
    with duckdb.connect(str(released.database), read_only=True) as connection:
        tables = connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
        told = []
        for (table,) in tables:
            counted = connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()
            in_parquet = sum(pl.scan_parquet(f).select(pl.len()).collect().item() for f in released.files(table))
            if counted is None or counted[0] != in_parquet:
                told.append(f"{table} has {in_parquet:,} rows in Parquet and others in DuckDB")
    return told


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _json(document: Any) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False, default=str) + "\n"
