"""Alerts: what is possible but unlikely is published and listed, until somebody confirms just that value."""

import json
import os
import random
import subprocess
import sys
from datetime import date
from itertools import permutations
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from alliance_etl.alerts import rules
from alliance_etl.alerts.signs import signs_of
from alliance_etl.alerts.suspects import DATES, suspected
from alliance_etl.errors import ConfigurationError, NotChecked
from alliance_etl.findings.catalogue import KINDS
from alliance_etl.instruments.model import Response
from alliance_etl.night.confirming import confirm
from tests.scenario import EXPORT, POCKET, TABLES, Scenario, published, site, table

ORDER, EARLY, FLAT = "session_order", "rating_before_first_session", "straight_lining"
# Six items, answered from 1 to 5, the last reversed.
SIX = {**POCKET, "id": "six", "n_items": 6, "reversed_items": [6]}
SCALE = {"goal": {"items": [1, 2]}, "task": {"items": [3, 4]}, "bond": {"items": [5, 6]}}
SIX["scales"] = {**SCALE, "total": {"items": [1, 2, 3, 4, 5, 6]}}
HEADER = "client,session,day,q1,q2,q3,q4,q5,q6"
JUMBLED = ("A,1,2026-02-05,1,2,3,4,5,1", "A,2,2026-01-12,1,2,3,4,5,1")
EVERYTHING = (*TABLES, "alerts", "confirmations")


def study_in(folder: Path, **more: Any) -> Scenario:
    export = {**EXPORT, "instrument": "six", "date": "day"}
    return Scenario(folder, {"berlin": site(six=export), "ulm": site(six=export)}, more, (SIX,))


def after(study: Scenario, name: str, *rows: str, sender: str = "berlin") -> list[tuple[Any, ...]]:
    """The alerts after a night with one more file."""
    study.drop(name, table(*rows, header=HEADER), sender)
    study.night()
    return listed(study)


def listed(study: Scenario) -> list[tuple[Any, ...]]:
    return study.rows("SELECT site, line, code, state FROM alerts ORDER BY ALL")


def confirmed(study: Scenario, *ids: str, who: str = "A. Data", why: str = "moved appointment") -> list[dict[str, Any]]:
    with study.opened() as night:
        wanted = ids or [alert["alert_id"] for alert in night.open_alerts()]
        given: list[dict[str, Any]] = confirm(night, wanted, who=who, why=why)
    return given


def visits(*forms: tuple[int | None, str | None, str, str]) -> pl.LazyFrame:
    """Forms of one participant: session, day of February 2026, role, family; `line` counts from 1."""
    rows = [
        {
            "form_id": f"{line:032x}",
            "site": "berlin",
            "participant": "p_a",
            "family": family,
            "rater_role": role,
            "session": session,
            "session_date": date(2026, 2, int(day)) if day else None,
            "drop_id": "0" * 16,
            "line": line,
        }
        for line, (session, day, role, family) in enumerate(forms, start=1)
    ]
    kinds = {"session": pl.Int32, "session_date": pl.Date, "line": pl.Int64}
    return pl.LazyFrame(rows, schema={name: kinds.get(name, pl.String()) for name in rules.VISIT})


def lines(found: pl.LazyFrame) -> list[int]:
    return found.collect()["line"].sort().to_list()


CLIENT, THERAPIST = ("client", "WAI"), ("therapist", "WAI")


@pytest.mark.parametrize(
    ("forms", "blamed"),
    [
        pytest.param([(1, "5", *CLIENT), (2, "4", *CLIENT)], [2], id="one day too early"),
        pytest.param([(1, "5", *CLIENT), (2, "5", *CLIENT)], [], id="the same day"),
        pytest.param([(1, "5", *CLIENT), (1, "4", *CLIENT)], [], id="the same session"),
        pytest.param([(1, "5", *CLIENT), (2, None, *CLIENT), (3, "4", *CLIENT)], [3], id="across a gap"),
        pytest.param([(1, "9", *CLIENT), (2, "4", *CLIENT), (3, "8", *CLIENT)], [2, 3], id="latest of all earlier"),
        pytest.param([(1, "5", *THERAPIST), (2, "4", *CLIENT)], [], id="another role"),
        pytest.param([(1, "5", *CLIENT), (2, "4", "client", "SRS")], [], id="another family"),
        pytest.param([(1, "5", *CLIENT), (None, "4", *CLIENT)], [], id="no session number"),
    ],
)
def test_a_session_dated_before_an_earlier_one_is_an_alert(forms: list[Any], blamed: list[int]) -> None:
    assert lines(rules.session_order(visits(*forms))) == blamed


