"""The arithmetic, on examples that are worked out beside it."""

import duckdb
import narwhals as nw
import polars as pl
import pytest

from alliance_etl.errors import ConfigurationError, KeyNeeded
from alliance_etl.scoring.expressions import answers_needed, keyed, result_columns, with_scores
from tests.alliance_etl.scoring_examples import ITEMS, KINDS, SMALL, changed, columns_of, rows

each_kind = pytest.mark.parametrize("make", KINDS.values(), ids=KINDS.keys())


@each_kind
def test_a_complete_form_has_the_scores_that_one_finds_by_hand(make):
    scored = with_scores(make(columns_of([[7, 2, 3, 6, 1, 4]])), SMALL, ITEMS, c_grade=True)

    [form] = rows(scored)
    assert form == pytest.approx(
        {
            "item_1": 7,
            "item_2": 2,
            "item_3": 3,
            "item_4": 6,
            "item_5": 1,
            "item_6": 4,
            "score_goal": 7 + (8 - 2),
            "n_score_goal": 2,
            "score_task": (3 + 6) / 2,
            "n_score_task": 2,
            "score_bond": 8 - 1,
            "n_score_bond": 1,
            "score_total": 7 + 6 + 3 + 6 + 7 + 4,
            "n_score_total": 6,
            "pomp_goal": 100 * (6.5 - 1) / 6,
            "n_pomp_goal": 2,
            "pomp_task": 100 * (4.5 - 1) / 6,
            "n_pomp_task": 2,
            "pomp_bond": 100.0,
            "n_pomp_bond": 1,
            "pomp_goal_task": 100 * (22 / 4 - 1) / 6,
            "n_pomp_goal_task": 4,
            "pomp_overall": 100 * (33 / 6 - 1) / 6,
            "n_pomp_overall": 6,
        }
    )


@each_kind
def test_a_missing_answer_leaves_the_scales_without_it_alone(make):
    scored = with_scores(make(columns_of([[7, None, 3, 6, 1, 4], [7, 2, 3, 6, 1, 4]])), SMALL, ITEMS)

    form = rows(scored)[0]
    assert [form["score_goal"], form["n_score_goal"], form["pomp_goal"], form["n_pomp_goal"]] == [None, 1, None, 1]
    assert [form["score_task"], form["score_total"], form["n_score_total"]] == [4.5, None, 5]


@each_kind
def test_a_prorated_sum_counts_a_missing_item_as_the_mean_of_the_answered_ones(make):
    forms = [[7, None, 3, 6, 1, 4], [7, 2, 3, 6, 1, 4]]
    scored = with_scores(make(columns_of(forms)), SMALL, ITEMS, min_answered=0.8)

    form = rows(scored)[0]
    # 7 + 3 + 6 + (8 - 1) + 4 = 27 from 5 answers; 27 / 5 = 5.4; 27 + 5.4 = 32.4
    assert [form["score_total"], form["n_score_total"]] == [pytest.approx(32.4), 5]
    assert form["pomp_overall"] == pytest.approx(100 * (5.4 - 1) / 6)
    # one of two is less than 80 percent
    assert [form["score_goal"], form["pomp_goal"]] == [None, None]


@each_kind
def test_a_prorated_mean_is_the_mean_of_the_answered_items(make):
    scored = with_scores(make(columns_of([[7, 2, 3, None, 1, 4], [7, 2, 3, 6, 1, 4]])), SMALL, ITEMS, min_answered=0.5)

    assert [rows(scored)[0][name] for name in ("score_task", "n_score_task")] == [3, 1]


@each_kind
def test_a_form_without_any_answer_keeps_its_row(make):
    scored = with_scores(make(columns_of([[None] * 6, [1, 7, 1, 1, 7, 1]])), SMALL, ITEMS, min_answered=0.1)

    form = rows(scored)[0]
    assert {form[name] for name in result_columns(SMALL) if name.startswith("n_")} == {0}
    assert {form[name] for name in result_columns(SMALL) if not name.startswith("n_")} == {None}


