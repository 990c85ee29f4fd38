"""Reliability, variance components and invariance against R's psych, lavaan and lme4 (references.py), and against
simulations with known truth.
"""

from collections.abc import Callable, Iterator

import numpy as np
import polars as pl
import pytest

from alliance_etl.psychometrics.congeneric import NoSolution, fit_congeneric
from alliance_etl.psychometrics.invariance import invariance
from alliance_etl.psychometrics.multigroup import Group
from alliance_etl.psychometrics.polychoric import polychoric
from alliance_etl.psychometrics.profile import Share, intervals, likelihood_of
from alliance_etl.psychometrics.reliability import alpha, omega
from alliance_etl.psychometrics.rows import components_row, with_the_rest
from alliance_etl.psychometrics.variance import NotEstimated, components
from tests.alliance_etl.psychometrics import references as ref


def test_alpha_its_error_and_its_interval_are_those_of_psych() -> None:
    found = alpha(ref.ATTITUDE, ref.ATTITUDE_PEOPLE)

    assert (found.value, found.se) == pytest.approx((ref.PSYCH_ALPHA, ref.PSYCH_ALPHA_SE), abs=1e-9)
    assert (round(found.low, 2), round(found.high, 2)) == ref.PSYCH_FELDT


def test_correlations_of_an_item_with_the_rest_are_those_of_psych() -> None:
    assert with_the_rest(ref.ATTITUDE) == pytest.approx(list(ref.PSYCH_R_DROP), abs=1e-9)


def test_omega_and_its_error_are_those_of_lavaan() -> None:
    found = omega(fit_congeneric(ref.ATTITUDE, ref.ATTITUDE_PEOPLE))

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
        covariance = np.cov(answers, rowvar=False)
        a, o = alpha(covariance, 100), omega(fit_congeneric(covariance, 100))
        held_alpha += a.low <= true_alpha <= a.high
        held_omega += o.low <= true_omega <= o.high

    assert held_alpha / 400 == pytest.approx(0.95, abs=0.03)
    assert held_omega / 400 == pytest.approx(0.95, abs=0.03)


def drawn(state: int) -> Iterator[float]:
    """Numbers from 0 to 1 that any program can draw (the linear congruence of C's standard)."""
    while True:
        state = (1103515245 * state + 12345) % 2**31
        yield state / 2**31


def in_steps(people: int, cuts: list[float]) -> np.ndarray:
    """Five items, each less like the trait than the one before, cut into steps."""
    chance = drawn(people)

    def bell() -> float:
        return sum(next(chance) for _ in range(4)) - 2

    rows = []
    for _ in range(people):
        trait = bell()
        rows.append([np.searchsorted(cuts, trait + bell() * (0.5 + 0.1 * item)) for item in range(5)])
    return np.array(rows, dtype=np.float64)


IN_STEPS = {
    "even": in_steps(300, [-0.8, -0.3, 0.2, 0.7]),
    "ceiling": in_steps(400, [-1.2, -0.9, -0.6, -0.4, -0.2, 0.1]),
}


@pytest.mark.parametrize("name", IN_STEPS)
def test_polychoric_correlations_are_those_of_lavaan_and_their_alpha_is_that_of_psych(name: str) -> None:
    found = polychoric(IN_STEPS[name])

    assert found[np.tril_indices(5, -1)] == pytest.approx(ref.numbers(ref.POLYCHORIC[name])[0], abs=2e-8)
    assert alpha(found, 300).value == pytest.approx(ref.PSYCH_ORDINAL_ALPHA[name], abs=1e-5)


def test_ordinal_alpha_is_that_of_the_traits_where_a_ceiling_makes_alpha_of_answers_less() -> None:
    of_traits = 5 * 0.5 / (1 + 4 * 0.5)
    told = []
    for seed in range(60):
        chance = np.random.default_rng(seed)
        traits = np.sqrt(0.5) * (chance.normal(size=(300, 1)) + chance.normal(size=(300, 5)))
        answers = np.searchsorted([-2, -1.5, -1, -0.6], traits).astype(np.float64)
        told.append((alpha(polychoric(answers), 300).value, alpha(np.cov(answers, rowvar=False), 300).value))

    ordinal, plain = np.mean(told, axis=0)
    assert ordinal == pytest.approx(of_traits, abs=0.01)
    assert plain < of_traits - 0.05


def test_steps_that_nobody_took_and_the_direction_of_items_change_no_polychoric_correlation() -> None:
    answers = IN_STEPS["even"]
    spread, turned = np.array([0.0, 1.5, 2.0, 6.0, 6.5])[answers.astype(int)], answers * [-1, 1, 1, 1, 1]

    assert polychoric(spread) == pytest.approx(polychoric(answers), abs=1e-12)
    assert polychoric(turned)[0, 1:] == pytest.approx(-polychoric(answers)[0, 1:], abs=1e-8)


def test_answers_of_which_one_tells_the_other_have_no_polychoric_correlations() -> None:
    answers = IN_STEPS["even"]

    with pytest.raises(NoSolution):
        polychoric(np.column_stack([answers, answers[:, 0]]))


