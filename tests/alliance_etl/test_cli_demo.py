"""`demo`, whole: what a newcomer types first."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from alliance_etl.cli.app import app
from alliance_etl.cli.demo import MARKER, start_afresh
from alliance_etl.errors import ConfigurationError


@pytest.mark.slow
def test_the_demo_publishes_two_nights(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["demo", str(tmp_path / "demo"), "--json"])

    nights = json.loads(result.stdout)["nights"]
    assert result.exit_code == 0
    assert [night["published"] for night in nights] == [True, True]
    assert nights[1]["forms"] > nights[0]["forms"] > 1000
    assert (tmp_path / "demo" / "warehouse" / "alliance.duckdb").exists()


def test_the_demo_begins_afresh_in_its_own_folder(tmp_path: Path) -> None:
    start_afresh(tmp_path / "demo")
    (tmp_path / "demo" / "study.yaml").write_text("study: demo\n")

    start_afresh(tmp_path / "demo")

    assert [path.name for path in (tmp_path / "demo").iterdir()] == [MARKER]


def test_the_demo_deletes_nothing_that_it_has_not_written(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("years of work")

    with pytest.raises(ConfigurationError, match="is no demo study"):
        start_afresh(tmp_path)

    assert (tmp_path / "thesis.docx").exists()


def test_the_demo_does_not_take_the_place_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("a file")

    with pytest.raises(ConfigurationError, match="name another folder"):
        start_afresh(tmp_path / "demo")
