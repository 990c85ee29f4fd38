"""Links in one population of both groups, against R's equate 2.0.9, and in simulation."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from alliance_etl.linking.anchored import Anchored, chained_linear
from alliance_etl.linking.observed import Straight
from alliance_etl.linking.synthetic import Moments, frequency_estimation, levine, moments_of, tucker
from tests.alliance_etl.linking.test_anchored import QUARTIC, V, Y, two_groups

# equate(x, y, type = "equip", method = "frequency", smooth = "loglin", degrees = list(c(4, 4), c(1, 1)), ws = …) of
# two_groups(): the population is the source's group (ws = 1), or both by their numbers (ws = .5: equate weighs counts)
FREQUENCIES = {
    1.0: [
        *(1.10453373663, 2.56027134532, 3.63888616519, 4.65260159756, 5.64680404600, 6.64581434059, 7.66517640183),
        *(8.71514895043, 9.80171460430, 10.92702434333, 12.08971480958, 13.28516337633, 14.50567391537, 15.74043755103),
        *(16.98090741616, 18.21418370607, 19.42760569579, 20.61938335048, 21.78536453582, 22.91199110131),
        23.98234502274,
    ],
    None: [
        *(1.10655305090, 2.55311286195, 3.62278920183, 4.63120385212, 5.62349108714, 6.62331435606, 7.64521037619),
        *(8.69841790485, 9.78821466834, 10.91650385920, 12.08210527997, 13.28087337527, 14.50546559551, 15.73819247136),
        *(16.97758678362, 18.21097958984, 19.42545630460, 20.61666049859, 21.78250173469, 22.90997404392),
        23.98153341915,
    ],
}
# equate(x, y, type = "linear", method = …, ws = 1 and -1): slope and intercept
LINES = {
    ("tucker", 1.0): (1.171053665771, 0.589162198241),
    ("tucker", None): (1.17169804337, 0.57414233117),
    ("levine", 1.0): (1.25274823066, -0.95903553381),
    ("levine", None): (1.252632179359, -0.956587824547),
}
# means, variances and covariance (divisor n - 1) of KBneat, the example of Kolen & Brennan's chapter 4, and
# equate(…, type = "linear", method = …, ws = 1 and .5) of it
KB_X = Moments(15.82054380665, 42.6382717718, 5.10634441088, 5.6489016830, 13.4169191596, 1655)
KB_Y = Moments(18.67277167277, 47.3418482692, 5.86263736264, 6.0134962777, 14.7693180369, 1638)
KB_LINES = {
    ("tucker", 1.0): (1.028947983697, 0.536778003933),
    ("tucker", 0.5): (1.029159306955, 0.537833896153),
    ("levine", 1.0): (1.011165525737, 0.251347604391),
    ("levine", 0.5): (1.010985362780, 0.251384381409),
}
METHODS: dict[str, Callable[..., Straight]] = {"tucker": tucker, "levine": levine}


@pytest.mark.parametrize("share", FREQUENCIES)
def test_frequencies_are_estimated_as_by_equate(share: float | None) -> None:
    assert frequency_estimation(*two_groups(), share=share) == pytest.approx(np.array(FREQUENCIES[share]), abs=2e-4)


@pytest.mark.parametrize(("method", "share"), LINES)
def test_lines_are_those_of_equate(method: str, share: float | None) -> None:
    source, target = (_with_fewer(moments_of(group)) for group in two_groups())
    found = METHODS[method](source, target, share)
    assert (found.slope, found.intercept) == pytest.approx(LINES[method, share], abs=1e-9)


def _with_fewer(group: Moments) -> Moments:
    """With n - 1 for the divisor, as equate has it."""
    more = group.n / (group.n - 1)
    return replace(
        group,
        variance=more * group.variance,
        anchor_variance=more * group.anchor_variance,
        covariance=more * group.covariance,
    )


@pytest.mark.parametrize(("method", "share"), KB_LINES)
def test_kolen_and_brennans_groups_are_linked_as_by_equate(method: str, share: float) -> None:
    found = METHODS[method](KB_X, KB_Y, share)
    assert (found.slope, found.intercept) == pytest.approx(KB_LINES[method, share], abs=1e-9)


def test_groups_that_are_alike_on_the_anchor_are_linked_by_their_own_moments() -> None:
    alike = Moments(KB_Y.mean, KB_Y.variance, KB_X.anchor_mean, KB_X.anchor_variance, KB_Y.covariance, KB_Y.n)
    for method in METHODS.values():
        found = method(KB_X, alike)
        assert found.slope == pytest.approx(np.sqrt(KB_Y.variance / KB_X.variance))
        assert found(np.array([KB_X.mean]))[0] == pytest.approx(KB_Y.mean)


def test_weights_count_forms() -> None:
    source, target = two_groups()
    twice = np.repeat([2.0, 0.0], [250, 250])
    first = Anchored(
        np.tile(source.score[:250], 2),
        np.tile(source.anchor[:250], 2),
        source.of_score,
        V,
        source.participants,
        QUARTIC,
    )
    weighted = tucker(moments_of(source, twice), moments_of(target))
    assert weighted.slope == pytest.approx(tucker(moments_of(first), moments_of(target)).slope)
    assert frequency_estimation(source, target, (twice, None)) == pytest.approx(frequency_estimation(first, target))


def test_a_form_that_is_the_anchor_is_linked_by_what_the_other_group_tells() -> None:
    source, target = two_groups()
    short = Anchored(source.anchor, source.anchor, V, V, source.participants, QUARTIC, same=True)
    line = tucker(moments_of(short), moments_of(target), 0.0)
    # in the target's own population nothing is assumed: the line is that of its anchor and its scores
    assert line(np.array([target.anchor.mean()]))[0] == pytest.approx(target.score.mean())
    assert line.slope == pytest.approx(target.score.std() / target.anchor.std())
    found = frequency_estimation(short, target, share=0.0)
    assert (np.diff(found) > 0).all()
    assert Y.low - 0.5 <= found[0] < found[-1] <= Y.high + 0.5


def test_groups_that_are_apart_are_told_from_forms_that_are_hard() -> None:
    # truth: the line between both scores of a million people, half of them like either group of two_groups()
    true = Straight(1.1845756, 0.1805859)
    at = np.array([6.0, 10.0, 14.0])
    of_levine, of_tucker, of_chain = (
        np.abs(np.mean([line(*two_groups(seed, (400, 400)))(at) for seed in range(1, 31)], axis=0) - true(at))
        for line in (
            lambda x, y: levine(moments_of(x), moments_of(y)),
            lambda x, y: tucker(moments_of(x), moments_of(y)),
            chained_linear,
        )
    )
    assert of_levine.max() < 0.2
    # the anchor has errors of measurement: Tucker's regression hides part of how far the groups are apart, a chain less
    assert of_levine.mean() < of_chain.mean() < of_tucker.mean()
