"""Forms: who and when, ids that stay the same, long files and wide ones."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from alliance_etl.intake.identity import hex_digits, session_suffix
from alliance_etl.intake.stamps import parse_date, parse_session
from tests.alliance_etl.staging import answers, forms, staged
from tests.scenario import EXPORT, POCKET, Scenario, site, table

LONG = {"layout": {"item": "item", "value": "value"}}


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    study = Scenario(tmp_path_factory.mktemp("wide"))
    study.export(missing={"-99": "refused"})
    return study


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    study = Scenario(tmp_path_factory.mktemp("long"))
    study.export(missing={"-99": "refused"}, items=None, **LONG)
    return study


CELL = st.sampled_from(["1", "2", "3", "4", "5", "", "-99"])
SHEET = st.dictionaries(
    st.tuples(st.sampled_from("ABC"), st.integers(0, 3)), st.tuples(CELL, CELL, CELL), min_size=1, max_size=6
)


@settings(max_examples=40)
@given(sheet=SHEET, shuffle=st.randoms(use_true_random=False))
def test_a_long_file_and_a_wide_one_of_the_same_answers_give_the_same_forms(
    sheet: Mapping[tuple[str, int], tuple[str, ...]], shuffle: Any, wide: Scenario, long: Scenario
) -> None:
    lines = [
        f"{who},{when},{n},{cell}" for (who, when), cells in sheet.items() for n, cell in enumerate(cells, start=1)
    ]
    shuffle.shuffle(lines)
    rows = (f"{who},{when},{','.join(cells)}" for (who, when), cells in sheet.items())

    of_wide, of_long = forms(wide, table(*rows)), forms(long, table(*lines, header="client,session,item,value"))

    assert_frame_equal(of_wide, of_long)


def test_items_of_a_long_file_may_have_names(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    study.export(items=["goal", "task", "bond"], **LONG)
    rows = ("A,1,bond,3", "A,1,goal,1", "A,1,task,2")

    assert answers(study, table(*rows, header="client,session,item,value")) == [(1.0, 2.0, 3.0)]


def test_a_form_of_a_long_file_stands_where_its_first_line_stands(long: Scenario) -> None:
    rows = ("A,1,1,3", "B,1,1,3", "A,1,2,3", "B,1,2,3", "B,1,3,3")

    (export,) = staged(long, table(*rows, header="client,session,item,value")).exports

    assert export.forms.select("line", "n_lines").rows() == [(2, 2), (3, 3)]


BASE: dict[str, Any] = {**EXPORT, "therapist": "who", "rater": "observer", "rater_role": "observer", "date": "day"}
COLUMNS = "client,session,day,who,observer,q1,q2,q3"
ROW = "A,1,2026-02-05,T,R,1,2,3"


def form_id(folder: Path, row: str = ROW, header: str = COLUMNS, **changes: Any) -> str:
    """The id of a form in a study like all others but for the changes."""
    name = changes.pop("site", "berlin")
    instrument = {**POCKET, **changes.pop("instrument_keys", {})}
    more = {"study": changes.pop("study", "north_star")}
    export = {key: value for key, value in {**BASE, **changes}.items() if value is not None}
    folder.mkdir(exist_ok=True)
    study = Scenario(folder, {name: site(**{changes.get("name", "pocket"): export})}, more, (instrument,))
    (found,) = forms(study, table(row, header=header), name)["form_id"].to_list()
    return str(found)


@pytest.mark.parametrize(
    "changes",
    [
        {"row": "A,1,2026-02-06,T,R,1,2,3"},
        {"row": "A,1,2026-02-05,T2,R,5,5,5"},
        {"row": " A ,01,2026-02-05,,R ,1,2,3"},
        {"missing": {"-99": "refused"}, "labels": {"x": 1}, "response": {"min": 0, "max": 10}},
        {"therapist": None, "date": None},
        {"instrument_keys": {"reversed_items": [], "name": "renamed"}},
        {"files": ["*.csv", "*.txt"], "encoding": "cp1252", "skip_rows": {"client": "test"}},
    ],
    ids=["date", "therapist and answers", "spelling", "reading", "columns not mapped", "key", "files"],
)
def test_a_form_keeps_its_id_whatever_else_changes(changes: dict[str, Any], tmp_path: Path) -> None:
    assert form_id(tmp_path / "one", **changes) == form_id(tmp_path / "other")


@pytest.mark.parametrize(
    "changes",
    [
        {"study": "south_star"},
        {"site": "ulm"},
        {"row": "B,1,2026-02-05,T,R,1,2,3"},
        {"row": "A,2,2026-02-05,T,R,1,2,3"},
        {"row": "A,,2026-02-05,T,R,1,2,3"},
        {"row": "A,1,2026-02-05,T,S,1,2,3"},
        {"rater_role": "client"},
        {"instrument": "pocket_b", "instrument_keys": {"id": "pocket_b"}},
        {"rater": None},
    ],
    ids=["study", "site", "participant", "session", "date for session", "rater", "role", "instrument", "no rater"],
)
def test_a_form_of_another_time_person_or_instrument_has_another_id(changes: dict[str, Any], tmp_path: Path) -> None:
    assert form_id(tmp_path / "one", **changes) != form_id(tmp_path / "other")


def test_a_form_id_is_32_hex_digits(tmp_path: Path) -> None:
    assert len(bytes.fromhex(form_id(tmp_path))) == 16


@given(
    sessions=st.lists(st.integers(0, 2**31 - 1), max_size=9), days=st.lists(st.dates(), max_size=9)
)  # fmt: skip
def test_sessions_and_dates_never_share_the_end_of_an_id(sessions: list[int], days: list[date]) -> None:
    stamps = pl.DataFrame(
        {"session": [*sessions, *[None] * len(days)], "day": [*[None] * len(sessions), *days]},
        schema={"session": pl.Int32, "day": pl.Date},
    )

    suffixes = hex_digits(stamps.select(session_suffix(pl.col("session"), pl.col("day"))).to_series())

    assert suffixes.n_unique() == len(set(sessions)) + len(set(days))
    assert all(len(suffix) == 8 for suffix in suffixes)


@pytest.mark.parametrize(
    ("text", "number"),
    [("3", 3), ("003", 3), ("3.0", 3), ("3,0", 3), (" 3 ", 3), ("0", 0), ("+3", 3), ("2147483647", 2147483647),
     ("-1", None), ("3.5", None), ("", None), ("3a", None), ("1e2", None), ("2147483648", None), ("third", None)],
)  # fmt: skip
def test_a_session_is_a_whole_number_from_0_up(text: str, number: int | None) -> None:
    assert parse_session(text) == number


@given(
    texts=st.lists(st.one_of(st.integers(-5, 2**32).map(str), st.sampled_from(["3.0", " 4 ", "x", "1e2"])), min_size=1)
)
def test_a_column_of_sessions_is_read_as_its_cells_are(texts: list[str], wide: Scenario) -> None:
    study_rows = [f"P{n},{text},1,2,3" for n, text in enumerate(texts)]
    numbers = [number for number in map(parse_session, texts) if number is not None]

    (export,) = staged(wide, table(*study_rows)).exports

    assert export.forms.sort("line")["session"].to_list() == numbers


@pytest.mark.parametrize(
    ("text", "date_format", "day"),
    [
        ("2026-02-05", None, date(2026, 2, 5)),
        ("2026-02-05 10:30", None, date(2026, 2, 5)),
        ("2026-02-05T23:30:00+14:00", None, date(2026, 2, 5)),
        ("05.02.2026", "%d.%m.%Y", date(2026, 2, 5)),
        ("5.2.2026", "%d.%m.%Y", date(2026, 2, 5)),
        ("02/05/26", "%m/%d/%y", date(2026, 2, 5)),
        ("2024-02-29", None, date(2024, 2, 29)),
        ("2026-02-29", None, None),
        ("05.02.2026", None, None),
        ("2026-02-05", "%d.%m.%Y", None),
        ("05.02.2026 10:30", "%d.%m.%Y", None),
        ("46058", None, None),
        ("", None, None),
    ],
)
def test_a_date_is_read_as_declared_and_never_guessed(text: str, date_format: str | None, day: date | None) -> None:
    assert parse_date(text, date_format) == day


def test_scores_only_exports_keep_what_the_site_delivers(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    study.export(items=None, scores={"total": "sum", "bond": "b"}, decimal=",", missing={"-1": "not_computed"})

    (export,) = staged(study, "client;session;sum;b\nA;1;9,5;\nB;1;-1;4\nC;1;;\n").exports

    assert export.forms.select("given_total", "given_bond").rows() == [(9.5, None), (None, 4.0), (None, None)]
    assert export.forms["item_1"].null_count() == 3


def test_declared_totals_are_compared_where_the_form_can_be_scored_and_told_where_not(tmp_path: Path) -> None:
    study = Scenario(tmp_path)
    study.export(totals={"total": "sum", "bond": "bond"}, missing={"-99": "not_computed"})
    rows = ("A,1,1,2,3,6,3", "B,1,1,2,3,7,3", "C,1,1,2,,9,9", "D,1,1,2,3,,", "E,1,1,2,3,-99,3", "F,1,1,2,3,6.004,2")

    (export,) = staged(study, table(*rows, header="client,session,q1,q2,q3,sum,bond")).exports

    assert export.forms.height == 6
    assert export.cells.select("line", "code", "column", "value").rows() == [
        (3, "total_differs", "sum", "7"),
        (4, "total_not_compared", "sum", "9"),
        (7, "total_differs", "bond", "2"),
        (4, "total_not_compared", "bond", "9"),
    ]


def test_a_file_for_several_exports_gives_each_its_own_forms(tmp_path: Path) -> None:
    therapists = {**EXPORT, "items": "t{n}", "rater_role": "therapist"}
    study = Scenario(tmp_path, {"berlin": site(clients=EXPORT, therapists=therapists)})

    both = staged(study, table("A,1,1,2,3,5,5,9", header="client,session,q1,q2,q3,t1,t2,t3"))

    assert [(export.name, export.forms.height, export.held) for export in both.exports] == [
        ("clients", 1, 0),
        ("therapists", 0, 1),
    ]
