"""A backup is restored: the next run publishes the same tables, and the trail still holds."""

import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from alliance_etl.audit import verified
from alliance_etl.cli.app import app
from alliance_etl.cli.night import run_night
from alliance_etl.errors import ConfigurationError, RunFailed
from alliance_etl.state.backup import back_up
from alliance_etl.study.load import load_study
from alliance_etl.study.template import write_template
from tests.scenario import EXPORT, Scenario, site, table


@pytest.fixture
def study(tmp_path: Path) -> Scenario:
    scenario = Scenario(tmp_path / "study", {name: site(pocket=EXPORT) for name in ("berlin", "oslo")})
    scenario.drop("a.csv", table("1,1,5,4,1", "2,1,77,3,3"))
    scenario.drop("o.csv", table("9,1,2,2,2"), "oslo")
    scenario.night()
    scenario.drop("b.csv", table("1,1,4,4,1"))
    scenario.night()
    return scenario


def test_what_is_restored_publishes_the_same_tables(study: Scenario, tmp_path: Path) -> None:
    before = study.tables()
    back_up(load_study(study.folder), tmp_path / "backup", with_key=True)
    shutil.rmtree(study.folder)
    shutil.copytree(tmp_path / "backup", study.folder)
    restored = Scenario.at(study.folder)
    restored.night()
    assert restored.tables() == before
    assert verified(study.folder)[1] is None
    restored.drop("c.csv", table("2,1,3,3,3"))
    restored.night()
    assert len(restored.rows("SELECT * FROM forms")) == 3


def test_what_the_daemon_starts_from_is_in_it(tmp_path: Path) -> None:
    write_template(tmp_path / "study")
    run_night(tmp_path / "study")

    back_up(load_study(tmp_path / "study"), tmp_path / "backup")

    kept = ("workspace.yaml", "definitions.py", "study.yaml")
    assert all((tmp_path / "backup" / name).read_bytes() == (tmp_path / "study" / name).read_bytes() for name in kept)


def test_files_that_still_lie_at_a_site_are_no_news_after_it(study: Scenario, tmp_path: Path) -> None:
    back_up(load_study(study.folder), tmp_path / "backup", with_key=True)
    shutil.copytree(study.folder / "drops", tmp_path / "backup" / "drops")
    restored = Scenario.at(tmp_path / "backup")
    restored.night()
    assert len(restored.rows("SELECT * FROM drops")) == 3


def test_a_second_backup_copies_only_what_is_new(study: Scenario, tmp_path: Path) -> None:
    loaded = load_study(study.folder)
    assert back_up(loaded, tmp_path / "backup").copied == 3
    study.drop("c.csv", table("3,1,3,3,3"))
    study.night()
    again = back_up(loaded, tmp_path / "backup")
    assert (again.archived, again.copied) == (4, 1)


def test_the_key_is_left_out_unless_asked_for_and_nothing_else_can_be_read(study: Scenario, tmp_path: Path) -> None:
    back_up(load_study(study.folder), tmp_path / "backup")
    assert not (tmp_path / "backup" / ".state" / "key").exists()
    archived = [path for path in (tmp_path / "backup" / ".state" / "archive").rglob("*") if path.is_file()]
    assert archived
    assert not [path for path in archived if b"client,session" in path.read_bytes()]


def test_a_restored_study_under_another_key_is_refused(study: Scenario, tmp_path: Path) -> None:
    back_up(load_study(study.folder), tmp_path / "backup")
    (tmp_path / "backup" / ".state" / "key").write_text("another", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="is not the key that this study began with"):
        Scenario.at(tmp_path / "backup").night()


def test_a_folder_with_something_else_is_not_written_to(study: Scenario, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="holds something that is no backup"):
        back_up(load_study(study.folder), tmp_path / "mine")


def test_an_archive_that_lacks_a_file_is_told(study: Scenario, tmp_path: Path) -> None:
    next(path for path in (study.folder / ".state" / "archive").rglob("*") if path.is_file()).unlink()
    with pytest.raises(RunFailed, match="the archive lacks the file"):
        back_up(load_study(study.folder), tmp_path / "backup")


def test_a_ledger_of_a_newer_version_is_refused_and_left_alone(study: Scenario) -> None:
    ledger = study.folder / ".state" / "ledger.sqlite"
    with sqlite3.connect(ledger) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(ConfigurationError, match="written by a newer alliance-etl"):
        study.night()


def test_the_verb_says_what_it_copied(study: Scenario, tmp_path: Path) -> None:
    said = CliRunner().invoke(app, ["backup", str(tmp_path / "b"), "--study", str(study.folder), "--json"])
    assert json.loads(said.stdout) == {"folder": str(tmp_path / "b"), "archived": 3, "copied": 3}
    told = CliRunner().invoke(app, ["backup", str(tmp_path / "b"), "--study", str(study.folder)])
    assert "The key is not in it" in told.stdout
