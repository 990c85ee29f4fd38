"""What may be read in a drop folder: files, and links only where they cannot show a site what is not its own."""

import os
from pathlib import Path

import pytest

from alliance_etl.night import entries
from alliance_etl.night.entries import look_at
from alliance_etl.night.news import lying_at, opened, pending_drops
from alliance_etl.study.load import load_study
from tests.scenario import EXPORT, Scenario, site, table

SECRET = table("S9,1,5,5,1")
SITES = {name: site(pocket=EXPORT) for name in ("berlin", "ulm")}


def linked(study: Scenario, target: Path | str, name: str = "wai.csv") -> Path:
    link = study.folder / "drops" / "berlin" / name
    link.symlink_to(target)
    return link


@pytest.mark.parametrize("inside", ["drops/ulm/theirs.csv", ".state/key", "study.yaml"])
def test_a_link_into_the_study_is_told_and_never_read(inside: str, tmp_path: Path) -> None:
    study = Scenario(tmp_path, dict(SITES))
    study.drop("theirs.csv", SECRET, "ulm")
    study.night()
    linked(study, tmp_path / inside)
    study.drop("own.csv", table("A1,1,1,2,3"))

    report = study.take_in().sites["berlin"]

    assert [drop.file for drop in report.drops] == ["own.csv"]
    assert "wai.csv in its folder is a link into the study's own folder" in (report.failed or "")


def test_a_link_to_another_study_is_none_of_ours_either(tmp_path: Path) -> None:
    theirs = Scenario(tmp_path / "theirs")
    study = Scenario(tmp_path / "ours")
    linked(study, theirs.drop("theirs.csv", SECRET))

    assert study.take_in().drops == []


def test_a_link_beside_its_file_and_one_to_a_folder_of_the_data_managers_are_followed(tmp_path: Path) -> None:
    study = Scenario(tmp_path / "study")
    study.drop("wai.csv", table("A1,1,1,2,3"))
    linked(study, "wai.csv", "latest.csv")
    (tmp_path / "archive.csv").write_text(table("B2,1,1,2,3"), encoding="utf-8")
    linked(study, tmp_path / "archive.csv", "old.csv")

    assert {drop.file: drop.status for drop in study.take_in().drops} == {
        "latest.csv": "accepted",  # as old as the file that it leads to, and before it by its name
        "wai.csv": "duplicate",
        "old.csv": "accepted",
    }


def test_a_link_that_another_user_has_made_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere.csv").write_text(SECRET, encoding="utf-8")
    study = Scenario(tmp_path / "study")
    link = linked(study, tmp_path / "elsewhere.csv")
    if os.geteuid() == 0:
        os.chown(link, 65_534, 65_534, follow_symlinks=False)
    else:  # who is not root cannot give a link away: the night's user becomes another one instead
        monkeypatch.setattr(entries.os, "geteuid", lambda: 65_534)

    report = study.take_in().sites["berlin"]

    assert report.drops == ()
    assert "is a link that another user has made" in (report.failed or "")


@pytest.mark.parametrize("kind", ["pipe", "link to a pipe", "link to nowhere", "link to itself"])
def test_what_only_looks_like_a_file_is_told_every_night_and_keeps_nobody_waiting(kind: str, tmp_path: Path) -> None:
    study = Scenario(tmp_path / "study")
    drop = study.folder / "drops" / "berlin" / "wai.csv"
    if kind == "pipe":
        os.mkfifo(drop)
    elif kind == "link to a pipe":
        os.mkfifo(tmp_path / "pipe")
        drop.symlink_to(tmp_path / "pipe")
    else:
        drop.symlink_to(tmp_path / "nowhere" if kind == "link to nowhere" else drop)

    for _ in range(2):
        report = study.take_in().sites["berlin"]
        assert report.drops == ()
        assert "wai.csv in its folder is " in (report.failed or "")
    assert pending_drops(load_study(study.folder)) == []


def test_folders_and_hidden_names_are_left_alone_without_a_word(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    (tmp_path / "drops" / "berlin" / "old").mkdir()
    linked(study, tmp_path / "nowhere", ".wai.csv")

    assert study.take_in().sites == {}


def test_a_link_that_takes_the_place_of_a_file_meanwhile_is_not_followed(tmp_path: Path) -> None:
    study = Scenario(tmp_path, dict(SITES))
    secret = study.drop("theirs.csv", SECRET, "ulm")
    own = study.drop("wai.csv", table("A1,1,1,2,3"))
    (file,) = lying_at(load_study(tmp_path).sites["berlin"], 0).files
    own.unlink()
    own.symlink_to(secret)

    with pytest.raises(OSError, match="symbolic links"), opened(file):
        pass


def test_an_open_file_stays_what_it_was(tmp_path: Path) -> None:
    study = Scenario(tmp_path, dict(SITES))
    secret = study.drop("theirs.csv", SECRET, "ulm")
    own = study.drop("wai.csv", table("A1,1,1,2,3"))
    (file,) = lying_at(load_study(tmp_path).sites["berlin"], 0).files

    with opened(file) as path:
        own.unlink()
        own.symlink_to(secret)
        assert path.read_text(encoding="utf-8") == table("A1,1,1,2,3")


def test_a_folder_is_gone_through_once_for_files_and_for_what_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = Scenario(tmp_path)
    study.drop("wai.csv", table("A1,1,1,2,3"))
    linked(study, "nowhere.csv", "gone.csv")
    berlin = load_study(tmp_path).sites["berlin"]
    looks: list[str] = []
    iterdir = Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda path: (looks.append(path.name), iterdir(path))[1])

    lying = lying_at(berlin, 0)

    assert [file.name for file in lying.files] == ["wai.csv"]
    assert [words.partition(" is ")[0] for words in lying.refused] == ["gone.csv in its folder"]
    assert looks == ["berlin"]


def test_nothing_is_there_that_has_gone(tmp_path: Path) -> None:
    assert look_at(tmp_path / "gone.csv") is None


def test_a_folder_that_shows_names_only_is_told_and_not_taken_for_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder may be listed and its files not be looked at: rights to read it, and none to enter it."""
    study = Scenario(tmp_path)
    study.drop("wai.csv", table("A1,1,1,2,3"))
    lstat = Path.lstat

    def closed(path: Path) -> os.stat_result:
        if path.name == "wai.csv":
            raise PermissionError(13, "Permission denied", str(path))
        return lstat(path)

    monkeypatch.setattr(Path, "lstat", closed)

    report = study.take_in().sites["berlin"]

    assert report.drops == ()
    assert "cannot be read: Permission denied" in (report.failed or "")
