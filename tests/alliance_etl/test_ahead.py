"""Staging ahead changes when a file is read, and nothing that comes of it."""

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alliance_etl.intake.staged import StagedDrop
from alliance_etl.night import ahead
from alliance_etl.night.ahead import Ahead
from alliance_etl.night.news import DroppedFile
from alliance_etl.night.night import Night
from tests.scenario import EXPORT, Scenario, site, table, taken_in

_TIME = re.compile(r"20\d\d-\d\d-\d\d[T ]\d\d:\d\d(:[\d.]+)?(\+00:00)?")
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def always_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small files are staged ahead, too."""
    monkeypatch.setattr(ahead, "START_BYTES", 1)


@pytest.fixture
def done_by_workers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files whose staging by a worker was used."""
    used: list[str] = []
    staged = Ahead.staged

    def noting(self: Ahead, site: str, file: DroppedFile, received_at: datetime) -> StagedDrop | None:
        if (site, file) in self._jobs:  # wait until a worker has begun, else the night would do it itself
            self._jobs[site, file][0].is_over.wait(60)
        made = staged(self, site, file, received_at)
        used.extend([file.name] if made else [])
        return made

    monkeypatch.setattr(Ahead, "staged", noting)
    return used


def three_files(folder: Path) -> Scenario:
    """Good, held and corrected rows at two sites, under one key."""
    folder.mkdir()
    (folder / ".state").mkdir(mode=0o700)
    (folder / ".state" / "key").write_text("the same for all")
    study = Scenario(folder, {"berlin": site(pocket=EXPORT), "ulm": site(pocket=EXPORT)})
    study.drop("1.csv", table("A,1,1,2,3", "B,1,1,2,x", "C,2,9,1,1"), "berlin")
    study.drop("2.csv", table("A,1,5,5,5", "C,2,1,1,1"), "berlin")
    study.drop("3.csv", table("A,1,3,2,3", "D,,1,1,1"), "ulm")
    return study


def receipts(study: Scenario) -> dict[str, str]:
    """All that the sites got back, without the times at which it was made; nothing is owed any more."""
    with study.opened() as night:
        assert not night.ledger.receipts.due()
    files = {path for path in (study.folder / "receipts").rglob("*") if path.is_file()}
    return {str(path.relative_to(study.folder)): _TIME.sub("", path.read_text(encoding="utf-8")) for path in files}


def whole(night: Night) -> None:
    taken_in(night)
    night.score()
    assert night.check_contracts().passed
    night.publish()


def test_the_same_is_published_whoever_reads_the_files(tmp_path: Path, done_by_workers: list[str]) -> None:
    alone, helped = three_files(tmp_path / "alone"), three_files(tmp_path / "helped")
    alone.night()

    with helped.opened() as night:
        night.stage_ahead(["berlin", "ulm"])
        whole(night)

    assert done_by_workers == ["1.csv", "2.csv", "3.csv"]
    assert helped.tables() == alone.tables()
    assert receipts(helped) == receipts(alone)


def test_a_night_whose_workers_are_killed_ends_like_any_other(tmp_path: Path, done_by_workers: list[str]) -> None:
    alone, helped = three_files(tmp_path / "alone"), three_files(tmp_path / "helped")
    alone.night()

    with helped.opened() as night:
        night.stage_ahead(["berlin", "ulm"])
        assert night.ahead._workers
        for process in night.ahead._workers._processes:
            process.kill()
            process.wait()
        for job, _ in night.ahead._jobs.values():
            job.is_over.set()  # nobody is left to do so
        whole(night)

    assert helped.tables() == alone.tables()
    assert receipts(helped) == receipts(alone)


def die_in_a_night(study: Scenario) -> None:
    """Before the receipts are told to the ledger."""
    with study.opened() as night:
        night.stage_ahead(["berlin", "ulm"])
        night.take_in("ulm")
        raise KeyboardInterrupt


def test_a_night_that_dies_still_owes_the_receipts_that_were_on_their_way(tmp_path: Path) -> None:
    study = three_files(tmp_path / "study")
    with pytest.raises(KeyboardInterrupt):
        die_in_a_night(study)
    with study.opened() as night:
        due = [drop.file for drop in night.ledger.receipts.due()]

    study.night()

    assert due == ["3.csv"]
    assert len(receipts(study)) == 3 * 3 + 2  # receipt.json, receipt.html and findings.csv of each, two fixme files


@pytest.fixture
def one_staged(tmp_path: Path) -> Iterator[tuple[Ahead, DroppedFile]]:
    """A file that a worker has staged."""
    study = three_files(tmp_path / "study")
    with study.opened() as night:
        (file,) = night._site("ulm").stageable()
        night.ahead.begin([("ulm", file)], NOW)
        night.ahead._jobs["ulm", file][0].is_over.wait(60)
        yield night.ahead, file


def test_a_file_is_staged_once(one_staged: tuple[Ahead, DroppedFile]) -> None:
    ahead, file = one_staged

    assert ahead.staged("ulm", file, NOW) is not None
    assert ahead.staged("ulm", file, NOW) is None


def test_a_file_that_was_touched_meanwhile_is_read_again(one_staged: tuple[Ahead, DroppedFile]) -> None:
    ahead, file = one_staged
    os.utime(file.path, (1, 1))

    assert ahead.staged("ulm", file, NOW) is None


def test_what_is_in_the_future_is_judged_by_the_day_of_receipt(one_staged: tuple[Ahead, DroppedFile]) -> None:
    ahead, file = one_staged

    assert ahead.staged("ulm", file, NOW + timedelta(days=1)) is None


@pytest.mark.parametrize("name", ["fixme.csv", "notes.txt"])
def test_files_that_are_read_by_their_content_or_not_at_all_are_left_to_the_night(tmp_path: Path, name: str) -> None:
    study = three_files(tmp_path / "study")
    path = study.drop(name, table("A,1,1,2,3"), "ulm")

    with study.opened() as night:
        night.ahead.begin([("ulm", DroppedFile(path, name, path.stat().st_size, path.stat().st_mtime_ns))], NOW)

        assert not night.ahead._jobs


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="asks Linux")
def test_the_key_is_on_no_command_line_and_in_no_environment(tmp_path: Path) -> None:
    study = three_files(tmp_path / "study")

    with study.opened() as night:
        night.stage_ahead(["ulm"])
        assert night.ahead._workers
        told = [
            Path(f"/proc/{process.pid}/{where}").read_bytes()
            for process in night.ahead._workers._processes
            for where in ("cmdline", "environ")
        ]

        assert told
        assert not any(night.key in text for text in told)


def test_one_small_file_starts_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    study = three_files(tmp_path / "study")

    with study.opened() as night:
        night.stage_ahead(["ulm"])

        assert night.ahead._workers is None