@each_kind
def test_a_nan_is_a_missing_answer(make):
    forms = [[float("nan"), 2.0, 3.0, 6.0, 1.0, 4.0], [7.0, 2.0, 3.0, 6.0, 1.0, 4.0]]
    scored = with_scores(make(columns_of(forms)), SMALL, ITEMS, min_answered=0.5)

    # the reversed 8 - 2 is the one answer of two: 6 + 6
    assert [rows(scored)[0][name] for name in ("score_goal", "n_score_goal")] == [12, 1]


def test_small_integers_do_not_overflow():
    answers = pl.DataFrame({f"item_{item}": pl.Series([100], dtype=pl.Int8) for item in SMALL.item_numbers})
    percent = changed(SMALL, response={"min": 0, "max": 100, "step": 1}, reversed_items=[])

    assert with_scores(answers, percent, ITEMS)["score_total"].to_list() == [600]


def test_an_items_own_column_is_found_by_the_mapping():
    answers = pl.DataFrame({"x": [7], "y": [2], "a": [3], "b": [6], "c": [1], "d": [4]})
    columns = dict(zip(SMALL.item_numbers, "xyabcd", strict=True))

    assert with_scores(answers, SMALL, columns)["score_total"].to_list() == [33]


def test_c_grade_components_are_estimated_only_when_asked_for():
    answers = pl.DataFrame(columns_of([[7, 2, 3, 6, 1, 4]]))

    assert "pomp_bond" not in with_scores(answers, SMALL, ITEMS).columns


@each_kind
def test_the_columns_come_in_the_order_that_is_promised(make):
    scored = with_scores(make({"id": ["b", "a"], **columns_of([[1] * 6, [7] * 6]), "last": [1, 2]}), SMALL, ITEMS)

    assert list(rows(scored)[0]) == ["id", *ITEMS.values(), "last", *result_columns(SMALL)]
    assert [form["id"] for form in rows(scored)] == ["b", "a"]


def test_counts_are_integers_and_scores_doubles():
    answers = duckdb.from_arrow(pl.DataFrame(columns_of([[1] * 6])).to_arrow())
    scored = with_scores(answers, SMALL, ITEMS)

    types = dict(zip(scored.columns, scored.types, strict=True))
    assert {str(types[name]) for name in result_columns(SMALL) if name.startswith("n_")} == {"INTEGER"}
    assert {str(types[name]) for name in result_columns(SMALL) if not name.startswith("n_")} == {"DOUBLE"}


def test_every_answer_is_converted_and_every_sum_taken_once_in_the_sql():
    answers = duckdb.from_arrow(pl.DataFrame(columns_of([[1] * 6])).to_arrow())
    query = with_scores(answers, SMALL, ITEMS).sql_query()

    assert query.count("CAST(item_1 AS DOUBLE)") == 1
    # in goal and in total; goal and task together are the sum of both
    assert query.count("keyed_1 +") == 2


@pytest.mark.parametrize("size", range(1, 64))
def test_a_share_of_whole_items_asks_for_exactly_these_items(size):
    assert [answers_needed(size, count / size) for count in range(1, size + 1)] == list(range(1, size + 1))


@pytest.mark.parametrize(
    ("size", "share", "needed"),
    [(10, 0.7, 7), (5, 0.6, 3), (12, 0.8, 10), (12, 0.75, 9), (4, 0.8, 4), (4, 0.01, 1), (4, 1e-12, 1), (1, 1.0, 1)],
)
def test_a_share_is_rounded_up_to_whole_items(size, share, needed):
    assert answers_needed(size, share) == needed


@pytest.mark.parametrize("share", [0, -0.5, 1.01, float("nan")])
def test_a_share_outside_0_to_1_is_refused(share):
    with pytest.raises(ConfigurationError, match="expected a share above 0"):
        answers_needed(4, share)


def test_reversing_twice_is_identity():
    answers = pl.DataFrame({"item_2": [1, 2, 3, 4, 5, 6, 7, None]})
    twice = answers.pipe(_reversed).pipe(_reversed)

    assert twice["item_2"].to_list() == answers["item_2"].to_list()


def _reversed(answers):
    return nw.from_native(answers).with_columns(keyed(SMALL, 2, "item_2")).to_native()


def test_an_instrument_without_a_key_is_not_scored():
    unknown = changed(SMALL, reversed_items=None)

    with pytest.raises(KeyNeeded, match="the reversed items"):
        with_scores(pl.DataFrame(columns_of([[1] * 6])), unknown, ITEMS)
