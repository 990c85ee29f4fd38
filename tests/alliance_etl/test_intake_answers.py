"""Answer cells: numbers, labels, declared codes; ranges recoded, items reversed at source."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance_etl.intake.answers import AnswerRule, parse_answer, parse_number, read_column
from tests.alliance_etl.staging import answers, staged
from tests.scenario import POCKET, Scenario, table

TEXTS = st.one_of(
    st.sampled_from(["", " ", "1", " 5 ", "05", "+3", "5.0", "5,0", "2.5", "2,5", "-99", "99", "999", "0", "6", "1e1"]),
    st.sampled_from(
        ["oft", "OFT ", "Immer", "k.A.", "K.a.", "nan", "inf", "½", "٣", "1 000", "1.000,5", ".", "-", "4."]
    ),
    st.text(max_size=4),
    st.integers(-200, 40_000).map(str),
)
RULES = [
    AnswerRule(1, 5, whole=True),
    AnswerRule(1, 5, whole=True, decimal=",", missing={"-99": "refused", "k.A.": "unknown"}, labels={"oft": 4.0}),
    AnswerRule(0, 100, whole=False, decimal=".", missing={"99": "refused"}, labels={"immer": 5.0, "0": 1.0}),
    AnswerRule(0, 10, whole=True, missing={"0": "not_answered"}),
]


@pytest.mark.parametrize("rule", RULES, ids=["plain", "codes and labels", "codes in the range", "0 is no answer"])
@given(texts=st.lists(TEXTS, max_size=8))
def test_a_column_is_read_as_its_cells_are(rule: AnswerRule, texts: list[str]) -> None:
    column = pl.Series([text or None for text in texts], dtype=pl.String)

    read = read_column(column, rule).with_columns(pl.col("value").cast(pl.Float64)).rows()

    for row, text in zip(read, texts, strict=True):
        parsed = parse_answer(text, rule)
        if text:
            assert row == (parsed.value, parsed.labelled, parsed.reason, parsed.code)
        else:
            assert row[0] is row[1] is row[3] is None


@given(number=st.floats(-1e6, 1e6, allow_nan=False).map(lambda number: round(number, 3)), mark=st.sampled_from(".,"))
def test_a_number_is_read_with_either_decimal_mark(number: float, mark: str) -> None:
    text = f"{number:.3f}".replace(".", mark)

    assert parse_number(text) == parse_number(text, mark) == number


@given(text=st.text(max_size=6))
def test_a_text_is_a_number_only_if_it_looks_like_one(text: str) -> None:
    number = parse_number(text)

    assert number is None or (any(character.isdigit() for character in text) and not any(map(str.isalpha, text)))


@pytest.mark.parametrize("text", ["1.5", "1,000.5", "1e3", "0x1", "1_0", "--1", "1-2", "1/2", "50%", "inf", "NaN", ""])
def test_what_is_no_number_in_a_file_with_decimal_commas(text: str) -> None:
    assert parse_number(text, ",") is None


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Makes a study with these keys of its export, in a folder of its own."""
    root = tmp_path_factory.mktemp("answers")

    def made(**keys: Any) -> Scenario:
        study = Scenario(Path(tempfile.mkdtemp(dir=root)))
        study.export(**keys)
        return study

    return made


ROWS = st.lists(st.tuples(*[st.integers(1, 5)] * 3), min_size=1, max_size=6)


def rows_of(given_answers: list[tuple[float, ...]]) -> str:
    return table(*(f"P{n},1,{','.join(f'{value:g}' for value in row)}" for n, row in enumerate(given_answers)))


@pytest.mark.parametrize(("low", "high"), [(0, 4), (0, 100), (-2, 2), (0, 1), (0, 10)])
@given(rows=ROWS)
def test_another_range_of_the_file_leads_back_to_the_same_answers(
    low: float, high: float, rows: list[tuple[int, ...]], studies: Any
) -> None:
    in_file = [tuple(low + (value - 1) * (high - low) / 4 for value in row) for row in rows]
    study = studies(response={"min": low, "max": high, "step": (high - low) / 4})

    assert answers(study, rows_of(in_file)) == [tuple(map(float, row)) for row in rows]


