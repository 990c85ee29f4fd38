"""What a study expects of its sites, and how much of what may be wrong with answers it bears: `expects`, `fitness` and
`sends` in study.yaml.

Judging forms by it is alliance_etl.fitness; whether a site is late, alliance_etl.status.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from alliance_etl.study.fields import Slug, wrong
from alliance_etl.study.strict import Strict

Bearable = Annotated[float, Field(ge=0, le=1)]


class SessionRule(Strict):
    """Sessions in a row: from `first` in steps of `every` to `last`."""

    first: int = Field(default=1, ge=0, description="The first session that is expected.")
    every: int = Field(default=1, ge=1, description="From one expected session to the next.")
    last: int | None = Field(default=None, ge=0, description="The last session that is expected; left out, all.")

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.last is not None and self.last < self.first:
            raise wrong(f"last is {self.last}, before first, which is {self.first}; nothing would be expected")
        return self


def _sessions(value: Any) -> Any:
    if value == "every":
        return {}
    is_rule = isinstance(value, SessionRule | Mapping)
    if not is_rule and not (isinstance(value, list | tuple) and value):
        raise wrong("expected every, a list such as [1, 3, 5], or {first: 1, every: 5, last: 40}")
    return value


def _written_as(value: Any) -> str:
    return "list" if isinstance(value, list | tuple) else "rule"


Sessions = Annotated[
    Annotated[SessionRule, Tag("rule")] | Annotated[tuple[Annotated[int, Field(ge=0)], ...], Tag("list")],
    Discriminator(_written_as),
    BeforeValidator(_sessions),
]


class Expected(Strict):
    """Which forms of an instrument are expected of every participant of a site."""

    instrument: Slug = Field(description="The instrument, by its id; who fills it in follows from it.")
    sites: tuple[Slug, ...] = Field(default=(), description="Expected at these sites; left out, at all that export it.")
    sessions: Sessions | None = Field(
        default=None,
        description="The sessions after which a form is expected: every, a list such as [1, 3, 5, 10], or "
        "{first: 1, every: 5, last: 40}. No session is expected that a participant has not come to.",
    )
    every_days: int | None = Field(
        default=None,
        ge=1,
        description="Instead, where sessions have no numbers: one form within so many days, counted from the "
        "participant's first form at the site up to the last.",
    )
    raters: int = Field(default=1, ge=1, description="How many raters' forms are expected of a session.")

    @model_validator(mode="after")
    def _one_rule(self) -> Self:
        if (self.sessions is None) == (self.every_days is None):
            raise wrong("expected either sessions or every_days, and one of them")
        return self

    def rules(self) -> Iterator[SessionRule]:
        """The expected sessions as rows of numbers; a listed session is a row by itself."""
        if isinstance(self.sessions, SessionRule):
            yield self.sessions
        for session in sorted(set(self.sessions)) if isinstance(self.sessions, tuple) else ():
            yield SessionRule(first=session, last=session)


class Sends(Strict):
    """How often a site sends."""

    every_days: int = Field(ge=1, description="Days from one drop to the next.")
    grace_days: int = Field(default=2, ge=0, description="Days more before the site is called late.")

    @property
    def late_after(self) -> int:
        """Days without a drop after which the site is late."""
        return self.every_days + self.grace_days


class Fitness(Strict):
    """How much a site or a therapist may have of what makes answers unfit for use, each as a share."""

    fewest_forms: int = Field(default=20, ge=1, description="Fewer forms are counted, but not judged.")
    items_missing: Bearable = Field(default=0.05, description="Answers that are missing, of all answers.")
    forms_unscored: Bearable = Field(default=0.10, description="Forms that have too few answers for a component.")
    straight_lining: Bearable = Field(
        default=0.05, description="Forms answered all the same though some items are reversed."
    )
    ceiling: Bearable = Field(default=0.15, description="Complete forms with the best possible answer to every item.")
    floor: Bearable = Field(default=0.15, description="Complete forms with the worst possible answer to every item.")
    sessions_missing: Bearable = Field(default=0.20, description="Forms that expects asks for and that are not there.")
