"""`site add` as people meet it: what it asks, what it refuses, what it shows, and that nobody's values are shown."""

import json
import re
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from typer.testing import CliRunner, Result

from alliance_etl.cli.app import app
from alliance_etl.study.load import load_study
from alliance_etl.study.template import write_template
from tests.alliance_etl.site_files import IDS, NAMES, csv, rows_of


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = tmp_path / "study"
    folder.mkdir()
    (folder / "study.yaml").write_text("study: north\n# by hand\n", encoding="utf-8")
    return folder


def add(study: Path, file: Path, *words: str) -> Result:
    done = CliRunner().invoke(app, ["site", "add", str(file), "--study", str(study), *words])
    assert not any(person in done.output for person in IDS)
    return done


def document(done: Result) -> dict[str, Any]:
    read = json.loads(done.stdout)
    assert isinstance(read, dict)
    return read


def entry(done: Result) -> dict[str, Any]:
    (only,) = document(done)["exports"].values()
    assert isinstance(only, dict)
    return only


def test_a_file_that_decides_all_is_written_and_checked(study: Path, tmp_path: Path) -> None:
    file = csv(tmp_path, rows_of(last_day=28))

    done = add(study, file, "--site", "a", "--title", "Clinic A", "--json")

    assert done.exit_code == 0
    told = document(done)
    assert told["written"] is True
    assert told["check"]["new"] == 60
    assert told["check"]["findings"] == []
    assert (study / "drops" / "a").is_dir()
    export = load_study(study).sites["a"].exports["wai"]
    assert (export.instrument, export.items, export.date_format) == ("wai_sr_client", "wai_sr_client_{n}", "%d/%m/%Y")
    assert load_study(study).sites["a"].title == "Clinic A"


def test_an_order_of_day_and_month_that_nothing_decides_is_asked(study: Path, tmp_path: Path) -> None:
    done = add(study, csv(tmp_path, rows_of()), "--site", "a")

    assert done.exit_code == 2
    assert '--date-format "%d/%m/%Y"' in done.stderr
    assert "All 60 can be read in 2 ways" in done.stderr


def test_each_order_comes_with_how_well_sessions_follow_one_another(study: Path, tmp_path: Path) -> None:
    """In session n everybody came in month n: read as day and month all 40 steps go on, else those to a later day."""
    (doubt,) = document(add(study, csv(tmp_path, rows_of()), "--site", "a", "--json"))["doubts"]

    told = {choice["value"]: choice["why"] for choice in doubt["choices"]}
    assert told["%d/%m/%Y"] == "1 February 2026 is 01/02/2026; then 40 of 40 sessions follow the one before"
    assert told["%m/%d/%Y"] != told["%d/%m/%Y"]
    assert "of 40 sessions follow" in told["%m/%d/%Y"]


def test_a_date_whose_name_does_not_say_so_is_mentioned_and_asked_where_no_session_is(
    study: Path, tmp_path: Path
) -> None:
    named = [name.replace("Date", "Filled") for name in NAMES]
    without = [name.replace("Session", "Number of words") for name in named]

    mentioned = document(add(study, csv(tmp_path, rows_of(last_day=28), named), "--site", "a", "--json", "--dry-run"))
    asked = document(add(study, csv(tmp_path, rows_of(last_day=28), without), "--site", "a", "--json"))

    assert any('"Filled" holds dates' in remark for remark in mentioned["remarks"])
    assert [(doubt["about"], doubt["choices"][0]["value"]) for doubt in asked["doubts"]] == [("date", "Filled")]


@pytest.mark.parametrize("date_format", ["%d/%m/%Y", "%m/%d/%Y"])
def test_the_answer_is_taken(date_format: str, study: Path, tmp_path: Path) -> None:
    done = add(study, csv(tmp_path, rows_of()), "--site", "a", "--date-format", date_format, "--json")

    assert entry(done)["date_format"] == date_format
    assert document(done)["check"]["held"] == 0


@pytest.mark.parametrize(
    ("low", "high", "asked"), [(1, 5, False), (0, 4, False), (1, 4, True), (2, 4, True), (1, 7, False)]
)
def test_the_range_is_decided_by_the_answers_that_only_one_has(
    low: int, high: int, asked: bool, study: Path, tmp_path: Path
) -> None:
    done = add(study, csv(tmp_path, rows_of(last_day=28, low=low, high=high)), "--site", "a", "--json")

    assert [doubt["about"] for doubt in document(done)["doubts"]] == (["range"] if asked else [])
    declared = None if asked or (low, high) == (1, 5) else {"min": low, "max": high}
    assert entry(done).get("response") == declared


