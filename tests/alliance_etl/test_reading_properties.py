"""What holds for every file: tables come back as written, no line is lost, and both parsers agree."""

import csv
import io
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from unittest.mock import patch

import polars as pl
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alliance_etl.reading import Block, Unreadable, delimited, open_delimited

HEADER = ("id", "text", "n")

cells = st.text(st.sampled_from(["a", "ä", "€", "7", '"', ";", ",", "\t", " ", "'", "\\"]), max_size=5)
spanning = st.lists(st.text(st.sampled_from('ab7" '), max_size=3), min_size=2, max_size=3).map("\n".join)
tables = st.lists(st.tuples(cells, cells | spanning, cells), max_size=12)
soup = st.text(
    st.sampled_from(["a", "é", '"', '"', ";", ";", "\n", "\n", "\r", " ", "\0", "\ufeff"]), max_size=120
).filter(
    lambda text: text.count("\0") < 5  # more, in so short a file, are no text
)
sizes = st.sampled_from([1, 7, 64, 1 << 20])


def blocks_of(content: bytes, block_bytes: int, wanted: Sequence[str] = HEADER, **declared: str) -> Block:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "wai.csv"
        path.write_bytes(content)
        text = open_delimited(path, wanted, **declared)
        parts = list(text.blocks(block_bytes=block_bytes))
    if not parts:
        return Block(pl.DataFrame(schema={"line": pl.Int64}), pl.DataFrame(schema={"line": pl.Int64}), pl.DataFrame())
    return Block(
        pl.concat([part.frame for part in parts]),
        pl.concat([part.broken for part in parts]),
        pl.concat([part.blank for part in parts]),
    )


def all_lines(block: Block) -> list[int]:
    """First lines of all records, ascending."""
    frames = (block.frame, block.broken, block.blank)
    return sorted(line for frame in frames if frame.width for line in frame["line"].to_list())


@given(
    table=tables,
    delimiter=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    newline=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"]),
    last_break=st.booleans(),
    block_bytes=sizes,
)
@settings(deadline=None)
def test_a_table_written_in_any_dialect_is_read_back(
    table: list[tuple[str, ...]],
    delimiter: str,
    quoting: int,
    newline: str,
    encoding: str,
    last_break: bool,
    block_bytes: int,
) -> None:
    table = [(first, second.replace("\n", newline), third) for first, second, third in table]
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter, quoting=quoting, lineterminator=newline).writerows([HEADER, *table])
    content = written.getvalue() if last_break else written.getvalue().removesuffix(newline)

    block = blocks_of(content.encode(encoding), block_bytes, encoding=encoding)

    expected = [tuple(cell or None for cell in row) for row in table if any(cell.strip() for cell in row)]
    assert [row[:3] for row in block.frame.rows()] == expected
    assert block.broken.height == 0
    assert block.blank.height == len(table) - len(expected)
    heights = [1 + sum(cell.count(newline) for cell in row) for row in table]
    assert all_lines(block) == [2 + sum(heights[:index]) for index in range(len(table))]


@given(soup=soup, block_bytes=sizes)
@example(soup='a;"b\na;b;c\n', block_bytes=7)
@example(soup='"a"x;b;c\n', block_bytes=64)
@example(soup='"a\n"b;"c\n";"d\ne";"f";1;2;3\n', block_bytes=64)
@settings(deadline=None, max_examples=150)
def test_both_parsers_agree_on_any_text_in_blocks_of_any_size(soup: str, block_bytes: int) -> None:
    content = ("id;text;n\n" + soup).encode()
    block = blocks_of(content, block_bytes, encoding="utf-8")
    with patch.object(delimited, "read_clean", lambda *_: None):
        careful = blocks_of(content, 1 << 20, encoding="utf-8")
    assert block.frame.equals(careful.frame)
    assert block.broken.equals(careful.broken)
    assert block.blank.equals(careful.blank)


@given(soup=soup, block_bytes=sizes)
@settings(deadline=None, max_examples=150)
def test_every_line_of_any_text_is_in_exactly_one_record(soup: str, block_bytes: int) -> None:
    block = blocks_of(("id;text;n\n" + soup).encode(), block_bytes, encoding="utf-8")
    breaks = len(re.findall("\r\n|\n|\r", soup))
    total = breaks + (not soup.endswith(("\n", "\r")) and bool(soup))
    lines = all_lines(block)
    assert len(set(lines)) == len(lines)
    assert (lines[:1] == [2]) == (total > 0)
    assert all(2 <= line < 2 + total for line in lines)
    if '"' not in soup:
        assert lines == list(range(2, 2 + total))


@given(rows=st.lists(st.sampled_from([b"a;b;c", b'"a";"b;";"c"', b"a;b", b'a;"b;c', b"", b"a;\0;c", b"a;\xff;c"])))
@settings(deadline=None)
def test_each_line_is_counted_where_no_record_spans_lines(rows: list[bytes]) -> None:
    block = blocks_of(b"id;text;n\n" + b"".join(row + b"\n" for row in rows), 16, encoding="utf-8")
    assert all_lines(block) == list(range(2, 2 + len(rows)))
    good = [line for line, row in enumerate(rows, 2) if row in (b"a;b;c", b'"a";"b;";"c"')]
    assert block.frame["line"].to_list() == good


@given(
    content=st.binary(max_size=300),
    encoding=st.sampled_from(
        [None, "utf-8", "utf-16", "utf-16-be", "cp1252", "shift_jis", "ascii", "utf-32", "gb18030"]
    ),
    block_bytes=sizes,
)
@settings(deadline=None, max_examples=150)
def test_random_bytes_raise_nothing_but_unreadable(content: bytes, encoding: str | None, block_bytes: int) -> None:
    declared = {"encoding": encoding} if encoding else {}
    try:
        lines = all_lines(blocks_of(content, block_bytes, (), **declared))
    except Unreadable:
        return
    assert lines == sorted(set(lines))


@given(
    body=st.lists(st.sampled_from([*b"\t\n\n\r\r\r;;;; ab", *range(0x80, 0x100)]), max_size=200).map(bytes),
    encoding=st.sampled_from([None, "utf-8", "cp1252", "latin-1"]),
    block_bytes=sizes,
)
@settings(deadline=None, max_examples=150)
def test_random_bytes_after_a_header_lose_no_line(body: bytes, encoding: str | None, block_bytes: int) -> None:
    block = blocks_of(b"id;text;n\n" + body, block_bytes, **({"encoding": encoding} if encoding else {}))
    assert all_lines(block) == list(range(2, 2 + len(body.splitlines())))
