"""`site add` on exports of survey systems, and on data that was not written here: what is proposed, and checked."""

import csv
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from alliance_etl.cli.app import app
from alliance_etl.study.load import load_study

STEENSTRA = Path(__file__).parents[2].parent / "shared" / "data" / "steenstra"
PEOPLE = range(1, 13)
SESSIONS = (1, 2, 3)


def answers(person: int, session: int) -> list[int]:
    """Twelve answers from 1 to 5, all of which are used."""
    return [1 + (person + session + item * item) % 5 for item in range(12)]


def items(template: str) -> list[str]:
    return [template.format(n=n) for n in range(1, 13)]


def text(rows: list[list[Any]]) -> str:
    lines = StringIO()
    csv.writer(lines).writerows(rows)
    return lines.getvalue()


def redcap() -> str:
    """Raw data of a longitudinal project: a row of another form for each person, which is nobody's WAI."""
    form = [*items("wai_client_{n}"), "wai_client_complete"]
    rows: list[list[Any]] = [["record_id", "redcap_event_name", "age", "demographics_complete", *form]]
    for person in PEOPLE:
        rows.append([person, "session_1_arm_1", 20 + person, 2, *[""] * 13])
        rows += [[person, f"session_{n}_arm_1", "", "", *answers(person, n), 2] for n in SESSIONS]
    return text(rows)


def qualtrics() -> str:
    """Three rows of header, dates of three kinds, and a trial answer."""
    ids = [
        "startDate",
        "endDate",
        "status",
        "ipAddress",
        "finished",
        "recordedDate",
        "_recordId",
        "externalDataReference",
    ]
    names = [
        "StartDate",
        "EndDate",
        "Status",
        "IPAddress",
        "Finished",
        "RecordedDate",
        "ResponseId",
        "ExternalReference",
    ]
    rows: list[list[Any]] = [
        [*names, *items("WAI_client_{n}")],
        [*(f"text of {name}" for name in names), *items("text {n}")],
        [*(json.dumps({"ImportId": each}) for each in [*ids, *items("QID1_{n}")])],
    ]
    for person in PEOPLE:
        for n in SESSIONS:
            at = f"2026-0{n}-{person + 3:02d} 10:00:00"
            rows.append([at, at, 0, "10.0.0.1", 1, at, f"R_{person}_{n}", f"P{person:03d}", *answers(person, n)])
    rows.append([*rows[-1][:2], 1, *rows[-1][3:]])
    return text(rows)


def limesurvey() -> str:
    names = ["id", "submitdate", "lastpage", "startlanguage", "seed", "token", *items("WAIclient[SQ{n:03d}]")]
    rows: list[list[Any]] = [names]
    for person in PEOPLE:
        for n in SESSIONS:
            at = f"2026-0{n}-{person + 3:02d} 11:12:13"
            rows.append([person * 3 + n, at, 3, "de", 12345, f"tok{person}", *answers(person, n)])
    return text(rows)


def fhir() -> str:
    return "".join(
        json.dumps(
            {
                "resourceType": "QuestionnaireResponse",
                "status": "completed",
                "questionnaire": "https://example.org/Questionnaire/wai",
                "subject": {"reference": f"Patient/{person}"},
                "authored": f"2026-0{n}-{person + 3:02d}T10:00:00Z",
                "item": [
                    {"linkId": f"wai.client.{item}", "answer": [{"valueInteger": answer}]}
                    for item, answer in enumerate(answers(person, n), start=1)
                ],
            }
        )
        + "\n"
        for person in PEOPLE
        for n in SESSIONS
    )


SYSTEMS = {
    "redcap": ("wai_export.csv", redcap(), {"files", "preset", "instrument", "items"}),
    "qualtrics": ("survey.csv", qualtrics(), {"files", "preset", "instrument", "items"}),
    "limesurvey": ("results.csv", limesurvey(), {"files", "preset", "instrument", "items"}),
    "fhir": ("wai.ndjson", fhir(), {"files", "preset", "instrument", "items"}),
}


def add(folder: Path, file: Path, *words: str) -> dict[str, Any]:
    if not (folder / "study.yaml").exists():
        (folder / "study.yaml").write_text("study: north\n", encoding="utf-8")
    done = CliRunner().invoke(app, ["site", "add", str(file), "--study", str(folder), "--site", "a", "--json", *words])
    assert done.exit_code == 0, done.output
    document: dict[str, Any] = json.loads(done.stdout)
    return document


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_survey_systems_export_is_recognised_and_its_preset_fills_in_the_rest(system: str, tmp_path: Path) -> None:
    name, content, keys = SYSTEMS[system]
    (tmp_path / name).write_text(content, encoding="utf-8")

    told = add(tmp_path, tmp_path / name, "--instrument", "wai_sr_client")

    (export,) = told["exports"].values()
    assert export["preset"] == system
    assert set(export) == keys
    assert (told["check"]["new"], told["check"]["held"]) == (36, 0)


def test_without_the_preset_the_columns_are_written_out(tmp_path: Path) -> None:
    (tmp_path / "results.csv").write_text(limesurvey(), encoding="utf-8")

    told = add(tmp_path, tmp_path / "results.csv", "--instrument", "wai_sr_client", "--preset", "none")

    (export,) = told["exports"].values()
    assert (export["participant"], export["date"]) == ("token", "submitdate")
    assert "preset" not in export


@pytest.mark.skipif(not STEENSTRA.is_dir(), reason="the published data set is not beside the checkout")
def test_277_real_sessions_are_described_with_their_declared_totals(tmp_path: Path) -> None:
    """By the data's authors: goal and task totals agree with the key in all rows, bond totals in all but 172."""
    wai = add(tmp_path, STEENSTRA / "survey_wai_logs.csv", "--instrument", "wai36_client")
    srs = add(tmp_path, STEENSTRA / "survey_srs_logs_with_total.csv")

    assert (wai["check"]["new"], srs["check"]["new"]) == (277, 277)
    agreed = {each["is"]: each["because"] for each in wai["reasons"]["wai"] if each["key"] == "totals"}
    assert agreed["total_wai_goal"] == "agrees with the goal score in 277 of 277 rows"
    assert agreed["total_wai_bond"] == "agrees with the bond score in 105 of 277 rows"
    exports = load_study(tmp_path).sites["a"].exports
    assert exports["wai"].labels["Very Often"] == 6
    assert exports["srs"].totals == {"total": "total"}
