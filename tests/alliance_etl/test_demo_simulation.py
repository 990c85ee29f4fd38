"""The alliance behind the demo's answers: what is drawn, and how it becomes answers."""

from statistics import correlation

import pytest

from alliance_etl.demo.simulate import Alliance, answered, chance, drawn, seen_by, session_alliance
from alliance_etl.instruments.registry import load_registry

REGISTRY = load_registry()
DEMO_INSTRUMENTS = (
    "wai36_client",
    "wai_s_client",
    "wai_sr_client",
    "wai_sr_therapist",
    "wai_s_observer_rubric5",
    "srs3_client",
    "haq2_patient",
)


@pytest.fixture(scope="module")
def sessions() -> list[Alliance]:
    return [session_alliance("here", f"t{n % 40}", f"p{n}", n % 8 + 1) for n in range(2_000)]


@pytest.mark.parametrize(
    ("one", "other", "expected"), [("goal", "task", 0.8), ("goal", "bond", 0.6), ("task", "bond", 0.6)]
)
def test_goals_tasks_and_bond_correlate_as_told(
    sessions: list[Alliance], one: str, other: str, expected: float
) -> None:
    r = correlation([getattr(s, one) for s in sessions], [getattr(s, other) for s in sessions])
    assert r == pytest.approx(expected, abs=0.05)


def test_the_alliance_grows_over_sessions() -> None:
    people = [(f"t{n % 40}", f"p{n}") for n in range(300)]
    first, eighth = (
        sum(session_alliance("here", therapist, person, session).bond for therapist, person in people) / len(people)
        for session in (1, 8)
    )
    assert eighth - first == pytest.approx(7 * 0.08, abs=0.15)


def test_a_therapist_sees_less_of_the_clients_alliance_than_the_client(sessions: list[Alliance]) -> None:
    r = {
        role: correlation(
            [s.bond for s in sessions], [seen_by(role, s, 0.0, chance(role, n)).bond for n, s in enumerate(sessions)]
        )
        for role in ("client", "therapist")
    }
    assert r["therapist"] < 0.85 < r["client"]


@pytest.mark.parametrize("instrument_id", DEMO_INSTRUMENTS)
def test_answers_are_steps_within_the_range(instrument_id: str) -> None:
    instrument = REGISTRY[instrument_id]
    assert instrument.response is not None
    response = instrument.response
    filled = [answered(instrument, drawn(chance(instrument_id, n), 1.0), chance(n)) for n in range(100)]
    assert all(set(form) == set(instrument.item_numbers) for form in filled)
    values = {answer for form in filled for answer in form.values()}
    assert values <= {round(response.min + n * (response.step or 0), 1) for n in range(101)}
    assert response.min <= min(values) < max(values) <= response.max


@pytest.mark.parametrize(("item", "direction"), [(4, -1), (10, -1), (6, 1), (11, 1)])
def test_a_reversed_item_is_answered_in_its_raw_direction(item: int, direction: int) -> None:
    views = [drawn(chance("raw", n), 1.0) for n in range(300)]
    answers = [answered(REGISTRY["wai_s_client"], view, chance("answer", n))[item] for n, view in enumerate(views)]
    assert correlation([view.goal for view in views], answers) * direction > 0.6
