"""The column that a fixme file has more than the site's own file: its name tells which exports the rows are for.

The name is all that a run has to go by when the corrected file comes back, under whatever name it was saved.
"""

import re
from collections.abc import Sequence

_NAME = re.compile(r"what to fix \(alliance-etl: ([^()]+)\)")
FORMULA = re.compile(r"[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?[\d.,]+")
_DEFUSED = re.compile(r"'['=+\-@\t\r]")


_ORIGIN = re.compile(r"\(row (\d+) of drop ([0-9a-f]{16})\)")


def origin(drop_id: str, line: int) -> str:
    """What a comment ends with: which held row the row is, so that it is known when it comes back mended."""
    return f"(row {line} of drop {drop_id})"


def origin_told(comment: str | None) -> tuple[str, int] | None:
    """The drop and line that a comment ends with, if it still does."""
    found = _ORIGIN.findall(comment or "")
    return (found[-1][1], int(found[-1][0])) if found else None


def comment_position(header: Sequence[str]) -> int | None:
    """Where the column of comments stands."""
    return next((place for place, name in enumerate(header) if _NAME.fullmatch(name)), None)


def comment_column(exports: Sequence[str]) -> str:
    """The name of the column in which a fixme file says what is wrong with a row."""
    return f"what to fix (alliance-etl: {' '.join(exports)})"


def exports_told(header: Sequence[str]) -> tuple[str, ...]:
    """The exports that a fixme file's header names; none where the header is no fixme file's."""
    told = next((match for match in map(_NAME.fullmatch, header) if match), None)
    return tuple(told[1].split()) if told else ()


def without_comment(header: Sequence[str]) -> list[str]:
    """The header without the column of comments."""
    return [name for name in header if not _NAME.fullmatch(name)]


def may_be_fixme(file: str) -> bool:
    """Whether a file of this name is worth asking whether it is a fixme file."""
    return "fixme" in file.casefold()


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet would take a cell's text for a formula."""
    return FORMULA.match(cell) is not None and _NUMBER.fullmatch(cell) is None


def defused(cell: str) -> str:
    """A cell of a fixme file: a formula, or what looks like a defused one, has an apostrophe before it."""
    return f"'{cell}" if is_formula(cell) or _DEFUSED.match(cell) else cell


UNDEFUSED = (r"^'(['=+\-@\t\r])", "${1}")
"""Pattern and replacement that take the apostrophe away again when a fixme file is read."""
