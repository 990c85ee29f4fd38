"""Records: which lines are read, held or blank, and under which line number."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from alliance_etl.reading import Block, DelimitedText, careful, delimited, open_delimited

HEADER = ("id", "text", "n")


@pytest.fixture(params=["as one block", "in tiny blocks", "line by line"])
def block_bytes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Every rule holds however the file is cut, and whichever of the two parsers reads it."""
    if request.param == "line by line":
        monkeypatch.setattr(delimited, "read_clean", lambda *_: None)
    return 8 if request.param == "in tiny blocks" else 1 << 20


def opened(folder: Path, text: str | bytes, header: tuple[str, ...] = HEADER, **declared: str) -> DelimitedText:
    path = folder / "wai.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return open_delimited(path, header, **declared)


def read(folder: Path, text: str | bytes, block_bytes: int) -> Block:
    blocks = list(opened(folder, text).blocks(block_bytes=block_bytes))
    return Block(
        pl.concat([block.frame for block in blocks]),
        pl.concat([block.broken for block in blocks]),
        pl.concat([block.blank for block in blocks]),
    )


def rows(block: Block) -> list[tuple[object, ...]]:
    return block.frame.rows()


def held(block: Block) -> list[tuple[object, ...]]:
    return block.broken.rows()


def test_rows_carry_the_line_on_which_they_stand(tmp_path: Path, block_bytes: int) -> None:
    block = read(tmp_path, "id;text;n\na;x;1\nb;y;2\n", block_bytes)
    assert rows(block) == [("a", "x", "1", 2), ("b", "y", "2", 3)]


def test_the_last_line_needs_no_line_break(tmp_path: Path, block_bytes: int) -> None:
    block = read(tmp_path, "id;text;n\na;x;1\nb;y;2", block_bytes)
    assert rows(block) == [("a", "x", "1", 2), ("b", "y", "2", 3)]


def test_white_space_in_cells_is_kept(tmp_path: Path, block_bytes: int) -> None:
    assert rows(read(tmp_path, 'id;text;n\n a; x;"1 "\n', block_bytes)) == [(" a", " x", "1 ", 2)]


def test_an_empty_cell_is_null_whether_quoted_or_not(tmp_path: Path, block_bytes: int) -> None:
    assert rows(read(tmp_path, 'id;text;n\na;;""\n', block_bytes)) == [("a", None, None, 2)]


def test_leading_zeros_and_dates_stay_text(tmp_path: Path, block_bytes: int) -> None:
    assert rows(read(tmp_path, "id;text;n\n007;2026-01-02;1.0\n", block_bytes)) == [("007", "2026-01-02", "1.0", 2)]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_every_line_break_ends_a_line(tmp_path: Path, block_bytes: int, newline: str) -> None:
    block = read(tmp_path, newline.join(["id;text;n", "a;x;1", "", "b;y;2", ""]), block_bytes)
    assert rows(block) == [("a", "x", "1", 2), ("b", "y", "2", 4)]
    assert block.blank["line"].to_list() == [3]


def test_mixed_line_breaks_are_counted_one_by_one(tmp_path: Path, block_bytes: int) -> None:
    block = read(tmp_path, "id;text;n\r\na;x;1\rb;y;2\nc;z;3\r\n\rd;w;4", block_bytes)
    assert block.frame["line"].to_list() == [2, 3, 4, 6]
    assert block.blank["line"].to_list() == [5]


@pytest.mark.parametrize(
    "line",
    ["", ";;", "  ;\t;", '"";"";""', '" ";;', ";", ";;;;;", "\u00a0;;", "\u3000\u2003;;"],
    ids=["empty", "delimiters", "spaces", "quotes", "quoted space", "too few", "too many", "no-break", "wide spaces"],
)
def test_a_line_without_any_text_is_blank(tmp_path: Path, block_bytes: int, line: str) -> None:
    block = read(tmp_path, f"id;text;n\na;x;1\n{line}\nb;y;2\n", block_bytes)
    assert block.blank["line"].to_list() == [3]
    assert block.frame["line"].to_list() == [2, 4]
    assert held(block) == []


