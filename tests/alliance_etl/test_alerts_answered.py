"""Alerts answered by a file: confirmations.csv in the site's folder, in any order with the forms it speaks of."""

import csv
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from alliance_etl.check import CheckReport, check_file
from alliance_etl.errors import ConfigurationError
from alliance_etl.status import study_status
from alliance_etl.study.load import load_study
from tests.alliance_etl.test_alerts import EVERYTHING, FLAT, HEADER, JUMBLED, ORDER, confirmed, listed, study_in
from tests.scenario import EXPORT, Scenario, all_promises, codes, counted, published, registry_in, site, table

ANSWER = "alert_id,confirmed_by,reason"
STRAIGHT = "B,1,2026-02-05,4,4,4,4,4,4"


def started(folder: Path, *rows: str) -> Scenario:
    """A study with the one alert of JUMBLED, or the alerts of other rows, under a key that all studies here have."""
    (folder / ".state").mkdir(mode=0o700, parents=True)
    (folder / ".state" / "key").write_text("the same for all")
    study = study_in(folder)
    study.drop("1.csv", table(*(rows or JUMBLED), header=HEADER))
    study.night()
    return study


def ids(study: Scenario) -> list[str]:
    return [row[0] for row in study.rows("SELECT alert_id FROM alerts ORDER BY line")]


def answers(*rows: str) -> str:
    return table(*rows, header=ANSWER)


def told(study: Scenario) -> list[tuple[Any, ...]]:
    return study.rows("SELECT alert_id, confirmed_by, reason, how, state FROM confirmations ORDER BY ALL")


def receipt_of(study: Scenario, file: str, sender: str = "berlin") -> Path:
    ((drop_id,),) = study.rows(f"SELECT drop_id FROM drops WHERE file = '{file}' AND site = '{sender}'")
    return study.folder / "receipts" / sender / drop_id


@pytest.mark.parametrize("name", ["confirmations.csv", "Confirmations (2).CSV", "confirmations_february.csv"])
def test_a_file_of_confirmations_answers_alerts(name: str, tmp_path: Path) -> None:
    study = started(tmp_path)
    (alert,) = ids(study)

    study.drop(name, answers(f" {alert.upper()} ,A. Nurse,asked the  therapist"))
    drop = study.night().drop

    assert counted(drop) == {"rows_read": 1, "new": 1}
    assert (drop.status, listed(study)) == ("accepted", [("berlin", 3, ORDER, "confirmed")])
    assert told(study) == [(alert, "A. Nurse", "asked the therapist", "drop", "standing")]
    assert study.rows("SELECT code FROM findings") == []


def test_an_export_that_reads_the_name_reads_the_file_unless_it_has_alerts(tmp_path: Path) -> None:
    study = started(tmp_path)

    study.drop("confirmations.csv", table("C,1,2026-02-05,1,2,3,4,5,1", header=HEADER))

    assert counted(study.night().drop) == {"rows_read": 1, "new": 1}
    assert study.rows("SELECT count(*) FROM forms") == [(3,)]


@pytest.mark.parametrize(
    ("rows", "counts", "found"),
    [
        pytest.param(["{0},A,b", "{0},A,b"], {"new": 1, "unchanged": 1}, [], id="the same twice"),
        pytest.param(["{0},,"], {"unchanged": 1}, [], id="not answered"),
        pytest.param(["{0},A,"], {"held": 1}, ["confirmation_incomplete"], id="no reason"),
        pytest.param(["{0},,b"], {"held": 1}, ["confirmation_incomplete"], id="nobody"),
        pytest.param(["{0},A,b", "{0},A,c"], {"held": 2}, ["confirmation_twice"] * 2, id="two reasons"),
        pytest.param(["the third,A,b"], {"held": 1}, ["alert_id_unreadable"], id="no id"),
        pytest.param([",A,b"], {"held": 1}, ["alert_id_unreadable"], id="empty id"),
        pytest.param(["{0},A,b,c"], {"held": 1}, ["confirmation_broken"], id="too long"),
        pytest.param(["{0},A,b", ",,"], {"new": 1, "skipped": 1}, [], id="a blank row"),
    ],
)
def test_every_row_is_counted_and_what_is_held_is_told(
    rows: list[str], counts: dict[str, int], found: list[str], tmp_path: Path
) -> None:
    study = started(tmp_path)
    (alert,) = ids(study)

    study.drop("confirmations.csv", answers(*(row.format(alert) for row in rows)))
    outcome = study.night()

    assert counted(outcome.drop) == {"rows_read": len(rows), **counts}
    assert outcome.conservation
    assert outcome.conservation.passed
    assert codes(study.findings(outcome.drop)) == found
    assert {row[3] for row in listed(study)} == {"confirmed" if "new" in counts else "open"}


@pytest.mark.parametrize(
    "content", [answers().replace("reason", "why"), "alert\n1\n", ""], ids=["other", "one", "none"]
)
def test_a_file_without_the_columns_is_rejected(content: str, tmp_path: Path) -> None:
    study = started(tmp_path)
    study.export(name="six", files="wai*.csv")

    study.drop("confirmations.csv", content)
    drop = study.night().drops[-1]

    assert drop.status == "rejected"
    assert codes(study.findings(drop)) == ["confirmations_unreadable"]


