"""The arithmetic of the Pollock benchmark, on examples computed by hand, and a run on a benchmark of two files."""

import json
from pathlib import Path

import pytest

from scripts.pollock import by_class, load, page
from scripts.pollock_measures import Measures, measure, measure_all, normal, pollution, read_rows, totals

EXPECTED = [["id", "score"], ["1", "a"], ["2", "b"]]


def test_a_file_read_as_it_should_be_scores_ten() -> None:
    assert measure(EXPECTED, EXPECTED).score == 10


def test_a_file_that_was_not_loaded_scores_nothing() -> None:
    assert measure(EXPECTED, None).score == 0


def test_an_empty_file_scores_ten_whatever_is_made_of_it() -> None:
    assert measure([], [["x"]]).score == 10


def test_a_loader_that_gives_nothing_has_only_loaded() -> None:
    assert measure(EXPECTED, []).score == 1


def test_precision_divides_by_what_is_expected_and_recall_by_what_was_loaded() -> None:
    found = measure(EXPECTED, [["id", "score", "more"], ["1", "a"], ["2", "b"], ["3", "c"]])

    assert (found.header_precision, found.header_recall, found.header_f1) == (1, 2 / 3, 0.8)
    assert (found.record_precision, found.record_recall, found.record_f1) == (1, 2 / 3, 0.8)
    assert (found.cell_precision, found.cell_recall) == (1, 6 / 9)
    assert found.cell_f1 == pytest.approx(0.8)


def test_cells_are_counted_as_often_as_they_occur() -> None:
    found = measure([["a"], ["1"], ["1"]], [["a"], ["1"]])

    assert (found.record_precision, found.record_recall) == (1 / 2, 1)


def test_a_record_is_its_cells_joined() -> None:
    found = measure([["id", "word"], ["x", "yes"]], [["id", "word"], ["xyes"]])

    assert (found.record_f1, found.cell_precision) == (1, 2 / 4)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("1", "01", id="whole number"),
        pytest.param("1.50", "1.5", id="number"),
        pytest.param("True", "1", id="truth value"),
        pytest.param("Word", "word", id="case"),
        pytest.param("00:15", "00:15:00", id="time"),
        pytest.param("$5", "$5.00", id="amount"),
        pytest.param("1/2/2018", "2018-01-02", id="date"),
    ],
)
def test_records_and_headers_are_compared_by_value(one: str, other: str) -> None:
    assert normal(one) == normal(other)


def test_the_weighted_total_counts_a_file_as_often_as_its_weight() -> None:
    measures = {"a.csv": measure(EXPECTED, EXPECTED), "b.csv": measure(EXPECTED, None)}

    assert totals(measures, {"a.csv": 3, "b.csv": 1, "not there.csv": 5}) == (5, 7.5)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("row_less_sep_row12_col3.csv", "row_less_sep"),
        ("row_extra_quote7_col0.csv", "row_extra_quote"),
        ("row_field_delimiter_83_0x20.csv", "row_field_delimiter_0x20"),
        ("file_header_multirow_2.csv", "file_header_multirow_2"),
    ],
)
def test_a_class_of_pollution_is_a_name_without_row_and_column(name: str, kind: str) -> None:
    assert pollution(name) == kind


def test_a_loader_says_on_its_first_line_that_it_failed(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Application Error\nline 3\n")

    assert read_rows(tmp_path / "a.csv") is None


def test_the_page_ranks_ours_among_the_published_and_tells_what_each_class_costs(tmp_path: Path) -> None:
    _write_benchmark(tmp_path)
    measures = measure_all(tmp_path, load)

    text = page(measures, {"file_a.csv": 1.0, "row_b_row1_col1.csv": 1.0}, {"best": (10.5, 9.9), "worst": (1.0, 2.0)})

    assert [measures[name].score for name in sorted(measures)] == [10, 10]
    assert (
        text.index("| best |")
        < text.index("| **alliance-etl, detecting by itself** | 10.0000 |")
        < text.index("| worst |")
    )
    assert "| row_b | 1 | 10.0000 | 0.00000 | 0.00000 |" in text


def test_what_a_class_costs_adds_up_to_what_is_missing() -> None:
    measures = {"a.csv": measure(EXPECTED, None), "b.csv": Measures(*[0.5] * 10)}

    assert sum(lost for *_, lost, _ in by_class(measures, {"a.csv": 1, "b.csv": 3})) == pytest.approx(7.5)
    assert sum(lost for *_, lost in by_class(measures, {"a.csv": 1, "b.csv": 3})) == pytest.approx(6.25)


def _write_benchmark(folder: Path) -> None:
    for part in ("csv", "clean"):
        (folder / "polluted_files" / part).mkdir(parents=True)
    clean = '"id","score"\n"1","2.5"\n"2","3.5"\n'
    for name, text in {
        "file_a.csv": "id;score\n1;2.5\n2;3.5\n",
        "row_b_row1_col1.csv": "id,score\n1,2.5\n2,3.5",
    }.items():
        (folder / "polluted_files" / "csv" / name).write_text(text)
        (folder / "polluted_files" / "clean" / name).write_text(clean)
    (folder / "pollock_weights.json").write_text(json.dumps({"file_a.csv": 1, "row_b_row1_col1.csv": 1}))
