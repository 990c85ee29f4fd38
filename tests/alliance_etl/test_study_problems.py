"""What people are told of a study.yaml that cannot be: all culprits at once, each with line, key and remedy."""

from pathlib import Path

import pytest

from alliance_etl.errors import StudyFileError
from alliance_etl.study.load import load_study
from tests.alliance_etl.study_files import SMALL, problems_of


def test_an_unknown_key_is_told_with_line_and_nearest_key(tmp_path: Path) -> None:
    problems = problems_of(tmp_path, SMALL.replace("session:", "sesion:") + "        date: Datum\n")
    assert problems == ['study.yaml, line 9, sites.berlin.exports.wai: unknown key "sesion"; did you mean "session"?']


def test_every_problem_is_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = SMALL.replace("north_star", "North Star").replace("    exports", "    titel: Berlin\n    exports")
    problems = problems_of(tmp_path, "timezone: Europe/Berln\n" + text + "        snapshot: maybe\n")
    assert [problem.partition(":")[0] for problem in problems] == [
        "study.yaml, line 1, timezone",
        "study.yaml, line 2, study",
        "study.yaml, line 5, sites.berlin",
        "study.yaml, line 13, sites.berlin.exports.wai.snapshot",
    ]


@pytest.mark.parametrize(
    ("key", "told"),
    [
        pytest.param("path: /data", 'unknown key "path"; known here: study, title', id="path at the top"),
        pytest.param("slug: x", 'unknown key "slug"', id="slug at the top"),
        pytest.param("timezone: Europe/Berln", 'no time zone "Europe/Berln"; did you mean "Europe/Berlin"?', id="zone"),
        pytest.param("timezone: Berlin", 'did you mean "Europe/Berlin"?', id="a city for a zone"),
        pytest.param("timezone: ../etc", 'no time zone "../etc"; expected one such as Europe/Berlin', id="no zone"),
        pytest.param("schedule: 0 2 * *", "expected five fields", id="a schedule of four fields"),
        pytest.param("settle_seconds: -1", 'expected a number from 0, found "-1"', id="negative seconds"),
        pytest.param("settle_seconds: 1,5", "write a point for the decimal mark", id="a decimal comma"),
        pytest.param("scoring: {min_answered: 0}", 'expected a number above 0, found "0"', id="no share"),
        pytest.param("scoring: {min_answered: 80}", 'expected a number up to 1, found "80"', id="a share in percent"),
        pytest.param("scoring: {c_grade: some}", "expected true, false or a list of instruments' ids", id="c_grade"),
        pytest.param("scoring: high", 'expected keys and values below it, found "high"', id="a text for keys"),
        pytest.param("scoring: [1]", "expected keys and values below it, found a list", id="a list for keys"),
    ],
)
def test_a_wrong_key_of_the_study_is_told_with_the_remedy(tmp_path: Path, key: str, told: str) -> None:
    (problem,) = problems_of(tmp_path, f"{SMALL}{key}\n")
    assert problem.startswith("study.yaml, line 11")
    assert told in problem


