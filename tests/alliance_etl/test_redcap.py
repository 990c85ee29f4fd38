"""REDCap's exports as they come: events, repeating forms, rows of other forms, missing-data codes, labels."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance_etl.night.reports import DropReport
from tests.alliance_etl.redcap_files import Row, demographics, labelled, pocket, raw
from tests.alliance_etl.staging import staged
from tests.scenario import Scenario, counted, site

POCKET: dict[str, Any] = {"files": "*.csv", "instrument": "pocket", "preset": "redcap", "items": "pocket_{n}"}
SESSIONS = "SELECT session, list(value ORDER BY item) FROM responses JOIN forms USING (form_id) GROUP BY ALL ORDER BY 1"


def errors(study: Scenario, drop: DropReport) -> list[str]:
    return [finding["code"] for finding in study.findings(drop) if finding["severity"] == "error"]


def project(folder: Path, **keys: Any) -> Scenario:
    """A site whose export `pocket` has the preset and these keys; a key that is None has nothing after its colon."""
    return Scenario(folder, {"berlin": site(pocket={**POCKET, **keys})})


def test_sessions_are_told_by_events_and_rows_of_other_forms_are_skipped(tmp_path: Path) -> None:
    study = project(tmp_path)
    study.drop(
        "a.csv",
        raw(
            demographics("1", "baseline_arm_1"),
            pocket("1", "1 2 3", "session_1_arm_1"),
            pocket("1", "4 5 2", "session_2_arm_1"),
            pocket("1", "5 5 1", "session_10_arm_1"),
            pocket("1", "  ", "follow_up_arm_1", complete=""),
        ),
    )
    outcome = study.night()
    assert counted(outcome.drop) == {"rows_read": 5, "new": 3, "skipped": 2}
    assert study.rows(SESSIONS) == [(1, [1, 2, 3]), (2, [4, 5, 2]), (10, [5, 5, 1])]


@pytest.mark.parametrize(
    ("events", "sessions"),
    [
        pytest.param(("t1_arm_1", "t2_arm_1", "t10_arm_1"), [1, 2, 10], id="no line between"),
        pytest.param(("visit_01_arm_1", "visit_02_arm_1b", "Visit_3_arm_2"), [1, 2, 3], id="zeros, arms, a letter"),
        pytest.param(("week_2_session_1_arm_1", "week_2_session_2_arm_1"), [1, 2], id="the last number counts"),
        pytest.param(("week_1_session_1_arm_1", "week_2_session_1_arm_1"), [], id="two numbers are no word"),
    ],
)
def test_events_of_one_word_are_numbered(tmp_path: Path, events: tuple[str, ...], sessions: list[int]) -> None:
    study = project(tmp_path)
    study.drop("a.csv", raw(*(pocket("1", "1 2 3", event) for event in events)))
    study.night()
    assert [session for session, _ in study.rows(SESSIONS)] == sessions


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        pytest.param(
            [pocket("1", "1 2 3", "week_4_arm_1"), pocket("1", "1 2 3", "session_4_arm_1")],
            ["session_unreadable"] * 2,
            id="events of two kinds",
        ),
        pytest.param([pocket("1", "1 2 3", "intake_arm_1")], ["session_unreadable"], id="an event without a number"),
        pytest.param(
            [pocket("1", "1 2 3", "intake_arm_1"), pocket("1", "1 2 3", "session_1_arm_1")],
            ["session_unreadable"] * 2,
            id="one event of several without a number",
        ),
        pytest.param([pocket("1", "1 2 3", "")], ["session_missing"], id="no event"),
    ],
)
def test_events_that_are_not_numbered_alike_are_held(tmp_path: Path, rows: list[Any], told: list[str]) -> None:
    study = project(tmp_path)
    drop = study.received("a.csv", raw(*rows))
    assert counted(drop) == {"rows_read": len(rows), "held": len(rows)}
    assert errors(study, drop) == told


def test_sessions_of_events_are_declared_and_release_what_was_held(tmp_path: Path) -> None:
    study = project(tmp_path)
    content = raw(
        pocket("1", "1 2 3", "intake_arm_1"), pocket("1", "4 5 2", "week_4_arm_1"), pocket("1", "5 5 1", "other_arm_1")
    )
    assert counted(study.received("a.csv", content)) == {"rows_read": 3, "held": 3}
    study.export(sessions={"Intake_arm_1": 0, "week_4_arm_1": 1})
    outcome = study.night()
    assert counted(outcome.drop) == {"rows_read": 3, "new": 2, "held": 1}
    assert study.rows(SESSIONS) == [(0, [1, 2, 3]), (1, [4, 5, 2])]


def test_a_repeating_form_has_its_instance_for_a_session(tmp_path: Path) -> None:
    study = project(tmp_path, session="redcap_repeat_instance")
    study.drop(
        "a.csv",
        raw(
            demographics("1"),
            {"record_id": "1", "redcap_repeat_instrument": "adverse_events", "redcap_repeat_instance": "1"},
            pocket("1", "1 2 3", instance="1"),
            pocket("1", "4 5 2", instance="2"),
            without=["redcap_event_name"],
        ),
    )
    outcome = study.night()
    assert counted(outcome.drop) == {"rows_read": 4, "new": 2, "skipped": 2}
    assert study.rows(SESSIONS) == [(1, [1, 2, 3]), (2, [4, 5, 2])]


def test_a_session_may_be_split_over_event_and_instance(tmp_path: Path) -> None:
    sessions = {"start_arm_1": 1, "therapy_arm_1": 1, "booster_arm_1": 20}
    study = project(tmp_path, sessions=sessions, instance="redcap_repeat_instance")
    study.drop(
        "a.csv",
        raw(
            pocket("1", "1 1 1", "start_arm_1"),
            pocket("1", "2 2 2", "therapy_arm_1", instance="1"),
            pocket("1", "3 3 3", "therapy_arm_1", instance="2"),
            pocket("1", "4 4 4", "booster_arm_1", instance="1"),
        ),
    )
    study.night()
    assert study.rows(SESSIONS) == [(1, [1, 1, 1]), (2, [2, 2, 2]), (3, [3, 3, 3]), (21, [4, 4, 4])]


def test_a_sum_of_session_and_instance_that_is_no_session_is_held(tmp_path: Path) -> None:
    study = project(tmp_path, sessions={"a": 999_999_999}, instance="redcap_repeat_instance")
    drop = study.received("a.csv", raw(pocket("1", "1 1 1", "a", instance="2147483647")))
    assert errors(study, drop) == ["session_unreadable"]


def test_equal_answers_of_two_instances_are_never_taken_for_one_form(tmp_path: Path) -> None:
    study = project(tmp_path)
    drop = study.received(
        "a.csv",
        raw(
            pocket("1", "1 2 3", "session_1_arm_1", instance="1"),
            pocket("1", "1 2 3", "session_1_arm_1", instance="2"),
            pocket("2", "1 2 3", "session_1_arm_1"),
            pocket("2", "1 2 3", "session_1_arm_1"),
        ),
    )
    assert counted(drop) == {"rows_read": 4, "new": 1, "unchanged": 1, "held": 2}
    assert errors(study, drop) == ["session_shared"] * 2


@pytest.mark.parametrize(
    ("complete", "counts"),
    [
        ("2", {"rows_read": 1, "new": 1}),
        ("1", {"rows_read": 1, "skipped": 1}),
        ("0", {"rows_read": 1, "skipped": 1}),
        ("", {"rows_read": 1, "skipped": 1}),
    ],
)
def test_a_blank_form_stays_where_it_is_marked_complete(tmp_path: Path, complete: str, counts: dict[str, int]) -> None:
    study = project(tmp_path, complete={"pocket_complete": 2})
    drop = study.received("a.csv", raw(pocket("1", "  ", "session_1_arm_1", complete=complete)))
    assert counted(drop) == counts


def test_without_a_column_that_says_complete_a_blank_form_is_skipped(tmp_path: Path) -> None:
    drop = project(tmp_path).received("a.csv", raw(pocket("1", "  ", "session_1_arm_1")))
    assert counted(drop) == {"rows_read": 1, "skipped": 1}


def test_missing_data_codes_are_reasons_and_no_blanks(tmp_path: Path) -> None:
    study = project(tmp_path, missing={"-99": "refused", "NI": "nothing_known"})
    study.drop("a.csv", raw(pocket("1", "NASK NI -99", "session_1_arm_1"), pocket("1", "UNK UNK 4", "session_2_arm_1")))
    study.night()
    assert study.rows("SELECT missing FROM responses JOIN forms USING (form_id) ORDER BY session, item") == [
        ("not_asked",),
        ("nothing_known",),
        ("refused",),
        ("unknown",),
        ("unknown",),
        (None,),
    ]


def test_forms_may_be_keyed_by_date_instead_of_events(tmp_path: Path) -> None:
    study = project(tmp_path)
    study.sites["berlin"]["exports"]["pocket"].update(session=None, date="pocket_date")
    study.write()
    study.drop("a.csv", raw(pocket("1", "1 2 3", "intake_arm_1", pocket_date="2026-01-31 14:05")))
    study.night()
    assert study.rows("SELECT session, CAST(session_date AS VARCHAR) FROM forms") == [(None, "2026-01-31")]


@pytest.mark.parametrize("text", ["[not completed]", "UNK", ""])
def test_a_date_that_there_is_none_of_is_none(tmp_path: Path, text: str) -> None:
    study = project(tmp_path, date="pocket_date")
    study.drop("a.csv", raw(pocket("1", "1 2 3", "session_1_arm_1", pocket_date=text)))
    study.night()
    assert study.rows("SELECT session, session_date FROM forms") == [(1, None)]


def test_a_project_without_events_is_told_that_it_has_neither_session_nor_date(tmp_path: Path) -> None:
    study = project(tmp_path)
    drop = study.received("a.csv", raw(pocket("1", "1 2 3"), without=["redcap_event_name", "redcap_repeat_instance"]))
    assert drop.status == "rejected"
    (finding,) = study.findings(drop)
    assert (finding["code"], "redcap_event_name" in finding["message"]) == ("column_missing", True)


@pytest.mark.parametrize(
    "events",
    [
        pytest.param(("Session 1 (Arm 1: Therapy)", "Session 2 (Arm 1: Therapy)"), id="of a project with arms"),
        pytest.param(("Session 1", "Session 2"), id="of a project with one arm"),
    ],
)
def test_an_export_with_labels_is_read_by_its_labels(tmp_path: Path, events: tuple[str, str]) -> None:
    items = ["We agree about goals", "We agree about tasks", "I feel liked"]
    labels = {"never": 1, "sometimes": 3, "always": 5}
    study = project(tmp_path, preset="redcap_labels", items=items, labels=labels, complete={"Complete? #2": "Complete"})
    study.drop(
        "a.csv",
        labelled(
            demographics("1", "Baseline (Arm 1: Therapy)", complete="Complete"),
            pocket("1", "never sometimes always", events[0], complete="Complete"),
            pocket("1", "  ", events[1], complete="Complete"),
            pocket("2", "  ", events[1], complete="Incomplete"),
        ),
    )
    outcome = study.night()
    assert counted(outcome.drop) == {"rows_read": 4, "new": 2, "skipped": 2}
    assert study.rows(SESSIONS) == [(1, [1, 3, 5]), (2, [None, None, None])]


def test_a_label_that_two_columns_have_is_told_where_it_is_wanted(tmp_path: Path) -> None:
    items = ["We agree about goals", "We agree about tasks", "I feel liked"]
    study = project(tmp_path, preset="redcap_labels", items=items, complete={"Complete?": "Complete"})
    drop = study.received("a.csv", labelled(pocket("1", "1 2 3", "Session 1")))
    (finding,) = study.findings(drop)
    assert (drop.status, finding["code"], finding["expected"]) == ("rejected", "column_doubled", "'Complete?'")


def test_two_forms_of_one_export_each_skip_the_others_rows(tmp_path: Path) -> None:
    other = {**POCKET, "items": ["age", "symptoms___1", "symptoms___2"], "rater_role": "therapist"}
    study = Scenario(tmp_path, {"berlin": site(pocket=POCKET, other={**other, "response": {"min": 0, "max": 99}})})
    drop = study.received("a.csv", raw(demographics("1", "session_1_arm_1"), pocket("1", "1 2 3", "session_1_arm_1")))
    assert {name: (each.new, each.skipped) for name, each in drop.exports.items()} == {
        "pocket": (1, 1),
        "other": (1, 1),
    }


def test_held_rows_of_an_export_come_back_mended(tmp_path: Path) -> None:
    study = project(tmp_path)
    rows = [pocket("1", "1 2 9", "session_1_arm_1"), pocket("1", "4 5 2", "session_2_arm_1"), demographics("2", "x")]
    drop = study.received("a.csv", raw(*rows))
    assert counted(drop) == {"rows_read": 3, "new": 1, "held": 1, "skipped": 1}
    fixme = study.folder / "receipts" / "berlin" / drop.drop_id / "fixme.csv"
    study.drop("mended_fixme.csv", fixme.read_text(encoding="utf-8").replace(",1,2,9,", ",1,2,3,"))
    assert counted(study.night().drop) == {"rows_read": 1, "new": 1}
    assert study.rows(SESSIONS) == [(1, [1, 2, 3]), (2, [4, 5, 2])]


ROWS = st.builds(
    lambda record, answers, event, instance, complete: pocket(
        record, " ".join(answers), event, instance=instance, complete=complete
    ),
    record=st.sampled_from(["1", "2", ""]),
    answers=st.one_of(
        st.just(["", "", ""]), st.lists(st.sampled_from(["", "1", "5", "9", "NI", "x"]), min_size=3, max_size=3)
    ),
    event=st.sampled_from(["session_1_arm_1", "session_2_arm_1", "baseline_arm_1", ""]),
    instance=st.sampled_from(["", "1", "2"]),
    complete=st.sampled_from(["", "0", "2"]),
)


@given(st.lists(ROWS, max_size=12))
def test_every_row_with_an_answer_is_taken_or_held_and_every_other_is_skipped(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Row]
) -> None:
    study = project(tmp_path_factory.mktemp("study"), complete={"pocket_complete": 2})
    (export,) = staged(study, raw(*rows)).exports
    forms = [row for row in rows if any(row[f"pocket_{n}"] for n in (1, 2, 3)) or row["pocket_complete"] == "2"]
    assert export.rows_read == len(rows)
    assert export.skipped == len(rows) - len(forms)
    assert int(export.forms["n_lines"].sum()) + export.repeated + export.held == len(forms)