def test_a_later_file_may_say_it_in_other_words(tmp_path: Path) -> None:
    study = started(tmp_path)
    (alert,) = ids(study)
    study.drop("confirmations.csv", answers(f"{alert},A,b"))
    study.night()

    study.drop("confirmations.csv", answers(f"{alert},A,on paper"))
    assert counted(study.night().drop) == {"rows_read": 1, "changed": 1}
    study.drop("confirmations 3.csv", answers("", f"{alert},A,on paper"))
    assert counted(study.night().drop) == {"rows_read": 2, "unchanged": 1, "skipped": 1}

    assert told(study) == [(alert, "A", "on paper", "drop", "standing")]


def test_a_confirmation_waits_for_its_alert(tmp_path: Path) -> None:
    known = started(tmp_path / "known")
    (alert,) = ids(known)
    study = started(tmp_path / "new", "Z,1,2026-02-05,1,2,3,4,5,1")

    study.drop("confirmations.csv", answers(f"{alert},A,b"))
    study.night()
    waits = study.rows("SELECT file, line, code, severity FROM findings")
    study.drop("2.csv", table(*JUMBLED, header=HEADER))
    study.night()

    assert waits == [("confirmations.csv", 2, "confirmation_waits", "warning")]
    assert told(study) == [(alert, "A", "b", "drop", "standing")]
    assert study.rows("SELECT code FROM findings") == []


def test_a_confirmation_comes_back_to_life_with_the_value(tmp_path: Path) -> None:
    study = started(tmp_path)
    confirmed(study)
    states = []
    for number, day in enumerate(("2026-02-12", "2026-01-12"), start=2):
        study.drop(f"{number}.csv", table(f"A,2,{day},1,2,3,4,5,1", header=HEADER))
        study.night()
        states.append(study.rows("SELECT state FROM confirmations"))

    assert states == [[("waiting",)], [("standing",)]]
    assert [row[3] for row in listed(study)] == ["confirmed"]


def test_a_site_confirms_its_own_alerts_only(tmp_path: Path) -> None:
    study = started(tmp_path)
    (alert,) = ids(study)

    study.drop("confirmations.csv", answers(f"{alert},A,b"), "ulm")
    study.night()

    assert [row[3] for row in listed(study)] == ["open"]
    assert study.rows("SELECT site, code FROM findings ORDER BY ALL") == [
        ("berlin", ORDER),
        ("ulm", "confirmation_waits"),
    ]


def test_every_order_and_a_rebuild_publish_equal_tables(tmp_path: Path) -> None:
    alert, flat = ids(started(tmp_path / "known", *JUMBLED, STRAIGHT))
    files = {
        "1.csv": table(*JUMBLED, header=HEADER),
        "2.csv": table(STRAIGHT, header=HEADER),
        "confirmations.csv": answers(f"{alert},A,b"),
        "confirmations 2.csv": answers(f"{flat},A,b", "a0123456789ab,A,b"),
    }
    seen = []
    for number, order in enumerate(permutations(files)):
        (tmp_path / str(number) / ".state").mkdir(mode=0o700, parents=True)
        (tmp_path / str(number) / ".state" / "key").write_text("the same for all")
        study = study_in(tmp_path / str(number))
        for place, name in enumerate(order):
            study.drop(name, files[name])
            if (number + place) % 3 == 0:
                study.night()
        study.night()
        seen.append({**published(study.folder, ("alerts", "findings")), "said": told(study)})
    before = published(study.folder, EVERYTHING)
    study.night(rebuild=True)

    assert [row[4] for row in seen[0]["said"]].count("standing") == 2
    assert all(tables == seen[0] for tables in seen)
    assert published(study.folder, EVERYTHING) == before


