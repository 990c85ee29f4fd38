"""The rule about ranges: a site that goes over to a narrower version of an instrument is noticed, no other site is.

The simulated sites have people with a level of their own, some who never tick the highest answer, therapists who make a
difference, sessions that raise the level a little, and a ceiling where most forms touch the highest answer.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from alliance_etl.alerts.range_changed import cuts, narrow_runs
from alliance_etl.instruments.model import Response
from tests.alliance_etl.test_alerts import HEADER, confirmed, study_in
from tests.scenario import published, table

SEVEN, FIVE, TEN = Response(min=1, max=7, step=1), Response(min=1, max=5, step=1), Response(min=0, max=10)
START, SWITCH, WEEKS = date(2026, 1, 5), date(2026, 7, 6), 52
SITES = {
    "ceiling": {"level": 0.9},
    "usual": {"level": 0.75},
    "middling": {"level": 0.55},
    "falling over the year": {"level": 0.9, "drift": -0.25},
    "rising over the year": {"level": 0.65, "drift": 0.25},
}


def simulated(
    seed: int, response: Response, *, level: float, drift: float = 0, people: int = 80, items: int = 12
) -> pl.DataFrame:
    """participant, session_date and high of a year of weekly sessions; people come at any time and stay about 12."""
    chance = np.random.default_rng(seed)
    width = response.max - response.min
    therapists = chance.normal(0, 0.05, 8)
    rows = []
    for person in range(people):
        begins = chance.integers(0, WEEKS * 7)
        own = chance.normal(level, 0.15) + therapists[chance.integers(8)]
        most = response.max - (chance.random() < 0.3)
        for session in range(int(1 + chance.geometric(1 / 12))):
            day = int(begins + 7 * session + chance.integers(-1, 2))
            if day > WEEKS * 7:
                break
            share = own + 0.004 * session + drift * day / (WEEKS * 7) + chance.normal(0, 0.05)
            answers = np.round(response.min + width * (share + chance.normal(0, 0.13, items)))
            rows.append((f"p_{person}", START + timedelta(days=day), float(np.clip(answers, response.min, most).max())))
    return pl.DataFrame(rows, schema=["participant", "session_date", "high"], orient="row")


def narrowed(forms: pl.DataFrame, response: Response, most: float) -> pl.DataFrame:
    """The same from SWITCH on on a form whose highest answer is `most`."""
    share = (pl.col("high") - response.min) / (response.max - response.min)
    lower = (response.min + share * (most - response.min)).round()
    return forms.with_columns(high=pl.when(pl.col("session_date") >= SWITCH).then(lower).otherwise("high"))


def runs(forms: pl.DataFrame, response: Response) -> list[Any]:
    days = forms.group_by("session_date", "high").agg(forms=pl.len().cast(pl.Int64))
    return list(narrow_runs(days, response, lambda: forms))


@pytest.mark.parametrize(
    ("response", "due"),
    [
        (SEVEN, [6, 5, 4]),
        (FIVE, [4, 3]),
        (TEN, [9, 8, 7, 6, 5]),
        (Response(min=-3, max=3, step=1), [2, 1, 0]),
        (Response(min=0, max=100), [90, 80, 70, 60, 50]),
        (Response(min=0, max=1, step=1), []),
    ],
)
def test_a_narrower_version_has_at_least_half_of_the_width(response: Response, due: list[float]) -> None:
    assert cuts(response) == due


@pytest.mark.parametrize("response", [SEVEN, FIVE], ids=["1 to 7", "1 to 5"])
@pytest.mark.parametrize("kind", SITES)
def test_a_site_that_changes_nothing_is_left_alone(kind: str, response: Response) -> None:
    sites = [simulated(seed, response, people=15 + 20 * seed, **SITES[kind]) for seed in range(10)]

    assert [len(runs(forms, response)) for forms in sites] == [0] * 10


@pytest.mark.parametrize(("kind", "within"), [("ceiling", 20), ("usual", 60)])
def test_a_switch_from_seven_to_five_answers_is_noticed_within_some_forms(kind: str, within: int) -> None:
    delays = []
    for seed in range(20):
        forms = narrowed(simulated(seed, SEVEN, people=120, **SITES[kind]), SEVEN, 5).sort("session_date")
        since = forms.filter(pl.col("session_date") >= SWITCH).height
        before = forms.height - since
        delays.append(next(n for n in range(5, since, 5) if runs(forms.head(before + n), SEVEN)))

    assert sorted(delays)[18] <= within


def test_a_switch_is_one_run_from_its_first_day_on() -> None:
    forms = narrowed(simulated(3, SEVEN, people=120, level=0.9), SEVEN, 5)

    (run,) = runs(forms, SEVEN)

    since = forms.filter(pl.col("session_date") >= SWITCH)
    assert (run.cut, run.last) == (5, since["session_date"].max())
    assert abs((run.first - SWITCH).days) <= 7
    assert run.forms >= since.height
    assert run.forms + run.others == forms.height


def test_four_people_prove_nothing() -> None:
    forms = narrowed(simulated(3, SEVEN, people=120, level=0.9), SEVEN, 5)
    few = forms.filter(pl.col("session_date") >= SWITCH)["participant"].unique().sort()[:4].implode()

    assert runs(forms.filter((pl.col("session_date") < SWITCH) | pl.col("participant").is_in(few)), SEVEN) == []


def rows_of(days: Iterator[tuple[int, int]]) -> list[str]:
    """Forms of `six`: twelve people a day, answers up to 5 or, later, up to 4."""
    return [
        f"P{person},{day},{START + timedelta(days=day)},{most},{most},{most - 1},2,{most},1"
        for day, most in days
        for person in range(12)
    ]


def test_a_change_is_one_alert_for_all_forms_and_stays_the_same_alert(tmp_path: Path) -> None:
    study = study_in(tmp_path)
    study.drop("1.csv", table(*rows_of(iter([(1, 5), (2, 5), (3, 5), (4, 4), (5, 4)])), header=HEADER))
    study.night()
    question = "SELECT alert_id, code, forms, state FROM alerts"
    ((alert, code, forms, state),) = study.rows(question)
    ((line, told),) = study.rows("SELECT line, expected FROM findings WHERE severity = 'alert'")
    confirmed(study)

    study.drop("2.csv", table(*rows_of(iter([(6, 4)])), header=HEADER))
    study.night()

    assert (code, forms, state) == ("range_changed", 24, "open")
    assert 38 <= line <= 49  # the twelve forms of 9 January, after a header and three days of twelve
    assert told == (
        "some answers above 4, as 36 of 36 other forms of six (client) have; "
        "none of 24 forms from 2026-01-09 to 2026-01-10 has"
    )
    assert study.rows(question) == [(alert, code, 36, "confirmed")]


def test_every_order_of_drops_finds_the_same_change(tmp_path: Path) -> None:
    files = {f"{day}.csv": rows_of(iter([(day, 5 if day < 4 else 4)])) for day in (1, 3, 4, 5)}
    seen = []
    for number, order in enumerate(list(permutations(files))[::5]):
        (tmp_path / str(number) / ".state").mkdir(mode=0o700, parents=True)
        (tmp_path / str(number) / ".state" / "key").write_text("the same for all")
        study = study_in(tmp_path / str(number))
        for name in order:
            study.drop(name, table(*files[name], header=HEADER))
        study.night()
        seen.append(published(study.folder, ("alerts", "findings")))

    assert seen[0]["alerts"]
    assert all(tables == seen[0] for tables in seen)


def test_the_rule_can_be_switched_off(tmp_path: Path) -> None:
    study = study_in(tmp_path, alerts={"range_changed": False})
    study.drop("1.csv", table(*rows_of(iter([(1, 5), (2, 5), (3, 5), (4, 4), (5, 4)])), header=HEADER))
    study.night()

    assert study.rows("SELECT code FROM alerts") == []
