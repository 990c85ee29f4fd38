"""Forms of two instruments that are near in time: which go together, and what shows that the alliance changed."""

from collections.abc import Sequence
from pathlib import Path

import duckdb
import numpy as np
import pytest

from alliance_etl.crosswalks.nearby import TWO_WEEKS, Window, nearby, nearby_evidence
from alliance_etl.crosswalks.pairs import Measured, Pairs
from alliance_etl.instruments.model import Instrument
from alliance_etl.linking.scale import Array
from tests.scenario import POCKET

ONE, OTHER = (Measured(Instrument.model_validate({**POCKET, "id": name}), "total", (1, 2)) for name in ("one", "other"))
Form = tuple[str, int]
"""Whose it is, and on which day of January (and in which session)."""


def database(folder: Path, one: Sequence[Form], other: Sequence[Form]) -> Path:
    path = folder / "alliance.duckdb"
    with duckdb.connect(str(path)) as connection:
        for name, forms in (("one", one), ("other", other)):
            connection.execute(
                f"CREATE TABLE answers_{name} (form_id VARCHAR, site VARCHAR, participant VARCHAR, rater_role VARCHAR, "
                "rater VARCHAR, session INTEGER, session_date DATE, item_1 DOUBLE, item_2 DOUBLE)"
            )
            for who, day in forms:
                connection.execute(
                    f"INSERT INTO answers_{name} VALUES (md5($id), 'ulm', $who, 'client', NULL, $day, "
                    "DATE '2026-01-01' + $day::INTEGER, 2, 4)",
                    {"id": f"{name} {who} {day}", "who": who, "day": day},
                )
    return path


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ([("a", 10)], [("a", 8)], [-2]),
        ([("a", 0), ("a", 10)], [("a", 8), ("a", 13)], [-2, 13]),
        ([("a", 0), ("a", 10)], [("a", 8)], [-2]),
        ([("a", 0)], [("a", 15)], []),
        ([("a", 0)], [("b", 0)], []),
        ([("a", 5), ("b", 1)], [("b", 1), ("a", 9)], [0, 4]),
    ],
    ids=["one pair", "what the nearest leave", "each once", "too far", "other people", "two people"],
)
def test_the_nearest_forms_go_together_and_each_once(
    one: list[Form], other: list[Form], apart: list[int], tmp_path: Path
) -> None:
    pairs = nearby(database(tmp_path, one, other), ONE, OTHER, TWO_WEEKS)
    assert pairs.apart is not None
    assert sorted(pairs.apart.tolist()) == apart


def test_a_site_without_dates_goes_by_its_sessions(tmp_path: Path) -> None:
    path = database(tmp_path, [("a", 1), ("b", 1)], [("a", 2), ("b", 4)])
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE answers_other SET session_date = NULL")
    assert nearby(path, ONE, OTHER, TWO_WEEKS).number == 0
    found = nearby(path, ONE, OTHER, Window(1, "sessions"))
    assert found.participants == ("ulm a",)


def test_instruments_by_turns_give_nearly_all_pairs_in_both_orders(tmp_path: Path) -> None:
    # every form has two others as near, the last one's and the next one's
    who = [f"p{n}" for n in range(40)]
    one = [(name, day) for name in who for day in (0, 14, 28)]
    other = [(name, day) for name in who for day in (7, 21, 35)]
    pairs = nearby(database(tmp_path, one, other), ONE, OTHER, Window(7))
    assert pairs.apart is not None
    assert pairs.number > 0.7 * len(one)
    told = nearby_evidence(pairs, ONE, OTHER, Window(7), "no other data")
    assert (told.source_first + told.target_first, told.mean_apart) == (pairs.number, 7)
    assert told.source_first > 10 < told.target_first
    assert told.override is None


def simulated(seed: int, rise: float, people: int = 200, sessions: int = 3) -> Pairs:
    """Sums of two items in 41 steps; the alliance is higher by `rise` (of its standard deviation) at the later form."""
    chance = np.random.default_rng(seed)
    whose = np.repeat(np.arange(people), sessions)
    latent = np.sqrt(0.6) * chance.normal(size=people)[whose] + np.sqrt(0.4) * chance.normal(size=whose.size)
    order = chance.integers(2, size=people)[whose] * 14 - 7

    def answered(at: Array) -> Array:
        return np.clip(np.rint(np.stack([20 + 5 * at + 2 * chance.normal(size=at.size) for _ in "12"], axis=1)), 0, 40)

    names = tuple(f"ulm {n}" for n in whose)
    return Pairs(
        answered(latent + rise * (order < 0)),
        answered(latent + rise * (order > 0)),
        names,
        np.full(whose.size, "ulm"),
        (None,) * whose.size,
        order,
    )


WIDE = Measured(Instrument.model_validate({**POCKET, "response": {"min": 0, "max": 40, "step": 1}}), "total", (1, 2))


def test_drift_is_twice_what_the_alliance_rose_in_between() -> None:
    told = nearby_evidence(simulated(1, 0.2, people=3000), WIDE, WIDE, TWO_WEEKS, None)
    # a fifth of a standard deviation of 5 of 40 steps is 2.5 points, and it goes to the one form and then to the other
    assert told.drift == pytest.approx(5, abs=0.4)
    assert told.drift_error
    assert told.drift_error < 0.2


def test_intervals_of_the_drift_hold_the_truth() -> None:
    hits = []
    for seed in range(300):
        told = nearby_evidence(simulated(seed, 0.0, people=80), WIDE, WIDE, TWO_WEEKS, None)
        assert told.drift is not None
        assert told.drift_error
        hits.append(abs(told.drift) < 1.96 * told.drift_error)
    assert 0.91 < np.mean(hits) < 0.985


def test_without_both_orders_there_is_no_drift_to_tell() -> None:
    pairs = simulated(1, 0.0)
    assert pairs.apart is not None
    always = Pairs(pairs.source, pairs.target, pairs.participants, pairs.sites, pairs.dates, np.full(pairs.number, 7))
    told = nearby_evidence(always, WIDE, WIDE, TWO_WEEKS, "the clinic changed over")
    assert (told.drift, told.drift_error, told.override) == (None, None, "the clinic changed over")
