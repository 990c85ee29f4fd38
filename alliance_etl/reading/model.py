"""What reading hands on: the dialect found, blocks of records, and the error for a file that has none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

UnreadableCode = Literal["empty_file", "not_text", "bad_encoding", "no_header", "no_sheet", "broken_json", "too_large"]
BrokenCode = Literal[
    "row_too_short",
    "row_too_long",
    "unterminated_quote",
    "nul_bytes",
    "undecodable_bytes",
    "not_json",
    "not_a_resource",
    "not_understood",
]

BROKEN_SCHEMA = {"line": pl.Int64(), "code": pl.String(), "fields": pl.Int64(), "expected": pl.Int64()}
BLANK_SCHEMA = {"line": pl.Int64()}


@dataclass(frozen=True)
class Dialect:
    """How a file is written: `encoding` a Python codec (its mark told by `bom`), `newline` the most frequent one."""

    encoding: str
    bom: bool
    delimiter: str
    newline: str


class Unreadable(Exception):
    """The file has no records to read. `facts` holds numbers and names known beforehand, never a cell's text.

    empty_file    bytes
    not_text      kind (xlsx, zip, pdf, html, binary, …)
    bad_encoding  encoding, declared (bool), line where the header's bytes do not decode
    no_header     line, fields, and header_at where the wanted names stand on a later line;
                  bytes alone where so many at the beginning are blank
    no_sheet      found (names of sheets), ambiguous (bool)
    broken_json   line, column
    too_large     found in words, most in words, setting that allows it (alliance_etl.reading.limits)

    `rows` tells how many rows there are that nothing could be read of, where a format other than text knows it.
    """

    def __init__(self, code: UnreadableCode, facts: Mapping[str, int | str | bool]) -> None:
        self.code = code
        self.facts = dict(facts)
        super().__init__(f"{code} {self.facts}")


@dataclass(frozen=True)
class Block:
    """Consecutive records; each is in exactly one of the three frames, under the line where it starts (1-based).

    frame   one String column per position, named str(position): text as in the file, unquoted, null where empty; `line`
    broken  line, code (a BrokenCode), fields found, fields expected; of not_json the column at which it breaks
    blank   line of every record whose cells are all empty or white space
    """

    frame: pl.DataFrame
    broken: pl.DataFrame
    blank: pl.DataFrame


def frame_schema(positions: Sequence[int]) -> dict[str, pl.DataType]:
    return {**{str(position): pl.String() for position in positions}, "line": pl.Int64()}


def joined(pieces: Sequence[Block]) -> Block:
    """Pieces of one file, in order, as one block."""
    if len(pieces) == 1:
        return pieces[0]
    return Block(
        pl.concat([piece.frame for piece in pieces]),
        pl.concat([piece.broken for piece in pieces]),
        pl.concat([piece.blank for piece in pieces]),
    )
