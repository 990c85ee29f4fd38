"""Forms of different people: whose are read, and which items of theirs are the same."""

from pathlib import Path

import duckdb

from alliance_etl.crosswalks.groups import apart, common_items, items_elsewhere
from alliance_etl.crosswalks.pairs import Measured, measured
from alliance_etl.instruments.model import Instrument
from tests.scenario import POCKET


def test_common_items_of_one_view_are_not_linked_by_anothers(tmp_path: Path) -> None:
    # clients and therapists fill in the one form, and clients only the other
    both, clients = (
        Measured(
            Instrument.model_validate({**POCKET, "id": name, "rater_roles": roles, "wai36_items": {1: 4, 2: 8, 3: 21}}),
            "total",
            (1, 2, 3),
        )
        for name, roles in (("views", ["client", "therapist"]), ("clients", ["client"]))
    )
    path = tmp_path / "alliance.duckdb"
    with duckdb.connect(str(path)) as connection:
        for name, role in (("views", "client"), ("views", "therapist"), ("clients", "client")):
            connection.execute(
                f"CREATE TABLE IF NOT EXISTS answers_{name} (form_id VARCHAR, site VARCHAR, participant VARCHAR, "
                "rater_role VARCHAR, session_date DATE, item_1 DOUBLE, item_2 DOUBLE, item_3 DOUBLE)"
            )
            connection.execute(
                f"INSERT INTO answers_{name} VALUES (md5($r), 'ulm', 'p', $r, NULL, 1, 2, 3)", {"r": role}
            )
    groups = apart(path, both, clients)
    assert dict(groups.common) == {1: 1, 2: 2, 3: 3}
    assert (len(groups.source.answers), len(groups.target.answers)) == (1, 1)


def test_items_that_count_to_another_component_there_are_named_and_link_nothing() -> None:
    mapped = {"wai36_items": {1: 4, 2: 8, 3: 21}}
    turned = {"bond": {"items": [1]}, "task": {"items": [2]}, "goal": {"items": [3]}, "total": {"items": [1, 2, 3]}}
    one = Instrument.model_validate({**POCKET, **mapped, "id": "one"})
    other = Instrument.model_validate({**POCKET, **mapped, "id": "other", "scales": turned})
    goal = measured(one, "goal"), measured(other, "goal")
    assert goal[0]
    assert goal[1]
    assert common_items(*goal) == {}
    assert items_elsewhere(*goal) == {1: 1}
    total = measured(one, "total"), measured(other, "total")
    assert total[0]
    assert total[1]
    assert items_elsewhere(*total) == {}