def test_who_has_filled_in_is_asked_where_no_name_says_so(study: Path, tmp_path: Path) -> None:
    names = [name.replace("wai_sr_client_", "wai_sr_") for name in NAMES]

    (doubt,) = document(add(study, csv(tmp_path, rows_of(last_day=28), names), "--site", "a", "--json"))["doubts"]

    assert doubt["flag"] == "--instrument"
    assert [choice["value"] for choice in doubt["choices"]] == ["wai_sr_client", "wai_sr_therapist"]


def test_two_columns_of_ids_are_asked(study: Path, tmp_path: Path) -> None:
    names = [*NAMES, "Case No"]
    rows = [[*row, int(row[0][-3:]) + 500] for row in rows_of(last_day=28)]

    (doubt,) = document(add(study, csv(tmp_path, rows, names), "--site", "a", "--json"))["doubts"]

    assert doubt["flag"] == "--participant"
    assert {choice["value"] for choice in doubt["choices"]} == {"Client ID", "Case No"}


def test_a_column_of_names_is_no_id_and_is_to_be_left_out(study: Path, tmp_path: Path) -> None:
    rows = [[*row, f"{row[0]}, Anna"] for row in rows_of(last_day=28)]

    done = add(study, csv(tmp_path, rows, [*NAMES, "Client Name"]), "--site", "a", "--json")

    assert entry(done)["participant"] == "Client ID"
    assert any('"Client Name"' in remark and "left out" in remark for remark in document(done)["remarks"])


def test_client_and_therapist_forms_in_one_file_become_two_exports(study: Path, tmp_path: Path) -> None:
    names = [*NAMES[:4], *(f"WAI_{who}{n}" for who in "CT" for n in range(1, 13))]
    rows = [[*row, *row[4:]] for row in rows_of(last_day=28)]

    told = document(add(study, csv(tmp_path, rows, names), "--site", "a", "--json"))

    assert {name: export["instrument"] for name, export in told["exports"].items()} == {
        "wai": "wai_sr_client",
        "wai_therapist": "wai_sr_therapist",
    }
    assert (told["check"]["new"], told["check"]["held"]) == (120, 0)


def test_two_forms_in_a_long_file_each_skip_the_rows_of_the_other(study: Path, tmp_path: Path) -> None:
    names = ["Client ID", "Session", "Item", "Answer"]
    wai = [[row[0], row[1], f"wai_sr_client_{n}", answer] for row in rows_of() for n, answer in enumerate(row[4:], 1)]
    srs = [[row[0], row[1], f"srs_{n}", f"{n}.{row[1]}"] for row in rows_of() for n in range(1, 5)]

    told = document(add(study, csv(tmp_path, [*wai, *srs], names), "--site", "a", "--json"))

    assert {export["instrument"] for export in told["exports"].values()} == {"wai_sr_client", "srs3_client"}
    assert (told["check"]["new"], told["check"]["held"], told["check"]["skipped"]) == (960, 0, 960)


def test_sessions_side_by_side_are_refused_in_words(study: Path, tmp_path: Path) -> None:
    names = ["Client ID", *(f"WAI{session}_{n}" for session in (1, 2, 3) for n in range(1, 13))]
    rows = [[row[0], *row[4:], *row[4:], *row[4:]] for row in rows_of() if row[1] == 1]

    done = add(study, csv(tmp_path, rows, names), "--site", "a")

    assert done.exit_code == 2
    assert "several sessions side by side" in done.stderr


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--participant", "Clint ID", 'did you mean "Client ID"?'),
        ("--items", "WAI{n}", 'no column "WAI1"'),
        ("--instrument", "wai_sr_clint", "did you mean wai_sr_client?"),
        ("--instrument", "haq2_patient", "has 19 items"),
        ("--range", "many", "expected the lowest and the highest answer"),
        ("--date-format", "%d/%m", "reads no day, month and year"),
        ("--preset", "redcup", 'did you mean "redcap"?'),
        ("--site", "Clinic A", "is no slug"),
    ],
)
def test_an_option_that_cannot_be_is_told_and_nothing_is_written(
    option: str, value: str, told: str, study: Path, tmp_path: Path
) -> None:
    before = (study / "study.yaml").read_bytes()
    site = [] if option == "--site" else ["--site", "a"]

    done = add(study, csv(tmp_path, rows_of(last_day=28)), *site, option, value)

    assert done.exit_code == 2
    assert told in done.stderr
    assert (study / "study.yaml").read_bytes() == before


