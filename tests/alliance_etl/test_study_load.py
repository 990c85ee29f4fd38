"""study.yaml as people write it: what loads, and what they are told about everything that does not."""

from pathlib import Path

import pytest

from alliance_etl.study.export import AllBut
from alliance_etl.study.load import load_study
from tests.alliance_etl.study_files import SMALL, written

# Section 2 of the contract, as it stands there.
CONTRACT_EXAMPLE = """\
study: north_star                  # slug
title: North Star alliance study
timezone: Europe/Berlin
schedule: "0 2 * * *"              # cron, in that time zone
settle_seconds: 2
scoring: {min_answered: 1.0}       # share of a scale's items that must be answered; below 1.0 scores are prorated
sites:
  berlin:
    title: Berlin outpatient clinic
    drop: drops/berlin             # path relative to study.yaml, or URL (s3://…, sftp://…)
    exports:                       # several exports may read the same file
      wai:
        files: "wai*.csv"          # glob on the file's name, case ignored
        instrument: wai_sr_client  # an id of the registry
        participant: Klient-ID     # column names as in the file
        session: Sitzung           # optional if date is given; forms are then keyed by date
        date: Datum                # optional if session is given
        date_format: "%d.%m.%Y"    # strptime; default ISO 8601
        therapist: Therapeut       # optional
        rater: Beobachter          # optional: tells several observers of one session apart
        items: "WAI{n}"            # template, or a list of columns in item order, or {1: col, 2: col, …}
        scores: {total: SRS_Summe} # instead of items, where a site delivers scale scores only
        totals: {goal: WAI_Ziele}  # declared scale scores beside items: recomputed and compared
        missing: {"-99": not_answered, "k.A.": refused}   # codes, and the reason that each stands for
        labels: {selten: 1, immer: 5}                     # answer labels, case and outer space ignored
        response: {min: 0, max: 4} # range in the file where it differs from the instrument's; recoded linearly
        reversed_at_source: [4, 10]   # items that the site has reversed already: not reversed again
        skip_rows: {Status: Survey Preview}               # rows to leave out, by column value
        delimiter: ";"             # these three are detected where left out
        decimal: ","
        encoding: cp1252
        layout: wide               # or long: {item: column, value: column}
        snapshot: false            # true: each file is the site's whole history; forms that vanish are reported
"""


def test_the_contracts_example_loads_as_it_stands(tmp_path: Path) -> None:
    study = load_study(written(tmp_path, CONTRACT_EXAMPLE))
    site = study.sites["berlin"]
    export = site.exports["wai"]
    assert (study.slug, study.timezone, study.schedule, study.settle_seconds) == (
        "north_star",
        "Europe/Berlin",
        "0 2 * * *",
        2.0,
    )
    assert (study.path, study.folder, site.name, site.drop) == (
        tmp_path / "study.yaml",
        tmp_path,
        "berlin",
        tmp_path / "drops" / "berlin",
    )
    assert export.missing == {"-99": "not_answered", "k.A.": "refused"}
    assert export.skip_rows == {"Status": ("Survey Preview",)}
    assert export.reversed_at_source == (4, 10)
    assert export.response is not None
    assert (export.response.min, export.response.max, export.labels["immer"]) == (0, 4, 5)


def test_the_folder_stands_for_its_study_yaml(tmp_path: Path) -> None:
    written(tmp_path, SMALL)
    assert load_study(str(tmp_path)) == load_study(tmp_path / "study.yaml")


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    study = load_study(written(tmp_path, SMALL))
    site = study.sites["berlin"]
    export = site.exports["wai"]
    assert (study.title, study.timezone, study.schedule, study.scoring.min_answered) == ("north star", "UTC", None, 1.0)
    assert study.scoring.c_grade is False
    assert (site.title, site.drop, site.timezone) == ("berlin", tmp_path / "drops" / "berlin", None)
    assert (export.layout, export.snapshot, export.delimiter, export.rater_role) == ("wide", False, None, None)


def test_a_key_with_nothing_after_its_colon_counts_as_left_out(tmp_path: Path) -> None:
    study = load_study(written(tmp_path, SMALL + "        labels:\n        therapist:\n"))
    assert study.sites["berlin"].exports["wai"].labels == {}


