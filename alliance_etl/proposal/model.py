"""What a proposal is made of: what has been found and why, what is left open, and what a person has answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Entry = dict[str, Any]
"""An export as study.yaml has it: key → value, in the order in which they are written."""

NONE = "none"
"""The answer that there is no such column."""

FLAGS = {
    "site": "--site",
    "items": "--items",
    "instrument": "--instrument",
    "participant": "--participant",
    "session": "--session",
    "date": "--date",
    "date_format": "--date-format",
    "therapist": "--therapist",
    "rater": "--rater",
    "range": "--range",
    "labels": "--labels",
    "reversed": "--reversed-at-source",
    "export": "--export",
    "files": "--files",
    "sheet": "--sheet",
    "preset": "--preset",
}
"""What a doubt is about → the option that answers it."""


SHARED = ("files", "missing")


@dataclass(frozen=True)
class Choice:
    """One possible answer, and what speaks for it."""

    value: str
    why: str = ""


@dataclass(frozen=True)
class Doubt:
    """What the file's evidence does not decide. `of` numbers the form (0-based) where several are in the file."""

    about: str
    asks: str
    choices: tuple[Choice, ...] = ()
    of: int | None = None

    @property
    def flag(self) -> str:
        return FLAGS[self.about]

    @property
    def shown(self) -> str:
        """The option with an answer that could be given."""
        value = self.choices[0].value if self.choices else "…"
        is_word = value.replace("_", "").isalnum()
        return f"{self.flag} {value}" if is_word else f'{self.flag} "{value}"'


@dataclass(frozen=True)
class Reason:
    """One thing that was decided: key of study.yaml, and why."""

    key: str
    value: str
    why: str


@dataclass
class Answers:
    """What a person has said, by options or in the dialogue: for the whole file, and per form in the file's order.
    What is in SHARED holds for all forms where it is said once.

    `instruments` are not tied to a form yet: each goes to the first one with so many items.
    """

    whole: dict[str, str] = field(default_factory=dict)
    instruments: tuple[str, ...] = ()
    per_form: dict[str, list[str]] = field(default_factory=dict)

    def of(self, about: str, form: int | None = None) -> str | None:
        """The answer to a doubt, None where there is none."""
        given = self.per_form.get(about, [])
        if form is None or not given:
            return self.whole.get(about)
        if len(given) == 1 and about in SHARED:
            return given[0]
        return (given[form] or None) if form < len(given) else None

    def give(self, doubt: Doubt, value: str) -> None:
        if doubt.of is None:
            self.whole[doubt.about] = value
            return
        given = self.per_form.setdefault(doubt.about, [])
        given.extend([""] * (doubt.of + 1 - len(given)))
        given[doubt.of] = value


@dataclass(frozen=True)
class Draft:
    """One export as proposed; complete only where the proposal has no doubts."""

    name: str
    entry: Mapping[str, Any]
    reasons: tuple[Reason, ...]
    remarks: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    """The items' columns."""


@dataclass(frozen=True)
class Proposal:
    """All that the file gives reason to write, what is open, and what a person should know."""

    file: str
    drafts: tuple[Draft, ...]
    doubts: tuple[Doubt, ...]
    remarks: tuple[str, ...] = ()