@pytest.mark.parametrize(
    ("key", "told"),
    [
        pytest.param("name: wai", 'unknown key "name"', id="a key that its place gives"),
        pytest.param("delimiter: ;;", 'expected one character such as ";"', id="two delimiters"),
        pytest.param("delimiter: x", 'expected one character such as ";"', id="a letter as delimiter"),
        pytest.param("decimal: ;", '";" is not known; expected one of ".", ","', id="no decimal mark"),
        pytest.param("encoding: utf-88", 'no encoding "utf-88"; did you mean "utf-8"?', id="no encoding"),
        pytest.param("encoding: rot13", 'no encoding "rot13"', id="a codec that is no encoding"),
        pytest.param("layout: long", "expected wide, or {item: column, value: column} for a long file", id="layout"),
        pytest.param("layout: {item: Q}", 'layout: the key "value" is missing', id="half a long layout"),
        pytest.param("layout: {item: Q, value: Q}", '"Q" is the column of item already', id="one column for both"),
        pytest.param(
            'date_format: "%d.%m."', 'reads no day, month and year; expected for example "%d.%m.%Y"', id="year"
        ),
        pytest.param("date_format: dd.mm.yyyy", "reads no day, month and year", id="Excel's way to write a format"),
        pytest.param("date_format: '%e.%m.%Y'", "reads no day, month and year", id="what strptime does not know"),
        pytest.param("response: {min: 4, max: 0}", "the range 4 to 0 is empty; expected min below max", id="no range"),
        pytest.param("response: {min: 0}", 'the key "max" is missing', id="half a range"),
        pytest.param("response: {min: 0, max: 4, step: 0}", "expected a number above 0", id="no step"),
        pytest.param(
            "response: {min: 0, maks: 4, max: 4}", 'unknown key "maks"; did you mean "max"?', id="typo in range"
        ),
        pytest.param("labels: {immer: oft}", 'labels.immer: expected a number, found "oft"', id="a label for a label"),
        pytest.param('labels: {Ja: 1, " ja ": 2}', '"ja" is written 2 times', id="a label twice"),
        pytest.param(
            "labels: {k.A.: 1}\n        missing: {k.a.: refused}", '"k.a." is a label too', id="label and code"
        ),
        pytest.param(
            "missing: {-99: 'not \"answered\"'}", "expected the reason in plain words", id="a reason in quotes"
        ),
        pytest.param('missing: {"": blank}', "an empty cell needs no code", id="an empty code"),
        pytest.param("missing: {-99: }", "expected a text, found nothing", id="a code without a reason"),
        pytest.param("rater_role: patient", '"patient" is not known; did you mean "client"?', id="rater role"),
        pytest.param("reversed_at_source: 4", 'expected a list, as in [4, 10], found "4"', id="one item for a list"),
        pytest.param("reversed_at_source: [four]", 'expected a whole number, found "four"', id="a word for an item"),
        pytest.param("totals: {goal: A, task: A}", "A stands for two scales", id="one column for two scales"),
        pytest.param("totals: {goal: ID}", '"ID" is the column of participant already', id="an id as a total"),
        pytest.param("date: Sitzung", '"Sitzung" is the column of session already', id="session and date in one"),
        pytest.param('therapist: " "', "an empty text; write a value, or leave the key out", id="an empty column name"),
        pytest.param(
            "scores: {total: T}\n        layout: {item: Q, value: A}", "from the wide layout only", id="long scores"
        ),
        pytest.param("sessions: session_1", "a text with {n} for the number", id="sessions without a number"),
        pytest.param("sessions: {intake: none}", 'the number of session "intake"', id="a session without a number"),
        pytest.param("blank_forms: drop", '"drop" is not known; expected one of', id="blank forms"),
        pytest.param(
            "blank_forms: skip\n        layout: {item: Q, value: A}",
            "expected blank_forms: keep",
            id="long blank forms",
        ),
        pytest.param("options: [1, 2]", "needs a template with {a}", id="options without a place"),
        pytest.param("ticked: [0]", "0 means both ticked and not", id="ticked and not"),
        pytest.param("no_date: [UNK]", "is about the date column, which is missing", id="no date at all"),
        pytest.param("optional_columns: [ID]", '"ID" is the column of participant', id="no participant"),
        pytest.param("instance: Sitzung", '"Sitzung" is the column of session', id="session and instance in one"),
    ],
)
def test_a_wrong_key_of_an_export_is_told_with_the_remedy(tmp_path: Path, key: str, told: str) -> None:
    (problem,) = problems_of(tmp_path, f"{SMALL}        {key}\n")
    assert problem.startswith("study.yaml, line 1")
    assert "sites.berlin.exports.wai" in problem
    assert told in problem


@pytest.mark.parametrize(
    ("items", "told"),
    [
        pytest.param("WAI", 'write {n} for the item\'s number, as in "WAI{n}"', id="a template without a number"),
        pytest.param('"WAI{i}"', '"{i}" in "WAI{i}" is not known; expected {n}', id="another placeholder"),
        pytest.param("{n}", 'a template needs quotes, as in "{n}"', id="a template without quotes"),
        pytest.param('"WAI{n}_{a}"', "{a} stands for each of the options, which are missing", id="no options"),
        pytest.param('"WAI{a}"', "is one column for all items", id="options and no number"),
        pytest.param("[A, B, A]", "A stands for two items", id="a column twice in a list"),
        pytest.param("{1: A, 2: A}", "A stands for two items", id="a column twice in a mapping"),
        pytest.param("{1: A, 01: B}", "item 1 has two columns", id="an item twice"),
        pytest.param("{0: A}", "expected item numbers and columns", id="item zero"),
        pytest.param("{1: }", "expected the column of item 1, found nothing", id="an item without a column"),
        pytest.param("[]", "expected a column for each item", id="no columns"),
        pytest.param("[ID, B]", '"ID" is the column of participant already', id="an id as an answer"),
    ],
)
def test_wrong_items_are_told_with_the_remedy(tmp_path: Path, items: str, told: str) -> None:
    (problem,) = problems_of(tmp_path, SMALL.replace('"WAI{n}"', items))
    assert problem.startswith("study.yaml, line 10, sites.berlin.exports.wai.items: ")
    assert told in problem