@pytest.mark.parametrize(
    ("forms", "blamed"),
    [
        pytest.param([(1, "5", *CLIENT), (None, "4", *CLIENT)], [2], id="a form without number, one day before"),
        pytest.param([(1, "5", *CLIENT), (None, "5", *CLIENT)], [], id="on the day"),
        pytest.param([(1, "5", *THERAPIST), (2, "4", *CLIENT)], [2], id="another rater knows session 1"),
        pytest.param([(1, "5", *CLIENT), (0, "4", *CLIENT)], [], id="a session 0 comes before"),
        pytest.param([(2, "5", *CLIENT), (None, "4", *CLIENT)], [], id="session 1 is not known"),
        pytest.param([(1, None, *CLIENT), (None, "4", *CLIENT)], [], id="its date is not known"),
    ],
)
def test_a_form_before_session_1_is_an_alert(forms: list[Any], blamed: list[int]) -> None:
    assert lines(rules.rating_before_first_session(visits(*forms))) == blamed


def test_everybody_whom_a_rule_blames_is_suspected_first() -> None:
    chance = random.Random(11)
    for tidy in (True, False):
        for _ in range(200):
            forms = [
                (
                    chance.choice([None, *range(4)]),
                    chance.choice([None, *range(1, 8)]),
                    *chance.choice([CLIENT, THERAPIST, ("client", "SRS")]),
                )
                for _ in range(chance.randint(1, 6))
            ]
            order = sorted(forms, key=lambda form: (form[0] or 0, form[1] or 0)) if tidy else forms
            all_forms = visits(*((session, day and str(day), *who) for session, day, *who in order))
            blamed = lines(rules.session_order(all_forms)) + lines(rules.rating_before_first_session(all_forms))
            files = [(all_forms.filter(family=family).collect().select(DATES), family) for family in ("WAI", "SRS")]
            if blamed:
                assert suspected(files).to_list() == ["p_a"], order


def test_nobody_is_suspected_whose_sessions_follow_each_other() -> None:
    forms = visits(*((session, str(session), *CLIENT) for session in range(1, 9))).collect().select(DATES)

    assert suspected([(forms, "WAI"), (forms, "WAI"), (forms.reverse(), "WAI")]).to_list() == []


@pytest.mark.parametrize(
    ("answers", "turned", "found"),
    [
        pytest.param([4, 4, 4, 4, 4, 4], [6], True, id="all the same"),
        pytest.param([3, 3, 3, 3, 3, 3], [6], False, id="all in the middle"),
        pytest.param([4, 4, 4, 4, 4, 3], [6], False, id="one differs"),
        pytest.param([4, 4, 4, 4, None, 4], [6], False, id="one answer too few"),
        pytest.param([4, 4, 4, 4, 4, 4, None], [7], False, id="no reversed item is answered"),
        pytest.param([4, 4, 4, 4, 4, 4], [], False, id="a form without reversed items"),
        pytest.param([None] * 6, [6], False, id="no answer at all"),
    ],
)
def test_a_form_with_reversed_items_all_answered_alike_is_an_alert(
    answers: list[int | None], turned: list[int], found: bool
) -> None:
    items = {f"item_{n}": answer for n, answer in enumerate(answers, start=1)}
    form = visits((1, "5", *CLIENT)).with_columns(pl.lit(value, dtype=pl.Int8).alias(n) for n, value in items.items())

    flat = (
        signs_of(form.collect(), range(1, len(answers) + 1), turned, Response(min=1, max=5)).lazy().filter(kind="flat")
    )
    assert lines(rules.straight_lining(flat.with_columns(site=pl.lit("berlin")), 6)) == ([1] if found else [])


