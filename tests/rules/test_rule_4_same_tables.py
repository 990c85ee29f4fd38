"""Rule 4: the published tables depend on what was dropped in which order, not on when the runs took place."""

import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.scenario import EXPORT, POCKET, Scenario, published, site, table

SITES = ("berlin", "ulm", "wien")
Drop = tuple[str, str, str]  # site, file, content
Tables = dict[str, list[tuple[Any, ...]]]


def started(folder: Path) -> Scenario:
    """A study of three sites, one of them with other column names, under a key that all studies here have."""
    study = Scenario(folder, {name: site(pocket=EXPORT) for name in SITES})
    (folder / ".state").mkdir(parents=True)
    (folder / ".state" / "key").write_text("the same for all")
    study.export("wien", participant="Klient")
    return study


def history() -> list[Drop]:
    """Good and spoiled rows, corrections, a file that comes again, one from two sites, one in the wrong folder."""
    chance = random.Random(4)
    drops: list[Drop] = []
    for number in range(3):
        for name in SITES:
            header = f"{'Klient' if name == 'wien' else 'client'},session,q1,q2,q3"
            keys = chance.sample([f"{name}-{client},{session}" for client in range(4) for session in range(3)], k=6)
            rows = [f"{key},{','.join(chance.choices('13555 x', k=3))}" for key in (*keys, keys[0])]
            drops.append((name, f"{number}.csv", table(*rows, rows[1], header=header)))
    first_of_berlin, first_of_wien = drops[0][2], drops[2][2]
    drops.insert(5, ("berlin", "again.csv", first_of_berlin))
    drops.insert(6, ("ulm", "of_berlin.csv", first_of_berlin))
    return [*drops, ("berlin", "of_wien.csv", first_of_wien), ("ulm", "letter.csv", "to the data manager\n")]


def land(study: Scenario, drops: list[Drop]) -> None:
    for name, file, content in drops:
        study.drop(file, content, name)


def after_every_drop(study: Scenario) -> None:
    for drop in history():
        land(study, [drop])
        study.night()


def in_two_runs(study: Scenario) -> None:
    land(study, history()[:6])
    study.night()
    land(study, history()[6:])
    study.night()


def rebuilt(study: Scenario) -> None:
    in_two_runs(study)
    study.night(rebuild=True)


def taken_in_often_published_once(study: Scenario) -> None:
    for drop in history():
        land(study, [drop])
        study.take_in()
    study.night()


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """What one run at the end publishes."""
    study = started(tmp_path_factory.mktemp("reference"))
    land(study, history())
    study.night()
    return study.tables()


def test_the_history_holds_what_could_go_wrong(reference: Tables) -> None:
    found = {row[7] for row in reference["findings"]}
    statuses = {row[5] for row in reference["drops"]}

    assert found >= {"answer_unreadable", "other_sites_file", "duplicate_file", "column_missing", "no_header"}
    assert statuses == {"accepted_with_findings", "duplicate", "rejected"}
    assert {row[1] for row in reference["revisions"]} >= {1, 2}


@pytest.mark.parametrize(
    "runs", [after_every_drop, in_two_runs, rebuilt, taken_in_often_published_once], ids=lambda runs: runs.__name__
)
def test_runs_at_other_times_publish_the_same_tables(
    runs: Callable[[Scenario], None], reference: Tables, tmp_path: Path
) -> None:
    study = started(tmp_path)

    runs(study)

    assert_same(study.tables(), reference)


@pytest.mark.parametrize("often", [True, False], ids=["after every drop", "once at the end"])
def test_snapshots_that_go_back_publish_the_same_whenever_the_runs_took_place(often: bool, tmp_path: Path) -> None:
    study = started(tmp_path)
    study.export(snapshot=True)
    first, second = table("A,1,1,2,3", "B,1,1,1,9"), table("A,1,5,5,5", "B,1,1,1,1")
    for number, content in enumerate((first, second, first)):
        study.drop(f"{number}.csv", content)
        if often:
            study.night()
    study.night()

    assert study.rows("SELECT value FROM responses JOIN forms USING (form_id) WHERE line = 2 ORDER BY item") == [
        (1.0,),
        (2.0,),
        (3.0,),
    ]
    before = study.tables()
    study.night(rebuild=True)
    assert_same(study.tables(), before)
    assert study.rows("SELECT status, new, changed, held FROM drops ORDER BY file") == [
        ("accepted_with_findings", 1, 0, 1),
        ("accepted", 1, 1, 0),
        ("accepted_with_findings", 0, 1, 1),
    ]