@pytest.mark.parametrize("line", [';"""";', ";;0", ";;\u00e4"], ids=["a quote", "a zero", "a letter"])
def test_a_line_with_any_text_is_a_row(tmp_path: Path, block_bytes: int, line: str) -> None:
    block = read(tmp_path, f"id;text;n\n{line}\n", block_bytes)
    assert block.frame["line"].to_list() == [2]


def test_a_line_is_blank_by_all_of_its_cells_not_by_those_asked_for(tmp_path: Path) -> None:
    (block,) = opened(tmp_path, "id;text;n\na;;\n;;\n").blocks([1])
    assert block.frame.rows() == [(None, 2)]
    assert block.blank["line"].to_list() == [3]


def test_a_short_row_is_reported_with_its_line(tmp_path: Path, block_bytes: int) -> None:
    block = read(tmp_path, "id;text;n\na;x;1\nb;y\nc;z;3\n", block_bytes)
    assert held(block) == [(3, "row_too_short", 2, 3)]
    assert block.frame["line"].to_list() == [2, 4]


def test_a_long_row_is_reported_with_its_line(tmp_path: Path, block_bytes: int) -> None:
    block = read(tmp_path, "id;text;n\na;x;1\nb;y;2;9\nc;z;3\n", block_bytes)
    assert held(block) == [(3, "row_too_long", 4, 3)]
    assert block.frame["line"].to_list() == [2, 4]


@pytest.mark.parametrize("end", [";", ";;;", '; ;""'], ids=["one", "three", "white space"])
def test_empty_cells_at_the_end_of_a_row_are_a_trailing_delimiter(tmp_path: Path, block_bytes: int, end: str) -> None:
    block = read(tmp_path, f"id;text;n\na;x;1{end}\nb;y;2\nc;z;3{end}\n", block_bytes)
    assert rows(block) == [("a", "x", "1", 2), ("b", "y", "2", 3), ("c", "z", "3", 4)]


def test_a_trailing_delimiter_of_the_header_need_not_be_in_the_rows(tmp_path: Path, block_bytes: int) -> None:
    block = read(tmp_path, "id;text;n;\na;x;1;\nb;y;2\nc;y\n", block_bytes)
    assert rows(block) == [("a", "x", "1", None, 2), ("b", "y", "2", None, 3)]
    assert held(block) == [(4, "row_too_short", 2, 3)]


def test_a_quoted_cell_may_hold_delimiters_and_quotes(tmp_path: Path, block_bytes: int) -> None:
    block = read(tmp_path, 'id;text;n\n"a";"x;y ""z""";"1"\n', block_bytes)
    assert rows(block) == [("a", 'x;y "z"', "1", 2)]


@pytest.mark.parametrize("cell", ['5" scale', 'a"b"c', ' "x"', 'x"'], ids=["inch", "pair", "after space", "at the end"])
def test_a_quote_inside_an_unquoted_cell_is_plain_text(tmp_path: Path, block_bytes: int, cell: str) -> None:
    assert rows(read(tmp_path, f"id;text;n\na;{cell};1\nb;y;2\n", block_bytes)) == [
        ("a", cell, "1", 2),
        ("b", "y", "2", 3),
    ]


def test_a_quoted_cell_may_span_lines_and_counts_as_one_record(tmp_path: Path, block_bytes: int) -> None:
    block = read(tmp_path, 'id;text;n\na;"one\ntwo\r\n\nthree";1\nb;y;2\n', block_bytes)
    assert rows(block) == [("a", "one\ntwo\r\n\nthree", "1", 2), ("b", "y", "2", 6)]


def test_several_cells_of_a_record_may_span_lines(tmp_path: Path, block_bytes: int) -> None:
    block = read(tmp_path, 'id;text;n\n"a\nb";"one\ntwo";"3\n"\nb;y;2\n', block_bytes)
    assert rows(block) == [("a\nb", "one\ntwo", "3\n", 2), ("b", "y", "2", 6)]