@pytest.mark.parametrize(
    ("rows", "code", "line"),
    [
        pytest.param(JUMBLED, ORDER, 3, id=ORDER),
        pytest.param(("A,1,2026-02-05,1,2,3,4,5,1", "A,,2026-02-01,1,2,3,4,5,1"), EARLY, 3, id=EARLY),
        pytest.param(("A,1,2026-02-05,4,4,4,4,4,4",), FLAT, 2, id=FLAT),
    ],
)
def test_an_alert_is_published_and_listed_and_so_is_its_form(
    rows: tuple[str, ...], code: str, line: int, tmp_path: Path
) -> None:
    study = study_in(tmp_path)

    assert after(study, "1.csv", *rows) == [("berlin", line, code, "open")]
    (told,) = study.rows("SELECT file, line, code, severity, message, how_to_fix FROM findings")
    (alert,) = study.rows("SELECT alert_id FROM alerts")
    assert told[:4] == ("1.csv", line, code, "alert")
    assert alert[0] in told[4]
    assert told[5] == KINDS[code].how_to_fix
    assert study.rows("SELECT count(*) FROM forms") == [(len(rows),)]


@pytest.mark.parametrize("code", [ORDER, FLAT])
def test_a_rule_that_is_switched_off_finds_nothing(code: str, tmp_path: Path) -> None:
    study = study_in(tmp_path, alerts={code: False})

    found = after(study, "1.csv", *JUMBLED, "B,1,2026-02-05,4,4,4,4,4,4")

    assert code not in {row[2] for row in found}


def test_the_number_of_answers_is_the_studys_choice(tmp_path: Path) -> None:
    study = study_in(tmp_path, alerts={"straight_lining_items": 5})

    assert after(study, "1.csv", "A,1,2026-02-05,4,4,4,4,,4") == [("berlin", 2, FLAT, "open")]


def test_a_confirmed_alert_is_no_longer_a_finding(tmp_path: Path) -> None:
    study = study_in(tmp_path)
    after(study, "1.csv", *JUMBLED)

    confirmed(study)
    study.night()

    assert listed(study) == [("berlin", 3, ORDER, "confirmed")]
    assert study.rows("SELECT code FROM findings") == []
    assert study.rows("SELECT code, rule_version, confirmed_by, reason, how, state FROM confirmations") == [
        (ORDER, 1, "A. Data", "moved appointment", "verb", "standing")
    ]


@pytest.mark.parametrize("rebuild", [False, True], ids=["the next night", "a rebuild"])
def test_a_confirmation_survives_another_resubmission(rebuild: bool, tmp_path: Path) -> None:
    study = study_in(tmp_path)
    after(study, "1.csv", *JUMBLED)
    confirmed(study)

    study.drop("2.csv", table(*JUMBLED[:-1], "A,2,2026-01-12,5,2,3,4,5,1", header=HEADER))  # an answer, not the date
    study.night(rebuild=rebuild)

    assert study.rows("SELECT revision FROM forms ORDER BY revision") == [(1,), (2,)]
    assert [row[3] for row in listed(study)] == ["confirmed"]


def test_a_confirmation_dies_with_the_value_and_says_so(tmp_path: Path) -> None:
    study = study_in(tmp_path)
    after(study, "1.csv", *JUMBLED)
    confirmed(study)

    found = after(study, "2.csv", "A,2,2026-01-13,1,2,3,4,5,1")

    assert found == [("berlin", 2, ORDER, "open")]
    assert study.rows("SELECT file, code FROM findings") == [("2.csv", ORDER)]
    assert study.rows("SELECT state FROM confirmations") == [("waiting",)]


def test_a_confirmation_dies_with_the_rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = study_in(tmp_path)
    after(study, "1.csv", *JUMBLED)
    confirmed(study)

    monkeypatch.setitem(rules.VERSIONS, ORDER, 2)
    study.night()

    assert listed(study) == [("berlin", 3, ORDER, "open")]
    assert study.rows("SELECT rule_version, state FROM confirmations") == [(1, "waiting")]


def test_a_value_that_is_corrected_is_no_alert_any_more(tmp_path: Path) -> None:
    study = study_in(tmp_path)
    after(study, "1.csv", *JUMBLED)

    assert after(study, "2.csv", "A,2,2026-02-12,1,2,3,4,5,1") == []


