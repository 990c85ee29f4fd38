"""Columns that seem to tell who somebody is, by their name and by a sample of what is in them.

The words are data (identifiers.yaml). A sample is a few rows, looked at once and never kept: what is told of it is the
column's name and the kind of identifier, never a value.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Protocol

import yaml

from alliance_etl.findings.comment import without_comment
from alliance_etl.findings.frame import FileFinding
from alliance_etl.intake.header import listed, locate, same_name
from alliance_etl.intake.identifying_names import Words, words_of
from alliance_etl.intake.identifying_values import kind_of_values, names_people
from alliance_etl.reading import Block

SAMPLE_ROWS = 100
_SAMPLE_BYTES = 1 << 16
_MOST_COLUMNS = 400
_MOST_NAMED = 12
_SHORTEST_INSIDE = 7


class Records(Protocol):
    """A file whose header is known, as alliance_etl.reading opens it."""

    @property
    def header(self) -> tuple[str, ...]: ...

    @property
    def header_line(self) -> int: ...

    def blocks(self, positions: Sequence[int] | None = None, block_bytes: int = ...) -> Iterator[Block]: ...


@dataclass(frozen=True)
class _Names:
    """What columns of one kind of identifier are called, spelled as Words are."""

    words: str
    anywhere: frozenset[str]
    inside: frozenset[str]
    alone: frozenset[str]


@cache
def _document() -> Mapping[str, Any]:
    text = (files(__package__) / "identifiers.yaml").read_text(encoding="utf-8")
    document: Mapping[str, Any] = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - safe
    return document


@cache
def _kinds() -> dict[str, _Names]:
    return {
        kind: _Names(
            words=told["words"],
            **{list_: frozenset(_spelled(told[list_])) for list_ in ("anywhere", "inside", "alone")},
        )
        for kind, told in _document()["kinds"].items()
    }


@cache
def _beside() -> frozenset[str]:
    """Words that say nothing of what is in a column, only whose it is or which."""
    return frozenset(_spelled([*_document()["persons"], *_document()["fillers"]]))


def _spelled(lines: Sequence[str]) -> Iterator[str]:
    return (entry.replace(" ", "") for line in lines for entry in line.split(", "))


@lru_cache(maxsize=4096)
def kind_of_name(column: str) -> str | None:
    """The kind of direct identifier that a column of this name holds, as in identifiers.yaml; None where nothing says
    so.
    """
    words = words_of(column)
    return next(
        (kind for kind, names in _kinds().items() if any(_is_called(spelling, names) for spelling in words)), None
    )


def _is_called(words: Words, names: _Names) -> bool:
    runs = words.runs()
    if runs & names.anywhere:
        return True
    if any(part in word for word in words.parts for part in names.inside if len(part) >= _SHORTEST_INSIDE):
        return True
    telling = [word for word in words.parts if word not in _beside() and not word.isdigit()]
    return len(telling) > 0 and "".join(telling) in names.alone


def identifying_columns(columns: Mapping[str, Sequence[str]], received: date) -> dict[str, str]:
    """Column to why it seems to identify people, in words; `columns` are names and samples of the values.

    Dates are judged against the day of receipt.
    """
    found: dict[str, str] = {}
    for name, values in columns.items():
        by_name = kind_of_name(name)
        by_values = None if by_name else kind_of_values(values, received)
        if by_name or by_values:
            found[name] = f"{_kinds()[by_name].words}, by its name" if by_name else f"{by_values}, by what is in it"
    return found


def look_for_identifiers(
    text: Records, participants: Mapping[str, str], known: Sequence[str], received: date
) -> list[FileFinding]:
    """What a file tells of people beyond what the study asks for; `participants` are the exports' columns of ids.

    Reads the first rows once more, and only the columns that are not mapped and those of ids.
    """
    there, mapped = locate(text.header, known), {same_name(name) for name in known}
    used = {there[name] for name in mapped if name in there}
    names = dict(enumerate(without_comment(text.header)))
    unmapped = {
        place: name for place, name in names.items() if name and same_name(name) not in mapped and place not in used
    }
    sampled = list(unmapped)[:_MOST_COLUMNS]
    ids = {export: locate(text.header, [column])[same_name(column)] for export, column in participants.items()}
    values = _sample(text, [*sampled, *ids.values()])
    found = [_in_ids(export, column, values[ids[export]], text.header_line) for export, column in participants.items()]
    found.append(_in_unmapped({name: values.get(place, ()) for place, name in unmapped.items()}, text, received))
    return list(filter(None, found))


def _sample(text: Records, positions: Sequence[int]) -> dict[int, list[str]]:
    """What the first rows say in these columns."""
    rows = next((block.frame for block in text.blocks(positions, _SAMPLE_BYTES) if block.frame.height), None)
    if rows is None:
        return {place: [] for place in positions}
    return {place: rows[str(place)].head(SAMPLE_ROWS).drop_nulls().to_list() for place in positions}


def _in_unmapped(columns: Mapping[str, Sequence[str]], text: Records, received: date) -> FileFinding | None:
    found = identifying_columns(columns, received)
    if not found:
        return None
    named = [f"{listed([name])} ({why})" for name, why in found.items()]
    more = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
    detail = ", ".join(named[:_MOST_NAMED]) + more
    expected = "no column that identifies a person"
    return FileFinding("identifiers_in_file", line=text.header_line, expected=expected, detail=detail, count=len(found))


def _in_ids(export: str, column: str, values: Sequence[str], line: int) -> FileFinding | None:
    """The finding for a participant's column whose values tell who somebody is; no value is told."""
    what = names_people(values)
    return FileFinding("participant_identifies", export, line, expected=repr(column), detail=what) if what else None