@pytest.mark.parametrize(
    ("left_out", "told"),
    [
        pytest.param(
            "participant: ID", 'the key "participant" is missing: column of the participant', id="participant"
        ),
        pytest.param('files: "wai*.csv"', 'the key "files" is missing', id="files"),
        pytest.param("instrument: wai_sr_client", 'the key "instrument" is missing', id="instrument"),
        pytest.param("session: Sitzung", "neither session nor date", id="session and date"),
        pytest.param('items: "WAI{n}"', "neither items nor scores", id="items and scores"),
    ],
)
def test_what_an_export_cannot_do_without_is_told(tmp_path: Path, left_out: str, told: str) -> None:
    (problem,) = problems_of(tmp_path, SMALL.replace(f"        {left_out}\n", ""))
    assert problem.startswith("study.yaml, line 5, sites.berlin.exports.wai: ")
    assert told in problem


def test_totals_without_items_are_told_to_be_scores(tmp_path: Path) -> None:
    text = SMALL.replace('items: "WAI{n}"', "scores: {total: S}\n        totals: {goal: G}")
    (problem,) = problems_of(tmp_path, text)
    assert "line 11, sites.berlin.exports.wai.totals: totals are compared with items, which are missing" in problem


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("sites:\n  berlin: {}\n", 'line 3, sites.berlin: the key "exports" is missing', id="no exports"),
        pytest.param(
            "sites:\n  berlin: {exports: {}}\n", "sites.berlin.exports: nothing is below it", id="empty exports"
        ),
        pytest.param("sites: {}\n", "line 2, sites: nothing is below it; expected at least one", id="empty sites"),
        pytest.param("", 'line 1: the key "sites" is missing', id="no sites"),
        pytest.param(
            "sites: [berlin]\n", "sites: expected keys and values below it, found a list", id="sites as a list"
        ),
        pytest.param(
            "sites: {berlin: 3}\n", 'sites.berlin: expected keys and values below it, found "3"', id="no site"
        ),
    ],
)
def test_a_study_without_sites_or_exports_is_told(tmp_path: Path, text: str, told: str) -> None:
    (problem,) = problems_of(tmp_path, "study: north_star\n" + text)
    assert told in problem


@pytest.mark.parametrize(
    ("name", "better"),
    [
        pytest.param("Köln Mitte", "such as koln_mitte", id="umlaut and space"),
        pytest.param("Berlin", "such as berlin", id="capital"),
        pytest.param("../up", "such as up", id="a path"),
        pytest.param("東京", "digits, _ and -", id="another script"),
    ],
)
def test_a_site_that_is_no_slug_is_told_a_better_name(tmp_path: Path, name: str, better: str) -> None:
    (problem,) = problems_of(tmp_path, SMALL.replace("  berlin:", f"  {name}:"))
    assert f'"{name}" is no slug' in problem
    assert better in problem


def test_an_export_whose_name_is_no_file_name_is_told(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, SMALL.replace("wai:", "wai/old:"))
    assert '"wai/old" is no name for an export' in problem


def test_a_glob_with_a_folder_is_told(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, SMALL.replace('"wai*.csv"', "2026/wai*.csv"))
    assert "the glob is on the file's name alone" in problem


@pytest.mark.parametrize(
    ("drop", "words"),
    [
        ("sftp://me:telltale@host/berlin", "a password stands in the URL"),
        ("s4://bucket/berlin", 'no file system "s4"'),
        ("{redcap: https://r.example/api/}", 'the key "token" is missing'),
        ("{redcap: r.example, token: T}", "expected the address of REDCap's API"),
        ("{redcap: https://r.example/api/, token: 0123456789ABCDEF0123456789ABCDEF}", "expected the NAME"),
        ("{redcap: https://r.example/api/, token: T, reprot: 4}", 'unknown key "reprot"; did you mean "report"?'),
    ],
)
def test_a_source_that_cannot_be_is_told_without_its_secrets(tmp_path: Path, drop: str, words: str) -> None:
    problems = problems_of(tmp_path, SMALL.replace("    exports", f"    drop: {drop}\n    exports"))
    assert any(words in problem for problem in problems)
    assert all("line 4, sites.berlin.drop" in problem for problem in problems)
    assert not [problem for problem in problems if "telltale" in problem or "0123456789ABCDEF" in problem]