def test_an_instrument_without_a_key_is_told_and_not_written(study: Path, tmp_path: Path) -> None:
    names = ["Client ID", "Session", *(f"calpas_{n}" for n in range(1, 25))]
    rows = [[person, 1, *(1 + (n + item) % 7 for item in range(24))] for n, person in enumerate(IDS)]

    done = add(study, csv(tmp_path, rows, names), "--site", "a", "--instrument", "calpas_p")

    assert done.exit_code == 2
    assert "needs a key from the study" in done.stderr


def test_words_that_are_no_known_set_are_asked_and_may_be_told(study: Path, tmp_path: Path) -> None:
    words = ["gar nicht", "ein bisschen", "mittel", "ziemlich", "völlig"]
    rows = [[*row[:4], *(words[answer - 1] for answer in row[4:])] for row in rows_of(last_day=28)]
    pairs = ", ".join(f"{word}={n}" for n, word in enumerate(words, start=1))
    file = csv(tmp_path, rows)

    asked = add(study, file, "--site", "a")
    told = add(study, file, "--site", "a", "--labels", pairs, "--json")

    assert asked.exit_code == 2
    assert "--labels" in asked.stderr
    assert document(told)["check"]["new"] == 60


def test_items_reversed_at_the_source_are_seen_by_the_declared_total(study: Path, tmp_path: Path) -> None:
    """HAq-II: the total of a site that has reversed items 4, 8, 11, 16, 19 is the sum of what stands in the file."""
    names = ["Client ID", "Session", *(f"haq_patient_{n}" for n in range(1, 20)), "Summe"]
    answers = [[1 + (n * 7 + item * item) % 6 for item in range(19)] for n in range(len(IDS))]
    rows = [[person, 1, *row, sum(row)] for person, row in zip(IDS, answers, strict=True)]

    done = add(study, csv(tmp_path, rows, names), "--site", "a", "--json")

    assert entry(done)["totals"] == {"total": "Summe"}
    assert entry(done)["reversed_at_source"] == [4, 8, 11, 16, 19]
    assert not [each for each in document(done)["check"]["findings"] if each["code"] == "total_differs"]


def test_titles_above_the_header_of_a_text_are_passed_over(study: Path, tmp_path: Path) -> None:
    file = csv(tmp_path, rows_of(last_day=28))
    file.write_text(f"Export of the clinic\n\n{file.read_text(encoding='utf-8')}", encoding="utf-8")

    done = add(study, file, "--site", "a", "--title", "Clinic A", "--json")

    assert document(done)["check"]["new"] == 60


def test_two_sheets_of_the_same_columns_are_asked_and_titles_are_passed_over(study: Path, tmp_path: Path) -> None:
    book = Workbook()
    for title in ("January", "February"):
        sheet = book.create_sheet(title)
        for row in [["Questionnaires of our unit"], [], NAMES, *rows_of(date="2026-{month:02d}-{day:02d}")]:
            sheet.append(row)
    del book["Sheet"]
    book.save(tmp_path / "export.xlsx")

    asked = add(study, tmp_path / "export.xlsx", "--site", "a")
    told = add(study, tmp_path / "export.xlsx", "--site", "a", "--sheet", "February", "--json")

    assert asked.exit_code == 2
    assert "--sheet January" in asked.stderr
    assert document(told)["check"]["new"] == 60


