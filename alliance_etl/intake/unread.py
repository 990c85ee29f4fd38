"""A file that no export can read: why, in words; its lines, held all the same; whether it is another site's."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from alliance_etl.findings.frame import FileFinding, no_cells
from alliance_etl.intake import header as headers
from alliance_etl.intake.plan import Plan
from alliance_etl.intake.staged import StagedDrop, StagedExport
from alliance_etl.reading import Limits, Unreadable, open_file
from alliance_etl.reading.formats import kind_of
from alliance_etl.reading.source import whole_lines


def held_whole(
    path: Path, name: str, plans: Sequence[Plan], unreadable: Unreadable, wanted: Sequence[str]
) -> StagedDrop:
    """The drop of a file without a header that can be read: rejected, and every line of a text held by each export."""
    finding = _finding(unreadable, wanted)
    lines, blank = _rows(path, name, unreadable)
    exports = tuple(
        StagedExport(
            name=plan.name,
            instrument=plan.instrument.id,
            forms=pl.DataFrame(schema=plan.forms_schema),
            rows_read=lines,
            repeated=0,
            held=lines - blank,
            skipped=blank,
            cells=no_cells(),
            rejected=True,
        )
        for plan in plans
    )
    return StagedDrop(exports, (finding,))


def _rows(path: Path, name: str, unreadable: Unreadable) -> tuple[int, int]:
    """How many rows there are, and how many of them are blank, as far as it can be told."""
    if "rows" in unreadable.facts:
        return int(unreadable.facts["rows"]), 0
    if unreadable.code in ("empty_file", "not_text", "no_sheet", "too_large") or kind_of(path, name) is not None:
        return 0, 0
    lines, blank = _count_lines(path)
    # the header of a bad encoding is there, only not readable
    return (lines - 1 if unreadable.code == "bad_encoding" else lines), blank


def _finding(unreadable: Unreadable, wanted: Sequence[str]) -> FileFinding:
    facts = unreadable.facts
    if unreadable.code == "no_header":
        return headers.without_header(wanted, facts)
    if unreadable.code == "bad_encoding":
        return FileFinding("bad_encoding", expected=str(facts["encoding"]))
    if unreadable.code == "not_text":
        return FileFinding("not_text", expected="a table", detail=f"by its content it is {facts['kind']}")
    if unreadable.code == "broken_json":
        place = f"line {facts['line']}, character {facts['column']}"
        return FileFinding("broken_json", line=int(facts["line"]), expected="JSON", detail=place)
    if unreadable.code == "too_large":
        most = f"at most {facts['most']} (`{facts['setting']}`)"
        return FileFinding("too_large", expected=most, detail=str(facts["found"]))
    if unreadable.code == "no_sheet":
        what = "have the expected columns" if facts["ambiguous"] else "are there, the one that study.yaml names is not"
        return FileFinding("no_sheet", expected="one sheet with the columns", detail=f"{facts['found']} {what}")
    return FileFinding(unreadable.code, expected=headers.listed(wanted))


def _count_lines(path: Path) -> tuple[int, int]:
    """How many lines a text has, and how many of them are blank."""
    lines = blank = 0
    with path.open("rb") as file:
        for text in whole_lines(file):
            # without NULs a line of UTF-16 ends where others do
            split = text.replace(b"\0", b"").splitlines()
            lines += len(split)
            blank += sum(not line.strip() for line in split)
    return lines, blank


def is_another_sites(
    path: Path, name: str, elsewhere: Sequence[Sequence[str]], encoding: str | None, limits: Limits
) -> bool:
    """Whether the header has all columns of an export of another site; `elsewhere` holds these, one list per export."""
    if not elsewhere:
        return False
    names = list(dict.fromkeys(name for columns in elsewhere for name in columns))
    try:
        opened = open_file(path, name, names, encoding=encoding, limits=limits)
    except Unreadable:
        return False
    # what a file of resources only supposes to be there proves nothing
    supposed = int(str(opened.facts.get("unanswered", 0)))
    header = opened.header[: len(opened.header) - supposed]
    return any(headers.fits(header, columns) for columns in elsewhere)