@pytest.mark.parametrize(
    ("line", "key", "expected"),
    [
        pytest.param("missing: {-99: not_answered}", "missing", {"-99": "not_answered"}, id="a number as a code"),
        pytest.param("missing: {NULL: left_out}", "missing", {"NULL": "left_out"}, id="the word null as a code"),
        pytest.param(
            "labels: {nein: 1, No: 2, on: 3}", "labels", {"nein": 1, "No": 2, "on": 3}, id="YAML 1.1's truths"
        ),
        pytest.param("labels: {1: 1, 1.0: 2}", "labels", {"1": 1, "1.0": 2}, id="numbers as labels"),
        pytest.param("skip_rows: {Finished: 0}", "skip_rows", {"Finished": ("0",)}, id="a number that marks rows"),
        pytest.param("skip_rows: {Test: yes}", "skip_rows", {"Test": ("yes",)}, id="yes that marks rows"),
        pytest.param(
            "skip_rows: {Test: [true, 01]}", "skip_rows", {"Test": ("true", "01")}, id="several that mark rows"
        ),
        pytest.param("skip_rows: {sent: null}", "skip_rows", {"sent": ("null",)}, id="the word null marks rows"),
        pytest.param(
            "skip_rows: {Form: {not: wai}}",
            "skip_rows",
            {"Form": AllBut(texts=("wai",))},
            id="all but those that are marked",
        ),
        pytest.param('skip_rows: {sent: ""}', "skip_rows", {"sent": ("",)}, id="an empty cell marks rows"),
        pytest.param("therapist: 007", "therapist", "007", id="a column that is a number"),
        pytest.param("therapist: 2026-01-31", "therapist", "2026-01-31", id="a column that is a date"),
        pytest.param('delimiter: "\\t"', "delimiter", "\t", id="a tab with an escape"),
        pytest.param("delimiter: \\t", "delimiter", "\t", id="an escape without quotes"),
        pytest.param("delimiter: tab", "delimiter", "\t", id="tab in words"),
        pytest.param("snapshot: yes", "snapshot", True, id="yes where a truth is due"),
        pytest.param("files: [A*.csv, b.csv]", "files", ("A*.csv", "b.csv"), id="several globs"),
    ],
)
def test_values_are_taken_as_they_are_written(tmp_path: Path, line: str, key: str, expected: object) -> None:
    text = "\n".join(each for each in SMALL.splitlines() if not each.strip().startswith(f"{key}:")) + "\n"
    export = load_study(written(tmp_path, f"{text}        {line}\n")).sites["berlin"].exports["wai"]
    assert getattr(export, key) == expected


def test_c_grades_are_asked_for_by_instrument(tmp_path: Path) -> None:
    scoring = load_study(written(tmp_path, SMALL + "scoring: {c_grade: [haq2_patient]}\n")).scoring
    assert (scoring.wants_c_grade("haq2_patient"), scoring.wants_c_grade("srs3_client")) == (True, False)


def test_c_grades_are_asked_for_altogether(tmp_path: Path) -> None:
    scoring = load_study(written(tmp_path, SMALL + "scoring: {c_grade: true}\n")).scoring
    assert scoring.wants_c_grade("srs3_client")


def test_an_export_is_shared_by_an_anchor_with_one_difference(tmp_path: Path) -> None:
    text = SMALL.replace("wai:", "wai: &wai") + "  bern:\n    exports:\n      wai: {<<: *wai, encoding: cp1252}\n"
    study = load_study(written(tmp_path, text))
    assert study.sites["bern"].exports["wai"].encoding == "cp1252"
    assert study.sites["bern"].exports["wai"].participant == "ID"
    assert study.sites["berlin"].exports["wai"].encoding is None


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "study.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + SMALL.encode())
    assert load_study(file).slug == "north_star"


def test_drops_may_lie_anywhere_on_this_computer(tmp_path: Path) -> None:
    text = SMALL.replace("    exports", f"    drop: file://{tmp_path}/my%20drops\n    exports")
    assert load_study(written(tmp_path, text)).sites["berlin"].drop == tmp_path / "my drops"
