"""Exports of survey systems as they come, through a night: Qualtrics and LimeSurvey; REDCap's are test_redcap's."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from alliance_etl.check import check_file
from alliance_etl.study.load import load_study
from tests.alliance_etl.redcap_files import demographics, labelled, pocket, raw
from tests.alliance_etl.survey_files import HEADINGS, limesurvey, qualtrics, qualtrics_legacy
from tests.scenario import Scenario, all_promises, counted, registry_in, site

QUALTRICS: dict[str, Any] = {
    "files": "*",
    "instrument": "pocket",
    "preset": "qualtrics",
    "session": "session",
    "items": "Q1_{n}",
}
LEGACY = {**QUALTRICS, "participant": "ExternalDataReference"}
LIMESURVEY: dict[str, Any] = {
    "files": "*",
    "instrument": "pocket",
    "preset": "limesurvey",
    "session": "SES",
    "items": "WAI[SQ{n:03d}]",
}
FULL = {
    **LIMESURVEY,
    "participant": "Access code",
    "date": "Date submitted",
    "session": "Which session was it?",
    "skip_rows": {"Date submitted": "", "submitdate": []},
    "items": [
        "How was it? [We agree about goals]",
        "How was it? [We agree about tasks]",
        'How was it? [I feel "liked"]',
    ],
}
CODE_AND_TEXT = {
    **LIMESURVEY,
    "participant": "token. *",
    "date": "submitdate. *",
    "session": "SES. *",
    "skip_rows": {"submitdate. *": "", "submitdate": []},
    "items": "WAI[SQ{n:03d}]. *",
}
REDCAP = {"files": "*", "instrument": "pocket", "preset": "redcap", "items": "pocket_{n}"}
REDCAP_LABELS = {
    **REDCAP,
    "preset": "redcap_labels",
    "items": ["We agree about goals", "We agree about tasks", "I feel liked"],
}
CODES = {"A1": 1, "A2": 2, "A3": 3, "A4": 4, "A5": 5}
WORDS = {"never": 1, "now and then": 3, "always": 5}
# What every file below says: three rows that are no forms, two forms, and one whose second answer is out of range.
COUNTS = {"rows_read": 6, "new": 2, "held": 1, "skipped": 3}

EXPORTS: dict[str, tuple[dict[str, Any], str | bytes]] = {
    "qualtrics": (
        QUALTRICS,
        qualtrics("0 P1 1 1 3 5", "0 P1 2 1 1 1", "0 P2 1 1 9 5", "1 P3 1 1 3 5", "8 P3 1 1 3 5", "2 P4 1 5 5 5"),
    ),
    "qualtrics, choice text": (
        {**QUALTRICS, "labels": WORDS},
        qualtrics(
            "IP_Address P1 1 never now_and_then always",
            "Imported P1 2 never never never",
            "IP_Address P2 1 never often always",
            "Survey_Preview P3 1 never never never",
            "Spam P3 1 always always always",
            "Survey_Test P4 1 always always always",
        ),
    ),
    "qualtrics, legacy": (
        LEGACY,
        qualtrics_legacy(
            "0 P1 1 1 3 5", "0 P1 2 1 1 1", "0 P2 1 1 9 5", "1 P3 1 1 3 5", "8 P3 1 1 3 5", "9 P4 1 5 5 5"
        ),
    ),
    "qualtrics, tabs in UTF-16": (
        QUALTRICS,
        qualtrics(
            "0 P1 1 1 3 5",
            "0 P1 2 1 1 1",
            "0 P2 1 1 9 5",
            "1 P3 1 1 3 5",
            "8 P3 1 1 3 5",
            "2 P4 1 5 5 5",
            delimiter="\t",
        ).encode("utf-16"),
    ),
    "limesurvey, codes": (
        {**LIMESURVEY, "labels": CODES},
        limesurvey("1 P1 1 A1 A3 A5", "2 P1 2 A1 A1 A1", "3 P2 1 A1 A9 A5", "(4) P3 1 A1  ", "(5) P3 2   "),
    ),
    "limesurvey, full texts": (
        {**FULL, "labels": WORDS},
        limesurvey(
            "1 P1 1 never now_and_then always",
            "2 P1 2 never never never",
            "3 P2 1 never often always",
            "(4) P3 1 never  ",
            "(5) P3 2   ",
            headings="full",
            delimiter=";",
        ),
    ),
    "limesurvey, codes and texts": (
        {**CODE_AND_TEXT, "labels": CODES},
        limesurvey(
            "1 P1 1 A1 A3 A5",
            "2 P1 2 A1 A1 A1",
            "3 P2 1 A1 A9 A5",
            "(4) P3 1 A1  ",
            "(5) P3 2   ",
            headings="code and text",
        ),
    ),
    "redcap": (
        REDCAP,
        raw(
            pocket("P1", "1 3 5", "session_1_arm_1"),
            pocket("P1", "1 1 1", "session_2_arm_1"),
            pocket("P2", "1 9 5", "session_1_arm_1"),
            demographics("P1", "baseline_arm_1"),
            demographics("P2", "baseline_arm_1"),
            pocket("P2", "  ", "session_2_arm_1", complete="0"),
        ),
    ),
    "redcap, labels": (
        {**REDCAP_LABELS, "labels": {"never": 1, "sometimes": 3, "always": 5}},
        labelled(
            pocket("P1", "never sometimes always", "Session 1 (Arm 1: Therapy)"),
            pocket("P1", "never never never", "Session 2 (Arm 1: Therapy)"),
            pocket("P2", "never often always", "Session 1 (Arm 1: Therapy)"),
            demographics("P1", "Baseline (Arm 1: Therapy)"),
            demographics("P2", "Baseline (Arm 1: Therapy)"),
            pocket("P2", "  ", "Session 2 (Arm 1: Therapy)", complete="Incomplete"),
        ),
    ),
}
ANSWERS = "SELECT session, list(value ORDER BY item) FROM responses JOIN forms USING (form_id) GROUP BY ALL ORDER BY 1"
each_export = pytest.mark.parametrize(("export", "content"), EXPORTS.values(), ids=EXPORTS)


@each_export
def test_an_export_is_read_as_it_comes(tmp_path: Path, export: dict[str, Any], content: str | bytes) -> None:
    study = Scenario(tmp_path, {"berlin": site(pocket=export)})
    study.drop("responses.csv", content)
    outcome = study.night()
    assert counted(outcome.drop) == COUNTS
    assert outcome.conservation is not None
    assert outcome.conservation.passed
    assert study.rows(ANSWERS) == [(1, [1, 3, 5]), (2, [1, 1, 1])]


@each_export
def test_check_says_of_an_export_what_a_run_says(tmp_path: Path, export: dict[str, Any], content: str | bytes) -> None:
    study = Scenario(tmp_path / "study", {"berlin": site(pocket=export)})
    file = study.drop("responses.csv", content)
    report = check_file(load_study(study.folder), registry_in(study.folder), all_promises(), file, "berlin")
    drop = study.take_in().drop
    assert report.drop.counts == drop.counts
    told = [(finding["code"], finding["line"], finding["count"]) for finding in report.findings]
    assert told == [(finding["code"], finding["line"], finding["count"]) for finding in study.receipt(drop)["findings"]]


@each_export
def test_the_held_row_of_an_export_comes_back_mended(
    tmp_path: Path, export: dict[str, Any], content: str | bytes
) -> None:
    study = Scenario(tmp_path, {"berlin": site(pocket=export)})
    drop = study.received("responses.csv", content)
    fixme = (study.folder / "receipts" / "berlin" / drop.drop_id / "fixme.csv").read_bytes()
    encoding = "utf-16" if isinstance(content, bytes) else "utf-8"
    text = fixme.decode(encoding)
    for wrong, right in {"A9": "A3", ",9,": ",3,", "\t9\t": "\t3\t", "often": "never"}.items():
        text = text.replace(wrong, right, 1)
    study.drop("responses_fixme.csv", text.encode(encoding))
    assert counted(study.night().drop) == {"rows_read": 1, "new": 1}
    assert study.rows("SELECT count(*) FROM forms") == [(3,)]


@pytest.mark.parametrize("participant", ["ExternalDataReference", "V4"])
def test_columns_of_a_legacy_export_go_by_either_name(tmp_path: Path, participant: str) -> None:
    study = Scenario(tmp_path, {"berlin": site(pocket={**LEGACY, "participant": participant})})
    drop = study.received("a.csv", qualtrics_legacy("0 P1 1 1 3 5", "0 P2 1 1 9 5"))
    assert counted(drop) == {"rows_read": 2, "new": 1, "held": 1}
    (finding,) = [each for each in study.findings(drop) if each["severity"] == "error"]
    assert (finding["line"], finding["cell"]) == ("4", "M4")


def test_v1_v2_v3_are_columns_like_others_where_nothing_of_qualtrics_stands_below(tmp_path: Path) -> None:
    export = {"files": "*", "instrument": "pocket", "participant": "id", "session": "session", "items": "V{n}"}
    study = Scenario(tmp_path, {"berlin": site(pocket=export)})
    drop = study.received("a.csv", "V1,V2,V3,id,session\n1,2,3,P1,1\n")
    assert counted(drop) == {"rows_read": 1, "new": 1}


def test_question_texts_of_a_workbook_of_qualtrics_are_skipped(tmp_path: Path) -> None:
    book = Workbook()
    sheet: Any = book.active
    for row in csv.reader(io.StringIO(qualtrics("0 P1 1 1 3 5"))):
        sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    study = Scenario(tmp_path, {"berlin": site(pocket=QUALTRICS)})
    drop = study.received("a.xlsx", file.getvalue())
    assert counted(drop) == {"rows_read": 3, "new": 1, "skipped": 2}


def test_questions_that_were_seen_and_not_answered_keep_that_reason(tmp_path: Path) -> None:
    study = Scenario(tmp_path, {"berlin": site(pocket=QUALTRICS)})
    study.drop("a.csv", qualtrics("0 P1 1 1 -99 5"))
    study.night()
    assert study.rows("SELECT item, missing FROM responses WHERE value IS NULL") == [(2, "seen_not_answered")]


def test_a_survey_without_date_stamps_gives_its_forms_no_date(tmp_path: Path) -> None:
    study = Scenario(tmp_path, {"berlin": site(pocket=LIMESURVEY)})
    study.drop("a.csv", limesurvey("1 P1 1 1 3 5", day="1980-01-01 00:00:00"))
    study.night()
    assert study.rows("SELECT session, session_date FROM forms") == [(1, None)]


def test_a_beginning_that_two_columns_have_is_told(tmp_path: Path) -> None:
    study = Scenario(
        tmp_path, {"berlin": site(pocket={**CODE_AND_TEXT, "items": ["WAI[SQ001]*", "WAI[SQ002]*", "WAI*"]})}
    )
    drop = study.received("a.csv", limesurvey("1 P1 1 1 3 5", headings="code and text"))
    assert drop.status == "rejected"
    (finding,) = study.findings(drop)
    assert (finding["code"], finding["expected"]) == ("column_doubled", "'WAI*'")


def test_a_name_that_ends_in_a_star_is_that_name_where_a_column_has_it(tmp_path: Path) -> None:
    export = {"files": "*", "instrument": "pocket", "participant": "id*", "session": "session", "items": "q{n}"}
    study = Scenario(tmp_path, {"berlin": site(pocket=export)})
    assert counted(study.received("a.csv", "id,id*,session,q1,q2,q3\nX,P1,1,1,2,3\n")) == {"rows_read": 1, "new": 1}


def test_the_headings_of_the_tests_are_those_of_one_survey() -> None:
    assert len({len(names) for names in HEADINGS.values()}) == 1
