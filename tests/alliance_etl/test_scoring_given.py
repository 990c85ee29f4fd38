"""Scale scores that a site delivers instead of answers."""

import pytest

from alliance_etl.scoring.expressions import with_scores
from tests.alliance_etl.scoring_examples import ITEMS, KINDS, SMALL, columns_of, rows

each_kind = pytest.mark.parametrize("make", KINDS.values(), ids=KINDS.keys())
NOTHING, ANSWERED = [None] * 6, [7, 2, 3, 6, 1, 4]


@each_kind
def test_a_given_score_stands_where_no_item_is_answered(make):
    frame = make({**columns_of([NOTHING, ANSWERED]), "given_goal": [9, None]})
    form, _ = rows(with_scores(frame, SMALL, ITEMS, given=["goal"]))

    assert [form["score_goal"], form["n_score_goal"]] == [9, None]
    # 2 items from 1 to 7 sum to 2 … 14
    assert [form["pomp_goal"], form["n_pomp_goal"]] == [pytest.approx(100 * (9 - 2) / 12), None]


@each_kind
def test_a_given_mean_is_taken_on_the_range_of_a_mean(make):
    frame = make({**columns_of([NOTHING, ANSWERED]), "given_task": [5.5, None]})
    form, _ = rows(with_scores(frame, SMALL, ITEMS, given=["task"]))

    assert [form["score_task"], form["pomp_task"]] == [5.5, pytest.approx(100 * 4.5 / 6)]


def test_a_component_that_lists_the_items_of_a_scale_is_estimated_from_it():
    frame = KINDS["polars"]({**columns_of([NOTHING]), "given_total": [42]})
    [form] = rows(with_scores(frame, SMALL, ITEMS, given=["total"]))

    assert form["pomp_overall"] == 100.0


def test_a_component_of_several_scales_is_not_guessed_from_one():
    frame = KINDS["polars"]({**columns_of([NOTHING]), "given_goal": [9]})
    [form] = rows(with_scores(frame, SMALL, ITEMS, given=["goal"]))

    assert [form["pomp_goal_task"], form["n_pomp_goal_task"]] == [None, 0]


def test_answers_come_before_a_given_score():
    frame = KINDS["polars"]({**columns_of([ANSWERED]), "given_goal": [3]})
    [form] = rows(with_scores(frame, SMALL, ITEMS, given=["goal"]))

    assert [form["score_goal"], form["n_score_goal"]] == [13, 2]


def test_a_given_score_does_not_fill_in_for_too_few_answers():
    frame = KINDS["polars"]({**columns_of([[7, None, *ANSWERED[2:]]]), "given_goal": [3]})
    [form] = rows(with_scores(frame, SMALL, ITEMS, given=["goal"]))

    assert [form["score_goal"], form["n_score_goal"], form["pomp_goal"]] == [None, 1, None]


@each_kind
def test_without_answers_and_without_a_given_score_the_count_is_0(make):
    frame = make({**columns_of([NOTHING, ANSWERED]), "given_goal": [None, 3.0]})
    form, _ = rows(with_scores(frame, SMALL, ITEMS, given=["goal"]))

    assert [form["score_goal"], form["n_score_goal"], form["pomp_goal"]] == [None, 0, None]


@each_kind
def test_a_frame_of_given_scores_needs_no_item_columns(make):
    form, _ = rows(with_scores(make({"given_total": [42, 6]}), SMALL, {}, given=["total"]))

    assert [form["score_total"], form["pomp_overall"], form["score_goal"], form["n_score_goal"]] == [42, 100, None, 0]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "polars"])
def test_given_scores_have_the_same_percentage_to_the_last_bit(kind):
    given = {"given_total": [tenths / 10 for tenths in range(60, 421)]}
    found = {each: rows(with_scores(KINDS[each](given), SMALL, {}, given=["total"])) for each in (kind, "polars")}

    assert found[kind] == found["polars"]
