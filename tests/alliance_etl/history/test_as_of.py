"""The study as of an earlier night: the very tables that were published then, as long as settings are the same."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from alliance_etl.errors import ConfigurationError
from alliance_etl.history.as_of import Moment, moment_of, write_as_of
from alliance_etl.state.layout import Layout
from alliance_etl.state.processes import this_process
from alliance_etl.study.load import load_study
from tests.scenario import EXPORT, FITNESS_TABLES, TABLES, WHEN, Scenario, all_promises, registry_in, site, table


def tables(database: Path) -> dict[str, list[tuple[Any, ...]]]:
    with duckdb.connect(str(database), read_only=True) as connection:
        told = {}
        for name in (*TABLES, *FITNESS_TABLES, "alerts", "confirmations"):
            there = connection.execute(f"SELECT * FROM {name} LIMIT 0").description
            kept = ", ".join(f'"{c[0]}"' for c in there if c[0] not in WHEN)
            told[name] = connection.execute(f"SELECT {kept} FROM {name} ORDER BY ALL").fetchall()
        return told


def night(study: Scenario, drops: dict[str, str]) -> None:
    for name, content in drops.items():
        study.drop(name, content, "oslo" if "oslo" in name else "berlin")
    study.night()


NIGHTS: list[dict[str, str]] = [
    {"first.csv": table("1,1,5,4,1", "2,1,3,,2", "3,1,77,3,3")},
    {"oslo.csv": table("9,1,2,2,2"), "correction.csv": table("1,1,4,4,1", "5,1,9,9,9")},
    {"first again.csv": table("1,1,5,4,1", "2,1,3,,2", "3,1,77,3,3"), "more.csv": table("2,1,3,3,2", "1,2,5,5,1")},
    {"last.csv": table("1,1,1,1,5", "3,1,3,3,3")},
]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> tuple[Scenario, list[Path]]:
    """A study after four nights, and a copy of what each has published."""
    folder = tmp_path_factory.mktemp("study")
    study = Scenario(folder, {name: site(pocket=EXPORT) for name in ("berlin", "oslo")})
    copies = []
    for number, drops in enumerate(NIGHTS):
        night(study, drops)
        copy = folder.parent / f"copy-{folder.name}-{number}.duckdb"
        shutil.copyfile((folder / "warehouse" / "alliance.duckdb").resolve(), copy)
        copies.append(copy)
    return study, copies


def as_of(study: Scenario, moment: Moment, target: Path) -> Path:
    return write_as_of(load_study(study.folder), registry_in(study.folder), all_promises(), moment, target)


def drops_by_then(number: int) -> int:
    return sum(len(drops) for drops in NIGHTS[: number + 1])


@pytest.mark.parametrize("number", range(len(NIGHTS)))
def test_every_table_is_as_it_was_published_that_night(
    lived: tuple[Scenario, list[Path]], tmp_path: Path, number: int
) -> None:
    study, copies = lived
    moment = Moment(f"night {number + 1}", drops_by_then(number), datetime.now(UTC))
    folder = as_of(study, moment, tmp_path / "then")
    assert tables(folder / "alliance.duckdb") == tables(copies[number])
    assert json.loads((folder / "as-of.json").read_text(encoding="utf-8"))["drops"] == drops_by_then(number)


def test_settings_are_those_of_today(tmp_path: Path) -> None:
    """As if the study of today had got those drops only."""
    study = Scenario(tmp_path / "a")
    for drops in NIGHTS[:2]:
        night(study, {name: text for name, text in drops.items() if "oslo" not in name})
    study.export(missing={"77": "refused"})
    study.night()
    only = Scenario(tmp_path / "b")
    only.export(missing={"77": "refused"})
    shutil.copyfile(study.folder / ".state" / "key", (only.folder / ".state").mkdir() or only.folder / ".state" / "key")
    night(only, NIGHTS[0])
    folder = as_of(study, Moment("then", 1, datetime.now(UTC)), tmp_path / "then")
    assert tables(folder / "alliance.duckdb") == tables(only.folder / "warehouse" / "alliance.duckdb")


def test_the_study_itself_is_left_as_it_was(lived: tuple[Scenario, list[Path]], tmp_path: Path) -> None:
    study, copies = lived
    before = sorted(path for path in study.folder.rglob("*") if path.is_file())
    as_of(study, Moment("then", 1, datetime.now(UTC)), tmp_path / "then")
    assert sorted(path for path in study.folder.rglob("*") if path.is_file()) == before
    assert tables(study.folder / "warehouse" / "alliance.duckdb") == tables(copies[-1])
    study.night()
    assert tables(study.folder / "warehouse" / "alliance.duckdb") == tables(copies[-1])


def test_what_is_there_already_is_not_written_over(lived: tuple[Scenario, list[Path]], tmp_path: Path) -> None:
    (tmp_path / "then").mkdir()
    with pytest.raises(ConfigurationError, match="is there already"):
        as_of(lived[0], Moment("then", 1, datetime.now(UTC)), tmp_path / "then")


def test_a_day_means_its_end_and_a_time_that_moment(lived: tuple[Scenario, list[Path]]) -> None:
    study, _ = lived
    loaded = load_study(study.folder)
    today = datetime.now(UTC)
    assert moment_of(loaded, f"{today:%Y-%m-%d}").last_drop == drops_by_then(3)
    with duckdb.connect(str(study.folder / "warehouse" / "alliance.duckdb"), read_only=True) as connection:
        rows = connection.execute("SELECT received_at FROM drops ORDER BY received_at").fetchall()
    moment = moment_of(loaded, rows[1][0].astimezone(UTC).isoformat())
    assert moment.last_drop == 2


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("yesterday", "is no date, time or night"),
        ("2001-01-01", "nothing had come by 2001-01-01; the first drop is of 20"),
        ("night 99", "no night 99 in the book"),
    ],
)
def test_a_moment_that_cannot_be_is_told(lived: tuple[Scenario, list[Path]], said: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        moment_of(load_study(lived[0].folder), said)


def test_a_night_of_the_book_is_what_had_come_by_its_end(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    night(study, {"a.csv": table("1,1,5,4,1")})
    with study.opened() as opened, opened.ledger.transaction():
        opened.ledger.book.begin(started_by="test", run_id=None)  # drops before: 1
    night(study, {"b.csv": table("2,1,5,4,1")})
    with study.opened() as opened, opened.ledger.transaction():
        opened.ledger.book.begin(started_by="test", run_id=None)  # drops before: 2
    assert moment_of(load_study(tmp_path), "night 1").last_drop == 2
    assert moment_of(load_study(tmp_path), "Night-2").last_drop == 2


def test_left_over_folders_of_killed_processes_go_away(lived: tuple[Scenario, list[Path]], tmp_path: Path) -> None:
    host, _, _ = this_process().rsplit(":", 2)
    left = Layout(lived[0].folder).state / f"as-of-{host}:{2**22 + 1}:1"  # one more than the most that Linux gives out
    elsewhere = Layout(lived[0].folder).state / "as-of-another host:1:1"
    for folder in (left, elsewhere):
        folder.mkdir()
    as_of(lived[0], Moment("then", 1, datetime.now(UTC) + timedelta(days=1)), tmp_path / "then")
    assert not left.exists()
    elsewhere.rmdir()  # fails where it is not there: of another host's process nothing is known
