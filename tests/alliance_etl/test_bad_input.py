"""Bad input: each kind leads to a clear finding that says what to do, and no row is lost."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from alliance_etl.alerts.rules import VERSIONS
from alliance_etl.errors import RunFailed, StudyFileError, StudyLocked
from alliance_etl.findings.catalogue import KINDS
from alliance_etl.night.reports import DropReport
from tests.alliance_etl.bad_input_cases import AGAIN, CASES, GOOD, Case, Told
from tests.conventions.tree import ROOT
from tests.scenario import EXPORT, Scenario, counted, site, table


def sent(folder: Path, case: Case) -> tuple[Scenario, DropReport]:
    """The study after the case's file has come."""
    study = Scenario(folder, **({"sites": dict(case.sites)} if case.sites else {}))
    if case.export:
        study.export(**case.export)
    for sender, name, content in case.before:
        study.drop(name, content, sender)
    study.drop(case.file, case.content, case.site)
    outcome = study.take_in()
    assert outcome.conservation is not None
    assert outcome.conservation.passed
    return study, outcome.sites[case.site].drops[-1]


def told(finding: Mapping[str, str]) -> tuple[str, int | None, str, str]:
    return finding["code"], int(finding["line"]) if finding["line"] else None, finding["cell"], finding["value"]


def due(finding: Told) -> tuple[str, int | None, str, str]:
    return finding.code, finding.line, finding.cell, finding.value


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bad_input_leads_to_a_finding_and_loses_no_row(case: Case, tmp_path: Path) -> None:
    study, drop = sent(tmp_path, case)

    findings = study.findings(drop)

    assert (drop.status, counted(drop)) == (case.status, case.counts)
    assert list(map(told, findings)) == list(map(due, case.told))
    for finding, wanted in zip(findings, case.told, strict=True):
        assert wanted.expected in finding["expected"]
        assert finding["expected"] or KINDS[finding["code"]].severity != "error"
        assert finding["message"].endswith((".", "?"))
        assert finding["how_to_fix"].endswith(".")


def test_exactly_the_same_file_again_is_recognised_and_harmless(tmp_path: Path) -> None:
    study, drop = sent(tmp_path, AGAIN)

    study.night()

    assert (drop.status, counted(drop)) == (AGAIN.status, AGAIN.counts)
    assert study.rows("SELECT status, code FROM drops LEFT JOIN findings USING (drop_id, file) ORDER BY status") == [
        ("accepted", None),
        ("duplicate", "duplicate_file"),
    ]


def test_every_kind_of_finding_is_reached_by_a_case_here_or_by_a_test_that_names_it() -> None:
    reached = {finding.code for case in (*CASES, AGAIN) for finding in case.told}

    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py") if path != Path(__file__)]
    elsewhere = {code for code in KINDS if any(f'"{code}"' in text for text in texts)}
    unproved = set(KINDS) - reached - elsewhere - set(VERSIONS)  # test_alerts.py reaches each kind of alert

    assert unproved == set()


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("column renamed", "'Q-2' may be 'q2'"),
        ("column added", "'remark'"),
        ("header below a row", "stand in line 2"),
        ("another site's file, same delimiter", "wrong folder"),
        ("another site's file, other delimiter", "wrong folder"),
        ("wrong delimiter declared", "a comma would find 5 of them"),
        ("spreadsheet under a CSV's name", "xlsx"),
        ("picture", "png"),
        ("row too short", "4 instead of 5"),
    ],
)
def test_a_message_says_what_was_found_instead(case: str, words: str, tmp_path: Path) -> None:
    (chosen,) = (each for each in CASES if each.name == case)

    study, drop = sent(tmp_path, chosen)

    assert words in study.findings(drop)[0]["message"]


@pytest.mark.parametrize("name", ["no header, numbers", "no header, labels only"])
def test_a_first_line_that_may_be_a_persons_row_is_not_quoted(name: str, tmp_path: Path) -> None:
    (case,) = (each for each in CASES if each.name == name)
    first_cell = str(case.content).split(",")[0]

    study, drop = sent(tmp_path, case)

    receipts = (tmp_path / "receipts" / "berlin" / drop.drop_id).iterdir()
    assert not [path.name for path in receipts if first_cell in path.read_text(encoding="utf-8")]
    assert study.findings(drop)


def test_a_file_in_an_encoding_that_is_then_declared_is_read_without_the_site_sending_it_again(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    study.export(encoding="utf-8", labels={"völlig": 5})
    path = study.drop("pocket.csv", "client,session,q1,q2,q3\nA1,1,völlig,2,3\n".encode("cp1252"))
    study.take_in()
    path.unlink()
    study.export(encoding="cp1252")

    drop = study.take_in().drop

    assert counted(drop) == {"rows_read": 1, "new": 1}


def test_a_warehouse_that_cannot_be_written_fails_the_night_and_the_next_one_publishes(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    study.drop("pocket.csv", table(*GOOD))
    (tmp_path / "warehouse").write_text("in the way")

    with pytest.raises(RunFailed, match=r"warehouse.* cannot be read or written"):
        study.night()

    (tmp_path / "warehouse").unlink()
    study.night()
    assert study.rows("SELECT count(*) FROM forms") == [(2,)]


def test_an_instrument_without_a_key_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    study = Scenario(tmp_path, {"berlin": site(haq={**EXPORT, "instrument": "vtas_r"})})
    study.drop("pocket.csv", table(*GOOD))

    with pytest.raises(StudyFileError, match=r"line \d+.*vtas_r.*needs a key"):
        study.night()

    assert not (tmp_path / ".state").exists()


def test_a_study_with_a_mistyped_key_is_refused_with_place_and_nearest_key(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    study.export(particpant="client")

    with pytest.raises(StudyFileError, match=r"study.yaml, line \d+.*particpant.*participant"):
        study.night()


def test_a_second_night_at_the_same_time_is_refused_at_once_where_it_may_not_wait(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    (tmp_path / ".state").mkdir()
    lock = tmp_path / ".state" / "lock"
    holder = "import fcntl, sys; fcntl.flock(f := open(sys.argv[1], 'w'), fcntl.LOCK_EX); print(); sys.stdin.read()"
    command = [sys.executable, "-c", holder, str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        other.stdout.readline()

        with pytest.raises(StudyLocked, match="another run is at work"):
            study.night()
        other.communicate()

    assert study.night().publication
