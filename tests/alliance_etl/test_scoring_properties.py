"""What holds for all answers: equal numbers everywhere, and the numbers that one finds with pencil and paper."""

import math
import random
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alliance_etl.instruments.registry import load_registry
from alliance_etl.scoring.expressions import result_columns, with_scores
from tests.alliance_etl.scoring_examples import ITEMS, KINDS, SMALL, changed, columns_of, on_paper, rows

SCORABLE = [known for known in load_registry().values() if known.status != "key_needed" and not known.missing_facts()]
RULER = changed(SMALL, response={"min": 0, "max": 10, "kind": "visual_analogue"})
each_scorable = pytest.mark.parametrize("instrument", SCORABLE, ids=[known.id for known in SCORABLE])

shares = st.sampled_from([1.0, 0.9, 0.8, 0.75, 2 / 3, 0.6, 0.5, 1 / 3, 0.1])


def forms(answer, min_size=1):
    return st.lists(st.lists(st.none() | answer, min_size=6, max_size=6), min_size=min_size, max_size=8)


whole = forms(st.integers(1, 7))
on_the_ruler = forms(st.integers(0, 100).map(lambda millimetres: millimetres / 10))


def scored(kind, instrument, answered, min_answered=1.0):
    frame = KINDS[kind](columns_of(answered))
    items = {item: f"item_{item}" for item in instrument.item_numbers}
    return rows(with_scores(frame, instrument, items, min_answered=min_answered, c_grade=True))


@settings(max_examples=25)
@given(whole, shares)
def test_a_form_is_scored_as_on_paper(answered, share):
    found = scored("duckdb", SMALL, answered, share)

    for form, row in zip(answered, found, strict=True):
        expected = on_paper(SMALL, form, share, c_grade=True)
        assert {name: row[name] for name in expected} == _close(expected)


@settings(max_examples=25)
@given(on_the_ruler, shares)
def test_a_mark_on_a_line_is_scored_as_on_paper(answered, share):
    found = scored("polars", RULER, answered, share)

    for form, row in zip(answered, found, strict=True):
        expected = on_paper(RULER, form, share, c_grade=True)
        assert {name: row[name] for name in expected} == _close(expected)


def _close(expected):
    return {name: None if value is None else pytest.approx(float(value), abs=1e-9) for name, value in expected.items()}


@settings(max_examples=25)
@given(whole)
def test_a_sum_of_whole_answers_is_exact(answered):
    found = scored("polars", SMALL, answered)

    for form, row in zip(answered, found, strict=True):
        expected = on_paper(SMALL, form, 1.0, c_grade=True)
        assert row["score_total"] == expected["score_total"]
        assert row["pomp_overall"] == (None if None in form else float(expected["pomp_overall"]))


@settings(max_examples=15)
@given(whole | on_the_ruler, shares)
def test_every_kind_of_frame_gives_the_same_numbers_to_the_last_bit(answered, share):
    instrument = RULER if any(isinstance(value, float) for form in answered for value in form) else SMALL
    polars = scored("polars", instrument, answered, share)

    assert scored("duckdb", instrument, answered, share) == polars
    assert scored("pandas", instrument, answered, share) == polars
    assert scored("polars lazy", instrument, answered, share) == polars


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "polars"])
def test_thousands_of_forms_have_the_same_numbers_to_the_last_bit(kind):
    chance = random.Random(1)
    marks = [None, *(millimetres / 10 for millimetres in range(101))]
    answered = [chance.choices(marks, k=6) for _ in range(3000)]

    assert scored(kind, RULER, answered, 0.5) == scored("polars", RULER, answered, 0.5)


@settings(max_examples=10)
@given(whole, shares)
def test_nullable_and_arrow_columns_give_the_same_numbers(answered, share):
    polars = scored("polars", SMALL, answered, share)

    assert scored("pandas nullable", SMALL, answered, share) == polars
    assert scored("pandas arrow", SMALL, answered, share) == polars
    assert scored("arrow", SMALL, answered, share) == polars


