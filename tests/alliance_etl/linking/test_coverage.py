"""Standard errors are what they say: in simulation, intervals hold the truth as often as they claim."""

import numpy as np
import pytest

from alliance_etl.linking.kernel import continuous, kernel_error, kernel_link, margins
from alliance_etl.linking.loglinear import (
    NotConverged,
    best_model,
    clustered_root,
    ladder,
    model_weights,
    smooth_together,
    spread_over_models,
)
from alliance_etl.linking.scale import Array, ScoreScale, joint_counts

OF_X, OF_Y = ScoreScale(0, 24), ScoreScale(0, 30)


def simulated(chance: np.random.Generator, participants: int, sessions: int) -> tuple[list[int], Array, Array]:
    """Sessions of participants: 60 % of what both scores measure is the person's, the rest the session's."""
    whose = np.repeat(np.arange(participants), sessions)
    person = chance.normal(size=participants)[whose]
    latent = np.sqrt(0.6) * person + np.sqrt(0.4) * chance.normal(size=whose.size)
    x = np.clip(np.rint(13 + 4 * latent + 1.6 * chance.normal(size=whose.size)), 0, 24)
    y = np.clip(np.rint(17 + 4.5 * latent + 2 * chance.normal(size=whose.size)), 0, 30)
    return whose.tolist(), x, y


def linked(participants: list[int], x: Array, y: Array) -> tuple[Array, Array, Array]:
    counts = joint_counts(x, y, OF_X, OF_Y)
    both = smooth_together(counts, (4, 4), (1, 1))
    spread = clustered_root(both, OF_X.places(x) * OF_Y.size + OF_Y.places(y), participants)
    of_x, of_y = continuous(both.probabilities.sum(axis=1)), continuous(both.probabilities.sum(axis=0))
    found = kernel_link(of_x, of_y, OF_Y)
    error = kernel_error(of_x, of_y, *margins(spread, (OF_X.size, OF_Y.size)), found, OF_Y)
    return found, error, both.probabilities.sum(axis=1)


@pytest.mark.parametrize(("participants", "sessions"), [(200, 5), (277, 1)])
def test_95_percent_intervals_hold_the_truth_95_times_in_100(participants: int, sessions: int) -> None:
    chance = np.random.default_rng(11)
    truth, _, shares = linked(*simulated(chance, 300_000, 1))
    hits = []
    for _ in range(150):
        found, error, _ = linked(*simulated(chance, participants, sessions))
        hits.append(np.abs(found - truth) < 1.96 * error)
    # 150 studies: the Monte Carlo error of the mean over 25 dependent points is about 1.5 in 100
    assert float(np.mean(hits, axis=0) @ shares) == pytest.approx(0.95, abs=0.03)


def test_errors_of_alike_sessions_are_larger_than_those_of_as_many_strangers() -> None:
    chance = np.random.default_rng(3)
    _, x, y = simulated(chance, 100, 1)
    once = linked(list(range(100)), x, y)[1]
    # each form four times: no new information, so the error stays what it was
    again = linked(list(range(100)) * 4, np.tile(x, 4), np.tile(y, 4))[1]
    assert again == pytest.approx(once, rel=1e-6)


def skewed(chance: np.random.Generator, participants: int, sessions: int) -> tuple[list[int], Array, Array]:
    """Most scores are high, as of the alliance: few people say anything about the lower third of the scales."""
    whose = np.repeat(np.arange(participants), sessions)
    latent = np.sqrt(0.7) * chance.normal(size=participants)[whose] + np.sqrt(0.3) * chance.normal(size=whose.size)
    x, y = (
        chance.binomial(of.size - 1, 1 / (1 + np.exp(-(shift + 0.9 * latent + 0.3 * chance.normal(size=whose.size)))))
        for of, shift in ((OF_X, 1.2), (OF_Y, 0.8))
    )
    return whose.tolist(), x.astype(float), y.astype(float)


