"""The book of nights: what it tells of each night, however it ended, and that it quotes nobody."""

import json
import multiprocessing
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from alliance_etl.errors import ConfigurationError, RunFailed, StudyLocked
from alliance_etl.night.booked import Booking, book_failed_start, booked
from alliance_etl.night.night import Night
from alliance_etl.night.reports import StageCost
from alliance_etl.state.layout import Layout
from alliance_etl.state.ledger import Ledger
from alliance_etl.state.nights import InstrumentNight, NightEntry
from tests.scenario import EXPORT, Scenario, site, table

ANNA = "Anna-4711"


@pytest.fixture
def study(tmp_path: Path) -> Scenario:
    return Scenario(tmp_path, {"berlin": site(pocket=EXPORT), "oslo": site(pocket=EXPORT)})


@contextmanager
def opened(study: Scenario) -> Iterator[tuple[Night, Booking]]:
    with study.opened() as night, booked(night, started_by="a test") as booking:
        yield night, booking


def whole_night(study: Scenario) -> None:
    with opened(study) as (night, booking):
        for name in night.sites_with_news():
            booking.course.sites.append(night.take_in(name))
        booking.course.checks.append(night.check_conservation())
        night.score()
        booking.course.publication = night.publish()
        booking.course.costs["publication"] = StageCost(0.5, 100.0)


def nights(study: Scenario, last: int | None = None) -> list[NightEntry]:
    with closing(Ledger(Layout(study.folder).ledger)) as ledger:
        return ledger.nights(last)


def last_night(study: Scenario) -> NightEntry:
    (entry,) = nights(study, last=1)
    return entry


def test_a_night_that_publishes_is_told_with_its_publication_and_its_rows(study: Scenario) -> None:
    study.drop("a.csv", table(f"{ANNA},1,1,2,3", f"{ANNA},2,1,2,9"))

    whole_night(study)

    entry = last_night(study)
    assert (entry.outcome, entry.failure, entry.publication_number) == ("published", None, 1)
    assert entry.publication == dict(study.rows("SELECT key, value FROM meta"))["publication"]
    assert entry.configuration == dict(study.rows("SELECT key, value FROM meta"))["configuration"]
    assert entry.tables["answers_pocket"] == 1
    assert entry.ended_at is not None
    assert entry.started_at < entry.ended_at


def test_a_sites_night_is_what_its_own_drops_brought_and_how_it_stands(study: Scenario) -> None:
    study.drop("a.csv", table(f"{ANNA},1,1,2,3", f"{ANNA},2,1,2,9"))
    whole_night(study)
    study.drop("b.csv", table(f"{ANNA},1,1,2,4", f"{ANNA},3,1,2,3"))

    whole_night(study)

    berlin = last_night(study).sites["berlin"]
    assert (berlin.files, berlin.counts.rows_read, berlin.counts.held) == (1, 2, 0)
    assert berlin.instruments == {"pocket": InstrumentNight(forms=2, new=1, changed=1)}
    assert (berlin.forms, berlin.waiting) == (2, 1)


def test_a_site_that_sent_nothing_still_stands_in_the_book(study: Scenario) -> None:
    study.drop("a.csv", table(f"{ANNA},1,1,2,3"))

    whole_night(study)

    assert (last_night(study).sites["oslo"].files, last_night(study).sites["oslo"].forms) == (0, 0)


def test_a_long_file_counts_its_forms_and_not_its_rows(study: Scenario) -> None:
    long = {**EXPORT, "items": None, "layout": {"item": "item", "value": "answer"}}
    study.sites["berlin"] = site(pocket={key: value for key, value in long.items() if value})
    study.write()
    study.drop("a.csv", table(*(f"{ANNA},1,{n},2" for n in (1, 2, 3)), header="client,session,item,answer"))

    whole_night(study)

    assert last_night(study).sites["berlin"].counts.new == 3
    assert last_night(study).sites["berlin"].instruments["pocket"] == InstrumentNight(forms=1, new=1)


def test_a_folder_that_is_missing_fails_the_site_in_the_book(study: Scenario) -> None:
    (study.folder / "drops" / "oslo").rmdir()

    whole_night(study)

    assert "is not there" in str(last_night(study).sites["oslo"].failing)


