"""Rule 5: killed at any point, the last publication still opens, and the next run ends as if nothing had happened."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.crash import mortal_files
from tests.crash.mortals import Mortals, ask, reader
from tests.crash.mortals import mortals as mortal_process
from tests.scenario import EXPORT, HEADER, Scenario, published, site, table

# How the header of every file dropped here begins: no file below .state/ may hold it.
PLAIN = HEADER.encode()
KILLED = -9
FAILED = 3


def tables_of(study: Path) -> dict[str, list[tuple[Any, ...]]]:
    return published(
        study, ("forms", "responses", "scores", "alliance", "drops", "findings", "revisions", "confirmations")
    )


@pytest.fixture(scope="module")
def mortals(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mortals]:
    with mortal_process(tmp_path_factory.mktemp("mortals")) as process:
        yield process


@dataclass
class Eve:
    """A study before its night; `before` is what is published, None before the first night; `after` what is due."""

    folder: Path
    before: dict[str, list[tuple[Any, ...]]] | None
    after: dict[str, list[tuple[Any, ...]]]
    points: list[str]


def eve(folder: Path, mortals: Mortals, *, first: bool, pulled: bool = False) -> Eve:
    """Two sites, good and held rows, a correction; and what the night makes of it if nobody disturbs it.

    `pulled`: the first site's files are fetched from a remote source.
    """
    folder.mkdir()
    (folder / ".state").mkdir(mode=0o700)
    (folder / ".state" / "key").write_text("the same for all")
    study = Scenario(folder, {"berlin": site(pocket=EXPORT), "ulm": site(pocket=EXPORT)})
    if pulled:
        source = (folder / "drops" / "berlin").rename(folder.parent / f"source of {folder.name}")
        (folder / "drops" / "berlin").symlink_to(source)
        study.sites["berlin"]["drop"] = f"mortal://{source}"
        study.write()
    study.drop("1.csv", table("A,1,1,2,3", "B,1,1,2,x"), "berlin")
    study.drop("1.csv", table("A,1,3,2,3"), "ulm")
    if not first:
        study.night()
        study.drop("2.csv", table("A,1,5,5,5", "C,1,1,2,9", "D,1,1,1,1"), "berlin")
        study.drop(
            "confirmations.csv", table("a0123456789ab,A. Data,checked", header="alert_id,confirmed_by,reason"), "ulm"
        )
    undisturbed = mortals.copy(folder)
    ending = mortals.night(undisturbed)
    assert ending.status == 0, ending.error
    return Eve(folder, None if first else tables_of(folder), tables_of(undisturbed), ending.points)


@pytest.fixture(scope="module")
def eves(mortals: Mortals, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Eve]:
    folder = tmp_path_factory.mktemp("eves")
    mortal_files.register()
    return {
        "the first night": eve(folder / "first", mortals, first=True),
        "a later night": eve(folder / "later", mortals, first=False),
        "a pulled night": eve(folder / "pulled", mortals, first=False, pulled=True),
    }


def assert_as_if_nothing_had_happened(study: Path, due: Eve, mortals: Mortals) -> None:
    """What is public is one publication or the other, and the next run ends like an undisturbed one."""
    assert not [path for path in (study / ".state").rglob("*") if path.is_file() and PLAIN in path.read_bytes()]
    if due.before is not None or (study / "warehouse" / "alliance.duckdb").exists():
        assert tables_of(study) in (due.before, due.after)
    ending = mortals.night(study)
    assert (ending.status, tables_of(study) == due.after) == (0, True), ending.error
    assert not list(study.glob("warehouse/.*.tmp"))
    shutil.rmtree(study)


@pytest.mark.parametrize("night", ["the first night", "a later night", "a pulled night"])
def test_a_night_killed_at_any_durable_step_is_made_up_for_by_the_next(
    night: str, eves: dict[str, Eve], mortals: Mortals
) -> None:
    due = eves[night]
    for number, point in points_of(due):
        study = mortals.copy(due.folder)

        ending = mortals.night(study, point=number)

        assert ending.status == KILLED, point
        assert_as_if_nothing_had_happened(study, due, mortals)


def points_of(due: Eve) -> list[tuple[int, str]]:
    """Each first point of a kind in one folder of a later night; of the first night, which has the same and more, every
    third; of a pulled one those until its receipts are written, after which it is like any other.
    """
    steps = [(number, point) for number, point in enumerate(due.points) if point != "flush" and "mkdir" not in point]
    firsts = [step for before, step in zip([(-1, ""), *steps], steps, strict=False) if before[1] != step[1]]
    if "list the source" in due.points:
        pull = next(place for place, (_, point) in enumerate(firsts) if "in receipts" in point)
        return firsts[:pull]
    return firsts[:: 3 if due.before is None else 1]


def test_the_points_are_those_that_matter(eves: dict[str, Eve]) -> None:
    points = eves["a later night"].points

    for wanted in ("BEGIN", "COMMIT", "rename in .state/archive", "rename in .state/forms", "rename in .state/findings",
                   "rename in .state/scored", "rename in receipts", "open in warehouse", "symlink in warehouse",
                   "rename in warehouse"):  # fmt: skip
        assert any(point.startswith(wanted) for point in points), wanted


def test_a_pulled_night_can_be_killed_while_it_lists_and_in_the_middle_of_a_file(eves: dict[str, Eve]) -> None:
    points = eves["a pulled night"].points
    steps = points[points.index("list the source") :]
    first_piece = steps.index("fetch piece 0")

    # a nameless file, its pieces, the encrypted copy; the first file of the site is not fetched again
    assert steps[first_piece - 1] == "open in ."
    assert [step for step in steps if step.startswith("fetch")] == [f"fetch piece {n}" for n in range(5)]
    assert "rename in .state/archive" in steps[first_piece + 5 :]


@pytest.mark.parametrize("seconds", [0.05, 0.15, 0.3])
def test_a_night_killed_at_some_moment_is_made_up_for_by_the_next(
    seconds: float, eves: dict[str, Eve], mortals: Mortals
) -> None:
    due = eves["a later night"]
    study = mortals.copy(due.folder)

    mortals.night(study, seconds=seconds)

    assert_as_if_nothing_had_happened(study, due, mortals)


@pytest.mark.parametrize("longest", [600, 3_000, 20_000, 200_000, 1_000_000])
def test_a_full_disk_fails_the_night_in_plain_words_and_the_next_makes_up_for_it(
    longest: int, eves: dict[str, Eve], mortals: Mortals
) -> None:
    due = eves["a later night"]
    study = mortals.copy(due.folder)

    ending = mortals.night(study, longest=longest)

    assert ending.status == FAILED
    assert "what was published before still stands" in str(ending.error)
    assert tables_of(study) == due.before
    assert_as_if_nothing_had_happened(study, due, mortals)


def test_nights_killed_one_after_the_other_leave_no_debris(eves: dict[str, Eve], mortals: Mortals) -> None:
    due = eves["a later night"]
    study = mortals.copy(due.folder)
    for number in range(0, len(due.points), 3):
        mortals.night(study, point=number)

    mortals.night(study)

    left = {path.relative_to(study).parts[:2] for path in study.rglob("*.tmp")}
    assert left == set()
    assert len(list((study / "warehouse" / ".publications").iterdir())) <= 3
    assert tables_of(study) == due.after


@pytest.mark.parametrize("access", ["ro", "rw"], ids=["read only", "read and write"])
def test_an_open_reader_blocks_no_run_and_keeps_what_it_opened(access: str, tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    study.drop("1.csv", table("A,1,1,2,3"))
    study.night()
    database = tmp_path / "warehouse" / "alliance.duckdb"
    with reader(database, access) as looking:
        counts = [ask(looking)]
        for number in range(2, 5):
            study.drop(f"{number}.csv", table(*(f"P{each},1,1,2,3" for each in range(number))))
            study.night()
            counts.append(ask(looking))

    assert counts == [1, 1, 1, 1]
    assert study.rows("SELECT count(*) FROM forms") == [(5,)]


def test_a_publication_that_is_open_in_the_night_itself_is_no_obstacle(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    study.drop("1.csv", table("A,1,1,2,3"))
    study.night()
    with duckdb.connect(str(tmp_path / "warehouse" / "alliance.duckdb"), read_only=True) as connection:
        study.drop("2.csv", table("B,1,1,2,3"))
        study.night()

        assert connection.execute("SELECT count(*) FROM forms").fetchone() == (1,)


def test_only_the_owner_can_look_into_the_state(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    study.drop("1.csv", table("A,1,1,2,3"))

    study.night()

    assert (tmp_path / ".state").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / ".state" / "key").stat().st_mode & 0o777 == 0o600
