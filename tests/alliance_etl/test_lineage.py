"""Every published number has a rule, and the rows that it was made of can be asked for."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from alliance_etl.cli.app import app
from alliance_etl.errors import ConfigurationError
from alliance_etl.lineage.row import lineages, trace_rows
from alliance_etl.trace import trace_form
from schemas.tables import TABLES
from tests.scenario import EXPORT, Scenario, site, table

NUMBERS = ("INTEGER", "BIGINT", "TINYINT", "DOUBLE")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    """Corrections, held rows, alerts and expectations, so that most tables have rows."""
    folder = tmp_path_factory.mktemp("study")
    export = {**EXPORT, "date": "day", "therapist": "who"}
    expects = [{"instrument": "pocket", "sessions": "every"}]
    more = {"expects": expects, "alerts": {"straight_lining_items": 3}, "fitness": {"fewest_forms": 1}}
    study = Scenario(folder, {name: site(pocket=export) for name in ("berlin", "oslo")}, more)
    header = "client,session,day,who,q1,q2,q3"
    study.drop("a.csv", table("1,1,2026-03-02,x,5,4,1", "1,2,2026-03-01,x,5,5,5", "2,3,,y,77,1,1", header=header))
    study.drop("o.csv", table("1,1,,x,5,4,1", header=header), "oslo")
    study.night()
    study.drop("b.csv", table("1,1,2026-03-02,x,4,4,1", header=header))
    study.night()
    return study


def database(study: Scenario) -> Path:
    return study.folder / "warehouse" / "alliance.duckdb"


@pytest.mark.parametrize("name", TABLES)
def test_every_number_of_a_table_has_its_rule(name: str) -> None:
    numbers = {column.name for column in TABLES[name].columns if column.type in NUMBERS}
    assert lineages()[name].rules.keys() == numbers


def distinct(study: Scenario, name: str) -> Iterator[dict[str, str]]:
    """What tells each row of a table, by all its columns that are not NULL."""
    columns = [column.name for column in TABLES[name].columns]
    listed = ", ".join(f'"{column}"::VARCHAR' for column in columns)
    for row in study.rows(f"SELECT {listed} FROM {name} LIMIT 3"):
        yield {column: value for column, value in zip(columns, row, strict=True) if value is not None}


@pytest.mark.parametrize("name", TABLES)
def test_the_rows_that_a_row_was_made_of_can_be_asked_for(name: str, study: Scenario) -> None:
    for wanted in distinct(study, name):
        rows = trace_rows(database(study), name, wanted)
        assert rows
        assert rows[0]["numbers"] == [
            {"number": number, "value": rows[0]["numbers"][place]["value"], "rule": rule}
            for place, (number, rule) in enumerate(lineages()[name].rules.items())
        ]


def one(study: Scenario, name: str, **wanted: str) -> dict[str, Any]:
    (row,) = trace_rows(database(study), name, wanted)
    return row


def test_a_drops_counts_lead_to_its_rows(study: Scenario) -> None:
    told = one(study, "drops", file="a.csv")
    assert [(each["line"], each["revision"]) for each in told["inputs"]] == [(2, 1), (3, 1)]


def test_a_missing_session_leads_to_no_form_and_one_that_is_there_to_its_own(study: Scenario) -> None:
    inputs = [len(row["inputs"]) for row in trace_rows(database(study), "expected_forms", {"site": "berlin"})]
    assert sorted(inputs) == [1, 1]


def test_a_row_about_a_form_names_it(study: Scenario) -> None:
    ((form_id,),) = study.rows("SELECT form_id FROM forms WHERE line = 3")
    assert one(study, "scores", form_id=form_id, scale="total")["form_id"] == form_id


def test_a_version_that_was_replaced_is_traced_by_its_number(study: Scenario) -> None:
    ((form_id,),) = study.rows("SELECT form_id FROM superseded")
    with study.opened() as night:
        old, new = (trace_form(night, form_id, revision) for revision in (1, None))
    assert [told["answers"][0]["raw"] for told in (old, new)] == ["5", "4"]
    assert (old["drop"]["file"], new["drop"]["file"]) == ("a.csv", "b.csv")
    assert old["revisions"] == new["revisions"]
    with study.opened() as night, pytest.raises(ConfigurationError, match="has no revision 3; before the newest there"):
        trace_form(night, form_id, 3)


@pytest.mark.parametrize(
    ("name", "wanted", "told"),
    [
        ("fitnes", {}, 'no table "fitnes"; did you mean "fitness"'),
        ("fitness", {"sight": "berlin"}, 'fitness has no column "sight"; did you mean "site"'),
        ("fitness", {"site": "rome"}, "no row of fitness has site=rome"),
        ("items", {}, "more than 20 rows of items"),
        ("answers_wai36_client", {}, "the current publication has no table answers_wai36_client"),
    ],
)
def test_what_cannot_be_traced_is_told(name: str, wanted: dict[str, str], told: str, study: Scenario) -> None:
    with pytest.raises(ConfigurationError, match=told):
        trace_rows(database(study), name, wanted)


def test_the_verb_takes_a_table_and_values(study: Scenario) -> None:
    said = CliRunner().invoke(app, ["trace", "drops", "file=a.csv", "--study", str(study.folder)])
    assert "rows after the header" in said.stdout
    assert "made of 2 rows" in said.stdout
    wrong = CliRunner().invoke(app, ["trace", "drops", "file", "--study", str(study.folder)])
    assert wrong.exit_code == 2
