"""Rule 3: a later drop's row for the same form replaces it, an equal one does nothing, and history is kept."""

from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from alliance_etl.night.reports import DropReport
from alliance_etl.trace import trace_form
from tests.scenario import EXPORT, Scenario, codes, counted, site, table

HISTORY = """
    SELECT revision, line, superseded_at IS NULL, file
    FROM revisions JOIN drops USING (drop_id) ORDER BY form_id, revision
"""


def test_a_correction_replaces_the_form_and_leaves_its_history(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    study.drop("1.csv", table("A,1,1,2,3", "B,1,1,2,3"))
    study.night()
    study.drop("2.csv", table("B,1,1,2,4"))

    drop = study.night().drop

    assert counted(drop) == {"rows_read": 1, "changed": 1}
    assert sorted(study.rows(HISTORY)) == [
        (1, 2, True, "1.csv"),
        (1, 3, False, "1.csv"),
        (2, 2, True, "2.csv"),
    ]
    assert study.rows("SELECT value FROM responses JOIN forms USING (form_id) WHERE revision = 2 ORDER BY item") == [
        (1.0,),
        (2.0,),
        (4.0,),
    ]


def test_a_version_is_superseded_when_the_next_one_is_received(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    for number, answer in enumerate("123"):
        study.drop(f"{number}.csv", table(f"A,1,{answer},2,3"))
        study.night()

    gaps = study.rows(
        "SELECT old.superseded_at = new.received_at FROM revisions old JOIN revisions new "
        "ON old.form_id = new.form_id AND new.revision = old.revision + 1"
    )

    assert gaps == [(True,), (True,)]
    assert study.rows("SELECT max(revision) FROM forms") == [(3,)]


def test_a_stale_file_that_comes_again_does_not_bring_back_old_answers(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    old = table("A,1,1,2,3")
    for name, content in (("1.csv", old), ("2.csv", table("A,1,5,5,5")), ("1_again.csv", old)):
        study.drop(name, content)

    outcome = study.night()

    assert [drop.status for drop in outcome.drops] == ["accepted", "accepted", "duplicate"]
    assert counted(outcome.drops[-1]) == {"rows_read": 1, "unchanged": 1}
    assert study.rows("SELECT value FROM responses ORDER BY item") == [(5.0,), (5.0,), (5.0,)]


def test_the_same_file_with_a_newer_date_is_no_news(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    study.drop("1.csv", table("A,1,1,2,3"))
    study.take_in()
    study.drop("1.csv", table("A,1,1,2,3"))

    assert study.take_in().drops == []


def test_a_file_that_grows_brings_only_its_new_rows(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    rows = ["A,1,1,2,3", "B,1,1,2,3"]
    study.drop("all.csv", table(*rows))
    study.take_in()

    drop = study.received("all.csv", table(*rows, "C,1,1,2,3"))

    assert counted(drop) == {"rows_read": 3, "new": 1, "unchanged": 2}


@pytest.mark.parametrize(
    ("row", "outcome"),
    [
        ("A,1,2026-02-05,T1,1,2,3", "unchanged"),
        ("A,1,2026-02-06,T1,1,2,3", "changed"),
        ("A,1,2026-02-05,T2,1,2,3", "changed"),
        ("A,1,2026-02-05,T1,1,2,", "changed"),
        ("A,1,2026-02-05,T1,1,2,-99", "changed"),
        ("A,2,2026-02-05,T1,1,2,3", "new"),
        ("A,1,2026-02-05, T1 , 1,2.0,3", "unchanged"),
    ],
    ids=["nothing", "date", "therapist", "answer gone", "answer refused", "session", "spelling only"],
)
def test_what_makes_a_version(row: str, outcome: str, tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    study.export(date="day", therapist="who", missing={"-99": "refused"})
    header = "client,session,day,who,q1,q2,q3"
    study.drop("1.csv", table("A,1,2026-02-05,T1,1,2,3", header=header))
    study.take_in()

    drop = study.received("2.csv", table(row, "Z,9,2026-02-05,T9,1,1,1", header=header))

    by_outcome = Counter(["new", outcome])
    assert counted(drop) == {"rows_read": 2, **by_outcome}


def test_a_held_correction_leaves_the_form_as_it_was(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    study.drop("1.csv", table("A,1,1,2,3"))
    study.drop("2.csv", table("A,1,1,2,9"))

    study.night()

    assert study.rows("SELECT revision, value FROM forms JOIN responses USING (form_id) WHERE item = 3") == [(1, 3.0)]


def test_a_correction_that_was_held_takes_its_own_place_when_it_is_released(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    for number, answer in enumerate(("1", "often", "3")):
        study.drop(f"{number}.csv", table(f"A,1,{answer},2,3"))
    study.night()
    study.export(labels={"often": 4})

    study.night()

    assert [row[:2] for row in study.rows(HISTORY)] == [(1, 2), (2, 2), (3, 2)]
    assert study.rows("SELECT value FROM responses WHERE item = 1") == [(3.0,)]


def test_forms_of_two_sites_never_meet(tmp_path: Path) -> None:
    study = Scenario(tmp_path, {"berlin": site(pocket=EXPORT), "ulm": site(pocket=EXPORT)})
    study.drop("a.csv", table("A,1,1,2,3"), "berlin")
    study.drop("b.csv", table("A,1,3,2,1"), "ulm")

    study.night()

    assert study.rows("SELECT site, revision FROM forms ORDER BY site") == [("berlin", 1), ("ulm", 1)]
    assert study.rows("SELECT count(DISTINCT participant) FROM forms") == [(2,)]


def test_many_drops_of_one_site_lose_no_form_and_no_version(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    for number in range(30):
        study.drop(f"{number:02}.csv", table(f"A,1,{number % 5 + 1},2,3", f"P{number},1,1,2,3"))

    outcome = study.night()

    assert codes(study.findings(outcome.drops[-1])) == []
    assert study.rows("SELECT count(*), max(revision) FROM forms") == [(31, 30)]
    assert study.rows("SELECT count(*), count(DISTINCT (form_id, revision)) FROM revisions") == [(60, 60)]


def test_forms_that_vanish_from_a_snapshot_are_reported_and_stay_published(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    study.export(snapshot=True)
    study.drop("1.csv", table("A,1,1,2,3", "B,1,1,2,3", "C,1,1,2,3"))
    study.take_in()
    study.drop("2.csv", table("A,1,1,2,3"))

    drop = study.night().drop

    (finding,) = study.findings(drop)
    assert (finding["code"], finding["severity"], finding["count"]) == ("forms_vanished", "alert", "2")
    assert finding["expected"] == "the forms of 1.csv, lines 3, 4"
    assert study.rows("SELECT count(*) FROM forms") == [(3,)]


def test_of_a_stale_copy_it_is_told_how_many_newer_answers_were_kept(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    old = table("A,1,1,2,3", "B,1,1,2,3")
    for name, content in (("1.csv", old), ("2.csv", table("A,1,5,5,5")), ("1 (1).csv", old)):
        study.drop(name, content)

    copy = study.night().drops[-1]

    told = [finding for finding in study.receipt(copy)["findings"] if finding["code"] == "newer_answers_kept"]
    assert [(finding["expected"], finding["count"]) for finding in told] == [("1.csv", 1)]
    assert study.rows("SELECT code FROM findings ORDER BY code") == [("duplicate_file",), ("newer_answers_kept",)]


def test_a_copy_right_after_the_file_is_only_a_copy(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    study.export(snapshot=True)
    for name in ("1.csv", "2.csv"):
        study.drop(name, table("A,1,1,2,3"))
        study.take_in()
    study.night()

    assert study.rows("SELECT status, unchanged FROM drops ORDER BY file") == [("accepted", 0), ("duplicate", 1)]
    assert study.rows("SELECT code FROM findings") == [("duplicate_file",)]


THERE_AND_BACK = (table("A,1,1,2,3", "B,1,1,1,1"), table("A,1,5,5,5", "B,1,1,1,1"))


def there_and_back(study: Scenario, names: tuple[str, str, str]) -> list[DropReport]:
    """A file, a correction, and the first file's content again."""
    first, second = THERE_AND_BACK
    return [study.received(name, content) for name, content in zip(names, (first, second, first), strict=True)]


@pytest.mark.parametrize(
    ("snapshot", "names"),
    [
        (False, ("wai.csv", "wai.csv", "wai.csv")),
        (True, ("1.csv", "2.csv", "3.csv")),
        (True, ("wai.csv", "wai.csv", "wai.csv")),
    ],
    ids=["a file is put back", "snapshots", "a snapshot is put back"],
)
def test_a_file_that_goes_back_to_what_it_was_brings_its_answers_back(
    snapshot: bool, names: tuple[str, str, str], tmp_path: Path
) -> None:
    study = Scenario(tmp_path)
    study.export(snapshot=snapshot)

    *_, last = there_and_back(study, names)
    study.night()

    assert (last.status, counted(last)) == ("accepted_with_findings", {"rows_read": 2, "changed": 1, "unchanged": 1})
    assert study.rows("SELECT value FROM responses JOIN forms USING (form_id) WHERE revision = 3 ORDER BY item") == [
        (1.0,),
        (2.0,),
        (3.0,),
    ]
    assert study.rows("SELECT code, expected, count FROM findings") == [("file_went_back", names[0], 1)]
    assert codes(study.receipt(last)["findings"]) == ["file_went_back"]


def test_going_back_is_judged_alike_when_all_is_taken_in_again(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    there_and_back(study, ("wai.csv", "wai.csv", "wai.csv"))
    study.received("wai (1).csv", THERE_AND_BACK[1])
    study.night()
    before = study.tables()

    study.night(rebuild=True)

    assert study.tables() == before
    assert [row[5] for row in before["drops"]].count("duplicate") == 1


def test_a_form_that_went_back_is_traced_to_the_drop_that_brought_it_last(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    there_and_back(study, ("wai.csv", "wai.csv", "wai.csv"))
    study.night()
    ((form_id,),) = study.rows("SELECT form_id FROM forms WHERE revision = 3")

    with study.opened() as night:
        traced = trace_form(night, form_id)
        drops = night.ledger.drops("berlin")

    assert datetime.fromisoformat(traced["drop"]["received_at"]) == drops[2].received_at
    assert [answer["raw"] for answer in traced["answers"]] == ["1", "2", "3"]
    assert [revision["drop_id"] for revision in traced["revisions"]] == [drop.drop_id for drop in drops]


def test_a_file_that_is_put_back_without_any_difference_to_what_is_current_is_a_duplicate(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    first = table("A,1,1,2,3")
    reports = [study.received("weekly.csv", content) for content in (first, table("B,1,1,2,3"), first)]

    assert (reports[-1].status, counted(reports[-1])) == ("duplicate", {"rows_read": 1, "unchanged": 1})


@pytest.mark.parametrize(
    "at_first", ["", "nothing\n", THERE_AND_BACK[0][:29]], ids=["empty", "without its columns", "half a row"]
)
def test_a_copy_that_was_seen_before_it_was_whole_takes_no_correction_back(at_first: str, tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    first, correction = THERE_AND_BACK
    study.received("wai.csv", first)
    study.received("copy of wai.csv", at_first)
    study.received("corrected.csv", correction)
    last = study.received("copy of wai.csv", first)
    study.night()

    assert (last.status, counted(last)) == ("duplicate", {"rows_read": 2, "unchanged": 2})
    assert study.rows("SELECT DISTINCT revision FROM forms WHERE line = 2") == [(2,)]


def test_forms_that_a_snapshot_lacks_when_it_goes_back_are_told(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    study.export(snapshot=True)
    first = table("A,1,1,2,3")
    reports = [study.received("all.csv", content) for content in (first, table("A,1,1,2,3", "B,1,1,2,3"), first)]

    assert codes(study.findings(reports[-1])) == ["forms_vanished"]
    assert counted(reports[-1]) == {"rows_read": 1, "unchanged": 1}
