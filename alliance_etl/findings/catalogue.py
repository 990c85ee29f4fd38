"""Every finding that there is: stable code, severity, what it says, what it means and how to put it right.

The words are in kinds/*.yaml, one file per theme, and nowhere else: messages, `explain` and docs/findings/ come from
there. To add a kind, add an entry to the file of its theme. A message may name a column, what was expected and what
the cell shows; it never repeats a cell's text, which `value` carries only where the contract allows it.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

import yaml

from alliance_etl.errors import ConfigurationError

Severity = Literal["error", "alert", "warning"]
Level = Literal["file", "row", "cell"]

TOOLS = {
    "excel": "Excel",
    "redcap": "REDCap",
    "qualtrics": "Qualtrics",
    "limesurvey": "LimeSurvey",
    "spss": "SPSS",
    "fhir": "FHIR",
}
"""Where a coordinator may have to put something right, in the order of the pages."""


@dataclass(frozen=True)
class Kind:
    """One kind of finding. At `file` level an error means that the file (or the export's view of it) is rejected.

    message     what is wrong, with {expected} and {detail} filled in for each finding
    how_to_fix  the one sentence of a receipt
    means       in other words, for who does not see it at once
    example     a file or cell that has it, made up
    why         why the row is held, or is not
    fix         per program (TOOLS) what to do there
    study_yaml  what the data manager can do
    """

    code: str
    severity: Severity
    level: Level
    message: str
    how_to_fix: str
    means: str
    example: str
    why: str
    fix: Mapping[str, str]
    study_yaml: str
    theme: str


@dataclass(frozen=True)
class Theme:
    """Kinds that belong together: a file of kinds/."""

    title: str
    about: str
    kinds: tuple[Kind, ...]


_ORDER = ("file", "lines", "who_and_when", "answers", "totals", "alerts", "confirmations")


def _themes() -> dict[str, Theme]:
    folder = files(__package__) / "kinds"
    names = sorted(file.name.removesuffix(".yaml") for file in folder.iterdir() if file.name.endswith(".yaml"))
    names.sort(key=lambda name: _ORDER.index(name) if name in _ORDER else len(_ORDER))
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return {
        name: _theme(name, yaml.load((folder / f"{name}.yaml").read_text(encoding="utf-8"), loader))  # noqa: S506 - safe
        for name in names
    }


def _theme(name: str, document: Mapping[str, Any]) -> Theme:
    """What holds for all kinds of a theme, its `fix`, holds for one unless that says otherwise."""
    kinds = (
        Kind(code=code, theme=name, **{**words, "fix": {**document["fix"], **words.get("fix", {})}})
        for code, words in document["kinds"].items()
    )
    return Theme(document["title"], document["about"], tuple(kinds))


THEMES: dict[str, Theme] = _themes()
KINDS: dict[str, Kind] = {kind.code: kind for theme in THEMES.values() for kind in theme.kinds}


def kind_of(code: str) -> Kind:
    """The kind of that code, however it is spelled in a hurry; ConfigurationError that names the nearest known."""
    kind = KINDS.get(code.strip().casefold().replace("-", "_").replace(" ", "_"))
    if kind is None:
        near = difflib.get_close_matches(code.casefold(), list(KINDS), n=1, cutoff=0.0)
        raise ConfigurationError(
            f"there is no finding {code!r}; the nearest is {near[0]!r}, and `alliance-etl explain` lists all"
        )
    return kind