def test_every_order_of_drops_gives_equal_alerts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLIANCE_ETL_KEY", "one key, so that all studies have the same form ids")
    files = {"1.csv": JUMBLED[0], "2.csv": JUMBLED[1], "3.csv": "A,3,2026-01-20,4,4,4,4,4,4"}
    seen = []
    for n, order in enumerate(permutations(files)):
        study = study_in(tmp_path / str(n))
        for name in order:
            after(study, name, files[name])
        seen.append(published(study.folder, ("alerts", "findings")))

    assert seen[0]["alerts"]
    assert all(tables == seen[0] for tables in seen)


def test_a_rebuild_publishes_equal_tables(tmp_path: Path) -> None:
    study = study_in(tmp_path)
    after(study, "1.csv", *JUMBLED, "B,1,2026-02-05,4,4,4,4,4,4")
    with study.opened() as night:
        confirm(night, [], "berlin", FLAT, who="A. Data", why="asked the clinic")
    study.night()
    before = published(study.folder, EVERYTHING)

    study.night(rebuild=True)

    assert published(study.folder, EVERYTHING) == before
    assert {row[3] for row in listed(study)} == {"open", "confirmed"}


def test_the_same_file_in_two_folders_is_two_sites_alerts(tmp_path: Path) -> None:
    study = study_in(tmp_path)
    after(study, "1.csv", *JUMBLED)

    after(study, "other.csv", *JUMBLED, sender="ulm")

    alerts = study.rows(f"SELECT site, file FROM findings WHERE code = '{ORDER}' ORDER BY ALL")
    assert alerts == [tuple(row) for row in study.rows("SELECT site, file FROM drops WHERE new > 0 ORDER BY ALL")]


@pytest.mark.parametrize(("who", "why"), [("", "moved"), ("A. Data", "  ")], ids=["nobody", "no reason"])
def test_a_confirmation_needs_a_name_and_a_reason(who: str, why: str, tmp_path: Path) -> None:
    study = study_in(tmp_path)
    after(study, "1.csv", *JUMBLED)

    with pytest.raises(ConfigurationError, match="a name"):
        confirmed(study, who=who, why=why)


def test_one_unknown_id_confirms_nothing(tmp_path: Path) -> None:
    study = study_in(tmp_path)
    after(study, "1.csv", *JUMBLED)
    ((known,),) = study.rows("SELECT alert_id FROM alerts")

    with pytest.raises(ConfigurationError, match="no open alert ffffffffffff"):
        confirmed(study, known, "ffffffffffff")

    study.night()
    assert [row[3] for row in listed(study)] == ["open"]


def test_what_is_not_scored_yet_cannot_be_confirmed(tmp_path: Path) -> None:
    study = study_in(tmp_path)
    study.received("1.csv", table(*JUMBLED, header=HEADER))

    with pytest.raises(NotChecked, match="not scored"):
        confirmed(study)


def verb(study: Scenario, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "alliance_etl.cli", "confirm", "--study", str(study.folder), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "200"})


def test_the_verb_lists_confirms_and_lists_no_more(tmp_path: Path) -> None:
    study = study_in(tmp_path)
    after(study, "1.csv", *JUMBLED)

    (alert,) = json.loads(verb(study, "--json").stdout)["open"]
    done = verb(study, alert["alert_id"], "--by", "A. Data", "--why", "moved appointment")

    assert (alert["site"], alert["line"], alert["code"]) == ("berlin", 3, ORDER)
    assert (done.returncode, done.stdout) == (0, "1 alerts confirmed; the next run publishes it.\n")
    assert verb(study).stdout == "No alert is open.\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--all", "--by", "A", "--why", "b"), "--site and --code"),
        (("--by", "A"), "which alerts"),
        (("--site", "bonn"), "no site 'bonn'"),
    ],
    ids=["all of everything", "nothing chosen", "unknown site"],
)
def test_the_verb_says_what_is_missing(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    study = study_in(tmp_path)

    done = verb(study, *words)

    assert done.returncode == 2
    assert said in done.stderr