def test_a_blank_record_that_spans_lines_counts_once(tmp_path: Path, block_bytes: int) -> None:
    block = read(tmp_path, 'id;text;n\n;"\n\n";\nb;y;2\n', block_bytes)
    assert block.blank["line"].to_list() == [2]
    assert block.frame["line"].to_list() == [5]


@pytest.mark.parametrize(
    "line",
    ['b;"y;2', 'b;y;"2', '"b;y;2', 'b;"y" z;2'],
    ids=["in the middle", "in the last cell", "in the first cell", "closed, then text"],
)
@pytest.mark.parametrize(
    "after", ["c;z;3", '"c";"z";"3"', 'c;"z;z";3', ""], ids=["plain", "quoted", "delimiter", "end"]
)
def test_an_unterminated_quote_holds_its_line_alone(tmp_path: Path, block_bytes: int, line: str, after: str) -> None:
    block = read(tmp_path, f"id;text;n\na;x;1\n{line}\n{after}\n", block_bytes)
    assert [row[:2] for row in held(block)] == [(3, "unterminated_quote")]
    assert block.frame["line"].to_list() == ([2, 4] if after else [2])


def test_two_unterminated_quotes_do_not_make_a_record(tmp_path: Path, block_bytes: int) -> None:
    block = read(tmp_path, 'id;text;n\na;"x;1\nb;y;2\nc;"z;3\nd;w;4\n', block_bytes)
    assert held(block) == [(2, "unterminated_quote", 2, 3), (4, "unterminated_quote", 2, 3)]
    assert block.frame["line"].to_list() == [3, 5]


def test_a_record_that_spans_lines_with_too_many_fields_leaves_no_row_behind(tmp_path: Path, block_bytes: int) -> None:
    block = read(tmp_path, 'id;text;n\na;"x\ny";1;2\nb;y;2\n', block_bytes)
    assert [row[:2] for row in held(block)] == [(2, "unterminated_quote"), (3, "unterminated_quote")]
    assert block.frame["line"].to_list() == [4]


@pytest.mark.parametrize(
    "between", ["z\n" * 300, "z" * (1 << 16) + "\n"], ids=["more lines than a record has", "more bytes than it has"]
)
def test_a_quote_that_stays_open_too_long_is_unterminated(tmp_path: Path, block_bytes: int, between: str) -> None:
    block = read(tmp_path, f'id;text;n\na;"x\n{between}y";1\nb;y;2\n', block_bytes)
    assert held(block)[0][:2] == (2, "unterminated_quote")
    assert len(held(block)) == between.count("\n") + 2
    assert rows(block) == [("b", "y", "2", between.count("\n") + 4)]


def test_a_record_within_the_bounds_is_read_however_the_file_is_cut(tmp_path: Path, block_bytes: int) -> None:
    cell = "\n".join(["z" * 300] * 199)
    block = read(tmp_path, f'id;text;n\na;"{cell}";1\nb;y;2\n', block_bytes)
    assert rows(block) == [("a", cell, "1", 2), ("b", "y", "2", 201)]


@pytest.mark.parametrize("end", ["b;y;2\n", "b;y\n"], ids=["in a clean file", "beside a faulty line"])
def test_a_very_long_line_is_read(tmp_path: Path, end: str) -> None:
    cell = "x" * 3_000_000
    text = opened(tmp_path, f"id;text;n\na;x;1\na;{cell};1\n{end}")
    lengths = [length for block in text.blocks([1]) for length in block.frame["1"].str.len_bytes()]
    assert lengths[:2] == [1, 3_000_000]


def test_many_open_quotes_are_told_in_a_moment(tmp_path: Path) -> None:
    lines = 20_000
    (block,) = opened(tmp_path, "id;text;n\n" + '"a;b\n' * lines).blocks()
    assert block.broken.height == lines


