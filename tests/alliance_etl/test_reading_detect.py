"""Detection by a file's own evidence: one small table, written in every way that exports are seen to be written in."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance_etl.reading.detect import Detected, detect, split_lines
from alliance_etl.reading.guess import Writing
from alliance_etl.reading.kinds import kind_of
from alliance_etl.reading.loose import LooseGrammar

NAMES = ["Klient", "Datum", "Sitzung", "Bemerkung", "Summe"]
RECORDS = [
    ["K01", "05.02.2026", "1", 'sagt "gut", geht', "17.5"],
    ["K02", "06.02.2026", "2", "ruhig", "22.0"],
    ["K03", "07.02.2026", "3", "müde, abgespannt", "9.5"],
    ["K04", "08.02.2026", "4", "Größe 48\"", "12.0"],
    ["K05", "09.02.2026", "5", "", "20.0"],
    ["K06", "10.02.2026", "6", "it's fine", "11.5"],
]  # fmt: skip
TABLE = [NAMES, *RECORDS]


def written(
    rows: Sequence[Sequence[str]],
    delimiter: str = ",",
    quote: str = '"',
    doubled: str | None = None,
    newline: str = "\n",
) -> str:
    """Rows as text, the fourth column always in quotes."""
    doubled = quote * 2 if doubled is None else doubled
    return "".join(
        delimiter.join(
            f"{quote}{cell.replace(quote, doubled)}{quote}" if column == 3 else cell for column, cell in enumerate(row)
        )
        + newline
        for row in rows
    )


def found(folder: Path, text: str, encoding: str = "utf-8") -> Detected:
    file = folder / "export.csv"
    file.write_bytes(text.encode(encoding))
    return detect(file)


def read(detected: Detected) -> list[list[str]]:
    """The first table's names and records."""
    table = detected.tables[0]
    return [list(table.names), *(row.cells for row in table.records)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^", "~", "\x1f", ", ", "||", "|~|", " "])
def test_the_delimiter_is_found_by_how_evenly_it_cuts(tmp_path: Path, delimiter: str) -> None:
    detected = found(tmp_path, written(TABLE, delimiter))

    assert detected.writing.delimiter == delimiter
    assert read(detected) == TABLE


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_every_line_break_ends_a_record(tmp_path: Path, newline: str) -> None:
    detected = found(tmp_path, written(TABLE, newline=newline))

    assert detected.newline == newline
    assert read(detected) == TABLE


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le"])
def test_the_encoding_is_found_with_the_rest(tmp_path: Path, encoding: str) -> None:
    assert read(found(tmp_path, written(TABLE), encoding)) == TABLE


def test_single_quotes_are_quotes_where_they_enclose_cells_though_apostrophes_are_not_doubled(tmp_path: Path) -> None:
    detected = found(tmp_path, written(TABLE, quote="'", doubled="'"))

    assert detected.writing == Writing(",", "'", "doubled")
    assert read(detected) == TABLE


def test_a_backslash_escapes_quotes_where_most_quotes_within_cells_have_one(tmp_path: Path) -> None:
    detected = found(tmp_path, written(TABLE, doubled='\\"'))

    assert detected.writing.escape == "backslash"
    assert read(detected) == TABLE


def test_a_backslash_elsewhere_is_text(tmp_path: Path) -> None:
    rows = [*TABLE, ["K07", "11.02.2026", "7", r"C:\daten\neu", "3.0"]]

    assert read(found(tmp_path, written(rows))) == rows


def test_quotes_that_nobody_doubled_are_told_apart_by_how_many_fields_there_must_be(tmp_path: Path) -> None:
    assert read(found(tmp_path, written(TABLE[:1] + TABLE[2:], doubled='"'))) == TABLE[:1] + TABLE[2:]


@pytest.mark.parametrize("row", range(len(TABLE)))
@pytest.mark.parametrize("column", range(len(NAMES)))
def test_a_stray_quote_before_a_cell_is_part_of_that_cell_alone(tmp_path: Path, row: int, column: int) -> None:
    lines = written(TABLE).splitlines()
    bounds = LooseGrammar(Writing()).regular(lines[row])
    assert bounds is not None
    plain = [cell if at != 3 else '"' + cell.replace('"', '""') + '"' for at, cell in enumerate(bounds)]
    plain[column] = '"' + plain[column]
    lines[row] = ",".join(plain)

    expected = [list(each) for each in TABLE]
    expected[row][column] = '"' + expected[row][column]
    assert read(found(tmp_path, "\n".join(lines) + "\n")) == expected


def test_a_cell_may_span_lines_and_hold_blank_ones(tmp_path: Path) -> None:
    rows = [*TABLE, ["K07", "11.02.2026", "7", "erste Zeile\n\nzweite, Zeile", "3.0"]]

    assert read(found(tmp_path, written(rows))) == rows


def test_most_records_may_span_lines(tmp_path: Path) -> None:
    rows = [NAMES, *([*row[:3], "Hauptstr. 1\nHinterhaus\n\nBerlin\n", row[4]] for row in RECORDS)]

    assert read(found(tmp_path, written(rows))) == rows


@pytest.mark.parametrize(
    "line",
    ["K07,11.02.2026,7", "K07,11.02.2026,7,ruhig,3.0,mehr,noch mehr", "K07"],
    ids=["too short", "too long", "one cell"],
)
def test_a_ragged_record_is_returned_as_it_is(tmp_path: Path, line: str) -> None:
    text = written(TABLE[:4]) + line + "\n" + written(TABLE[4:])

    assert read(found(tmp_path, text)) == [*TABLE[:4], line.split(","), *TABLE[4:]]


def test_empty_cells_beyond_the_usual_number_are_a_trailing_delimiter(tmp_path: Path) -> None:
    text = written(TABLE[:4]) + "K07,11.02.2026,7,ruhig,3.0,,\n" + written(TABLE[4:])

    assert read(found(tmp_path, text))[4] == ["K07", "11.02.2026", "7", "ruhig", "3.0"]


def test_a_line_with_a_delimiter_of_its_own_is_read_by_it(tmp_path: Path) -> None:
    text = written(TABLE[:3]) + written(TABLE[3:4], " ") + written(TABLE[4:])

    assert read(found(tmp_path, text)) == TABLE


@pytest.mark.parametrize("ending", ["", "\n\n", "\n \n,,,,\n"], ids=["no line break", "two", "blank records"])
def test_the_end_of_the_file_makes_no_record(tmp_path: Path, ending: str) -> None:
    assert read(found(tmp_path, written(TABLE).rstrip("\n") + ending)) == TABLE


@pytest.mark.parametrize(
    "titles",
    ["Export der Klinik,,,,\n,,,,\n", "Export der Klinik\n\nStand Februar\n", "Export:,alles\nVon:,Klinik\n"],
    ids=["padded", "bare", "keys and values"],
)
def test_titles_above_the_header_are_no_records(tmp_path: Path, titles: str) -> None:
    detected = found(tmp_path, titles + written(TABLE))

    assert read(detected) == TABLE
    assert len(detected.tables[0].titles) == sum(bool(line.strip(",")) for line in titles.splitlines())


def test_notes_under_the_table_are_no_records(tmp_path: Path) -> None:
    detected = found(tmp_path, written(TABLE) + "\nQuelle: Klinik\n")

    assert read(detected) == TABLE
    assert [row.line for row in detected.tables[0].notes] == [len(TABLE) + 2]


def test_a_file_of_records_alone_has_no_names(tmp_path: Path) -> None:
    detected = found(tmp_path, written(RECORDS))

    assert detected.tables[0].header == ()
    assert [row.cells for row in detected.tables[0].records] == RECORDS


def test_several_header_rows_make_one_name_and_a_group_stands_over_all_its_columns(tmp_path: Path) -> None:
    detected = found(tmp_path, "Wer,Wann,,Was,\n" + written(TABLE))

    assert detected.tables[0].names == ("Wer Klient", "Wann Datum", "Wann Sitzung", "Was Bemerkung", "Was Summe")
    assert [row.cells for row in detected.tables[0].records] == RECORDS


@pytest.mark.parametrize("rows", [TABLE[:1], TABLE[:2]], ids=["header", "one record"])
def test_a_header_is_known_even_with_little_under_it(tmp_path: Path, rows: list[list[str]]) -> None:
    assert read(found(tmp_path, written(rows))) == rows


@pytest.mark.parametrize(
    "again",
    [TABLE, [row[:4] for row in TABLE], [[*row, "x"] for row in TABLE]],
    ids=["same columns", "fewer", "more"],
)
def test_the_header_once_more_begins_another_table(tmp_path: Path, again: list[list[str]]) -> None:
    detected = found(tmp_path, written(TABLE) + written(again))

    assert read(detected) == TABLE
    assert [row.cells for row in detected.tables[1].records] == again[1:]


def test_an_empty_file_has_no_table(tmp_path: Path) -> None:
    assert found(tmp_path, "").tables == ()


def test_of_a_long_file_the_whole_lines_at_the_beginning_are_enough(tmp_path: Path) -> None:
    (tmp_path / "long.csv").write_text(written(TABLE))

    detected = detect(tmp_path / "long.csv", most_bytes=len(written(TABLE[:4])) + 3)

    assert read(detected) == TABLE[:4]


@pytest.mark.parametrize(
    "text",
    [
        "a,b,c\n" + '1,"x,3\n' * 3000,
        "a,b\n" + '"' * 20_000 + "\n",
        "a,b\n" + '",' * 10_000 + "\n",
        "1," * 2000 + "\n" + '"' + "1," * 2000,
    ],
    ids=["every quote open", "quotes alone", "quotes and delimiters", "one quote in a very wide record"],
)
def test_what_has_very_many_ways_to_be_read_is_read_in_one_of_them(tmp_path: Path, text: str) -> None:
    assert sum(row.line > 1 for row in found(tmp_path, text).tables[0].records) >= text.count("\n") - 1


def test_a_single_column_is_a_table_too(tmp_path: Path) -> None:
    assert read(found(tmp_path, "Wert\n1.5\n2.5\n")) == [["Wert"], ["1.5"], ["2.5"]]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("-1.5e3", "number"),
        ("7,5", "number"),
        ("05.02.2026", "date"),
        ("2026-02-05T10:00:00Z", "date"),
        ("10:30", "time"),
        ("€ 5,50", "amount"),
        ("https://example.org/a", "address"),
        ("Men's boots", "words"),
        ("WAI-1", "words"),
        ("1b", "code"),
        (" ", "empty"),
        ("a;b", "other"),
    ],
)
def test_a_cell_s_kind_is_told_by_its_form(text: str, kind: str) -> None:
    assert kind_of(text) == kind


@given(st.text(alphabet="ab1\",;\n\r \t'\\", max_size=120))
def test_whatever_the_text_every_line_that_is_not_blank_is_in_exactly_one_row(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    file = tmp_path_factory.getbasetemp() / "any.csv"
    file.write_bytes(text.encode())

    detected = detect(file)

    rows = [row for table in detected.tables for part in vars(table).values() for row in part]
    starts = [row.line for row in rows]
    held = "".join(cell for row in rows for cell in row.cells)
    assert starts == sorted(set(starts))
    assert max(starts, default=0) <= len(split_lines(text)[1])
    assert sum(map(held.count, "ab1")) == sum(map(text.count, "ab1"))
