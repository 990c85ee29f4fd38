"""Reliability, variance components and invariance against R's psych, lavaan and lme4 (references.py), and against
simulations with known truth.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from alliance_etl.cli.app import app
from alliance_etl.psychometrics.invariance import Group, invariance
from alliance_etl.psychometrics.reliability import alpha, omega
from alliance_etl.psychometrics.variance import components
from tests.alliance_etl.psychometrics import references as ref
from tests.scenario import EXPORT, Scenario, site, table


def test_alpha_its_error_and_its_interval_are_those_of_psych() -> None:
    found = alpha(ref.attitude())

    assert found is not None
    assert (found.value, found.se) == pytest.approx((ref.PSYCH_ALPHA, ref.PSYCH_ALPHA_SE), abs=1e-9)
    assert (round(found.low, 2), round(found.high, 2)) == ref.PSYCH_FELDT


def test_omega_and_its_error_are_those_of_lavaan() -> None:
    found = omega(ref.attitude())

    assert found is not None
    assert (found.value, found.se) == pytest.approx((ref.LAVAAN_OMEGA, ref.LAVAAN_OMEGA_SE), abs=1e-6)


def made(people: int, seed: int, loadings: tuple[float, ...] = (0.5, 0.6, 0.7, 0.8, 0.6)) -> np.ndarray:
    chance = np.random.default_rng(seed)
    weights = np.array(loadings)
    own = chance.normal(size=(people, 1))
    return np.asarray(own * weights + chance.normal(size=(people, len(weights))) * np.sqrt(1 - weights**2))


def test_the_intervals_hold_the_true_values_as_often_as_they_say() -> None:
    """400 samples of 100 people: the true omega is known, and alpha is a little below it (loadings differ)."""
    weights = np.array((0.5, 0.6, 0.7, 0.8, 0.6))
    implied = np.outer(weights, weights) + np.diag(1 - weights**2)
    true_omega = weights.sum() ** 2 / implied.sum()
    true_alpha = 5 / 4 * (1 - np.trace(implied) / implied.sum())
    held_alpha = held_omega = 0
    for seed in range(400):
        answers = made(100, seed)
        a, o = alpha(answers), omega(answers)
        assert a is not None
        assert o is not None
        held_alpha += a.low <= true_alpha <= a.high
        held_omega += o.low <= true_omega <= o.high

    assert held_alpha / 400 == pytest.approx(0.95, abs=0.03)
    assert held_omega / 400 == pytest.approx(0.95, abs=0.03)


def test_what_cannot_be_estimated_is_not() -> None:
    constant = made(50, 1)
    constant[:, 2] = 4.0

    assert omega(constant) is None
    assert omega(made(50, 1)[:, :2]) is None
    assert omega(np.column_stack([made(50, 1), made(50, 1)[:, 0]])) is None  # an item twice
    assert alpha(np.ones((50, 4))) is None
    assert alpha(made(50, 1)[:, :1]) is None


def nested(values: list[tuple[str | None, str, float]]) -> pl.DataFrame:
    return pl.DataFrame(
        values, schema={"therapist": pl.String, "participant": pl.String, "score": pl.Float64}, orient="row"
    )


def test_balanced_variance_components_are_those_of_lme4() -> None:
    batches = [(None, f"b{batch}", float(v)) for batch, values in enumerate(ref.DYESTUFF) for v in values]
    pastes = [(f"b{at // 6}", f"b{at // 6}c{at // 2}", value) for at, value in enumerate(ref.PASTES)]

    one, two = components(nested(batches)), components(nested(pastes))

    assert one is not None
    assert two is not None
    assert (one.participant, one.session) == pytest.approx(ref.LME4_DYESTUFF, abs=1e-6)
    assert (two.therapist, two.participant, two.session) == pytest.approx(ref.LME4_PASTES, rel=1e-5)
    whole = sum(ref.LME4_PASTES)
    assert (two.icc_therapist, two.icc_participant) == pytest.approx(
        [part / whole for part in ref.LME4_PASTES[:2]], rel=1e-5
    )


def test_unbalanced_components_are_right_on_average_and_their_errors_tell_how_far_off() -> None:
    """Known truth: therapists .2, participants .5, sessions .3 of the variance; people stay 1 to 12 sessions."""
    shares, errors = [], []
    for seed in range(120):
        chance = np.random.default_rng(seed)
        rows = []
        for therapist in range(40):
            of_therapist = chance.normal(0, np.sqrt(0.2))
            for person in range(int(chance.integers(2, 9))):
                of_person = of_therapist + chance.normal(0, np.sqrt(0.5))
                rows += [
                    (f"t{therapist}", f"t{therapist}p{person}", of_person + chance.normal(0, np.sqrt(0.3)))
                    for _ in range(int(chance.integers(1, 13)))
                ]
        found = components(nested(rows))
        assert found is not None
        shares.append((found.icc_therapist, found.icc_participant))
        errors.append((found.icc_therapist_se, found.icc_participant_se))

    means, spread = np.mean(shares, axis=0), np.std(shares, axis=0)
    assert means == pytest.approx([0.2, 0.5], abs=0.02)
    assert np.mean(errors, axis=0) == pytest.approx(spread, rel=0.15)


def test_one_session_each_or_two_people_say_nothing_of_variance() -> None:
    assert components(nested([(None, f"p{n}", float(n)) for n in range(9)])) is None
    assert components(nested([(None, "a", 1.0), (None, "a", 2.0), (None, "b", 3.0)])) is None


def test_invariance_is_that_of_lavaans_tutorial() -> None:
    groups = [Group(n, means, s * (n - 1) / n) for n, means, s in ref.SCHOOLS.values()]

    fits = invariance(groups, [[0, 1, 2], [3, 4, 5], [6, 7, 8]])

    assert {
        fit.model: (round(fit.chi2, 3), fit.df, round(fit.cfi, 3), round(fit.rmsea, 3)) for fit in fits
    } == ref.LAVAAN_INVARIANCE
    assert all(fit.converged for fit in fits)
    assert fits[0].chi2_difference is None
    assert (fits[2].chi2_difference, fits[2].df_difference) == pytest.approx((164.103 - 124.044, 6), abs=1e-3)


def simulated_site(people: int, seed: int, *, loading: float = 0.7, intercept: float = 0.0) -> Group:
    """Six items of one dimension; the first item's loading and intercept may be the site's own."""
    chance = np.random.default_rng(seed)
    weights, shift = np.full(6, 0.7), np.zeros(6)
    weights[0], shift[0] = loading, intercept
    answers = shift + chance.normal(size=(people, 1)) * weights + chance.normal(0, 0.7, size=(people, 6))
    return Group(people, answers.mean(axis=0), np.cov(answers, rowvar=False, bias=True))


def test_false_alarms_are_as_often_as_they_say_and_differences_are_found() -> None:
    rejected = {"metric": 0, "scalar": 0}
    found = {"metric": 0, "scalar": 0}
    for seed in range(150):
        same = invariance([simulated_site(200, 2 * seed), simulated_site(200, 2 * seed + 1)], [range(6)])
        loading = invariance([simulated_site(200, seed), simulated_site(200, 999 + seed, loading=0.2)], [range(6)])
        shift = invariance([simulated_site(200, seed), simulated_site(200, 999 + seed, intercept=0.4)], [range(6)])
        for fit in same[1:]:
            rejected[fit.model] += float(fit.p_difference or 0) < 0.05
        found["metric"] += float(loading[1].p_difference or 0) < 0.05
        found["scalar"] += float(shift[2].p_difference or 0) < 0.05

    assert rejected["metric"] / 150 == pytest.approx(0.05, abs=0.045)
    assert rejected["scalar"] / 150 == pytest.approx(0.05, abs=0.045)
    assert found["metric"] / 150 > 0.9
    assert found["scalar"] / 150 > 0.9


def published(folder: Path) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["psychometrics", "--json", "--study", str(folder)])
    assert done.exit_code == 0, done.output
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def test_the_tables_are_of_one_form_of_each_person_and_lie_beside_the_other_reports(tmp_path: Path) -> None:
    study = Scenario(tmp_path, {name: site(pocket=EXPORT) for name in ("berlin", "ulm")})
    chance = np.random.default_rng(7)
    for name, people in (("berlin", 120), ("ulm", 110)):
        rows = []
        for person in range(people):
            own = chance.normal()
            for session in (1, 2):
                felt = np.clip(np.round(3 + own + chance.normal(0, 0.8, 3)), 1, 5).astype(int)
                felt[2] = 6 - felt[2]
                rows.append(f"P{person},{session},{felt[0]},{felt[1]},{felt[2]}")
        study.drop("pocket.csv", table(*rows), name)
    study.night()

    found = published(tmp_path)

    total = {row["site"]: row for row in found["reliability"] if row["scale"] == "total"}
    assert {where: row["people"] for where, row in total.items()} == {"berlin": 120, "ulm": 110, None: 230}
    assert all(
        0.6 < row["alpha"] < 0.9 and row["alpha_low"] < row["omega"] < row["alpha_high"] for row in total.values()
    )
    assert {row["alpha"] for row in found["reliability"] if row["scale"] == "goal"} == {None}  # one item
    third = [row for row in found["item_statistics"] if row["item"] == 3]
    assert all(row["r_rest"] > 0.3 and row["forms"] == 2 * row["people"] for row in third)
    assert {row["model"] for row in found["invariance"]} == {"configural", "metric", "scalar"}
    assert {row["participants"] for row in found["variance_components"]} == {120, 110, 230}
    folder = tmp_path / "warehouse" / "reports" / "psychometrics"
    assert pl.read_parquet(folder / "reliability.parquet").height == len(found["reliability"])
    assert sorted(path.stem for path in folder.iterdir()) == sorted(found)


def test_few_people_get_no_coefficient_and_nothing_published_is_told(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    nothing = CliRunner().invoke(app, ["psychometrics", "--study", str(tmp_path)])
    study.drop("pocket.csv", table("A1,1,1,2,3", "B2,1,5,4,3"))
    study.night()

    (total,) = (row for row in published(tmp_path)["reliability"] if row["scale"] == "total")

    assert (nothing.exit_code, "nothing is published yet" in nothing.output) == (2, True)
    assert (total["people"], total["alpha"], total["omega"]) == (2, None, None)