@pytest.mark.parametrize("url", ["s3://bucket/berlin", "sftp://me@host/berlin", "https://host/x/"])
def test_a_drop_may_be_a_url(tmp_path: Path, url: str) -> None:
    (tmp_path / "study.yaml").write_text(SMALL.replace("    exports", f"    drop: {url}\n    exports"))
    assert load_study(tmp_path).sites["berlin"].drop == url


def test_two_sites_cannot_share_a_folder(tmp_path: Path) -> None:
    second = SMALL.partition("sites:\n")[2].replace("  berlin:\n", "  bern:\n    drop: ./drops/../drops/berlin\n")
    (problem,) = problems_of(tmp_path, SMALL + second)
    assert "line 12, sites.bern.drop: the folder of site berlin already" in problem


def test_two_sites_cannot_differ_by_dash_and_underscore_only(tmp_path: Path) -> None:
    second = SMALL.partition("sites:\n")[2].replace("berlin", "site-1")
    (problem,) = problems_of(tmp_path, SMALL.replace("berlin", "site_1") + second)
    assert "differs from site site_1 by - and _ only" in problem


def test_a_key_that_stands_twice_is_told_with_both_lines(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, SMALL + "        session: Termin\n")
    assert problem == (
        "study.yaml, line 11, sites.berlin.exports.wai: "
        'the key "session" stands twice, in lines 9 and 11; keep one of them'
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("study: x\nfiles: *.csv\n", "line 2: a value that begins with * or & needs quotes", id="asterisk"),
        pytest.param("study: x\nfiles: *csv\n", "line 2: a value that begins with * or & needs quotes", id="alias"),
        pytest.param("a: %d.%m\n", "line 1: a value that begins with %, @ or ` needs quotes", id="percent sign"),
        pytest.param('a: "x\nb: 1\nc: 2\n', 'line 1: a quote is opened and never closed; found: a: "x', id="quote"),
        pytest.param("a:\n\tb: 1\n", "line 2: a tab at the beginning of the line; indent by spaces", id="tab"),
        pytest.param("a: b: c\n", "line 1: a second colon", id="colon"),
        pytest.param("a: 1\n---\nb: 2\n", "line 2: a second --- line", id="two documents"),
        pytest.param("a: [1,\nb: 2\n", "line 1: a { or [ is opened and not closed", id="bracket"),
        pytest.param("x: {items: WAI{n}}\n", "a value inside it needs quotes", id="a template in braces"),
        pytest.param("a: 1\n- b\n", "line 2: did not find expected key; mind the indentation", id="anything else"),
        pytest.param("a: \x00\n", "line 1: a character that no text file holds", id="NUL"),
        pytest.param("- a\n", "holds no keys; alliance-etl init DIR writes one", id="a list"),
        pytest.param("# nothing yet\n", "is empty; alliance-etl init DIR writes one", id="comments only"),
    ],
)
def test_what_is_no_yaml_is_told_with_line_and_remedy(tmp_path: Path, text: str, told: str) -> None:
    (problem,) = problems_of(tmp_path, text)
    assert problem.startswith("study.yaml")
    assert told in problem


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("sites: &all\n  berlin: *all\n", "sites.berlin: refers to itself", id="a value inside itself"),
        pytest.param("? [a]\n: 1\n", "a key that is a list or holds keys itself", id="a list as a key"),
        pytest.param("<<: 3\n", "<< expects keys to take over", id="a number to take over"),
    ],
)
def test_odd_yaml_is_told_rather_than_followed(tmp_path: Path, text: str, told: str) -> None:
    assert any(told in problem for problem in problems_of(tmp_path, text))


def test_nothing_in_the_file_is_executed(tmp_path: Path) -> None:
    text = f"{SMALL}title: !!python/object/apply:pathlib.Path.touch [{tmp_path / 'touched'}]\n"
    problems_of(tmp_path, text)
    assert not (tmp_path / "touched").exists()


def test_a_file_that_is_not_utf_8_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "study.yaml"
    file.write_bytes("study: a\ntitle: Köln\n".encode("cp1252"))
    with pytest.raises(StudyFileError, match=r"study\.yaml, line 2: not UTF-8; save the file with encoding UTF-8"):
        load_study(file)


@pytest.mark.parametrize("named", ["", "study.yaml"], ids=["by its folder", "by its name"])
def test_a_missing_study_yaml_is_told_with_the_way_to_one(tmp_path: Path, named: str) -> None:
    with pytest.raises(StudyFileError, match=r"no study.yaml in .*; alliance-etl init writes one"):
        load_study(tmp_path / named)
