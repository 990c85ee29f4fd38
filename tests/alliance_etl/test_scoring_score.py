"""The notebook's score(): ways to name the items, kinds of frames, and what it refuses."""

import warnings
from decimal import Decimal

import duckdb
import narwhals as nw
import pandas as pd
import polars as pl
import pytest

from alliance_etl import (
    AnswersNotScorable,
    ColumnsTaken,
    ConfigurationError,
    ItemColumnsWrong,
    KeyNeeded,
    ProvisionalKey,
    UnknownInstrument,
    score,
)
from alliance_etl.scoring.expressions import result_columns
from tests.alliance_etl.scoring_examples import KINDS, SMALL, changed, columns_of, rows

each_kind = pytest.mark.parametrize("make", KINDS.values(), ids=KINDS.keys())
FORM = [7, 2, 3, 6, 1, 4]
TOTAL = 33


@each_kind
def test_the_result_is_the_kind_of_frame_that_was_given(make):
    frame = make(columns_of([FORM]))

    assert type(score(frame, SMALL)) is type(frame)


@each_kind
def test_columns_are_kept_and_results_appended(make):
    frame = make({"id": ["b", "a", "c"], **columns_of([FORM, FORM[::-1], FORM])})
    scored = score(frame, SMALL)

    assert list(rows(scored)[0]) == ["id", *columns_of([FORM]), *result_columns(SMALL)]
    assert [row["id"] for row in rows(scored)] == ["b", "a", "c"]


def test_the_index_of_a_pandas_frame_is_kept():
    frame = pd.DataFrame(columns_of([FORM, FORM]), index=["second", "first"])

    assert list(score(frame, SMALL).index) == ["second", "first"]


def test_the_frame_that_was_given_is_not_changed():
    frame = pd.DataFrame(columns_of([FORM]))
    before = frame.copy()
    score(frame, SMALL)

    pd.testing.assert_frame_equal(frame, before)


def test_parquet_is_scored_where_it_lies(tmp_path):
    pl.DataFrame(columns_of([FORM, FORM])).write_parquet(tmp_path / "forms.parquet")
    scored = score(duckdb.read_parquet(str(tmp_path / "forms.parquet")), SMALL)

    assert scored.aggregate("sum(score_total)").fetchone() == (2 * TOTAL,)


@pytest.mark.parametrize(
    ("columns", "items"),
    [
        pytest.param([f"wai_{n}" for n in range(1, 7)], "wai_{n}", id="template"),
        pytest.param([f"wai_{n:02d}" for n in range(1, 7)], "wai_{n:02d}", id="template with zeros"),
        pytest.param(list("abcdef"), list("abcdef"), id="columns in item order"),
        pytest.param(list("abcdef"), dict(enumerate("abcdef", start=1)), id="mapping"),
    ],
)
def test_the_items_may_be_named_in_several_ways(columns, items):
    frame = pl.DataFrame(dict(zip(columns, [[answer] for answer in FORM], strict=True)))

    assert score(frame, SMALL, items)["score_total"].to_list() == [TOTAL]


def test_an_instrument_is_found_by_its_id():
    frame = pl.DataFrame(columns_of([[5] * 12]))

    assert score(frame, "wai_sr_client")["score_total"].to_list() == [60]


@pytest.mark.parametrize(
    ("items", "problem"),
    [
        pytest.param("wai{n}", "no column 'wai2' (nearest: 'Wai_2')", id="a near miss"),
        pytest.param("wai", "'wai' has no {n}", id="no number in the template"),
        pytest.param("wai{number}", "'wai{number}' cannot be read", id="a template with another name"),
        pytest.param("wai{", "'wai{' cannot be read", id="a broken template"),
        pytest.param(["wai_1", "wai_2"], "2 columns are listed for 6 items", id="too few columns"),
        pytest.param(
            dict.fromkeys(range(1, 7), "Wai_1"), "'Wai_1' is named for items 1, 2, 3, 4, 5, 6", id="one for all"
        ),
        pytest.param({1: "Wai_1"}, "no column is named for item 2, 3, 4, 5, 6", id="items left out"),
        pytest.param({**{n: f"Wai_{n}" for n in range(7)}}, "there is no item 0 (items go from 1 to 6)", id="from 0"),
    ],
)
def test_items_that_cannot_be_found_are_named(items, problem):
    frame = pl.DataFrame(columns_of([FORM], prefix="Wai_"))

    with pytest.raises(ItemColumnsWrong) as refused:
        score(frame, SMALL, items)
    assert problem in str(refused.value)


def test_all_missing_columns_are_named_at_once():
    frame = pl.DataFrame(columns_of([FORM])).drop("item_2", "item_5")

    with pytest.raises(ItemColumnsWrong) as refused:
        score(frame, SMALL)
    assert [problem.split(" (")[0] for problem in refused.value.problems] == [
        "no column 'item_2'",
        "no column 'item_5'",
    ]


@each_kind
def test_answers_outside_the_range_are_counted_by_column_and_not_shown(make):
    frame = make(columns_of([FORM, [7, 99, 3, 6, 1, 4], [7, -99, 3, 6, 0, None]]))

    with pytest.raises(AnswersNotScorable) as refused:
        score(frame, SMALL)
    assert refused.value.problems == (
        "column 'item_2' has 2 answers outside that range",
        "column 'item_5' has 1 answer outside that range",
    )
    assert "99" not in str(refused.value)


