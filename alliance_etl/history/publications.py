"""Which publication a name means: the current one, the one before, a release, or a folder with one."""

import re
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from alliance_etl.errors import ConfigurationError
from alliance_etl.publication.swap import previous_folder, published_folder
from alliance_etl.state.layout import Layout
from alliance_etl.words import did_you_mean

CURRENT, PREVIOUS = "current", "previous"
NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")


@dataclass(frozen=True)
class Publication:
    """A folder with alliance.duckdb and tables/, under the name that it was asked for by."""

    name: str
    folder: Path

    @property
    def database(self) -> Path:
        return self.folder / "alliance.duckdb"

    @property
    def tables(self) -> Path:
        return self.folder / "tables"

    def meta(self) -> dict[str, str]:
        """The table meta."""
        return dict(pl.read_parquet(self.tables / "meta.parquet").rows())

    def files(self, table: str) -> list[Path]:
        """The Parquet files of a table; none where it has no such table."""
        single = self.tables / f"{table}.parquet"
        return [single] if single.is_file() else sorted((self.tables / table).glob("*.parquet"))


def releases_folder(layout: Layout) -> Path:
    return layout.folder / "releases"


def releases(layout: Layout) -> list[Publication]:
    """The releases of a study, the oldest first."""
    there = [path for path in releases_folder(layout).glob("*") if (path / "SHA256SUMS").is_file()]
    found = [Publication(path.name, path) for path in there if NAME.fullmatch(path.name)]
    return sorted(found, key=lambda release: (release.meta().get("published_at", ""), release.name))


def publication_called(layout: Layout, name: str) -> Publication:
    """ConfigurationError where there is none of that name."""
    if name == CURRENT:
        folder = published_folder(layout.warehouse)
        if folder is None:
            raise ConfigurationError("nothing is published yet; run: alliance-etl run")
        return Publication(name, folder)
    if name == PREVIOUS:
        folder = previous_folder(layout.warehouse)
        if folder is None:
            raise ConfigurationError("there is no publication before the current one any more, or not yet")
        return Publication(name, folder)
    known = {release.name: release for release in releases(layout)}
    if name in known:
        return known[name]
    folder = Path(name)
    if (folder / "alliance.duckdb").is_file() and (folder / "tables" / "meta.parquet").is_file():
        return Publication(name, folder)
    words = [CURRENT, PREVIOUS, *known]
    raise ConfigurationError(f'no publication "{name}"{did_you_mean(name, words)}; a folder with one will do, too')
