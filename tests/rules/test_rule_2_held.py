"""Rule 2: a row whose form cannot be trusted is held, and tried again when its reading changes."""

import sqlite3
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.scenario import EXPORT, POCKET, Scenario, codes, counted, site, table

BY_DATE = {"session": None, "date": "day"}
DATES = "client,day,q1,q2,q3"

# why a row is held, as sent; the keys of the export that release it; and how the published answers then look
RELEASES = [
    ("a label", "A,1,never,2,3", {"labels": {"Never": 1}}, (1.0, 2.0, 3.0)),
    ("a code", "A,1,-99,2,3", {"missing": {"-99": "refused"}}, (None, 2.0, 3.0)),
    ("another range", "A,1,0,2,4", {"response": {"min": 0, "max": 4}}, (1.0, 3.0, 5.0)),
    ("a decimal answer", "A,1,1.5,2,3", {"response": {"min": 1, "max": 5, "step": 0.5}}, (1.5, 2.0, 3.0)),
    ("a session that is a date", "A,2026-02-05,1,2,3", {"session": None, "date": "session"}, (1.0, 2.0, 3.0)),
]


@pytest.mark.parametrize(("row", "keys", "answers"), [case[1:] for case in RELEASES], ids=[c[0] for c in RELEASES])
def test_a_held_row_is_released_by_the_configuration_alone(
    row: str, keys: Mapping[str, Any], answers: tuple[float | None, ...], tmp_path: Path
) -> None:
    study = Scenario(tmp_path)
    path = study.drop("a.csv", table(row))
    assert counted(study.take_in().drop) == {"rows_read": 1, "held": 1}
    path.unlink()
    study.export(**keys)

    drop = study.night().drop

    assert (drop.status, counted(drop)) == ("accepted", {"rows_read": 1, "new": 1})
    assert study.findings(drop) == []
    assert [value for (value,) in study.rows("SELECT value FROM responses ORDER BY item")] == list(answers)