def with_chosen_degrees(participants: list[int], x: Array, y: Array) -> tuple[Array, Array, Array]:
    """The link by the degrees that AIC chooses, its error as if they were known, and one that knows of the choice."""
    weights = model_weights(*(ladder(of.counts(each), range(2, 7), ends=True) for each, of in ((x, OF_X), (y, OF_Y))))
    counts, cells, links = joint_counts(x, y, OF_X, OF_Y), OF_X.places(x) * OF_Y.size + OF_Y.places(y), []
    of_x = of_y = None
    for degrees, weight in weights.items():
        both = smooth_together(counts, degrees, (1, 1))
        spread = clustered_root(both, cells, participants)
        of_x = continuous(both.probabilities.sum(axis=1), of_x)
        of_y = continuous(both.probabilities.sum(axis=0), of_y)
        found = kernel_link(of_x, of_y, OF_Y)
        error = kernel_error(of_x, of_y, *margins(spread, (OF_X.size, OF_Y.size)), found, OF_Y)
        links.append((weight, found, error))
    return links[0][1], links[0][2], spread_over_models(links)


def test_errors_in_the_tails_know_that_the_smoothing_was_chosen_by_the_same_scores() -> None:
    chance = np.random.default_rng(2)
    _, x, y = skewed(chance, 400_000, 1)
    shares = OF_X.counts(x) / x.size
    truth = kernel_link(continuous(shares), continuous(OF_Y.counts(y) / y.size), OF_Y)
    tail = np.cumsum(shares) < 0.02
    naive, knowing, everywhere = [], [], []
    for _ in range(40):
        try:
            found, as_known, error = with_chosen_degrees(*skewed(chance, 150, 2))
        except NotConverged:
            continue
        away = np.abs(found - truth)
        naive.append((away < 1.96 * as_known)[tail].mean())
        knowing.append((away < 1.96 * error)[tail].mean())
        everywhere.append((away < 1.96 * error) @ shares)
    # as if the degrees were known, 7 in 10 of the intervals hold the truth there
    assert np.mean(naive) < 0.82
    assert np.mean(knowing) > 0.86
    assert np.mean(everywhere) == pytest.approx(0.95, abs=0.035)


def lumped(chance: np.random.Generator, participants: int, sessions: int) -> tuple[list[int], Array, Array]:
    """A third of the forms have the highest score of X, and a quarter that of Y, as of short forms of the alliance."""
    whose = np.repeat(np.arange(participants), sessions)
    latent = np.sqrt(0.7) * chance.normal(size=participants)[whose] + np.sqrt(0.3) * chance.normal(size=whose.size)
    x, y = (
        np.clip(np.rint((of.size - 1) * (mean + 0.22 * latent + 0.06 * chance.normal(size=whose.size))), 0, of.size - 1)
        for of, mean in ((OF_X, 0.92), (OF_Y, 0.85))
    )
    return whose.tolist(), x, y


def test_a_lump_at_the_highest_score_is_no_part_of_the_polynomial() -> None:
    chance = np.random.default_rng(3)
    _, x, y = lumped(chance, 400_000, 1)
    shares = OF_X.counts(x) / x.size
    truth = kernel_link(continuous(shares), continuous(OF_Y.counts(y) / y.size), OF_Y)
    hits = []
    for _ in range(30):
        found, _, error = with_chosen_degrees(*lumped(chance, 150, 2))
        hits.append((np.abs(found - truth) < 1.96 * error) @ shares)
    # with polynomials alone it is 88 in 100
    assert np.mean(hits) > 0.92


def test_a_model_keeps_the_share_of_an_end_that_it_has_a_term_for() -> None:
    counts = OF_X.counts(lumped(np.random.default_rng(1), 500, 1)[1])
    models = ladder(counts, range(2, 7), ends=True)
    assert best_model(models, "aic").highest
    for terms, model in models.items():
        kept = model.probabilities[-1] == pytest.approx(counts[-1] / counts.sum(), abs=1e-9)
        assert kept == terms.highest
    # an end that nobody has is none
    assert not any(terms.lowest for terms in ladder(np.append(0.0, counts[1:]), range(2, 7), ends=True))
