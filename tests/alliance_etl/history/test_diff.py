"""Two publications compared: which forms and numbers differ, and why, each reason brought about by itself."""

import csv
import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from alliance_etl.cli.app import app
from alliance_etl.errors import ConfigurationError
from alliance_etl.history.because import because_of
from alliance_etl.history.differences import Differences, compared, differences
from alliance_etl.history.publications import publication_called
from alliance_etl.state.layout import Layout
from tests.scenario import EXPORT, POCKET, Scenario, site, table


@pytest.fixture
def study(tmp_path: Path) -> Scenario:
    """A form of person 1 and one of person 2 are published, and a row of person 3 is held."""
    scenario = Scenario(tmp_path, {name: site(pocket=EXPORT) for name in ("berlin", "oslo")})
    scenario.drop("first.csv", table("1,1,5,4,1", "2,1,3,,2", "3,1,77,3,3"))
    scenario.drop("oslo.csv", table("9,1,2,2,2"), "oslo")
    scenario.night()
    return scenario


def since_then(study: Scenario, before: str = "previous", most: int = 1000) -> Differences:
    layout = Layout(study.folder)
    with compared(publication_called(layout, before), publication_called(layout, "current")) as connection:
        return differences(connection, most)


def reasons(found: Differences) -> dict[str, int]:
    told: dict[str, int] = {}
    for row in found.forms:
        told[row["reason"]] = told.get(row["reason"], 0) + row["forms"]
    return told


def numbers(found: Differences) -> list[tuple[Any, ...]]:
    return [tuple(each[name] for name in ("column", "before", "after", "reason")) for each in found.changed]


def test_a_new_drops_forms_are_new(study: Scenario) -> None:
    study.drop("second.csv", table("4,1,1,1,1"))
    study.night()
    found = since_then(study)
    assert reasons(found) == {"new": 1}
    assert found.forms[0]["file"] == "second.csv"
    assert found.changed == []


def test_a_correction_names_the_drop_the_line_and_each_number(study: Scenario) -> None:
    study.drop("second.csv", table("1,1,4,4,1"))
    study.night()
    found = since_then(study)
    assert reasons(found) == {"corrected": 1}
    assert numbers(found) == [
        ("item_1", "5", "4", "corrected"),
        ("pomp_goal", "100.0", "75.0", "corrected"),
        ("score_goal", "5.0", "4.0", "corrected"),
        ("score_total", "14.0", "13.0", "corrected"),
    ]
    assert {(each["drop_id"], each["line"]) for each in found.changed} == {(found.forms[0]["drop_id"], 2)}


def test_a_held_row_that_is_released_is_not_called_new(study: Scenario) -> None:
    study.export(missing={"77": "refused"})
    study.night()
    assert reasons(since_then(study)) == {"released": 1}


def test_answers_that_are_read_otherwise_are_told_apart_from_corrections(study: Scenario) -> None:
    study.export(response={"min": 0, "max": 5})
    study.night()
    found = since_then(study)
    assert reasons(found) == {"read_otherwise": 2}
    assert ("item_1", "5", "5", "read_otherwise") not in numbers(found)


def test_scores_that_come_of_the_same_answers_by_other_rules_are_told_so(study: Scenario) -> None:
    study.more["scoring"] = {"min_answered": 0.5}
    study.write()
    study.night()
    found = since_then(study)
    assert reasons(found) == {"scored_otherwise": 1}
    assert [each for each in numbers(found) if each[0] == "score_total"] == [
        ("score_total", None, "10.5", "scored_otherwise")
    ]


def test_forms_of_a_site_that_has_left_are_gone(study: Scenario) -> None:
    del study.sites["oslo"]
    study.write()
    study.night()
    assert reasons(since_then(study)) == {"site_left": 1}


def test_forms_that_are_held_now_are_gone_too(study: Scenario) -> None:
    study.export(response={"min": 1, "max": 4})
    study.night()
    assert reasons(since_then(study))["no_longer_read"] == 1


def test_what_is_the_same_differs_in_nothing(study: Scenario) -> None:
    layout = Layout(study.folder)
    shutil.copytree(publication_called(layout, "current").folder, study.folder / "copy")
    found = since_then(study, str(study.folder / "copy"))
    assert (found.forms, found.numbers, found.tables, found.changed) == ([], [], [], [])


def test_an_instrument_that_comes_or_goes_is_new_or_gone_as_a_whole(study: Scenario) -> None:
    study.instruments = (*study.instruments, {**POCKET, "id": "wallet"})
    study.sites["oslo"] = site(pocket=EXPORT, wallet={**EXPORT, "files": "wallet*", "instrument": "wallet"})
    study.sites["oslo"]["exports"]["pocket"]["files"] = "oslo*"
    study.write()
    study.drop("wallet.csv", table("1,1,5,4,1"), "oslo")
    study.night()
    told = [(row["instrument"], row["reason"], row["forms"]) for row in since_then(study).forms]
    assert told == [("wallet", "new", 1)]


def test_the_rules_that_have_changed_are_named(study: Scenario) -> None:
    study.more["scoring"] = {"min_answered": 0.5}
    study.instruments = ({**POCKET, "reversed_items": [2]},)
    study.write()
    study.night()
    layout = Layout(study.folder)
    told = because_of(layout, publication_called(layout, "previous"), publication_called(layout, "current"))
    assert told["configuration"] == {"scoring": "came"}
    assert told["instruments"] == ["pocket"]
    assert told["versions"] == {}


def test_other_tables_tell_how_many_rows_only_one_has(study: Scenario) -> None:
    study.drop("second.csv", table("4,1,1,1,1"))
    study.night()
    assert {"table": "drops", "only_before": 0, "only_after": 1} in since_then(study).tables


def test_numbers_of_publications_are_never_given_twice(study: Scenario) -> None:
    first = publication_called(Layout(study.folder), "current").folder.name
    shutil.rmtree(study.folder / "warehouse")
    study.night()
    assert int(publication_called(Layout(study.folder), "current").folder.name) > int(first)


def test_a_publication_that_is_not_there_is_told_with_what_is(study: Scenario) -> None:
    with pytest.raises(ConfigurationError, match='no publication "curent"; did you mean "current"'):
        publication_called(Layout(study.folder), "curent")
    with pytest.raises(ConfigurationError, match="no publication before the current one"):
        publication_called(Layout(study.folder), "previous")


def verb(*arguments: str | Path) -> Any:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_the_verb_lists_every_number_as_csv_and_the_causes_as_json(study: Scenario) -> None:
    study.drop("second.csv", table("1,1,4,4,1"))
    study.night()
    rows = list(csv.DictReader(io.StringIO(verb("diff", "--study", study.folder, "--format", "csv").stdout)))
    document = json.loads(verb("diff", "--study", study.folder, "--json").stdout)
    assert (rows[0]["column"], rows[0]["before"], rows[0]["after"]) == ("item_1", "5", "4")
    assert document["changed_in_all"] == len(rows) == 4
    assert "that a later drop has replaced" in verb("diff", "--study", study.folder).stdout