def test_a_held_row_is_released_by_its_instrument_alone(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    path = study.drop("a.csv", table("A,1,1,2,7"))
    assert counted(study.take_in().drop) == {"rows_read": 1, "held": 1}
    path.unlink()
    study.instruments = ({**POCKET, "response": {"min": 1, "max": 7, "step": 1}},)
    study.write()

    drop = study.night().drop

    assert counted(drop) == {"rows_read": 1, "new": 1}
    assert study.rows("SELECT keyed FROM responses WHERE item = 3") == [(1.0,)]


def test_a_rejected_file_is_read_again_when_its_columns_are_named(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    path = study.drop("a.csv", table("A,1,1,2,3", header="Klient,session,q1,q2,q3"))
    assert study.take_in().drop.status == "rejected"
    path.unlink()
    study.export(participant="Klient")

    assert counted(study.take_in().drop) == {"rows_read": 1, "new": 1}


def test_a_file_that_no_export_reads_is_taken_in_once_its_name_is_declared(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    study.drop("wai.txt", table("A,1,1,2,3"))
    assert study.take_in().drop.status == "rejected"
    study.export(files=["*.csv", "*.TXT"])

    assert counted(study.take_in().drop) == {"rows_read": 1, "new": 1}


def test_a_stricter_configuration_holds_what_was_published_before(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    study.drop("a.csv", table("A,1,1,2,3", "B,1,1,2,5"))
    study.night()
    study.export(response={"min": 1, "max": 4})

    study.night()

    assert study.rows("SELECT count(*) FROM forms") == [(1,)]


def test_a_configuration_that_changes_nothing_of_the_intake_reads_nothing_again(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    study.drop("a.csv", table("A,1,1,2,x"))
    study.take_in()
    study.more = {"title": "another title", "schedule": "0 3 * * *", "scoring": {"c_grade": True}}
    study.sites["berlin"]["title"] = "another title"
    study.write()

    assert study.take_in().drops == []


def test_what_is_held_says_why_for_every_bad_cell_of_the_row(tmp_path: Path) -> None:
    study = Scenario(tmp_path)

    drop = study.received("a.csv", table(",first,9,2.5,x"))

    assert counted(drop) == {"rows_read": 1, "held": 1}
    assert codes(study.findings(drop)) == [
        "participant_missing",
        "session_unreadable",
        "answer_out_of_range",
        "answer_between_steps",
        "answer_unreadable",
    ]


@pytest.mark.parametrize(
    ("zone", "moment", "day", "held"),
    [
        ("UTC", "2026-02-05T12:00", "2026-02-05", 0),
        ("UTC", "2026-02-05T12:00", "2026-02-06", 1),
        ("Asia/Tokyo", "2026-02-05T20:00", "2026-02-06", 0),
        ("America/Los_Angeles", "2026-02-05T04:00", "2026-02-05", 1),
    ],
    ids=["the day of receipt", "the day after", "tomorrow's day has begun at the site", "the site's day has not begun"],
)
def test_the_future_begins_after_the_day_of_receipt_in_the_sites_time_zone(
    zone: str, moment: str, day: str, held: int, tmp_path: Path
) -> None:
    study = Scenario(tmp_path, more={"timezone": zone})
    study.export(**BY_DATE)
    study.drop("a.csv", table(f"A,{day},1,2,3", header=DATES))
    study.take_in()
    receive(tmp_path, datetime.fromisoformat(moment).replace(tzinfo=UTC))

    drop = study.take_in(rebuild=True).drop

    assert drop.counts.held == held


def test_a_date_in_the_future_stays_held_when_that_day_has_come(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    study.export(**BY_DATE)
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    study.drop("a.csv", table(f"A,{yesterday},1,2,3", header=DATES))
    study.take_in()
    receive(tmp_path, datetime.now(UTC) - timedelta(days=9))
    study.export(labels={"often": 4})

    drop = study.take_in().drop

    assert codes(study.findings(drop)) == ["date_in_future"]


def receive(folder: Path, moment: datetime) -> None:
    """Let all drops have been received at that moment."""
    with sqlite3.connect(folder / ".state" / "ledger.sqlite") as ledger:
        ledger.execute("UPDATE drops SET received_at = ?", (moment.isoformat(),))
    ledger.close()


def test_a_form_is_keyed_by_its_session_and_only_without_one_by_its_date(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    study.export(date="day")
    rows = ("A,1,2026-02-05,1,2,3", "A,,2026-02-05,1,2,3", "A,2,2026-02-05,1,2,3", "A,,2026-02-06,1,2,3")

    study.drop("a.csv", table(*rows, header="client,session,day,q1,q2,q3"))
    study.night()

    assert study.rows("SELECT session, session_date FROM forms ORDER BY line") == [
        (1, date(2026, 2, 5)),
        (None, date(2026, 2, 5)),
        (2, date(2026, 2, 5)),
        (None, date(2026, 2, 6)),
    ]
    assert study.rows("SELECT count(DISTINCT form_id) FROM forms") == [(4,)]


def test_equal_forms_of_two_raters_are_two_forms(tmp_path: Path) -> None:
    export = {**EXPORT, "rater": "observer", "rater_role": "observer"}
    study = Scenario(tmp_path, {"berlin": site(pocket=export)})

    drop = study.received("a.csv", table("A,1,X,1,2,3", "A,1,Y,1,2,4", header="client,session,observer,q1,q2,q3"))

    assert counted(drop) == {"rows_read": 2, "new": 2}


def test_a_good_row_is_held_with_the_spoiled_row_of_its_form(tmp_path: Path) -> None:
    study = Scenario(tmp_path)

    drop = study.received("a.csv", table("A,1,1,2,3", "A,1,1,9,3", "B,1,1,2,3"))

    assert counted(drop) == {"rows_read": 3, "new": 1, "held": 2}
    assert codes(study.findings(drop)) == ["form_twice", "answer_out_of_range"]
