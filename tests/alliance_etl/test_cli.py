"""The verbs: what they print, where, and the exit status that scripts rely on."""

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner, Result

from alliance_etl.cli.app import app
from tests.assets.tiny_study import STUDY, TELLTALE, drop_srs, drop_wai, write_study, write_study_with_dagster

VERBS = ("demo", "init", "run", "check", "status", "held", "trace", "instruments")
RUN_KEYS = {"published", "drops", "forms", "seconds"}
DROP_KEYS = {"drop_id", "site", "file", "status", "rows_read", "new", "changed", "unchanged", "held", "skipped"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_study_with_dagster(tmp_path / "study")


def called(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def document(result: Result) -> dict[str, Any]:
    """The one JSON document on stdout."""
    read = json.loads(result.stdout)
    assert isinstance(read, dict)
    return read


def test_help_names_every_verb() -> None:
    told = called("--help").stdout

    assert [verb for verb in VERBS if verb not in told] == []


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_a_verb_ends_with_an_example(verb: str) -> None:
    assert f"alliance-etl {verb}" in called(verb, "--help").stdout.partition("Example:")[2]


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_can_answer_in_json(verb: str) -> None:
    assert "--json" in called(verb, "--help").stdout


def test_the_version_is_the_installed_one() -> None:
    assert called("--version").stdout.split() == ["alliance-etl", version("alliance-etl")]


@pytest.mark.parametrize(
    "arguments",
    [["rnu"], ["run", "--rebiuld"], ["check", "file.csv"], ["run", "--wait", "soon"], ["trace"]],
    ids=["an unknown verb", "an unknown option", "a missing option", "no number", "a missing argument"],
)
def test_wrong_usage_exits_with_2(arguments: list[str]) -> None:
    assert called(*arguments).exit_code == 2


@pytest.mark.parametrize("verb", ["run", "status"])
def test_a_folder_without_a_study_exits_with_2_and_the_remedy(verb: str, tmp_path: Path) -> None:
    result = called(verb, "--study", tmp_path)

    assert result.exit_code == 2
    assert "alliance-etl init" in result.stderr


def test_a_mistyped_key_exits_with_2_and_names_the_nearest(tmp_path: Path) -> None:
    folder = write_study(tmp_path / "study", STUDY.replace("session: Time", "sesion: Time"))

    result = called("run", "--study", folder)

    assert result.exit_code == 2
    assert '"session"' in result.stderr


def test_an_error_is_a_json_document_too_where_that_is_asked_for(tmp_path: Path) -> None:
    result = called("status", "--study", tmp_path, "--json")

    assert "no study.yaml" in document(result)["error"]


@pytest.mark.parametrize("named", ["study.yaml", ""], ids=["the file", "its folder"])
def test_a_study_is_named_by_its_file_or_its_folder(folder: Path, named: str) -> None:
    assert called("status", "--study", folder / named).exit_code == 0


def test_the_study_may_come_from_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLIANCE_STUDY", str(folder))

    assert document(called("status", "--json"))["study"] == "tiny"


def test_a_run_tells_what_became_of_each_file(folder: Path) -> None:
    drop_wai(folder)

    result = called("run", "--study", folder, "--json")

    told = document(result)
    assert result.exit_code == 0
    assert told.keys() >= RUN_KEYS
    assert (told["published"], told["rewritten"], told["forms"]) == (True, True, 3)
    (drop,) = told["drops"]
    assert drop.keys() >= DROP_KEYS
    assert (drop["site"], drop["file"], drop["status"], drop["new"]) == ("berlin", "wai.csv", "accepted", 3)


def test_a_run_tells_of_a_drop_what_the_tables_say_of_it(folder: Path) -> None:
    drop_wai(folder)
    drop_wai(folder, site="oslo")  # the very same file: Berlin's is told of it after it has been taken in

    told = document(called("run", "--study", folder, "--json"))["drops"]

    with duckdb.connect(str(folder / "warehouse" / "alliance.duckdb"), read_only=True) as warehouse:
        published = warehouse.execute("SELECT site, status FROM drops ORDER BY site").fetchall()
    assert sorted((drop["site"], drop["status"]) for drop in told) == published
    assert published[0] == ("berlin", "accepted_with_findings")


def test_a_run_tells_what_each_stage_took(folder: Path) -> None:
    drop_wai(folder)

    stages = document(called("run", "--study", folder, "--json"))["stages"]

    assert stages.keys() >= {"intake", "scoring", "contracts", "publication"}
    assert all(stage["seconds"] >= 0 and stage["peak_mb"] > 0 for stage in stages.values())


def test_a_second_run_has_nothing_to_do(folder: Path) -> None:
    drop_wai(folder)
    called("run", "--study", folder)

    told = document(called("run", "--study", folder, "--json"))

    assert (told["published"], told["rewritten"], told["drops"], told["forms"]) == (True, False, [], 3)


def test_a_rebuild_takes_everything_in_again(folder: Path) -> None:
    drop_wai(folder)
    called("run", "--study", folder)

    told = document(called("run", "--rebuild", "--study", folder, "--json"))

    assert [drop["new"] for drop in told["drops"]] == [3]


def test_held_rows_are_no_failure_of_a_run(folder: Path) -> None:
    drop_wai(folder, answer=77)

    result = called("run", "--study", folder, "--json")

    assert result.exit_code == 0
    assert [drop["held"] for drop in document(result)["drops"]] == [3]


def test_a_run_for_people_has_a_line_for_each_file(folder: Path) -> None:
    drop_wai(folder)
    drop_srs(folder)

    told = called("run", "--study", folder).stdout

    assert "wai.csv" in told
    assert "srs.csv" in told
    assert "4 forms" in told


def test_an_unwritable_warehouse_exits_with_3_and_names_it(folder: Path) -> None:
    drop_wai(folder)
    (folder / "warehouse").write_text("somebody's notes")

    result = called("run", "--study", folder, "--json")

    assert result.exit_code == 3
    assert not document(result)["published"]
    assert "warehouse" in result.stderr


def test_a_bug_exits_with_3_and_its_text_is_left_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def goes_wrong(_: object) -> None:
        raise ValueError(f"could not convert {TELLTALE} to a number")

    monkeypatch.setattr("alliance_etl.night.night.Night.score", goes_wrong)

    result = called("run", "--study", folder)

    assert result.exit_code == 3
    assert "in goes_wrong" in result.stderr
    assert TELLTALE not in result.output


def test_verbose_shows_the_text_of_a_bug(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def goes_wrong(_: object) -> None:
        raise ValueError("the text of the bug")

    monkeypatch.setattr("alliance_etl.night.night.Night.score", goes_wrong)

    assert "the text of the bug" in called("run", "--study", folder, "--verbose").stderr


def test_check_finds_nothing_in_a_good_file(folder: Path, tmp_path: Path) -> None:
    file = drop_wai(folder).rename(tmp_path / "wai.csv")

    result = called("check", file, "--site", "berlin", "--study", folder, "--json")

    assert result.exit_code == 0
    assert (document(result)["status"], document(result)["findings"]) == ("accepted", [])


def test_check_exits_with_1_where_there_are_findings(folder: Path) -> None:
    file = drop_wai(folder, answer=77)

    result = called("check", file, "--site", "berlin", "--study", folder, "--json")

    assert result.exit_code == 1
    assert document(result)["held"] == 3
    assert document(result)["findings"][0].keys() >= {"code", "line", "cell", "message", "how_to_fix", "count"}


def test_check_shows_people_where_and_how_to_fix(folder: Path) -> None:
    file = drop_wai(folder, answer=77)

    told = called("check", file, "--site", "berlin", "--study", folder).stdout

    assert "C2" in told
    assert "Correct the answer" in told


def test_check_writes_nothing(folder: Path) -> None:
    file = drop_wai(folder)
    before = sorted(folder.rglob("*"))

    called("check", file, "--site", "berlin", "--study", folder)

    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("file", "site"), [("wai.csv", "paris"), ("nowhere.csv", "berlin")], ids=["unknown site", "no file"]
)
def test_check_of_what_is_not_there_exits_with_2(folder: Path, file: str, site: str) -> None:
    drop_wai(folder)

    result = called("check", folder / "drops" / "berlin" / file, "--site", site, "--study", folder)

    assert result.exit_code == 2


@pytest.mark.slow
def test_check_does_not_wait_for_dagster(folder: Path) -> None:
    file = drop_wai(folder)
    program = (
        "import sys\nfrom alliance_etl.cli import main\n"
        "try:\n    main()\nfinally:\n    assert 'dagster' not in sys.modules"
    )

    arguments = ["check", file, "--site", "berlin", "--study", folder]
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


def test_status_knows_sites_that_never_sent_anything(folder: Path) -> None:
    drop_wai(folder)
    called("run", "--study", folder)

    told = document(called("status", "--study", folder, "--json"))

    assert {site["site"]: site["forms"] for site in told["sites"]} == {"berlin": 3, "oslo": 0, "quiet": 0}
    assert [drop["file"] for drop in told["drops"]] == ["wai.csv"]


def test_status_names_files_that_no_site_reads(folder: Path) -> None:
    drop_wai(folder)
    lost = ("drops/berlin/old/wai.csv", "drops/bern/wai.csv", "drops/wai.csv")
    for name in (*lost, "drops/bern/wai.csv.part"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("x")

    assert document(called("status", "--study", folder, "--json"))["astray"] == list(lost)
    told = called("status", "--study", folder).stdout
    assert [name for name in lost if f"{name}: no site reads this folder" not in told] == []


def test_status_for_people_has_a_line_for_each_site(folder: Path) -> None:
    told = called("status", "--study", folder).stdout

    assert [site for site in ("berlin", "oslo", "quiet") if site not in told] == []


def test_trace_leads_a_form_back_to_its_cells(folder: Path) -> None:
    drop_wai(folder, forms=1)
    called("run", "--study", folder)
    with duckdb.connect(str(folder / "warehouse" / "alliance.duckdb"), read_only=True) as warehouse:
        ((form_id,),) = warehouse.execute("SELECT form_id FROM forms").fetchall()

    told = document(called("trace", form_id, "--study", folder, "--json"))

    assert told["drop"]["file"] == "wai.csv"
    assert [answer["cell"] for answer in told["answers"]] == [f"{column}2" for column in "CDEFGHIJKLMN"]


def test_trace_of_an_unknown_form_exits_with_2(folder: Path) -> None:
    called("run", "--study", folder)

    assert called("trace", "0" * 32, "--study", folder).exit_code == 2


def test_instruments_lists_the_registry(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)

    ids = [each["id"] for each in document(called("instruments", "--json"))["instruments"]]

    assert "wai_sr_client" in ids
    assert ids == sorted(ids)


def test_a_rule_that_nobody_has_found_is_not_shown_as_a_sum(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)

    told = document(called("instruments", "wai_srt_therapist", "--json"))

    assert (told["rule"], told["rule_note"]) == (None, "the native rule was not found")


def test_one_instrument_shows_key_mapping_grade_and_sources(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)

    told = called("instruments", "wai_sr_client").stdout

    assert [word for word in ("4, 6, 8, 11", "goal", "A", "Sources:", "S23") if word not in told] == []


def test_a_studys_own_instruments_are_among_them(folder: Path) -> None:
    (folder / "instruments").mkdir()
    (folder / "instruments" / "ours.yaml").write_text(
        "id: ours\nfamily: WAI\nname: Our own form\nstatus: built_in\nrater_roles: [client]\nn_items: 1\n"
        "response: {min: 1, max: 5, step: 1}\nreversed_items: []\nscales: {total: {items: [1]}}\n"
    )

    assert document(called("instruments", "ours", "--study", folder, "--json"))["origin"] == "study"


def test_an_unknown_instrument_exits_with_2_and_names_the_nearest(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)

    result = called("instruments", "wai_sr_cleint")

    assert result.exit_code == 2
    assert "wai_sr_client" in result.stderr


def test_init_writes_a_study_that_can_be_run(tmp_path: Path) -> None:
    folder = tmp_path / "north_star"
    called("init", folder)

    assert called("run", "--study", folder).exit_code == 0


def test_init_sets_dagster_up(tmp_path: Path) -> None:
    told = document(called("init", tmp_path / "north_star", "--json"))

    assert (Path(told["dagster_home"]) / "dagster.yaml").is_file()
    assert any(path.endswith("workspace.yaml") for path in told["written"])


def test_init_leaves_a_study_alone(folder: Path) -> None:
    assert called("init", folder).exit_code == 2
    assert (folder / "study.yaml").read_text() == STUDY


def test_a_site_whose_folder_is_gone_is_told_and_stops_no_other(folder: Path) -> None:
    drop_wai(folder)
    (folder / "drops" / "quiet").rmdir()

    result = called("run", "--study", folder, "--json")

    assert result.exit_code == 0
    assert document(result)["sites_failed"].keys() == {"quiet"}
    assert document(result)["forms"] == 3
