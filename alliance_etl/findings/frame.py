"""Findings as frames: one row per failing cell, and folded, one row per cause.

`form_id` is that of the cell's row, where who and when can be read. `cause` tells failing cells of one cause from
others: the answer itself for an answer, the shape of the text for a date. It is a hash, since it may stand for a text
that must not be stored.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from alliance_etl.findings.catalogue import KINDS

CELLS = {
    "export": pl.String,
    "line": pl.Int64,
    "row": pl.Int64,
    "position": pl.Int32,
    "column": pl.String,
    "code": pl.String,
    "value": pl.String,
    "expected": pl.String,
    "detail": pl.String,
    "cause": pl.String,
    "count": pl.Int64,
    "form_id": pl.String,
}

FOLDED = {
    "export": pl.String,
    "line": pl.Int64,
    "column": pl.String,
    "cell": pl.String,
    "code": pl.String,
    "severity": pl.String,
    "value": pl.String,
    "expected": pl.String,
    "message": pl.String,
    "how_to_fix": pl.String,
    "count": pl.Int64,
}

# More than six digits are no answer and no session, but an id or a telephone number.
_NUMBER = re.compile(r"[+-]?\d{1,6}(?:[.,]\d{1,15})?")
_DATE = re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}(?:[ T]\d{1,2}:\d{2}(?::\d{2})?)?")


@dataclass(frozen=True)
class FileFinding:
    """A finding about the file as a whole, or about one export's view of it."""

    code: str
    export: str | None = None
    line: int | None = None
    expected: str | None = None
    detail: str | None = None
    count: int = 1


def no_cells() -> pl.DataFrame:
    return pl.DataFrame(schema=CELLS)


def shown(text: str | None, codes: Sequence[str] = (), secrets: frozenset[str] = frozenset()) -> str | None:
    """What `value` may show of a cell: a number, a date or a declared code; of any other text only its length.

    `secrets` are ids of the same row: an id that slipped a column is not shown, though it be a number.
    """
    if text is None:
        return None
    bare = text.strip()
    if bare in codes:
        return bare
    if bare not in secrets and (_NUMBER.fullmatch(bare) or _DATE.fullmatch(bare)):
        return bare
    return told_by_length(bare)


def told_by_length(text: str) -> str:
    """All that a finding says of a text that might be anybody's name."""
    return f"text, {len(text)} characters"


def shape(text: str) -> str:
    """The shape of a text, so that dates in one wrong format have one cause: digits are 9, letters are a."""
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d", "9", text.strip()))


def cause(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def cell_name(position: int | None, row: int | None) -> str | None:
    """A cell as a spreadsheet shows it: column position 2 (0-based), row 17 is C17."""
    if position is None or row is None:
        return None
    letters, rest = "", position + 1
    while rest:
        rest, digit = divmod(rest - 1, 26)
        letters = chr(65 + digit) + letters
    return f"{letters}{row}"


def of_file(findings: Sequence[FileFinding]) -> pl.DataFrame:
    """FileFindings as rows of CELLS."""
    rows = [
        {
            "export": f.export,
            "line": f.line,
            "row": f.line,
            "position": None,
            "column": None,
            "code": f.code,
            "value": None,
            "expected": f.expected,
            "detail": f.detail,
            "cause": cause(f"{f.code} {f.expected} {f.detail}"),
            "count": f.count,
            "form_id": None,
        }
        for f in findings
    ]
    return pl.DataFrame(rows, schema=CELLS)


_COLUMN = ("export", "code", "column")
_CAUSE = (*_COLUMN, "cause")

# A column of free text has as many causes as cells; nobody reads more of one column than this.
MOST_OF_A_COLUMN = 100


def causes(cells: pl.DataFrame) -> int:
    """How many findings the failing cells fold into."""
    return _gathered(cells).select(_CAUSE).n_unique()


def _gathered(cells: pl.DataFrame, within: Sequence[str] = ()) -> pl.DataFrame:
    """The cells, with the causes of a column after its first MOST_OF_A_COLUMN as one cause more."""
    of_column, of_cause = [*within, *_COLUMN], [*within, *_CAUSE]
    many = cells.group_by(of_column).agg(pl.col("cause").n_unique()).filter(pl.col("cause") > MOST_OF_A_COLUMN)
    if many.is_empty():
        return cells
    first = cells.sort("line", "position", nulls_last=False, maintain_order=True).unique(
        of_cause, keep="first", maintain_order=True
    )
    ranked = first.select(*of_cause, rank=pl.int_range(pl.len()).over(of_column))
    return (
        cells.join(ranked, on=of_cause, how="left", nulls_equal=True, maintain_order="left")
        .with_columns(cause=pl.when(pl.col("rank") < MOST_OF_A_COLUMN).then("cause").otherwise(pl.lit("more")))
        .drop("rank")
    )


def fold(cells: pl.DataFrame, within: Sequence[str] = ()) -> pl.DataFrame:
    """One row per export, code, column and cause (FOLDED), in the order of the first line; `count` adds up to the
    cells. The causes of one column after its first MOST_OF_A_COLUMN are one row.

    `within` names columns beside CELLS' that keep cells apart; those with equal ones stand together, and come first in
    the result.
    """
    if cells.is_empty():
        return pl.DataFrame(schema={**cells.select(within).schema, **FOLDED})
    folded = (
        _gathered(cells, within)
        .sort(*within, "line", "position", nulls_last=False, maintain_order=True)
        .group_by(*within, *_CAUSE, maintain_order=True)
        .agg(
            pl.col("line", "row", "position", "value", "expected", "detail").first(),
            pl.col("count").sum(),
        )
    )
    return worded(folded).select(*within, *FOLDED)


def worded(cells: pl.DataFrame) -> pl.DataFrame:
    """Add severity, message, how_to_fix and cell to rows of CELLS."""
    rows = cells.to_dicts()
    return cells.with_columns(
        pl.Series("severity", [KINDS[row["code"]].severity for row in rows], dtype=pl.String),
        pl.Series("message", [_message(row) for row in rows], dtype=pl.String),
        pl.Series("how_to_fix", [KINDS[row["code"]].how_to_fix for row in rows], dtype=pl.String),
        pl.Series("cell", [cell_name(row["position"], row["row"]) for row in rows], dtype=pl.String),
    )


def _message(row: dict[str, object]) -> str:
    words = {name: row[name] or "" for name in ("expected", "detail")}
    return KINDS[str(row["code"])].message.format(**words)


def is_future(day: date, received: date) -> bool:
    """Judged against the day of receipt, never against today: the same drop gets the same verdict for ever."""
    return day > received