@each_kind
def test_answers_that_are_no_numbers_are_counted_by_column_and_not_shown(make):
    frame = make({**columns_of([FORM, FORM, FORM]), "item_3": ["often", None, "5"]})

    with pytest.raises(AnswersNotScorable) as refused:
        score(frame, SMALL)
    assert refused.value.problems == ("column 'item_3' has 2 answers in text or another type than numbers",)
    assert "often" not in str(refused.value)


@pytest.mark.parametrize("value", [7.1, 0.9, float("inf"), float("-inf")])
def test_an_answer_just_outside_the_range_and_an_infinite_one_are_refused(value):
    frame = pl.DataFrame({**columns_of([FORM]), "item_3": [value]})

    with pytest.raises(AnswersNotScorable, match="'item_3' has 1 answer outside"):
        score(frame, SMALL)


def test_true_and_false_are_no_answers():
    frame = pl.DataFrame({**columns_of([FORM]), "item_3": [True]})

    with pytest.raises(AnswersNotScorable, match="'item_3' has 1 answer in text or another type"):
        score(frame, SMALL)


@pytest.mark.parametrize(
    "nothing",
    [
        pytest.param(pl.Series([None, None]), id="null"),
        pytest.param(pl.Series([None, None], dtype=pl.String), id="text"),
        pytest.param(pl.Series([float("nan"), None]), id="nan"),
    ],
)
def test_a_column_without_any_answer_is_missing_whatever_its_type(nothing):
    frame = pl.DataFrame(columns_of([FORM, FORM])).with_columns(nothing.alias("item_3"))

    assert rows(score(frame, SMALL))[0] | {"item_3": None} == {
        **rows(score(frame.with_columns(pl.lit(None, pl.Float64).alias("item_3")), SMALL))[0]
    }


@pytest.mark.parametrize(
    "nothing",
    [
        pytest.param([None], id="object"),
        pytest.param(pd.Categorical([None], categories=["often"]), id="categories"),
        pytest.param([pd.NaT], id="dates"),
    ],
)
def test_a_pandas_column_of_nothing_is_missing_even_if_no_number_could_come_of_its_type(nothing):
    frame = pd.DataFrame({**columns_of([FORM]), "item_3": nothing})

    assert score(frame, SMALL)["n_score_task"].to_list() == [1]


def test_decimals_of_a_database_are_numbers():
    frame = duckdb.sql(
        "select " + ", ".join(f"{value}.5::decimal(3, 1) as item_{n}" for n, value in enumerate([2] * 6, 1))
    )

    [form] = rows(score(frame, SMALL))
    assert isinstance(form["item_1"], Decimal)
    assert form["score_goal"] == 2.5 + (8 - 2.5)


def test_answers_between_whole_steps_are_scored_as_imputation_gives_them():
    frame = pl.DataFrame(columns_of([[3.5, *FORM[1:]]]))

    assert score(frame, SMALL)["score_goal"].to_list() == [3.5 + 6]


def test_a_frame_without_rows_stays_without_rows():
    frame = pl.DataFrame(columns_of([FORM])).clear()

    assert score(frame, SMALL).shape == (0, 6 + len(result_columns(SMALL)))


def test_scoring_twice_is_refused_rather_than_overwriting():
    once = score(pl.DataFrame(columns_of([FORM])), SMALL)

    with pytest.raises(ColumnsTaken, match="score_goal, n_score_goal"):
        score(once, SMALL)


def test_a_column_that_differs_from_a_result_by_case_only_is_a_clash():
    frame = pl.DataFrame({**columns_of([FORM]), "Score_Goal": [1]})

    with pytest.raises(ColumnsTaken, match="Score_Goal"):
        score(frame, SMALL)


def test_an_unknown_instrument_is_refused_with_the_nearest_id():
    with pytest.raises(UnknownInstrument, match="did you mean wai_sr_client"):
        score(pl.DataFrame(), "wai_sr_klient")


def test_an_instrument_without_a_verified_key_is_refused():
    with pytest.raises(KeyNeeded, match="calpas_p"):
        score(pl.DataFrame(columns_of([[4] * 24])), "calpas_p")


def test_a_share_of_more_than_all_items_is_refused():
    with pytest.raises(ConfigurationError, match=r"min_answered is 80; expected a share above 0"):
        score(pl.DataFrame(columns_of([FORM])), SMALL, min_answered=80)


def test_a_provisional_key_warns_at_the_callers_line():
    provisional = changed(SMALL, status="provisional", warning="by analogy with the client's form")

    with pytest.warns(ProvisionalKey, match="by analogy") as caught:
        score(pl.DataFrame(columns_of([FORM])), provisional)
    assert caught[0].filename == __file__


def test_a_verified_key_does_not_warn():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ProvisionalKey)
        score(pl.DataFrame(columns_of([FORM])), SMALL)

    assert caught == []


def test_a_lazy_frame_stays_lazy():
    scored = score(pl.LazyFrame(columns_of([FORM])), SMALL)

    assert isinstance(nw.from_native(scored), nw.LazyFrame)
