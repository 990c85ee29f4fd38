"""Chained links through common items, against R's equate 2.0.9, what Kolen & Brennan print, and in simulation."""

import numpy as np
import pytest

from alliance_etl.linking.anchored import (
    Anchored,
    chained_equipercentile,
    chained_kernel,
    chained_linear,
    chained_mean,
)
from alliance_etl.linking.bootstrap import by_participant
from alliance_etl.linking.loglinear import Terms
from alliance_etl.linking.observed import linear_link
from alliance_etl.linking.scale import Array, ScoreScale

QUARTIC = {(Terms(4), Terms(4)): 1.0}
X, Y, V = ScoreScale(0, 20), ScoreScale(0, 24), ScoreScale(0, 8)
# equate(x, y, type = "equip", method = "chained", smooth = "loglin", degrees = list(c(4, 4), c(1, 1))) of two_groups()
EQUIPERCENTILE = [
    *(0.7705926218, 1.9072848030, 2.7639675164, 4.0616564256, 5.0722108954, 6.1685600634, 7.3149354704, 8.3854337691),
    *(9.5721302477, 10.6716742923, 11.8851220056, 13.0402770630, 14.2907042615, 15.4961911688, 16.7581967300),
    *(18.0102172225, 19.2539510602, 20.5271384253, 21.7341031774, 22.8894548013, 23.9755938489),
]
# and with type = "linear", without smoothing
LINEAR = (1.2068493283, -0.1051179563)
# mean and sd of scores and anchors of KBneat, and equate(…, type = "linear", method = "chained") of it; K&B table 4.3
# prints 15.8205, 6.5278, 5.1063, 2.3760, 18.6728, 6.8784, 5.8626, 2.4515 with n for the divisor
KB_X, KB_V = (15.820543807, 6.529798754), (5.106344411, 2.376741821)
KB_Y, KB_W = (18.672771673, 6.880541277), (5.862637363, 2.452243111)
KB_CHAINED = (1.02127168857747, 0.393679838742425)


def two_groups(seed: int = 21, people: tuple[int, int] = (500, 450), sessions: int = 1) -> tuple[Anchored, Anchored]:
    """Forms X (0 to 20) and Y (0 to 24) of a weaker and a stronger group, with eight common items (0 to 8)."""
    chance = np.random.default_rng(seed)
    found = []
    for number, shift, rest, spread, of in ((people[0], 0.0, 12, 1.0, X), (people[1], 0.4, 16, 0.9, Y)):
        u = chance.random((2, number))
        ability = shift + spread * np.sqrt(-2 * np.log(u[0])) * np.cos(2 * np.pi * u[1])
        ability = np.repeat(ability, sessions)
        score, anchor = _taken(ability, rest, chance)
        whose = np.repeat(np.arange(number), sessions).tolist()
        found.append(Anchored(score, anchor, of, V, whose, QUARTIC))
    return found[0], found[1]


def _taken(ability: Array, rest: int, chance: np.random.Generator) -> tuple[Array, Array]:
    common = 1 / (1 + np.exp(-(ability[:, None] * 1.3 + np.linspace(1.5, -0.5, 8))))
    anchor = (chance.random((ability.size, 8)) < common).sum(axis=1)
    own = 1 / (1 + np.exp(-(ability[:, None] * 1.3 + np.linspace(1.8, -0.9, rest))))
    return (anchor + (chance.random((ability.size, rest)) < own).sum(axis=1)).astype(float), anchor.astype(float)


def test_smoothed_percentiles_are_chained_as_by_equate() -> None:
    assert chained_equipercentile(*two_groups()) == pytest.approx(np.array(EQUIPERCENTILE), abs=2e-4)


def test_lines_are_chained_as_by_equate() -> None:
    found = chained_linear(*two_groups())
    assert (found.slope, found.intercept) == pytest.approx(LINEAR, abs=1e-9)


def test_kolen_and_brennans_groups_are_chained_as_by_equate() -> None:
    first, second = linear_link(KB_X, KB_V), linear_link(KB_W, KB_Y)
    at = np.array([0.0, 1.0])
    found = second(first(at))
    assert (found[1] - found[0], found[0]) == pytest.approx(KB_CHAINED, abs=1e-8)


def test_means_are_chained_by_the_ranges() -> None:
    groups = two_groups()
    found = chained_mean(*groups)
    source, target = groups
    assert found.slope == pytest.approx(24 / 20)
    # a mean score on the anchor's ruler, and from there: by hand
    on_anchor = source.anchor.mean() * 1.0
    expected = target.score.mean() + 3 * (on_anchor - target.anchor.mean())
    assert found(np.array([source.score.mean()]))[0] == pytest.approx(expected)


def test_the_kernel_follows_the_percentiles() -> None:
    groups = two_groups()
    kernel, _ = chained_kernel(*groups)
    assert kernel[3:18] == pytest.approx(chained_equipercentile(*groups)[3:18], abs=0.25)


def test_a_form_that_is_the_anchor_is_linked_by_the_other_group_alone() -> None:
    source, target = two_groups()
    short = Anchored(source.anchor, source.anchor, V, V, source.participants, QUARTIC, same=True)
    found, error = chained_kernel(short, target)
    other = Anchored(target.anchor, target.anchor, V, V, target.participants, QUARTIC, same=True)
    assert chained_kernel(short, other)[0] == pytest.approx(V.points)
    assert (np.diff(found) > 0).all()
    assert (error > 0).all()


def test_errors_are_those_of_drawing_participants_anew() -> None:
    source, target = two_groups(7, (150, 150), sessions=3)
    _, error = chained_kernel(source, target)

    def drawn(group: int) -> Array:
        def estimate(weights: Array) -> Array:
            return chained_equipercentile(source, target, (weights, None) if group == 0 else (None, weights))

        return by_participant((source, target)[group].participants, estimate, replications=150, seed=2).errors

    whole = np.hypot(drawn(0), drawn(1))
    assert error[4:17] / whole[4:17] == pytest.approx(np.ones(13), abs=0.35)
    assert np.mean(error[4:17] / whole[4:17]) == pytest.approx(1, abs=0.12)


def test_intervals_hold_the_truth() -> None:
    # truth: a million people of each group; 100 studies of 60 people with 3 sessions each on both sides
    true, _ = chained_kernel(*two_groups(0, (300_000, 300_000)))
    hits = []
    for seed in range(1, 101):
        found, error = chained_kernel(*two_groups(seed, (60, 60), sessions=3))
        hits.append((np.abs(found - true) < 1.96 * error)[4:17].mean())
    assert 0.91 < np.mean(hits) < 0.98