@settings(max_examples=25)
@given(on_the_ruler, shares)
def test_a_percentage_is_between_0_and_100(answered, share):
    found = scored("polars", RULER, answered, share)

    percentages = [
        row[name] for row in found for name in result_columns(RULER, c_grade=True) if name.startswith("pomp")
    ]
    assert all(0 <= value <= 100 for value in percentages if value is not None)


@settings(max_examples=25)
@given(on_the_ruler, shares)
def test_a_complete_form_has_the_same_score_whatever_share_is_asked_for(answered, share):
    complete = [[0.0 if value is None else value for value in form] for form in answered]

    assert scored("polars", RULER, complete, share) == scored("polars", RULER, complete)


@settings(max_examples=25)
@given(forms(st.integers(1, 6)), st.sampled_from(sorted(ITEMS)), shares)
def test_a_higher_answer_never_lowers_a_score_and_a_reversed_one_never_raises_it(answered, item, share):
    higher = [[value + (at == item) if value else value for at, value in enumerate(form, 1)] for form in answered]
    before, after = (scored("polars", SMALL, these, share) for these in (answered, higher))
    sign = -1 if item in SMALL.reversed_items else 1

    for name in (name for name in result_columns(SMALL) if not name.startswith("n_")):
        for low, high in zip(before, after, strict=True):
            assert low[name] is None or sign * (high[name] - low[name]) >= 0


@each_scorable
def test_the_best_answers_give_the_highest_scores_and_100_percent(instrument):
    form = [_end(instrument, item, best=True) for item in instrument.item_numbers]
    [row] = scored("polars", instrument, [form])

    for name in result_columns(instrument, c_grade=True):
        if name.startswith("pomp_"):
            assert row[name] == 100
        elif name.startswith("score_"):
            assert row[name] == instrument.score_range(name.removeprefix("score_"))[1]


@each_scorable
def test_the_worst_answers_give_the_lowest_scores_and_0_percent(instrument):
    form = [_end(instrument, item, best=False) for item in instrument.item_numbers]
    [row] = scored("duckdb", instrument, [form])

    for name in result_columns(instrument, c_grade=True):
        if name.startswith("pomp_"):
            assert row[name] == 0
        elif name.startswith("score_"):
            assert row[name] == instrument.score_range(name.removeprefix("score_"))[0]


def _end(instrument, item, *, best):
    return instrument.response.max if best != (item in instrument.reversed_items) else instrument.response.min


@each_scorable
def test_every_instrument_is_scored_as_on_paper(instrument):
    low, high = int(instrument.response.min), int(instrument.response.max)
    answered = [
        [
            None if (item + row) % 11 == 0 else low + (3 * item + 5 * row) % (high - low + 1)
            for item in instrument.item_numbers
        ]
        for row in range(1, 12)
    ]
    found = scored("duckdb", instrument, answered, 0.75)

    for form, row in zip(answered, found, strict=True):
        expected = on_paper(instrument, form, 0.75, c_grade=True)
        assert {name: row[name] for name in expected} == _close(expected)


def test_paper_finds_what_a_textbook_finds():
    # the model above must be right itself: 3 answered of 4 at 75 percent, (2 + 3 + 4) / 3 = 3 on 1 to 5 is half way
    four = changed(
        SMALL,
        n_items=4,
        response={"min": 1, "max": 5},
        reversed_items=[],
        scales={"total": {"items": [1, 2, 3, 4]}},
        mapping=[{"component": "overall", "scales": ["total"], "grade": "A"}],
    )

    assert on_paper(four, [2, 3, 4, None], 0.75, c_grade=False) == {
        "score_total": Fraction(12),
        "n_score_total": 3,
        "pomp_overall": Fraction(50),
        "n_pomp_overall": 3,
    }
    assert math.isclose(scored("polars", four, [[2, 3, 4, None]], 0.75)[0]["pomp_overall"], 50)
