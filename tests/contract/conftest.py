"""The hand-written studies, each run once by the real command; tests only look."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.contract import north_star, odd_sites
from tests.contract.kit import Ended, Publication, alliance_etl, write


@dataclass(frozen=True)
class Night(Publication):
    """A publication, and the run that made it."""

    ended: Ended


@pytest.fixture(scope="session")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    """North Star after its first run, from another folder, with a key from the environment."""
    folder = write(tmp_path_factory.mktemp("far") / "Stüdie eins", north_star.FILES)
    ended = alliance_etl("run", "--study", folder, "--json", at=Path("/"), ALLIANCE_ETL_KEY=north_star.KEY)
    return Night(folder, ended)


@pytest.fixture(scope="session")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Night:
    """The odd sites after one run, through a symbolic link, in a locale and a time zone that are not the study's."""
    folder = write(tmp_path_factory.mktemp("odd") / "real", odd_sites.files())
    link = folder.with_name("link")
    link.symlink_to(folder)
    ended = alliance_etl(
        "run", "--json", at=link, LANG="C", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", TZ="Pacific/Auckland"
    )
    return Night(folder, ended)