def test_drops_that_are_taken_in_anew_are_not_the_nights_own(study: Scenario) -> None:
    study.drop("a.csv", table(f"{ANNA},1,1,2,3"))
    whole_night(study)
    study.export(missing={"-99": "refused"})

    whole_night(study)

    berlin = last_night(study).sites["berlin"]
    assert (berlin.refolded, berlin.files, berlin.forms) == (True, 0, 1)


def test_an_unchanged_night_knows_the_rows_of_what_is_public(study: Scenario) -> None:
    study.drop("a.csv", table(f"{ANNA},1,1,2,3"))
    whole_night(study)

    whole_night(study)

    first, second = nights(study)
    assert (first.outcome, second.outcome) == ("published", "unchanged")
    assert second.tables == first.tables != {}


def test_a_night_that_fails_says_why_and_what_it_had_taken_in(study: Scenario) -> None:
    study.drop("a.csv", table(f"{ANNA},1,1,2,3"))

    with opened(study) as (night, booking):
        night.take_in("berlin")
        booking.course.failure = RunFailed("the disk is full")

    entry = last_night(study)
    assert (entry.outcome, entry.failure, entry.publication) == ("failed", "the disk is full", None)
    assert entry.sites["berlin"].counts.new == 1


def test_a_bug_is_told_by_its_place_only(study: Scenario) -> None:
    with pytest.raises(ValueError, match=ANNA), opened(study):
        raise ValueError(ANNA)

    assert "ValueError" in str(last_night(study).failure)
    assert ANNA not in str(last_night(study).failure)


def test_no_id_gets_into_the_book(study: Scenario) -> None:
    study.drop("a.csv", table(f"{ANNA},1,1,2,3", f"{ANNA},2,{ANNA},2,3", f"{ANNA},x,1,2,3"))

    whole_night(study)

    with closing(sqlite3.connect(Layout(study.folder).ledger)) as connection:
        assert ANNA not in json.dumps(connection.execute("SELECT * FROM nights").fetchall())


def test_a_night_that_asked_for_some_steps_only_did_not_fail(study: Scenario) -> None:
    with opened(study) as (night, booking):
        booking.course.whole = False
        night.take_in("berlin")

    assert last_night(study).outcome == "partial"


def killed_in_the_night(study: Scenario) -> None:
    with opened(study):
        os._exit(9)


def test_a_killed_night_broke_off_for_who_looks_and_for_the_next_one(study: Scenario) -> None:
    child = multiprocessing.get_context("fork").Process(target=killed_in_the_night, args=(study,))
    child.start()
    child.join(timeout=60)
    assert last_night(study).outcome == "broken_off"

    whole_night(study)

    assert [entry.outcome for entry in nights(study)] == ["broken_off", "published"]
    assert "the run's process ended" in str(nights(study)[0].failure)


def test_the_book_is_read_while_a_night_is_at_work(study: Scenario) -> None:
    with opened(study) as (night, _), night.ledger.transaction():
        assert last_night(study).outcome is None
        assert last_night(study).as_dict()["outcome"] == "running"


def test_a_night_that_could_not_open_is_in_the_book(study: Scenario) -> None:
    whole_night(study)

    book_failed_start(study.folder, ConfigurationError("the key is another one"), started_by="schedule")

    entry = last_night(study)
    assert (entry.outcome, entry.failure) == ("failed", "the key is another one")
    assert entry.publication == nights(study)[0].publication


def test_a_run_that_waited_in_vain_for_another_is_no_night(study: Scenario) -> None:
    whole_night(study)

    book_failed_start(study.folder, StudyLocked("another run is at work"), started_by="schedule")

    assert len(nights(study)) == 1


def test_a_study_that_never_ran_gets_no_book_by_failing(study: Scenario) -> None:
    book_failed_start(study.folder, ConfigurationError("no such site"), started_by="schedule")

    assert not Layout(study.folder).ledger.exists()


def test_the_last_nights_are_the_newest_ones_in_order(study: Scenario) -> None:
    for _ in range(3):
        whole_night(study)

    assert [entry.seq for entry in nights(study, last=2)] == [2, 3]
