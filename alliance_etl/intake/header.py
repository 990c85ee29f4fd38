"""The header against the study's column names: by name, before any record is read.

A line that may be a row of data is never quoted: only names that study.yaml knows, or that stand beside enough of them.
"""

import difflib
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from alliance_etl.findings.frame import FileFinding

_MOST_NAMES = 12
_NUMBERED = re.compile(r"(.+\S) #([1-9]\d?)")

# What is wrong with a header that may simply be another site's.
OF_ANOTHER_SITE = ("column_missing", "no_header", "wrong_delimiter")


def same_name(name: str) -> str:
    """A name in one Unicode spelling (NFC), outer space cut: what a Mac and a PC write for the same word."""
    return unicodedata.normalize("NFC", name).strip()


def locate(header: Sequence[str], wanted: Sequence[str] = ()) -> dict[str, int]:
    """Each column name, and each of the wanted ones that is there, with the position (0-based) at which it first
    stands.

    `Complete? #2` is the second column that is called `Complete?`, and `WAI1. *` the only one that begins with
    `WAI1. `; both only where no column has that very name.
    """
    positions: dict[str, int] = {}
    for position, name in enumerate(header):
        positions.setdefault(same_name(name), position)
    for name in map(same_name, wanted):
        fitting = [] if name in positions else _meant(header, name)
        if fitting:
            positions[name] = fitting[0]
    return positions


def _meant(header: Sequence[str], name: str) -> list[int]:
    """The positions that a name means which no column has: `NAME #2`, or `BEGINNING*`."""
    if name.endswith("*"):
        return [at for at, other in enumerate(header) if same_name(other).startswith(name[:-1])]
    if numbered := _NUMBERED.fullmatch(name):
        twins = [at for at, other in enumerate(header) if same_name(other) == numbered[1]]
        return twins[int(numbered[2]) - 1 :][:1]
    return []


def doubled(header: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """The wanted columns that stand in the header more than once."""
    times = Counter(same_name(name) for name in header)
    return [name for name in wanted if (times[same_name(name)] or len(_meant(header, same_name(name)))) > 1]


def judge_header(
    export: str, header: Sequence[str], line: int, wanted: Sequence[str], known: Sequence[str]
) -> FileFinding | None:
    """Why this export cannot read the file, or None. `known` are the names that any export reading the file uses."""
    twice = doubled(header, wanted)
    if twice:
        return FileFinding("column_doubled", export, line, expected=_listed(twice))
    there = locate(header, wanted)
    lacking = [name for name in wanted if same_name(name) not in there]
    if not lacking:
        return None
    return FileFinding(
        "column_missing", export, line, expected=_listed(lacking, "column"), detail=_instead(lacking, header, known)
    )


def no_header(
    header: Sequence[str], line: int, wanted: Sequence[str], delimiters: Mapping[str, int], declared: str | None
) -> FileFinding:
    """The finding for a first line with none of the wanted names in it."""
    best = max(delimiters, key=lambda mark: delimiters[mark], default=None)
    if declared and best and best != declared and delimiters[best] * 2 > len(wanted):
        return FileFinding(
            "wrong_delimiter",
            line=line,
            expected=_spelled(best),
            detail=f"declared is {_spelled(declared)}; {_spelled(best)} would find {delimiters[best]} of them.",
        )
    return without_header(wanted, {"line": line, "fields": len(header)})


def without_header(wanted: Sequence[str], facts: Mapping[str, int | str | bool]) -> FileFinding:
    """The finding for a file whose first line holds no column names; `facts` are numbers only, and quote nobody."""
    fields = facts.get("fields")
    cells = f"{fields} cell{'s' * (fields != 1)} of another kind" if fields else "nothing but blank cells"
    there = f", and the names stand in line {facts['header_at']}" if "header_at" in facts else ""
    return FileFinding(
        "no_header",
        line=int(facts.get("line", 1)),
        expected=_listed(wanted, "expected column"),
        detail=f"it has {cells}{there}.",
    )


def unread_columns(header: Sequence[str], known: Sequence[str]) -> list[str]:
    """Names in the header that no export of the file uses."""
    names, there = {same_name(name) for name in known}, locate(header, known)
    used = {there[name] for name in names if name in there}
    named = ((at, same_name(name)) for at, name in enumerate(header))
    return [name for at, name in named if name and name not in names and at not in used]


def fits(header: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether all wanted columns stand in the header."""
    there = locate(header, wanted)
    return all(same_name(name) in there for name in wanted)


def of_another_site(finding: FileFinding) -> FileFinding:
    """A rejection, with the hint that the columns are another site's. Which site is not told: sites do not see each
    other.
    """
    if finding.code not in OF_ANOTHER_SITE:
        return finding
    hint = "All columns of another site's export stand in it: was the file put into the wrong folder?"
    return replace(finding, detail=f"{finding.detail} {hint}")


def _instead(lacking: Sequence[str], header: Sequence[str], known: Sequence[str]) -> str:
    spare = unread_columns(header, known)
    pairs = []
    for name in lacking[:_MOST_NAMES]:
        by_fold = {other.casefold(): other for other in spare}
        near = difflib.get_close_matches(name.casefold(), list(by_fold), n=1, cutoff=0.6)
        if near:
            pairs.append(f"{by_fold[near[0]]!r} may be {name!r}")
    found = f"Found instead: {_listed(spare)}." if spare else "Nothing stands in its place."
    return " ".join([found, *(f"Perhaps {pair}." for pair in pairs)])


def _listed(names: Sequence[str], noun: str = "") -> str:
    quoted = ", ".join(repr(name[:60]) for name in names[:_MOST_NAMES])
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    plural = f"{noun}{'s' if len(names) > 1 else ''} " if noun else ""
    return f"{plural}{quoted}{more}"


def listed(names: Sequence[str]) -> str:
    """Names for a message, quoted, not more than a dozen."""
    return _listed(names)


def _spelled(mark: str) -> str:
    return {"\t": "a tab", ";": "a semicolon", ",": "a comma", "|": "a bar", " ": "a space"}.get(mark, repr(mark))
