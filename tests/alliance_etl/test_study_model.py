"""Exports and sites as values: columns, file names, fingerprints."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from alliance_etl.study.columns import expand, template_fault
from alliance_etl.study.model import Export, Site

SAID: dict[str, Any] = {
    "name": "wai",
    "files": "wai*.csv",
    "instrument": "wai_sr_client",
    "participant": "ID",
    "session": "Sitzung",
    "items": "WAI{n}",
}
around = st.text(alphabet=st.characters(blacklist_characters="{}", blacklist_categories=["Cs"]), max_size=20)


def export_of(**said: Any) -> Export:
    return Export(**{**SAID, **said})


@pytest.mark.parametrize(
    ("items", "columns"),
    [
        pytest.param("WAI{n}", {1: "WAI1", 2: "WAI2", 3: "WAI3"}, id="template"),
        pytest.param("q{n:02d}_x", {1: "q01_x", 2: "q02_x", 3: "q03_x"}, id="leading zeros"),
        pytest.param("WAI[SQ{n:03d}]", {1: "WAI[SQ001]", 2: "WAI[SQ002]", 3: "WAI[SQ003]"}, id="brackets"),
        pytest.param(["b", "a", "c"], {1: "b", 2: "a", 3: "c"}, id="list in item order"),
        pytest.param({"3": "c", "1": "a", "2": "b"}, {1: "a", 2: "b", 3: "c"}, id="mapping"),
        pytest.param(None, {}, id="scores only"),
    ],
)
def test_items_name_a_column_for_each_item(items: object, columns: dict[int, str]) -> None:
    assert list(export_of(items=items, scores={"total": "T"}).item_columns(3).items()) == list(columns.items())


@given(before=around, after=around, n_items=st.integers(min_value=0, max_value=120))
def test_a_template_gives_each_item_a_column_of_its_own(before: str, after: str, n_items: int) -> None:
    columns = export_of(items=f"{before}{{n}}{after}").item_columns(n_items)
    assert columns == {item: f"{before}{item}{after}" for item in range(1, n_items + 1)}


@given(before=around, after=around, width=st.integers(min_value=1, max_value=9), item=st.integers(1, 10**6))
def test_leading_zeros_reach_the_width_and_keep_the_number(before: str, after: str, width: int, item: int) -> None:
    number = expand(f"{before}{{n:0{width}d}}{after}", item).removeprefix(before).removesuffix(after)
    assert number == f"{item}".zfill(width)


@given(before=around, inside=st.text(alphabet="nN0d:i 1", max_size=4), after=around)
def test_a_template_is_refused_or_written_out_without_braces(before: str, inside: str, after: str) -> None:
    template = f"{before}{{{inside}}}{after}"
    assert template_fault(template) or "{" not in expand(template, 7)


def test_in_the_long_layout_the_item_column_holds_bare_numbers() -> None:
    export = export_of(items=None, layout={"item": "Frage", "value": "Antwort"})
    assert export.item_columns(2) == {1: "1", 2: "2"}


def test_in_the_long_layout_items_may_be_written_otherwise() -> None:
    export = export_of(items="wai_{n:02d}", layout={"item": "Frage", "value": "Antwort"})
    assert export.item_columns(2) == {1: "wai_01", 2: "wai_02"}


def test_the_wanted_columns_of_a_wide_file_are_all_that_are_mapped_each_once() -> None:
    export = export_of(
        date="Datum",
        therapist="T",
        rater="T",
        items="Q{n}",
        scores={"total": "S"},
        totals={"goal": "Z"},
        skip_rows={"Status": "Test", "Q1": "x"},
    )
    assert export.wanted_columns(2) == ["ID", "Sitzung", "Datum", "T", "Q1", "Q2", "S", "Z", "Status"]


def test_the_wanted_columns_of_a_long_file_are_item_and_value() -> None:
    export = export_of(items=None, layout={"item": "Frage", "value": "Antwort"}, totals={"goal": "Z"})
    assert export.wanted_columns(12) == ["ID", "Sitzung", "Frage", "Antwort", "Z"]


@pytest.mark.parametrize(
    ("glob", "name", "fits"),
    [
        pytest.param("wai*.csv", "wai_2026.csv", True, id="star"),
        pytest.param("wai*.csv", "WAI_2026.CSV", True, id="capitals in the name"),
        pytest.param("WAI*.csv", "wai_2026.csv", True, id="capitals in the glob"),
        pytest.param("wai*.csv", "drops/berlin/wai1.csv", True, id="folders before the name"),
        pytest.param("wai*.csv", "my_wai.csv", False, id="the whole name counts"),
        pytest.param("wai?.csv", "wai12.csv", False, id="question mark is one character"),
        pytest.param("wai[12].csv", "wai2.csv", True, id="brackets"),
        pytest.param("wai[1].csv", "wai[1].csv", True, id="the name itself, brackets and all"),
        pytest.param("Übung*.csv", "u\u0308bung1.csv", True, id="a Mac's umlaut"),
        pytest.param(["a.csv", "wai*"], "wai", True, id="one of several"),
    ],
)
def test_a_glob_fits_a_files_name_whatever_its_case(glob: object, name: str, fits: bool) -> None:
    assert export_of(files=glob).matches(name) is fits


def test_several_exports_read_the_same_file_in_the_order_of_the_study() -> None:
    exports = {name: {**SAID, "name": name, "files": files} for name, files in (("b", "x*"), ("a", "*1*"), ("c", "y"))}
    site = Site.model_validate({"name": "berlin", "drop": "drops", "exports": exports})
    assert [export.name for export in site.exports_for("X1.csv")] == ["b", "a"]


@pytest.mark.parametrize(
    "said",
    [
        {"files": "srs*.csv"},
        {"instrument": "srs3_client"},
        {"participant": "Code"},
        {"preset": "redcap"},
        {"session": "Termin"},
        {"date": "Datum"},
        {"date_format": "%d.%m.%Y"},
        {"therapist": "T"},
        {"rater": "R"},
        {"rater_role": "observer"},
        {"items": "Q{n}"},
        {"scores": {"total": "S"}},
        {"totals": {"goal": "Z"}},
        {"missing": {"-99": "refused"}},
        {"labels": {"nie": 1}},
        {"response": {"min": 0, "max": 4}},
        {"reversed_at_source": [4]},
        {"skip_rows": {"Status": "Test"}},
        {"skip_rows": {"Status": {"not": "Test"}}},
        {"delimiter": ";"},
        {"decimal": ","},
        {"encoding": "cp1252"},
        {"layout": {"item": "Q", "value": "A"}},
        {"snapshot": True},
        {"sessions": {"intake": 0}},
        {"sessions": "session_{n}"},
        {"instance": "I"},
        {"blank_forms": "skip"},
        {"complete": {"C": "2"}},
        {"told_apart_by": ["E"]},
        {"items": "Q{n}_{a}", "options": ["1", "2"]},
        {"ticked": ["x"]},
        {"unticked": ["-"]},
        {"optional_columns": ["T"]},
    ],
    ids=lambda said: next(iter(said)),
)
def test_the_fingerprint_changes_with_every_key(said: dict[str, Any]) -> None:
    assert export_of(**said).fingerprint() != export_of().fingerprint()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param({"labels": {"a": 1, "b": 2}}, {"labels": {"b": 2.0, "a": 1}}, id="order of labels"),
        pytest.param({"layout": "wide", "snapshot": False}, {}, id="defaults written out"),
        pytest.param({"files": "a*.csv"}, {"files": ["a*.csv"]}, id="one glob or a list of one"),
        pytest.param({"skip_rows": {"A": "x"}}, {"skip_rows": {"A": ["x"]}}, id="one text or a list of one"),
        pytest.param({"delimiter": "tab"}, {"delimiter": "\t"}, id="a tab in words"),
    ],
)
def test_the_fingerprint_is_the_same_however_it_is_written(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert export_of(**one).fingerprint() == export_of(**other).fingerprint()


def test_the_fingerprint_of_an_unchanged_export_stays_from_version_to_version() -> None:
    assert export_of().fingerprint() == "d0e88bc830d674779c90dd44cc25eb61bc505e96d934c319720fd44428b2f55f"


def test_an_export_cannot_be_changed_later() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        export_of().session = "Termin"