@pytest.mark.parametrize("snapshot", [True, False], ids=["snapshots", "weekly files"])
@pytest.mark.parametrize("seed", range(4))
def test_contents_that_come_again_and_again_end_where_they_should(seed: int, snapshot: bool, tmp_path: Path) -> None:
    """Played by hand: each snapshot replaces what it has; of other files only the first of each content does."""
    chance = random.Random(seed)
    answers = [{client: f"{chance.randint(1, 5)},2,3" for client in chance.sample("ABCD", 3)} for _ in range(3)]
    order = chance.choices(range(3), k=7)
    due: dict[str, str] = {}
    for place, number in enumerate(order):
        if snapshot or number not in order[:place]:
            due |= answers[number]
    often, once = started(tmp_path / "often"), started(tmp_path / "once")
    for study in (often, once):
        study.export(snapshot=snapshot)
        for place, number in enumerate(order):
            study.drop(f"{place}.csv", table(*(f"{client},1,{row}" for client, row in answers[number].items())))
            if study is often:
                study.take_in()
        study.night()
    published = once.rows("SELECT value FROM responses WHERE item = 1 ORDER BY value")

    assert [value for (value,) in published] == sorted(float(row[0]) for row in due.values())
    assert_same(often.tables(), once.tables())
    often.night(rebuild=True)
    assert_same(often.tables(), once.tables())


def test_a_file_that_was_replaced_and_put_back_counts_as_it_stands(tmp_path: Path) -> None:
    """Whoever looks only at the end sees the file as it stands then; so must whoever saw it in between."""
    first, second = table("A,1,1,2,3"), table("A,1,5,5,5")
    watched, late = started(tmp_path / "watched"), started(tmp_path / "late")
    for content in (first, second, first):
        watched.drop("a.csv", content)
        watched.night()
        late.drop("a.csv", content)
    late.night()

    assert watched.tables()["responses"] == late.tables()["responses"]


def assert_same(tables: Tables, others: Tables) -> None:
    assert {name: tables[name] for name in tables if tables[name] != others[name]} == {}
    assert tables.keys() == others.keys()


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    study = started(tmp_path)
    land(study, history())
    study.night()
    before = everything(tmp_path)

    outcome = study.night()

    assert outcome.drops == []
    assert not outcome.publication.rewritten
    assert everything(tmp_path) == before


def everything(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and time of change of every file that a run writes, the books of SQLite apart."""
    files = [path for name in ("receipts", "warehouse", ".state") for path in (folder / name).rglob("*")]
    return {
        str(path): (path.lstat().st_size, path.lstat().st_mtime_ns)
        for path in files
        if not path.is_dir() and not path.name.startswith(("ledger.sqlite", "lock"))
    }


def more_labels(study: Scenario) -> None:
    for name in SITES:
        study.export(name, labels={"x": 3})


def other_columns_elsewhere(study: Scenario) -> None:
    study.export("wien", participant="client")


def prorating(study: Scenario) -> None:
    study.more["scoring"] = {"min_answered": 0.6}
    study.write()


def components_of_grade_c(study: Scenario) -> None:
    study.more["scoring"] = {"c_grade": True}
    study.write()


def another_instrument(study: Scenario) -> None:
    study.instruments = ({**POCKET, "reversed_items": [], "response": {"min": 0, "max": 5, "step": 1}},)
    study.write()


def halves_at_one_site(study: Scenario) -> None:
    study.export("ulm", response={"min": 1, "max": 5, "step": 0.5})


def another_export(study: Scenario) -> None:
    study.sites["berlin"]["exports"]["again"] = {**EXPORT, "rater_role": "therapist"}
    study.write()


CHANGES = [
    more_labels,
    other_columns_elsewhere,
    prorating,
    components_of_grade_c,
    another_instrument,
    halves_at_one_site,
    another_export,
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_change_between_the_runs_is_as_if_it_had_always_been_so(
    change: Callable[[Scenario], None], tmp_path: Path
) -> None:
    drops = history()
    always, between = started(tmp_path / "always"), started(tmp_path / "between")
    change(always)
    land(always, drops)
    always.night()
    land(between, drops[:8])
    between.night()
    change(between)
    land(between, drops[8:])

    between.night()

    assert_same(between.tables(), always.tables())


def test_a_site_that_study_yaml_no_longer_names_is_not_published_and_comes_back_with_its_name(tmp_path: Path) -> None:
    study = started(tmp_path)
    land(study, history())
    study.night()
    whole, ulm = study.tables(), study.sites.pop("ulm")
    study.write()
    study.night()
    without = study.rows("SELECT DISTINCT site FROM forms ORDER BY site")
    study.sites["ulm"] = ulm
    study.write()

    study.night()

    assert without == [("berlin",), ("wien",)]
    assert_same(study.tables(), whole)


@pytest.mark.parametrize("damage", ["database cut off", "database written to", "a table removed"])
def test_what_somebody_did_to_the_publication_is_mended_by_the_next_run(damage: str, tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    study.drop("1.csv", table("A,1,1,2,3", "B,1,5,4,3"))
    study.night()
    before = published(tmp_path)
    database = tmp_path / "warehouse" / "alliance.duckdb"
    if damage == "database cut off":
        os.truncate(database, database.stat().st_size // 2)
    elif damage == "database written to":
        with duckdb.connect(str(database)) as connection:
            connection.execute("DELETE FROM findings; DROP TABLE meta; CHECKPOINT")
    else:
        next((tmp_path / "warehouse" / "tables" / "answers_pocket").resolve().glob("*.parquet")).unlink()

    rewritten = study.night().publication.rewritten
    again = study.night().publication.rewritten

    assert (rewritten, again) == (True, False)
    assert published(tmp_path) == before
