"""The tables of psychometrics: of whom each number is, why there is none, and where they are written."""

import json
import shutil
import sys
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from alliance_etl.cli.app import app
from alliance_etl.instruments.registry import load_registry
from alliance_etl.psychometrics.rows import components_row, ordinal
from tests.scenario import EXPORT, Scenario, site, table


def found_of(folder: Path) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["psychometrics", "--json", "--study", str(folder)])
    assert done.exit_code == 0, done.output
    document: dict[str, Any] = json.loads(done.stdout)
    return document


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    """Two sites with many people and one with few; each person has two sessions, with one of twelve therapists."""
    export = {**EXPORT, "therapist": "who"}
    sizes = {"berlin": 120, "ulm": 110, "oslo": 5}
    study = Scenario(tmp_path_factory.mktemp("study"), {name: site(pocket=export) for name in sizes})
    chance = np.random.default_rng(7)
    for name, people in sizes.items():
        rows = []
        for person in range(people):
            own = chance.normal()
            for session in (1, 2):
                felt = np.clip(np.round(3 + own + chance.normal(0, 0.8, 3)), 1, 5).astype(int)
                felt[2] = 6 - felt[2]
                rows.append(f"P{person},{session},T{person % 12},{felt[0]},{felt[1]},{felt[2]}")
        study.drop("pocket.csv", table(*rows, header="client,session,who,q1,q2,q3"), name)
    study.night()
    return study


@pytest.fixture(scope="module")
def found(study: Scenario) -> dict[str, Any]:
    return found_of(study.folder)


def test_reliability_is_of_one_form_of_each_person(found: dict[str, Any]) -> None:
    total = {row["site"]: row for row in found["reliability"] if row["scale"] == "total"}

    assert {where: row["people"] for where, row in total.items()} == {"berlin": 120, "oslo": 5, "ulm": 110, None: 235}
    assert all(
        0.6 < row["alpha"] < 0.9 and row["alpha_low"] < row["omega"] < row["alpha_high"] and row["reason"] is None
        for where, row in total.items()
        if where != "oslo"
    )


def test_ordinal_alpha_asks_for_more_people_and_says_so(study: Scenario, found: dict[str, Any]) -> None:
    total = {row["site"]: row for row in found["reliability"] if row["scale"] == "total"}

    assert all(total[site]["ordinal_alpha"] > total[site]["alpha"] for site in ("berlin", "ulm", None))
    assert (total["oslo"]["ordinal_alpha"], total["oslo"]["ordinal_reason"]) == (None, None)  # as it has no alpha


@pytest.mark.parametrize(
    ("people", "steps", "reason"), [(99, 5, "too_few_people"), (100, 8, "too_many_steps"), (100, 5, None)]
)
def test_an_alpha_without_ordinal_alpha_has_a_reason(people: int, steps: int, reason: str | None) -> None:
    chance = np.random.default_rng(3)
    traits = chance.normal(size=(people, 1)) + chance.normal(size=(people, 3))
    answers = np.digitize(traits, np.linspace(-2, 2, steps - 1)).astype(np.float64)

    told = ordinal(answers, load_registry()["wai_sr_client"])

    assert (told.get("ordinal_reason"), "ordinal_alpha" in told) == (reason, reason is None)


def test_what_has_no_number_has_a_reason(found: dict[str, Any]) -> None:
    reliability = {(row["site"], row["scale"]): (row["alpha"], row["reason"]) for row in found["reliability"]}
    variance = {(row["site"], row["scale"]): row["reason"] for row in found["variance_components"]}
    items = {(row["site"], row["item"]): (row["r_rest"], row["reason"]) for row in found["item_statistics"]}

    assert reliability["berlin", "goal"] == (None, "single_item")
    assert reliability["oslo", "total"] == (None, "too_few_people")
    assert variance["oslo", "total"] == "too_few_people"
    assert items["oslo", 1] == (None, "too_few_people")


def test_item_statistics_are_of_all_forms_and_the_rest_of_one_each(found: dict[str, Any], study: Scenario) -> None:
    own = {row["item"]: row for row in found["item_statistics"] if row["site"] == "ulm"}
    asked = study.rows(
        "SELECT avg(value), stddev_samp(value), avg((value = 5)::INT) FROM responses JOIN forms USING (form_id) "
        "WHERE site = 'ulm' AND item = 3"
    )

    assert (own[3]["forms"], own[3]["people"], own[3]["missing"]) == (220, 110, 0)
    assert (own[3]["mean"], own[3]["sd"], own[3]["highest"]) == pytest.approx(asked[0])
    assert all(row["r_rest"] > 0.3 for row in own.values())  # the reversed one, too


def test_sites_with_enough_people_are_held_against_each_other(found: dict[str, Any]) -> None:
    assert [(row["model"], row["sites"], row["people"]) for row in found["invariance"]] == [
        (model, "berlin, ulm", 230) for model in ("configural", "metric", "scalar")
    ]
    assert [row["df"] for row in found["invariance"]] == [0, 2, 4]


def test_therapists_are_a_level_where_there_are_ten(found: dict[str, Any]) -> None:
    (total,) = (row for row in found["variance_components"] if (row["site"], row["scale"]) == ("ulm", "total"))

    assert (total["forms"], total["participants"], total["therapists"]) == (220, 110, 12)
    assert total["icc_participant_low"] < total["icc_participant"] < total["icc_participant_high"]
    assert total["icc_participant"] > 0.5
    assert total["icc_therapist_low"] <= total["icc_therapist"] < total["icc_therapist_high"]
    assert total["icc_therapist"] < 0.2


