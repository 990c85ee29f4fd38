"""`check` beside the forms that a study has: what it says is what the next run says, and nothing is left of it."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import pytest

from alliance_etl.check import CheckReport, check_file
from alliance_etl.study.load import load_study
from tests.scenario import Scenario, all_promises, registry_in, table

FIRST = table("A,1,1,2,3", "B,1,1,1,1", "C,1,4,4,4")


def begun(folder: Path, **export: object) -> Scenario:
    study = Scenario(folder)
    if export:
        study.export(**export)
    study.received("wai.csv", FIRST)
    study.night()
    return study


def checked(study: Scenario, name: str, content: str, folder: Path) -> CheckReport:
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(content)
    return check_file(load_study(study.folder), registry_in(study.folder), all_promises(), file, "berlin")


def everything(folder: Path) -> Mapping[str, str]:
    """Every file of a study by the hash of its bytes."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize(
    ("name", "content", "export"),
    [
        ("copy.csv", FIRST, {}),
        ("more.csv", table("A,1,5,2,3", "B,1,1,1,1", "D,1,1,1,1", "E,1,1,1,9"), {}),
        ("wai.csv", table("A,1,1,2,3"), {}),
        ("all.csv", table("A,1,1,2,3", "B,1,2,1,1"), {"snapshot": True}),
        ("odd.csv", "nothing\n", {}),
        ("letter.txt", "nothing that anybody reads\n", {}),
        ("twice.csv", table("A,1,5,2,3", "A,1,4,2,3", "B,1,1,1,1"), {}),
    ],
    ids=["a copy", "new, changed, unchanged, held", "part of it", "a snapshot", "no columns", "no export", "twice"],
)
def test_what_check_says_is_what_the_next_run_says(
    name: str, content: str, export: dict[str, object], tmp_path: Path
) -> None:
    study = begun(tmp_path / "study", **export)
    before = everything(study.folder)
    said = checked(study, name, content, tmp_path / "elsewhere")
    assert said.compared
    assert everything(study.folder) == before

    drop = study.received(name, content)

    assert (said.drop.status, said.drop.counts, said.drop.exports) == (drop.status, drop.counts, drop.exports)
    assert said.drop.findings == drop.findings
    told = {each["code"] for each in said.findings} - {"duplicate_file"}  # which a receipt is not written for
    assert told == {each["code"] for each in study.findings(drop)}


def test_a_file_that_went_back_is_told_before_it_is_dropped(tmp_path: Path) -> None:
    study = begun(tmp_path / "study")
    study.received("wai.csv", table("A,1,5,5,5"))
    said = checked(study, "wai.csv", FIRST, tmp_path / "elsewhere")
    assert [each["code"] for each in said.findings] == ["file_went_back"]
    assert (said.drop.counts.changed, said.drop.counts.unchanged) == (1, 2)


def test_a_user_who_may_not_read_the_state_is_told_what_the_file_says_alone(tmp_path: Path) -> None:
    study = begun(tmp_path / "study")
    (study.folder / ".state" / "key").rename(study.folder / ".state" / "away")
    said = checked(study, "copy.csv", FIRST, tmp_path / "elsewhere")
    assert (said.compared, said.drop.counts.new) == (False, 3)
    assert not (study.folder / ".state" / "key").exists()


def test_with_another_key_nothing_is_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = begun(tmp_path / "study")
    monkeypatch.setenv("ALLIANCE_ETL_KEY", "another")
    assert not checked(study, "copy.csv", FIRST, tmp_path / "elsewhere").compared


def test_before_the_first_run_all_forms_are_new_and_nothing_is_made(tmp_path: Path) -> None:
    study = Scenario(tmp_path / "study")
    said = checked(study, "copy.csv", FIRST, tmp_path / "elsewhere")
    assert (said.compared, said.drop.counts.new) == (True, 3)
    assert not (study.folder / ".state").exists()


def test_forms_that_a_run_takes_away_meanwhile_are_not_waited_for(tmp_path: Path) -> None:
    study = begun(tmp_path / "study")
    for path in (study.folder / ".state" / "forms").rglob("current-*.parquet"):
        path.unlink()
    said = checked(study, "more.csv", table("A,1,5,2,3"), tmp_path / "elsewhere")
    assert (said.compared, said.drop.counts.new) == (False, 1)