def test_items_that_follow_from_each_other_have_no_proper_solution() -> None:
    twice = np.column_stack([made(50, 1), made(50, 1)[:, 0]])
    heywood = np.array([[1.0, 0.9, 0.9], [0.9, 1.0, 0.5], [0.9, 0.5, 1.0]])  # the first item's error below zero

    for covariance in (np.cov(twice, rowvar=False), heywood):
        with pytest.raises(NoSolution):
            fit_congeneric(covariance, 50)


Effects = Callable[[np.random.Generator, int], np.ndarray]


def nested(values: list[tuple[str | None, str, float]]) -> pl.DataFrame:
    return pl.DataFrame(
        values, schema={"therapist": pl.String, "participant": pl.String, "score": pl.Float64}, orient="row"
    )


def rows_but(rows: list[tuple[str | None, str, float]], left_out: set[int]) -> list[tuple[str | None, str, float]]:
    return [row for number, row in enumerate(rows, 1) if number not in left_out]


def of_batches(batches: list[list[float]]) -> list[tuple[str | None, str, float]]:
    return [(None, f"b{batch}", float(value)) for batch, values in enumerate(batches) for value in values]


PASTES = [(f"b{at // 6}", f"b{at // 6}c{at // 2}", value) for at, value in enumerate(ref.PASTES)]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (of_batches(ref.DYESTUFF), ref.LME4_DYESTUFF),
        (rows_but(of_batches(ref.DYESTUFF), ref.DYESTUFF_LEFT_OUT), ref.LME4_DYESTUFF_UNBALANCED),
        (of_batches(ref.DYESTUFF2), ref.LME4_DYESTUFF2),
    ],
    ids=["balanced", "unbalanced", "at_the_edge"],
)
def test_variances_of_two_levels_are_those_of_lme4(
    rows: list[tuple[str | None, str, float]], expected: tuple[float, float]
) -> None:
    found = components(nested(rows), with_therapists=False)

    assert (found.participant, found.session) == pytest.approx(expected, rel=1e-7, abs=1e-9)
    assert found.icc_participant == pytest.approx(expected[0] / sum(expected), rel=1e-7, abs=1e-9)
    assert (found.therapist, found.icc_therapist) == (None, None)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [(PASTES, ref.LME4_PASTES), (rows_but([*PASTES], ref.PASTES_LEFT_OUT), ref.LME4_PASTES_UNBALANCED)],
    ids=["balanced", "unbalanced"],
)
def test_variances_of_three_levels_are_those_of_lme4(
    rows: list[tuple[str | None, str, float]], expected: tuple[float, float, float]
) -> None:
    found = components(nested(rows), with_therapists=True)

    assert (found.therapist, found.participant, found.session) == pytest.approx(expected, rel=2e-6)
    assert (found.icc_therapist, found.icc_participant) == pytest.approx(
        [part / sum(expected) for part in expected[:2]], rel=2e-6
    )


def normal(chance: np.random.Generator, size: int) -> np.ndarray:
    return chance.normal(size=size)


def skewed(chance: np.random.Generator, size: int) -> np.ndarray:
    """As far from normal as a strong ceiling: skewness -2."""
    return 1 - chance.exponential(size=size)


def simulated_sessions(seed: int, therapists: int = 40, effects: Effects = normal) -> pl.DataFrame:
    """Therapists .2, participants .5, sessions .3 of the variance; people stay 1 to 12 sessions."""
    chance = np.random.default_rng(seed)
    rows: list[tuple[str | None, str, float]] = []
    for therapist in range(therapists):
        of_therapist = np.sqrt(0.2) * effects(chance, 1)[0]
        for person in range(int(chance.integers(2, 9))):
            of_person = of_therapist + np.sqrt(0.5) * effects(chance, 1)[0]
            rows += [
                (f"t{therapist}", f"t{therapist}p{person}", of_person + of_session)
                for of_session in np.sqrt(0.3) * effects(chance, int(chance.integers(1, 13)))
            ]
    return nested(rows)


def test_unbalanced_components_are_right_on_average_and_their_errors_tell_how_far_off() -> None:
    shares, errors = [], []
    for seed in range(120):
        found = components(simulated_sessions(seed), with_therapists=True)
        shares.append((found.icc_therapist, found.icc_participant))
        errors.append((found.icc_therapist_se, found.icc_participant_se))

    means, spread = np.mean(shares, axis=0), np.std(shares, axis=0)
    assert means == pytest.approx([0.2, 0.5], abs=0.015)
    assert np.mean(errors, axis=0) == pytest.approx(spread, rel=0.1)


def test_ten_therapists_are_enough_for_errors_that_are_not_far_too_small() -> None:
    found = [components(simulated_sessions(seed, 10), with_therapists=True) for seed in range(200)]

    errors = np.mean([each.icc_therapist_se for each in found if each.icc_therapist_se is not None])
    assert errors == pytest.approx(np.std([each.icc_therapist for each in found]), rel=0.15)


