"""Rule 6: one bad file, or one bad site, never stops the others."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from alliance_etl.night.news import pending_drops
from alliance_etl.study.load import load_study
from tests.scenario import EXPORT, Outcome, Scenario, counted, site, table

SITES = ("augsburg", "berlin", "ulm")
ROW = table("A,1,1,2,3")
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="a file that nobody can read is found in /proc only")


def three_sites(folder: Path) -> Scenario:
    study = Scenario(folder, {name: site(pocket=EXPORT) for name in SITES})
    for name in SITES:
        study.drop("good.csv", ROW, name)
    return study


def assert_others_are_published(study: Scenario, outcome: Outcome, bad: str) -> None:
    others = [(name,) for name in SITES if name != bad]
    assert outcome.publication
    assert study.rows(f"SELECT site FROM forms WHERE site <> '{bad}' ORDER BY site") == others


def missing(folder: Path) -> None:
    shutil.rmtree(folder)


def a_file(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("")


def a_dead_link(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.symlink_to("/nowhere/at/all")


@pytest.mark.parametrize("spoil", [missing, a_file, a_dead_link], ids=lambda spoil: spoil.__name__)
def test_a_site_without_a_folder_is_named_and_stops_nobody(spoil, tmp_path: Path) -> None:
    study = three_sites(tmp_path)
    spoil(tmp_path / "drops" / "berlin")

    outcome = study.night()

    assert_others_are_published(study, outcome, "berlin")
    assert "drops/berlin " in str(outcome.sites["berlin"].failed)


@pytest.fixture
def closed_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that the operating system refuses to list; root may list any, so the refusal is made up."""
    closed = tmp_path / "drops" / "berlin"
    listed = Path.iterdir

    def refuse(folder: Path) -> Iterator[Path]:
        if folder == closed:
            raise PermissionError(13, "Permission denied", str(folder))
        return listed(folder)

    monkeypatch.setattr(Path, "iterdir", refuse)
    return closed


def test_a_folder_that_may_not_be_read_is_named_and_stops_nobody(closed_folder: Path, tmp_path: Path) -> None:
    study = three_sites(tmp_path)

    outcome = study.night()

    assert_others_are_published(study, outcome, "berlin")
    assert str(outcome.sites["berlin"].failed).endswith("drops/berlin cannot be read: Permission denied")


def test_news_are_seen_beside_a_folder_that_may_not_be_read(closed_folder: Path, tmp_path: Path) -> None:
    three_sites(tmp_path)

    assert [drop.site for drop in pending_drops(load_study(tmp_path))] == ["augsburg", "ulm"]


@linux_only
def test_a_file_that_cannot_be_read_is_named_and_stops_no_other_file(tmp_path: Path) -> None:
    study = three_sites(tmp_path)
    (tmp_path / "drops" / "berlin" / "broken.csv").symlink_to("/proc/self/mem")  # input/output error on reading

    outcome = study.night()

    assert [drop.file for drop in outcome.sites["berlin"].drops] == ["good.csv"]
    assert "broken.csv cannot be read" in str(outcome.sites["berlin"].failed)
    assert_others_are_published(study, outcome, "none of them")


@linux_only
def test_a_file_that_cannot_be_read_is_taken_in_as_soon_as_it_can(tmp_path: Path) -> None:
    study = three_sites(tmp_path)
    broken = tmp_path / "drops" / "berlin" / "broken.csv"
    broken.symlink_to("/proc/self/mem")
    study.night()
    broken.unlink()
    study.drop("broken.csv", table("B,1,1,2,3"))

    assert counted(study.take_in().drop) == {"rows_read": 1, "new": 1}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x89PNG\r\n\x1a\n\0\0",
        b"PK\x03\x04" + bytes(99),
        b"client;q1\n1;2\n",
        b"\xff\xfe\0",
        b'"' * 999,
        bytes(5000),
    ],
    ids=["empty", "picture", "zip", "other columns", "half a mark", "quotes", "zeros"],
)
def test_a_bad_file_stops_neither_its_site_nor_the_others(content: bytes, tmp_path: Path) -> None:
    study = three_sites(tmp_path)
    study.drop("0_bad.csv", content)
    study.drop("later.csv", table("Z,1,1,2,3"))

    outcome = study.night()

    assert {drop.file: drop.status for drop in outcome.sites["berlin"].drops}["0_bad.csv"] == "rejected"
    assert study.rows("SELECT count(*) FROM forms WHERE site = 'berlin'") == [(2,)]
    assert_others_are_published(study, outcome, "berlin")


def test_a_name_that_is_no_utf8_is_spelled_out_and_its_file_taken_in(tmp_path: Path) -> None:
    study = three_sites(tmp_path)
    named = os.fsencode(tmp_path / "drops" / "berlin") + b"/Frageb\xf6gen.csv"
    with open(named, "w", encoding="utf-8") as file:  # noqa: PTH123 - pathlib takes no bytes
        file.write(table("B,1,1,2,3"))

    study.night()
    again = study.night()

    assert study.rows(r"SELECT rows_read FROM drops WHERE file = 'Frageb\xf6gen.csv'") == [(1,)]
    assert again.drops == []


@pytest.mark.parametrize(
    "name", ["w.csv.part", "w.csv.TMP", "w.csv.filepart", ".w.csv", "~$w.csv"], ids=lambda name: name
)
def test_a_file_that_is_still_being_written_is_left_alone(name: str, tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    study.drop(name, ROW)

    assert study.take_in().drops == []


def test_a_file_is_left_alone_until_it_has_settled(tmp_path: Path) -> None:
    study = Scenario(tmp_path, more={"settle_seconds": 3600})
    fresh = study.drop("young.csv", ROW)
    fresh.touch()

    assert study.take_in().drops == []


def test_a_file_from_the_future_does_not_wait_for_its_day(tmp_path: Path) -> None:
    study = Scenario(tmp_path, more={"settle_seconds": 3600})
    ahead = study.drop("ahead.csv", ROW).stat().st_mtime + 30 * 86_400
    os.utime(tmp_path / "drops" / "berlin" / "ahead.csv", (ahead, ahead))

    assert counted(study.take_in().drop) == {"rows_read": 1, "new": 1}
