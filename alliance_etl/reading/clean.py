"""The fast path: a piece of text that the textbook's grammar covers, through pyarrow's parser.

Only a piece that pyarrow reads exactly as alliance_etl.reading.grammar would is taken; any doubt leaves it to
alliance_etl.reading.careful. It must be proven here, since pyarrow reads `"a"b` without complaint.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.csv

from alliance_etl.reading.grammar import Grammar, Shape
from alliance_etl.reading.model import BLANK_SCHEMA, BROKEN_SCHEMA, Block, frame_schema
from alliance_etl.reading.source import count_lines, is_utf8

_SLICE = 1 << 18
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_clean(piece: bytes, first_line: int, grammar: Grammar, shape: Shape, positions: Sequence[int]) -> Block | None:
    """The records of whole lines, or None where they are not clean."""
    if b"\0" in piece or piece.startswith(_BYTE_ORDER_MARK) or not is_utf8(piece):
        return None
    quoted = b'"' in piece
    if quoted and not _quotes_are_regular(piece, grammar.delimiter):
        return None
    table = parse(piece, grammar.delimiter, _fields(piece, grammar, shape), shape, positions, quoted=quoted)
    if table is None or table.num_rows != count_lines(piece):
        return None
    frame = numbered(table, np.arange(first_line, first_line + table.num_rows))
    blank = _blank_rows(frame, piece, grammar)
    if blank:
        frame = frame.filter(~pl.Series(np.isin(np.arange(frame.height), blank)))
    return Block(
        frame.select(list(frame_schema(positions))),
        pl.DataFrame(schema=BROKEN_SCHEMA),
        pl.DataFrame({"line": [first_line + row for row in blank]}, schema=BLANK_SCHEMA),
    )


def parse(
    text: bytes, delimiter: bytes, cells: int, shape: Shape, positions: Sequence[int], *, quoted: bool
) -> pa.Table | None:
    """Records of `cells` fields each: the columns asked for, or one where none is; None where pyarrow objects.

    Fields beyond the header's must be empty. An empty line becomes a row of nulls.
    """
    surplus = [str(position) for position in range(shape.offered, cells)]
    present = [str(position) for position in positions if position < cells] or ["0"]
    included = [*present, *surplus]
    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(text),
            read_options=pyarrow.csv.ReadOptions(column_names=[str(position) for position in range(cells)]),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=delimiter.decode(),
                quote_char='"' if quoted else False,
                newlines_in_values=False,
                ignore_empty_lines=False,
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                check_utf8=False,
                column_types=dict.fromkeys(included, pa.string()),
                include_columns=included,
                null_values=[""],
                strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid:
        return None
    if any(table.column(name).null_count < table.num_rows for name in surplus):
        return None
    table = table.select(present)
    for position in positions:
        if position >= cells:
            table = table.append_column(str(position), pa.nulls(table.num_rows, pa.string()))
    return table


def numbered(table: pa.Table, lines: Sequence[int] | np.ndarray) -> pl.DataFrame:
    """The table as a frame with its `line`. Not rechunked, and numbered before: either would copy every column."""
    return pl.DataFrame(pl.from_arrow(table.append_column("line", pa.array(lines, pa.int64())), rechunk=False))


def _fields(piece: bytes, grammar: Grammar, shape: Shape) -> int:
    """The first line's fields: a trailing delimiter stands on all lines or on none."""
    first = piece[: 1 << 16].splitlines()[0]
    fields = len(grammar.cells(first)[0])
    return fields if fields >= shape.required else shape.offered


def _quotes_are_regular(piece: bytes, delimiter: bytes) -> bool:
    """True where quotes, taken in pairs, open after and close before a delimiter, a line's end or another quote.

    If then no quoted cell holds a line break (the rows are as many as the lines), both grammars agree.
    """
    neighbour = np.zeros(256, bool)
    neighbour[[*delimiter, *b'\n\r"']] = True
    codes = np.frombuffer(piece, np.uint8)
    opening = True
    for start in range(0, len(codes), _SLICE):
        quotes = np.flatnonzero(codes[start : start + _SLICE] == ord('"')) + start
        opens, closes = (quotes[0::2], quotes[1::2]) if opening else (quotes[1::2], quotes[0::2])
        opens = opens[1:] if len(opens) and opens[0] == 0 else opens
        closes = closes[:-1] if len(closes) and closes[-1] == len(codes) - 1 else closes
        if not (neighbour[codes[opens - 1]].all() and neighbour[codes[closes + 1]].all()):
            return False
        opening ^= len(quotes) % 2 == 1
    return opening


def _blank_rows(frame: pl.DataFrame, piece: bytes, grammar: Grammar) -> list[int]:
    """Rows whose line is blank: looked for among those whose columns read are all null, white space or not ASCII."""
    rows: pl.Series | None = None
    columns = [column for column in frame.iter_columns() if column.name != "line"]
    for column in sorted(columns, key=pl.Series.null_count):
        cells = column if rows is None else column.gather(rows)
        suspect = (cells.is_null() | (cells < "!") | (cells >= "\x80")).arg_true()
        rows = suspect if rows is None else rows.gather(suspect)
        if not len(rows):
            return []
    if rows is None:
        return []
    lines = piece.splitlines()
    return [row for row in rows.to_list() if grammar.is_blank(lines[row])]
