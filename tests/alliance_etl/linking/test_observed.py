"""Mean, linear and equipercentile linking, presmoothing and kernel equating against other programs' numbers.

The data sets of the R packages are not in this project. What is here of them are the moments that their smoothed
distributions have (a log-linear model of degree d is fixed by d moments), and the tables that the packages give; the
other frequencies were made up for these tests and put through the same packages.
"""

import numpy as np
import pytest
from scipy.optimize import nnls

from alliance_etl.linking.bootstrap import by_participant
from alliance_etl.linking.kernel import Continuous, apart, continuous, kernel_error, kernel_link, margins
from alliance_etl.linking.loglinear import NotConverged, Terms, best_model, ladder, smooth, smooth_together
from alliance_etl.linking.observed import (
    equipercentile_error,
    equipercentile_link,
    linear_link,
    mean_link,
    moments,
    percentile_ranks,
    steps_at,
)
from alliance_etl.linking.scale import Array, OffScale, ScoreScale

# Sums of score**k, k = 0, 1, …: of ACTmath in R's equate 2.0.9, forms X and Y, scores 0 to 40; and of Math20EG in
# SNSequate 1.3-5, scores 0 to 20.
ACT_X = (4329, 85941, 1998043, 52155645, 1479448003, 44556822981, 1402319467963)
ACT_Y = (4152, 78804, 1827474, 48325806, 1392251190, 42502836774, 1352042725254)
ETS_X = (1453, 15719, 191099)
ETS_Y = (1455, 16868, 218074, 3044786)
ACT, ETS = ScoreScale(0, 40), ScoreScale(0, 20)

# equate(x, y, type = "equip", smooth = "log", degrees = 6): concordance and standard errors
ACT_LINKED = [
    *(-0.4384, 0.1239, 0.9293, 1.8265, 2.741, 3.6573, 4.571, 5.4725, 6.3577, 7.2731, 8.2143, 9.1819, 10.179, 11.2092),
    *(12.275, 13.3764, 14.5111, 15.6784, 16.8638, 18.0566, 19.2469, 20.4262, 21.5911, 22.7368, 23.8595, 24.9594),
    *(26.0374, 27.0954, 28.1357, 29.1607, 30.1729, 31.1749, 32.1691, 33.1576, 34.1424, 35.125, 36.1064, 37.0873),
    *(38.0676, 39.0463, 40.0202),
]
ACT_ERRORS = [
    *(0.6104, 2.4195, 0.8973, 0.4434, 0.2741, 0.2015, 0.1687, 0.2375, 0.1983, 0.1818, 0.1781, 0.1824, 0.1922, 0.2057),
    *(0.2217, 0.2392, 0.2673, 0.2821, 0.2951, 0.3064, 0.3159, 0.3236, 0.3376, 0.3392, 0.34, 0.3401, 0.3394, 0.3379),
    *(0.3356, 0.3322, 0.3278, 0.3225, 0.3164, 0.3099, 0.3034, 0.2978, 0.2936, 0.2913, 0.2896, 0.2805, 0.214),
]
# ker.eq(Math20EG, kert = "gauss", degree = c(2, 3), design = "EG"): eqYx, eqXy and the standard errors, which are
# Table 7.6 of von Davier, Holland & Thayer (2004)
ETS_Y_OF_X = [
    *(0.3937, 1.5813, 2.6404, 3.6444, 4.6316, 5.6178, 6.61, 7.612, 8.626, 9.653, 10.6935, 11.7471, 12.8126, 13.8869),
    *(14.9641, 16.0339, 17.0781, 18.0677, 18.9607, 19.7183, 20.393),
]
ETS_ERRORS_Y = [
    *(0.22, 0.2895, 0.2875, 0.2664, 0.241, 0.217, 0.1967, 0.1812, 0.1708, 0.1646, 0.1619, 0.1621, 0.1653, 0.1721),
    *(0.1827, 0.1951, 0.2038, 0.199, 0.17, 0.1186, 0.0703),
]
ETS_X_OF_Y = [
    *(-0.3216, 0.4965, 1.3862, 2.3558, 3.3604, 4.3749, 5.387, 6.3912, 7.3847, 8.3662, 9.3354, 10.2925, 11.2386),
    *(12.1752, 13.1052, 14.0334, 14.968, 15.9236, 16.9287, 18.0477, 19.4153),
]
ETS_ERRORS_X = [
    *(0.1453, 0.2254, 0.2751, 0.2794, 0.2607, 0.2351, 0.2103, 0.1897, 0.1743, 0.1637, 0.1571, 0.1537, 0.153, 0.1552),
    *(0.1609, 0.1705, 0.1838, 0.1986, 0.2099, 0.2047, 0.1441),
]

