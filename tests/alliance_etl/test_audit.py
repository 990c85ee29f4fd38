"""The audit trail tells every action once, quotes nobody, and shows when anybody has changed it."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from alliance_etl.audit import audit_rows, verified
from alliance_etl.state.layout import Layout
from tests.scenario import EXPORT, Scenario, site, table

ANNA = "Anna-4711"


def actions(study: Scenario) -> list[tuple[str, str | None]]:
    return [(row.action, row.site) for row in audit_rows(study.folder, None, None, ())]


def told(study: Scenario, action: str) -> dict[str, Any]:
    return dict(audit_rows(study.folder, None, None, [action])[-1].told)


@pytest.fixture
def study(tmp_path: Path) -> Scenario:
    study = Scenario(tmp_path, {"berlin": site(pocket=EXPORT), "oslo": site(pocket=EXPORT)})
    study.drop("a.csv", table(f"{ANNA},1,1,2,3", f"{ANNA},2,1,2,9"))
    study.night()
    return study


def test_a_night_is_told_by_its_drops_and_its_publication(study: Scenario) -> None:
    study.drop("b.csv", "nothing,known\n1,2\n", "oslo")
    study.night()

    assert actions(study) == [
        ("trail_begun", None),
        ("drop_taken_in", "berlin"),
        ("publication", None),
        ("drop_rejected", "oslo"),
        ("publication", None),
    ]


def test_a_night_on_which_nothing_came_adds_nothing(study: Scenario) -> None:
    before = actions(study)

    study.night()

    assert actions(study) == before


def test_a_changed_configuration_is_told_by_names_of_keys_and_the_sites_that_it_touches(study: Scenario) -> None:
    study.export(labels={ANNA: 1})
    study.night()

    change = told(study, "configuration_changed")
    assert (change["keys"], change["sites"]) == ({"sites.berlin.exports.pocket.labels": "came"}, ["berlin"])


def test_a_changed_instrument_touches_the_sites_that_use_it(study: Scenario) -> None:
    study.instruments = ({**study.instruments[0], "reversed_items": []},)
    study.write()
    study.night()

    change = told(study, "configuration_changed")
    assert (change["keys"], change["instruments"], change["sites"]) == (
        {},
        {"pocket": "changed"},
        ["berlin", "oslo"],
    )


def test_a_rebuild_is_one_row_for_each_site_that_has_drops(study: Scenario) -> None:
    study.night(rebuild=True)

    assert [row for row in actions(study) if row[0] == "site_rebuilt"] == [("site_rebuilt", "berlin")]


def test_the_trail_holds_no_id_of_a_person(study: Scenario) -> None:
    study.export(labels={ANNA: 1})
    study.night()

    assert ANNA not in str([row.as_dict() for row in audit_rows(study.folder, None, None, ())])


@pytest.mark.parametrize("statement", ["UPDATE audit SET who = 'x'", "DELETE FROM audit"])
def test_a_row_can_neither_be_altered_nor_taken_out(statement: str, study: Scenario) -> None:
    with (
        closing(sqlite3.connect(Layout(study.folder).ledger)) as ledger,
        pytest.raises(sqlite3.IntegrityError, match="can only be added to"),
    ):
        ledger.execute(statement)


def test_the_chain_of_an_untouched_trail_holds(study: Scenario) -> None:
    assert verified(study.folder) == (3, None)


def alter(ledger: sqlite3.Connection) -> None:
    ledger.execute("UPDATE audit SET who = 'somebody else' WHERE seq = 2")


def take_out(ledger: sqlite3.Connection) -> None:
    ledger.execute("DELETE FROM audit WHERE seq = 2")


def cut_off(ledger: sqlite3.Connection) -> None:
    ledger.execute("DELETE FROM audit WHERE seq >= 2")


@pytest.mark.parametrize("tamper", [alter, take_out, cut_off])
def test_who_gets_past_the_triggers_breaks_the_chain(
    tamper: Callable[[sqlite3.Connection], None], study: Scenario
) -> None:
    with closing(sqlite3.connect(Layout(study.folder).ledger)) as ledger:
        for trigger in ("audit_stays", "audit_remains", "audit_goes_on"):
            ledger.execute(f"DROP TRIGGER {trigger}")
        tamper(ledger)
        ledger.commit()

    _, broken = verified(study.folder)

    assert broken is not None
    assert broken.seq == 2