def test_the_tables_lie_beside_the_other_reports_and_explain_themselves(found: dict[str, Any], study: Scenario) -> None:
    folder = study.folder / "warehouse" / "reports" / "psychometrics"
    with duckdb.connect(str(folder / "psychometrics.duckdb"), read_only=True) as connection:
        counted = {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone() for name in found}
        unexplained = connection.execute(
            "SELECT table_name, column_name FROM duckdb_columns() WHERE comment IS NULL AND NOT internal"
        ).fetchall()
        described = connection.execute('SELECT DISTINCT "table" FROM codebook ORDER BY 1').fetchall()

    assert counted == {name: (len(rows),) for name, rows in found.items()}
    assert unexplained == []
    assert [name for (name,) in described] == sorted(found)
    assert pl.read_parquet(folder / "reliability.parquet").height == len(found["reliability"])
    assert sorted(path.name for path in folder.parent.iterdir() if "psychometrics" in path.name) == ["psychometrics"]


_OFTEN = """
import sys
from pathlib import Path
from alliance_etl.psychometrics import made
from schemas.psychometric_tables import PSYCHOMETRIC_TABLES as tables
from alliance_etl.cli.study import open_study, promises_of_schemas
import polars

study, registry = open_study(Path(sys.argv[1]))
made._frames = lambda *_: {name: made.as_frame(table, []) for name, table in tables.items()}
print("ready", flush=True)
sys.stdin.readline()
for _ in range(12):
    made.make_psychometrics(study, registry, promises_of_schemas(), tables)
"""


def test_two_that_write_at_once_wait_for_each_other(study: Scenario) -> None:
    """The verb and Dagster's job, each many times; what they write is small, so that they meet often."""
    shutil.copytree(study.folder, folder := study.folder.with_name("twice"), symlinks=True)
    writing = [
        Popen([sys.executable, "-c", _OFTEN, str(folder)], stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True)
        for _ in range(2)
    ]
    for process in writing:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in writing:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    told = [process.communicate(timeout=120)[1] for process in writing]

    reports = folder / "warehouse" / "reports"
    assert [process.returncode for process in writing] == [0, 0], told
    assert [path.name for path in reports.iterdir() if "psychometrics" in path.name] == ["psychometrics"]
    assert len(list((reports / "psychometrics").iterdir())) == 7


def test_the_query_of_the_page_answers(found: dict[str, Any], study: Scenario) -> None:
    page = (Path(__file__).parents[3] / "docs" / "psychometrics.md").read_text(encoding="utf-8")
    attach, select = page.split("```sql\n")[1].split("```")[0].strip().removesuffix(";").split(";")
    with duckdb.connect() as connection:
        connection.execute(attach.replace("warehouse/", f"{study.folder}/warehouse/"))
        answered = connection.execute(select.replace("wai_sr_client", "pocket")).fetchall()

    assert [row[0] for row in answered if row[2] is not None and row[5] is not None] == ["berlin", "ulm", None]


def test_the_verb_prints_tables_of_what_is_asked_for(study: Scenario) -> None:
    done = CliRunner().invoke(app, ["psychometrics", "--site", "oslo", "--items", "--study", str(study.folder)])

    assert done.exit_code == 0
    assert "too_few_people" in done.stdout
    assert "berlin," not in done.stdout


def test_nothing_published_is_told(tmp_path: Path) -> None:
    Scenario(tmp_path)
    nothing = CliRunner().invoke(app, ["psychometrics", "--study", str(tmp_path)])

    assert (nothing.exit_code, "nothing is published yet" in nothing.output) == (2, True)


def of_people(people: int, sessions: int, therapists: int | None, named: float = 1.0) -> dict[str, Any]:
    """The row of variance components of simulated scores."""
    chance = np.random.default_rng(people)
    rows = [
        (f"t{p % therapists}" if therapists and p < named * people else None, f"p{p}", own + chance.normal())
        for p, own in enumerate(chance.normal(size=people))
        for _ in range(sessions)
    ]
    return components_row(
        pl.DataFrame(rows, schema={"therapist": pl.String, "participant": pl.String, "score": pl.Float64}, orient="row")
    )


@pytest.mark.parametrize(
    ("row", "reason", "therapists"),
    [
        (of_people(60, 3, 12), None, 12),
        (of_people(60, 3, 12, named=0.8), None, 12),
        (of_people(60, 3, 12, named=0.3), "too_few_therapists", None),
        (of_people(60, 3, 5), "too_few_therapists", None),
        (of_people(60, 3, None), "no_therapist_named", None),
        (of_people(19, 3, 12), "too_few_people", 12),
        (of_people(60, 1, 12), "too_few_repeated", 12),
    ],
    ids=["all", "most_named", "few_named", "five", "none_named", "few_people", "one_session"],
)
def test_therapists_are_no_level_where_they_are_few_or_not_named(
    row: dict[str, Any], reason: str | None, therapists: int | None
) -> None:
    assert (row.get("reason"), row["therapists"]) == (reason, therapists)
    assert ("icc_participant" in row) == (reason not in ("too_few_people", "too_few_repeated"))