# made up; some scores nobody has
GAPS_X = np.array([3, 0, 5, 9, 0, 0, 14, 20, 17, 8, 4], dtype=float)
GAPS_Y = np.array([0, 2, 3, 0, 7, 12, 15, 0, 18, 16, 9, 0, 6], dtype=float)
# equate(x, y, type = "equip") of these
GAPS_LINKED = [
    *(1.325000001, 1.933333334, 3.65, 4.645833333, 5.058333333, 5.058333333, 5.66, 7.838888889, 9.028125),
    *(10.188888889, 12.133333333),
]
GAPS_ERRORS = [
    *(0.8819412196, 0.8119563706, 0.4724886616, 0.3985084135, 0.4406904176, 0.4406904176, 0.4043760625),
    *(0.3606336469, 0.3492902262, 0.4260515112, 0.2939749925),
]

# simulated: 300 people with both scores
AB = np.array(
    [
        [1, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 2, 1, 2, 1, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 2, 2, 1, 1, 1, 0, 0, 0, 0, 0],
        [0, 0, 0, 1, 5, 4, 0, 2, 0, 0, 0, 0, 0],
        [0, 0, 2, 2, 6, 12, 14, 8, 2, 2, 0, 0, 0],
        [0, 0, 1, 1, 4, 10, 12, 15, 7, 2, 2, 0, 0],
        [0, 0, 0, 0, 0, 7, 7, 12, 11, 5, 4, 1, 0],
        [0, 0, 0, 0, 1, 1, 3, 13, 10, 10, 5, 1, 0],
        [0, 0, 0, 0, 0, 1, 2, 4, 7, 7, 3, 2, 0],
        [0, 0, 0, 0, 0, 0, 0, 6, 5, 7, 5, 6, 1],
        [0, 0, 0, 0, 0, 0, 0, 2, 1, 4, 1, 1, 3],
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 3, 3],
        [0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1],
    ]
)
# ker.eq(AB, kert = "gauss", degree = c(3, 3, 1, 1), design = "SG"): bandwidths, eqYx, SEEYx
AB_BANDWIDTHS = (0.5717669339, 0.5913218273)
AB_LINKED = [
    *(1.089489958, 2.242711389, 3.240637649, 4.205522761, 5.163237139, 6.119889690, 7.076729518, 8.033529830),
    *(8.988215490, 9.933222240, 10.845472461, 11.673771182, 12.415889204),
]
AB_ERRORS = [
    *(0.3628523829, 0.2943743375, 0.2172007148, 0.1576482485, 0.1248388174, 0.1145148912, 0.1132053727),
    *(0.1144909458, 0.1263563180, 0.1596816666, 0.1996059884, 0.1991671901, 0.1461643192),
]


def counts_with(sums: tuple[int, ...], scale: ScoreScale) -> Array:
    """Some distribution with these moments: which one does not matter to a model that is fixed by them."""
    powers = np.linspace(0, 1, scale.size)[None, :] ** np.arange(len(sums))[:, None]
    targets = np.array(sums) / sums[0] / scale.high ** np.arange(len(sums))
    shares, miss = nnls(powers, targets)
    assert miss < 1e-12
    return shares * sums[0]