def test_a_damaged_workbook_is_told_as_one(study: Path, tmp_path: Path) -> None:
    book = Workbook()
    for row in [NAMES, *rows_of()]:
        book.active.append(row)
    book.save(tmp_path / "export.xlsx")
    whole = (tmp_path / "export.xlsx").read_bytes()
    (tmp_path / "export.xlsx").write_bytes(whole[: len(whole) * 2 // 3])

    done = add(study, tmp_path / "export.xlsx", "--site", "a")

    assert done.exit_code == 2
    assert "cannot be read" in done.stderr
    assert "damaged" in done.stderr


def test_a_file_that_an_export_reads_already_changes_nothing(study: Path, tmp_path: Path) -> None:
    file = csv(tmp_path, rows_of(last_day=28))
    add(study, file, "--site", "a")
    before = (study / "study.yaml").read_bytes()

    done = add(study, file)

    assert done.exit_code == 0
    assert "fits export wai of site a" in done.stdout
    assert (study / "study.yaml").read_bytes() == before


def test_the_same_columns_under_another_name_are_told(study: Path, tmp_path: Path) -> None:
    add(study, csv(tmp_path, rows_of(last_day=28)), "--site", "a")

    done = add(study, csv(tmp_path, rows_of(last_day=28), name="antworten.csv"), "--site", "a")

    assert done.exit_code == 2
    assert "has the columns of export wai" in done.stderr


def test_an_export_that_reads_files_of_this_name_and_finds_other_columns_is_named(study: Path, tmp_path: Path) -> None:
    """Both are called export*.csv: each would be told as lacking what only the other has."""
    add(study, csv(tmp_path, rows_of(last_day=28)), "--site", "a")
    names = [name.replace("wai_sr_client_", "WAI_T") for name in NAMES]

    told = document(add(study, csv(tmp_path, rows_of(last_day=28), names, "export_2.csv"), "--site", "a", "--json"))

    assert any(remark.startswith("export wai reads files of this name, too") for remark in told["remarks"])


def test_codes_of_people_that_run_on_are_taken_for_no_items(study: Path, tmp_path: Path) -> None:
    """Three observers of each session, and one score: as even as the items of a long file, and never to be shown."""
    names = ["Client ID", "Session", "Who", "Result"]
    rows = [[person, n, f"Mueller-{who}", n + who] for person in IDS for n in (1, 2) for who in (1, 2, 3)]

    done = add(study, csv(tmp_path, rows, names), "--site", "a")

    assert done.exit_code == 2
    assert "Mueller" not in done.output


def test_a_study_with_an_error_is_not_touched(study: Path, tmp_path: Path) -> None:
    wrong = "study: north\nsitse: 3\nsites:\n  b: {exports: {}}\n"
    (study / "study.yaml").write_text(wrong, encoding="utf-8")

    done = add(study, csv(tmp_path, rows_of(last_day=28)), "--site", "a")

    assert done.exit_code == 2
    assert "sitse" in done.stderr
    assert (study / "study.yaml").read_text(encoding="utf-8") == wrong


@pytest.mark.parametrize("words", [["--dry-run"], ["--dry-run", "--json"]])
def test_a_dry_run_writes_nothing(words: list[str], study: Path, tmp_path: Path) -> None:
    before = (study / "study.yaml").read_bytes()

    done = add(study, csv(tmp_path, rows_of(last_day=28)), "--site", "a", *words)

    assert done.exit_code == 0
    assert "wai_sr_client" in done.stdout
    assert (study / "study.yaml").read_bytes() == before
    assert not (study / "drops").exists()


@pytest.mark.parametrize(
    ("content", "told"),
    [("", "is empty"), ("Client ID;Session\n", "no rows"), ("1;2;3\n4;5;6\n7;8;9\n", "no column names")],
    ids=["empty", "header only", "no header"],
)
def test_a_file_that_tells_nothing_is_refused_in_words(content: str, told: str, study: Path, tmp_path: Path) -> None:
    file = tmp_path / "export.csv"
    file.write_text(content, encoding="utf-8")

    done = add(study, file, "--site", "a")

    assert done.exit_code == 2
    assert told in done.stderr


@pytest.mark.slow
def test_a_thousand_rows_take_a_processor_a_few_seconds_at_most(study: Path, tmp_path: Path) -> None:
    """About one and a half on the two cores where this was written, check included; whoever waits is a person."""
    rows = [[f"{row[0]}-{copy}", *row[1:]] for copy in range(17) for row in rows_of(last_day=28)]
    words = ["site", "add", str(csv(tmp_path, rows)), "--study", str(study), "--site", "a"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)

    subprocess.run([sys.executable, "-m", "alliance_etl.cli", *words], check=True, capture_output=True)

    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 6


def test_dagster_is_not_loaded() -> None:
    script = (
        "import sys; from alliance_etl.cli.app import app; import alliance_etl.cli.site_steps, "
        "alliance_etl.proposal.propose, alliance_etl.study.add; print('dagster' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"


def test_the_example_of_init_is_named_with_its_lines_until_it_is_gone(tmp_path: Path) -> None:
    write_template(tmp_path / "new")
    path, file = tmp_path / "new" / "study.yaml", csv(tmp_path, rows_of(last_day=28))

    told = add(tmp_path / "new", file, "--site", "a").stdout

    found = re.search(r"clinic_a is the example that init wrote: delete it, lines (\d+) to (\d+)", told)
    assert found
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[: int(found[1]) - 1] + lines[int(found[2]) :]), encoding="utf-8")
    assert list(load_study(path).sites) == ["a"]
    assert "clinic_a" not in add(tmp_path / "new", csv(tmp_path, rows_of(last_day=28)), "--site", "b").stdout