def test_the_receipt_asks_and_the_file_in_it_answers(tmp_path: Path) -> None:
    study = started(tmp_path, *JUMBLED, STRAIGHT)
    study.export(name="six", delimiter=None)
    receipt = receipt_of(study, "1.csv")
    asked = (receipt / "confirmations.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(asked.splitlines()))
    page = (receipt / "receipt.html").read_text()

    assert [(row["alert_id"], row["line"], row["code"]) for row in rows] == [
        (alert, str(line), code) for alert, line, code in zip(ids(study), (3, 4), (ORDER, FLAT), strict=True)
    ]
    assert all(row["alert_id"] in page for row in rows)
    assert "confirmations.csv" in page
    with (receipt / "findings.csv").open(encoding="utf-8-sig") as lines:
        assert codes(list(csv.DictReader(lines))) == [ORDER, FLAT]

    study.drop("confirmations.csv", asked.replace(f"{rows[0]['alert_id']},,", f"{rows[0]['alert_id']},A. Nurse,moved"))
    drop = study.night().drop

    assert counted(drop) == {"rows_read": 2, "new": 1, "unchanged": 1}
    left = list(csv.DictReader((receipt / "confirmations.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert [row["alert_id"] for row in left] == [rows[1]["alert_id"]]
    confirmed(study, rows[1]["alert_id"])
    study.night()
    assert not (receipt / "confirmations.csv").exists()
    assert "alert" not in (receipt / "findings.csv").read_text()


def test_a_receipt_asks_in_the_sites_own_dialect(tmp_path: Path) -> None:
    study = study_in(tmp_path)
    study.drop("1.csv", table(*JUMBLED, header=HEADER).replace(",", ";"))
    study.night()

    asked = (receipt_of(study, "1.csv") / "confirmations.csv").read_text(encoding="utf-8-sig")

    assert asked.splitlines()[0].startswith("alert_id;confirmed_by;reason;")


@pytest.mark.parametrize("why", ["Klient B-1042 came early", "see meier@clinic.example", "ask 030 1234567"])
@pytest.mark.parametrize("how", ["drop", "verb"])
def test_words_that_name_somebody_are_not_published(why: str, how: str, tmp_path: Path) -> None:
    rows = [row.replace("A,", "B-1042,") for row in JUMBLED]
    study = started(tmp_path, *rows)
    (alert,) = ids(study)

    if how == "verb":
        with pytest.raises(ConfigurationError, match="Nothing was confirmed"):
            confirmed(study, why=why)
        return
    study.drop("confirmations.csv", answers(f"{alert},A. Nurse,{why}"))
    study.night()

    assert told(study) == [(alert, "A. Nurse", f"text, {len(why)} characters", "drop", "standing")]
    assert study.rows("SELECT file, line, code FROM findings") == [("confirmations.csv", 2, "confirmation_identifies")]
    kept = [path for path in (tmp_path / ".state").rglob("*") if path.is_file()]
    assert not [path for path in kept if why.encode() in path.read_bytes()]


def test_a_confirmation_sent_twice_is_a_duplicate(tmp_path: Path) -> None:
    study = started(tmp_path)
    (alert,) = ids(study)
    for name in ("confirmations.csv", "confirmations copy.csv"):
        study.drop(name, answers(f"{alert},A,b"))
        drop = study.night().drop

    assert (drop.status, counted(drop)) == ("duplicate", {"rows_read": 1, "unchanged": 1})
    assert [row[3] for row in listed(study)] == ["confirmed"]


def test_confirmations_go_with_another_configuration(tmp_path: Path) -> None:
    study = started(tmp_path)
    (alert,) = ids(study)
    study.drop("confirmations.csv", answers(f"{alert},A,b"))
    study.night()

    study.sites["berlin"] = site(six={**EXPORT, "instrument": "six", "date": "day", "missing": {"-9": "refused"}})
    study.write()
    study.night()

    assert [row[3] for row in listed(study)] == ["confirmed"]
    assert len(told(study)) == 1


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        pytest.param(JUMBLED, [(3, ORDER)], id=ORDER),
        pytest.param((STRAIGHT,), [(2, FLAT)], id=FLAT),
        pytest.param(JUMBLED[1:], [], id="the other session came in an earlier file"),
    ],
)
def test_check_tells_the_alerts_that_a_file_shows_by_itself(
    rows: tuple[str, ...], found: list[tuple[int, str]], tmp_path: Path
) -> None:
    study = started(tmp_path / "study")
    file = tmp_path / "2.csv"
    file.write_text(table(*rows, "Q,1,2026-01-05,1,2,3,2,5,1", header=HEADER))  # not the very file that came before

    report = checked(study, file)

    assert [(alert["line"], alert["code"]) for alert in report.findings] == found
    assert {alert["severity"] for alert in report.findings} <= {"alert"}
    assert (report.drop.status, "To confirm" in report.page()) == ("accepted", bool(found))


def test_check_says_of_a_file_of_confirmations_what_a_run_says(tmp_path: Path) -> None:
    study = started(tmp_path / "study")
    (alert,) = ids(study)
    file = tmp_path / "confirmations.csv"
    file.write_text(answers(f"{alert},A,b", f"{alert},A,b", "the third,A,b", ",,"))
    said = checked(study, file)

    study.drop(file.name, file.read_text())
    drop = study.night().drop

    assert (said.drop.status, said.drop.counts, said.drop.findings) == (drop.status, drop.counts, drop.findings)


def checked(study: Scenario, file: Path) -> CheckReport:
    return check_file(load_study(study.folder), registry_in(study.folder), all_promises(), file, "berlin")


def test_status_counts_open_alerts_per_site(tmp_path: Path) -> None:
    study = started(tmp_path, *JUMBLED, STRAIGHT)
    before = study_status(load_study(study.folder))
    confirmed(study, ids(study)[0])
    study.night()
    after = study_status(load_study(study.folder))

    assert [{site["site"]: site["alerts"] for site in told["sites"]} for told in (before, after)] == [
        {"berlin": 2, "ulm": 0},
        {"berlin": 1, "ulm": 0},
    ]