def test_nul_bytes_hold_their_line(tmp_path: Path, block_bytes: int) -> None:
    block = read(tmp_path, b"id;text;n\na;x;1\nb;\0\0;2\nc;z;3\n", block_bytes)
    assert held(block) == [(3, "nul_bytes", 3, 3)]
    assert block.frame["line"].to_list() == [2, 4]


def test_a_record_that_spans_lines_is_held_for_a_nul_byte_in_any_of_them(tmp_path: Path, block_bytes: int) -> None:
    block = read(tmp_path, b'id;text;n\na;"x\n\0y";1\nb;y;2\n', block_bytes)
    assert held(block) == [(2, "nul_bytes", 3, 3)]
    assert block.frame["line"].to_list() == [4]


def test_a_byte_order_mark_inside_the_file_is_kept(tmp_path: Path, block_bytes: int) -> None:
    assert rows(read(tmp_path, "id;text;n\na;x;1\n\ufeffb;y;2\n", block_bytes))[1] == ("\ufeffb", "y", "2", 3)


def test_only_the_columns_asked_for_are_read_under_their_positions(tmp_path: Path, block_bytes: int) -> None:
    (block, *_) = opened(tmp_path, "id;text;n\na;x;1\n").blocks([2, 0], block_bytes)
    assert block.frame.to_dicts() == [{"2": "1", "0": "a", "line": 2}]


def test_no_column_at_all_still_tells_the_lines(tmp_path: Path) -> None:
    (block,) = opened(tmp_path, "id;text;n\na;x;1\n\nb;y;2\n").blocks([])
    assert block.frame.to_dicts() == [{"line": 2}, {"line": 4}]


def test_a_position_beyond_the_header_is_refused(tmp_path: Path) -> None:
    text = opened(tmp_path, "id;text;n\na;x;1\n")
    with pytest.raises(IndexError, match="3 columns"):
        next(text.blocks([3]))


def test_a_header_without_records_has_no_blocks(tmp_path: Path) -> None:
    assert list(opened(tmp_path, "id;text;n\n").blocks()) == []


def test_a_file_with_one_column_is_read(tmp_path: Path) -> None:
    (block,) = opened(tmp_path, 'id\na\n\n"b,c"\n', ("id",)).blocks()
    assert block.frame.rows() == [("a", 2), ("b,c", 4)]


def test_blocks_end_with_whole_records_and_keep_the_order(tmp_path: Path) -> None:
    text = opened(tmp_path, "id;text;n\n" + "".join(f'a;"x\n{n}";{n}\n' for n in range(100)))
    blocks = list(text.blocks(block_bytes=64))
    assert len(blocks) > 10
    assert pl.concat([block.frame for block in blocks])["line"].to_list() == list(range(2, 202, 2))


def test_a_quoted_file_stays_on_the_fast_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As R writes it: every cell in quotes, some with delimiters and doubled quotes inside."""

    def refuse(*_: object) -> Iterator[Block]:
        raise AssertionError("read line by line")

    monkeypatch.setattr(careful.CarefulReader, "read", refuse)
    (block,) = opened(tmp_path, '"id";"text";"n"\n' + '"a";"x;""y""";""\n' * 1000).blocks()
    assert block.frame.height == 1000


def test_one_faulty_line_leaves_the_rest_of_a_large_block_to_the_fast_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line_by_line: list[int] = []
    read_lines = careful.CarefulReader.read

    def counted(reader: careful.CarefulReader, data: bytes, start: int, stop: int, line: int) -> tuple[Block, int, int]:
        line_by_line.append(stop - start)
        return read_lines(reader, data, start, stop, line)

    monkeypatch.setattr(careful.CarefulReader, "read", counted)
    text = opened(tmp_path, "id;text;n\n" + "a;x;1\n" * 500_000 + "b;y\n" + "a;x;1\n" * 100_000)
    blocks = list(text.blocks())
    assert [row for block in blocks for row in block.broken.rows()] == [(500_002, "row_too_short", 2, 3)]
    assert sum(line_by_line) <= delimited.CAREFUL_BYTES