def test_moments_of_actmath_are_those_that_kolen_and_brennan_print() -> None:
    # K&B table 2.6: mean 19.8524, sd 8.2116 for form X; 18.9798, 8.9393 for form Y
    counts = [counts_with(sums, ACT) for sums in (ACT_X, ACT_Y)]
    found = [value for of in counts for value in moments(of / of.sum(), ACT)]
    assert found == pytest.approx([19.8524, 8.2116, 18.9798, 8.9393], abs=5e-5)


def test_mean_and_linear_links_of_actmath() -> None:
    x, y = (19.8524, 8.2116), (18.9798, 8.9393)
    # equate(type = "mean") and (type = "linear"), at scores 0 and 1; linear is K&B's 1.0886 x - 2.6319
    assert mean_link(x, y, ACT, ACT)(np.array([0.0, 1.0])) == pytest.approx([-0.8726, 0.1274], abs=1e-4)
    assert linear_link(x, y)(np.array([0.0, 1.0])) == pytest.approx([-2.6320, -1.5433], abs=1e-3)


def test_smoothed_equipercentile_equating_of_actmath() -> None:
    x, y = (smooth(counts_with(sums, ACT), 6).probabilities for sums in (ACT_X, ACT_Y))
    assert equipercentile_link(x, y, ACT, ACT) == pytest.approx(ACT_LINKED, abs=2e-4)
    assert equipercentile_error(x, y, ACT_X[0], ACT_Y[0], ACT) == pytest.approx(ACT_ERRORS, abs=2e-3)


def test_equipercentile_equating_with_scores_that_nobody_has() -> None:
    x, y = GAPS_X / GAPS_X.sum(), GAPS_Y / GAPS_Y.sum()
    of_x, of_y = ScoreScale(0, 10), ScoreScale(0, 12)
    assert equipercentile_link(x, y, of_x, of_y) == pytest.approx(GAPS_LINKED, abs=1e-6)
    assert equipercentile_error(x, y, GAPS_X.sum(), GAPS_Y.sum(), of_y) == pytest.approx(GAPS_ERRORS, abs=1e-6)


@pytest.mark.parametrize("step", [0.1, 0.5, 2.0])
def test_a_scale_in_other_units_gives_the_same_links_in_those_units(step: float) -> None:
    x, y = GAPS_X / GAPS_X.sum(), GAPS_Y / GAPS_Y.sum()
    of_x, of_y = ScoreScale(1, 1 + 10 * step, step), ScoreScale(-3, -3 + 12 * step, step)
    found = equipercentile_link(x, y, of_x, of_y)
    assert found == pytest.approx(-3 + step * np.array(GAPS_LINKED), abs=1e-6)
    errors = equipercentile_error(x, y, GAPS_X.sum(), GAPS_Y.sum(), of_y)
    assert errors == pytest.approx(step * np.array(GAPS_ERRORS), abs=1e-6)


def test_kernel_equating_of_two_groups_reproduces_the_ets_example() -> None:
    x, y = smooth(counts_with(ETS_X, ETS), 2), smooth(counts_with(ETS_Y, ETS), 3)
    of_x, of_y = continuous(x.probabilities), continuous(y.probabilities)
    # the bandwidths that the book gives: 0.62 and 0.57
    assert (of_x.bandwidth, of_y.bandwidth) == pytest.approx((0.6222977, 0.5706399), abs=1e-4)
    to_y, to_x = kernel_link(of_x, of_y, ETS), kernel_link(of_y, of_x, ETS)
    assert to_y == pytest.approx(ETS_Y_OF_X, abs=1e-3)
    assert to_x == pytest.approx(ETS_X_OF_Y, abs=1e-3)
    roots = apart(x.root, y.root)
    assert kernel_error(of_x, of_y, *roots, to_y, ETS) == pytest.approx(ETS_ERRORS_Y, abs=1e-3)
    assert kernel_error(of_y, of_x, *reversed(roots), to_x, ETS) == pytest.approx(ETS_ERRORS_X, abs=1e-3)