@given(rows=ROWS, reversed_items=st.sets(st.integers(1, 3), min_size=1))
def test_items_that_the_site_has_reversed_are_turned_back(
    rows: list[tuple[int, ...]], reversed_items: set[int], studies: Any
) -> None:
    turned = [
        tuple(6 - value if n in reversed_items else value for n, value in enumerate(row, start=1)) for row in rows
    ]
    study = studies(reversed_at_source=sorted(reversed_items))

    assert answers(study, rows_of(turned)) == [tuple(map(float, row)) for row in rows]


def test_labels_stand_for_answers_of_the_instrument_whatever_the_range_of_numbers(studies: Any) -> None:
    study = studies(response={"min": 0, "max": 4}, labels={"often": 4})

    assert answers(study, table("A,1,often,3,Often ")) == [(4.0, 4.0, 4.0)]


def test_a_label_of_a_reversed_item_is_turned_back_like_a_number(studies: Any) -> None:
    study = studies(reversed_at_source=[3], labels={"always": 5})

    assert answers(study, table("A,1,always,3,always")) == [(5.0, 3.0, 1.0)]


@pytest.mark.parametrize("code", ["999", "-99", "128", "-129", "40000", "3.5", "1000000", "99999999999999999999"])
def test_a_number_far_from_any_answer_holds_its_row_and_no_other(code: str, studies: Any) -> None:
    (export,) = staged(studies(), table(f"A,1,1,{code},3", "B,1,1,2,3")).exports

    assert (export.forms.height, export.held) == (1, 1)


@pytest.mark.parametrize("code", ["999", "-99", "3", "0", "n.a.", "9,5"])
def test_a_declared_code_is_the_reason_of_a_missing_answer(code: str, studies: Any) -> None:
    (export,) = staged(studies(missing={code: "refused"}), table(f'A,1,1,"{code}",2', "B,1,,2,2")).exports

    assert export.forms["missing"].to_list() == ['{"2":"refused"}', None]
    assert export.forms["item_2"].to_list() == [None, 2]


def test_answers_of_a_visual_analogue_scale_may_lie_anywhere_in_the_range(tmp_path: Path) -> None:
    study = Scenario(tmp_path, instruments=({**POCKET, "response": {"min": 0, "max": 10, "kind": "visual_analogue"}},))

    assert answers(study, table('A,1,0,"7,35",10.0')) == [(0.0, 7.35, 10.0)]


@pytest.mark.parametrize(
    ("items", "header"),
    [
        ("q{n}", "q1,q2,q3"),
        ("q{n:02d}", "q01,q02,q03"),
        (["goal", "task", "bond"], "goal,task,bond"),
        ({3: "bond", 1: "goal", 2: "task"}, "goal,task,bond"),
        (["größe", "Ähnlich  ", "ß"], "größe,Ähnlich,ß"),
    ],
    ids=["template", "template with zeros", "list", "numbers", "umlauts"],
)
def test_items_are_found_by_name(items: Any, header: str, studies: Any) -> None:
    study = studies(items=items)

    assert answers(study, table("A,1,1,2,3", header=f"client,session,{header}")) == [(1.0, 2.0, 3.0)]


def test_columns_may_stand_in_any_order(studies: Any) -> None:
    assert answers(studies(), "q3,q1,extra,session,q2,client\n3,1,x,1,2,A\n") == [(1.0, 2.0, 3.0)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_same_rows_in_any_dialect_are_the_same_answers(encoding: str, delimiter: str, studies: Any) -> None:
    study = studies(participant="Schlüssel", labels={"völlig": 5})
    content = table("Äsop,1,völlig,2,3", "Z,2,1,2,3", header="Schlüssel,session,q1,q2,q3").replace(",", delimiter)

    assert answers(study, content.encode(encoding)) == [(5.0, 2.0, 3.0), (1.0, 2.0, 3.0)]