def test_a_unit_of_scores_changes_variances_by_its_square_and_no_share() -> None:
    scores = simulated_sessions(1)

    one = components(scores, with_therapists=True)
    ten = components(scores.with_columns(pl.col("score") * 10 + 300), with_therapists=True)

    assert (ten.session, ten.therapist) == pytest.approx((100 * one.session, 100 * (one.therapist or 0)), rel=1e-6)
    assert (ten.icc_participant, ten.icc_participant_se) == pytest.approx(
        (one.icc_participant, one.icc_participant_se), rel=1e-6
    )


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param(of_batches(ref.DYESTUFF), "balanced"),
        pytest.param(rows_but(of_batches(ref.DYESTUFF), ref.DYESTUFF_LEFT_OUT), "unbalanced"),
        pytest.param(of_batches(ref.DYESTUFF2), "at_the_edge"),
        pytest.param(PASTES, "three_levels"),
        pytest.param(rows_but(PASTES, ref.PASTES_LEFT_OUT), "three_levels_unbalanced"),
    ],
)
def test_intervals_of_shares_are_those_of_the_profile_of_lme4s_criterion(
    rows: list[tuple[str | None, str, float]], expected: str
) -> None:
    scores, three = nested(rows), expected.startswith("three")
    found = components(scores, with_therapists=three)

    therapist = None if found.icc_therapist is None else Share(found.icc_therapist)
    ends = intervals(likelihood_of(scores, with_therapists=three), Share(found.icc_participant), therapist)

    told = [(found.icc_participant, *ends.participant)]
    told += [(found.icc_therapist or 0.0, *ends.therapist)] if ends.therapist else []
    assert len(told) == len(ref.PROFILES[expected])
    for one, other in zip(told, ref.PROFILES[expected], strict=True):
        assert one == pytest.approx(other, abs=1e-7)


@pytest.mark.parametrize(
    ("effects", "therapists", "least"), [(normal, 10, 0.93), (skewed, 40, 0.88)], ids=["normal", "skewed"]
)
def test_intervals_hold_the_true_shares_about_as_often_as_they_say(
    effects: Effects, therapists: int, least: float
) -> None:
    held = np.zeros(2)
    for seed in range(250):
        row = components_row(simulated_sessions(seed, therapists, effects))
        held += (
            row["icc_participant_low"] <= 0.5 <= row["icc_participant_high"],
            (row["icc_therapist_low"] <= 0.2 <= row["icc_therapist_high"]),
        )

    assert all(least <= share <= 0.985 for share in held / 250)


def test_an_interval_ends_at_zero_where_therapists_do_not_differ() -> None:
    alike = simulated_sessions(4).with_columns(therapist="t" + (pl.int_range(pl.len()) % 12).cast(pl.String))

    row = components_row(alike)

    assert row["therapists"] == 12
    assert row["icc_therapist_low"] == 0
    assert row["icc_therapist_high"] < 0.1


def test_scores_that_never_vary_have_no_components() -> None:
    with pytest.raises(NotEstimated):
        components(nested([(None, f"p{n // 2}", 3.0) for n in range(60)]), with_therapists=False)


def test_invariance_is_that_of_lavaans_tutorial() -> None:
    groups = [Group(n, means, s * (n - 1) / n) for n, means, s in ref.SCHOOLS.values()]

    fits = invariance(groups, [[0, 1, 2], [3, 4, 5], [6, 7, 8]])

    assert {
        fit.model: (round(fit.chi2 or 0, 3), fit.df, round(fit.cfi or 0, 3), round(fit.rmsea or 0, 3)) for fit in fits
    } == ref.LAVAAN_INVARIANCE
    assert all(fit.proper for fit in fits)
    assert fits[0].chi2_difference is None
    assert (fits[2].chi2_difference, fits[2].df_difference) == pytest.approx((164.103 - 124.044, 6), abs=1e-3)


def test_scales_that_are_one_are_told_as_not_separate_and_their_fit_is_told_all_the_same() -> None:
    """Six items of one trait, taken as two scales of three: the correlation of these lies around one."""
    groups = [simulated_site(300, seed) for seed in range(8)]

    fits = invariance(groups, [range(3), range(3, 6)])

    assert [fit.proper for fit in fits] == [False] * 3
    assert [fit.chi2 is not None and fit.chi2 < fit.df + 4 * np.sqrt(2 * fit.df) for fit in fits] == [True] * 3


def test_two_items_that_are_nearly_one_have_no_proper_solution() -> None:
    chance = np.random.default_rng(3)
    one, other = chance.normal(size=(2, 400, 1))
    answers = np.hstack([one + 0.001 * chance.normal(size=(400, 2)), other + chance.normal(size=(400, 2))])
    group = Group(400, answers.mean(axis=0), np.cov(answers, rowvar=False, bias=True))

    fits = invariance([group, group], [range(4)])

    assert [(fit.chi2, fit.chi2_difference) for fit in fits] == [(None, None)] * 3


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