def test_kernel_equating_of_one_group_with_both_scores() -> None:
    scale = ScoreScale(0, 12)
    both = smooth_together(AB, (3, 3), (1, 1))
    assert continuous(both.probabilities.sum(axis=0)).bandwidth == pytest.approx(AB_BANDWIDTHS[1], abs=1e-4)
    # for X, SNSequate looks for the bandwidth with the mean and variance of Y: its value is taken over
    x = Continuous(both.probabilities.sum(axis=1), AB_BANDWIDTHS[0])
    y = Continuous(both.probabilities.sum(axis=0), AB_BANDWIDTHS[1])
    linked = kernel_link(x, y, scale)
    assert linked == pytest.approx(AB_LINKED, abs=1e-4)
    errors = kernel_error(x, y, *margins(both.root, (13, 13)), linked, scale)
    assert errors == pytest.approx(AB_ERRORS, abs=1e-4)


def test_degrees_are_compared_as_the_equate_package_does() -> None:
    # made up: 400 scores from 0 to 12; presmoothing(counts, degrees = 4, compare = TRUE) of them
    models = ladder(np.array([4, 5, 18, 35, 55, 51, 59, 65, 51, 24, 17, 11, 5], dtype=float), range(1, 5))
    assert [model.deviance for model in models.values()] == pytest.approx([223.34, 9.2, 8.17, 8.15], abs=0.006)
    assert [model.aic for model in models.values()] == pytest.approx([290.98, 78.85, 79.82, 81.8], abs=0.006)
    assert [model.bic for model in models.values()] == pytest.approx([292.11, 80.54, 82.08, 84.62], abs=0.006)
    assert best_model(models, "aic") == Terms(2)


def test_a_smoothed_distribution_keeps_its_moments() -> None:
    counts = AB.sum(axis=1).astype(float)
    points = np.arange(13.0)
    for (degree, *_), model in ladder(counts).items():
        kept = [float(model.probabilities @ points**power) for power in range(degree + 1)]
        assert kept == pytest.approx([float(counts @ points**power / counts.sum()) for power in range(degree + 1)])


def test_smoothing_refuses_what_scores_cannot_tell() -> None:
    only = np.array([0.0, 0.0, 7.0, 0.0])
    with pytest.raises(NotConverged):
        smooth(only, 2)
    with pytest.raises(NotConverged):
        best_model(ladder(only), "aic")
    with pytest.raises(NotConverged):
        smooth(np.zeros(5), 1)


def test_scores_that_a_scale_does_not_have_are_refused() -> None:
    with pytest.raises(OffScale) as refusal:
        ScoreScale(12, 84).counts(np.array([12.0, 12.5, 85.0, 40.0]))
    assert refusal.value.number == 2


def test_percentile_ranks_and_their_inverse() -> None:
    shares = AB.sum(axis=0) / AB.sum()
    steps = np.linspace(0, 12, 49)
    steps = steps[(steps > 1.5) & (steps < 12.5)]  # nobody has 0 or 1
    assert steps_at(shares, percentile_ranks(shares, steps)) == pytest.approx(steps)


def test_drawing_participants_gives_the_error_of_a_mean_of_clusters() -> None:
    # truth: the mean of 60 clusters of 5 equal values has the standard error sd / sqrt(60)
    values = np.repeat(np.random.default_rng(1).normal(size=60), 5)
    participants = np.repeat(np.arange(60), 5).tolist()
    drawn = by_participant(participants, lambda w: np.array([w @ values / w.sum()]), replications=2000, seed=2)
    assert drawn.errors[0] == pytest.approx(values[::5].std() / np.sqrt(60), rel=0.06)
    assert drawn.failed == 0
