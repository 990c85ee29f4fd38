"""The worked example of docs/linking.md: SRS on the ruler of the WAI-36, from 277 published sessions."""

import re
import shutil
from datetime import date
from pathlib import Path

import pytest

from alliance_etl.crosswalks.link import Linked, Request, link
from alliance_etl.crosswalks.refusals import NotLinked
from alliance_etl.deployment import deployment_root
from tests.alliance_etl.test_real_input import FOLDER, SRS, WAI
from tests.scenario import Scenario, registry_in, site

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the published data set is not beside the checkout")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    study = Scenario(tmp_path_factory.mktemp("steenstra"), {"boston": site(wai=WAI, srs=SRS)}, instruments=())
    for file in FOLDER.glob("*.csv"):
        shutil.copy(file, study.folder / "drops" / "boston")
    study.night()
    return study.folder / "warehouse" / "alliance.duckdb"


def linked(database: Path, request: Request) -> Linked:
    registry = registry_in(database.parents[1])
    return link(database, registry, request, study="boston", number=1, today=date(2026, 11, 26))


def test_the_numbers_of_the_page_are_those_of_the_data(database: Path) -> None:
    page = (deployment_root() / "docs" / "linking.md").read_text(encoding="utf-8")
    components = linked(
        database, Request("srs3_client", "wai36_client", override="worked example")
    ).crosswalk.components
    for name, link_ in components.items():
        told = re.search(rf"\| {name} \| (\d+) \| (\.\d+)[^|]*\| (\.\d+) \| ([\d.]+) \|", page)
        assert told
        found = (link_.pairs, link_.correlation, link_.target.alpha, link_.mean_error)
        assert found == pytest.approx([float(number) for number in told.groups()], abs=0.006)


def test_goals_correlate_too_little_to_be_linked_without_a_reason(database: Path) -> None:
    found = linked(database, Request("srs3_client", "wai36_client"))
    assert list(found.crosswalk.components) == ["task", "bond", "total"]
    assert "correlate 0.811" in found.refused[0]
    with pytest.raises(NotLinked):
        linked(database, Request("srs3_client", "wai36_client", components=("goal",)))
