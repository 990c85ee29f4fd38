"""What an instrument is: its items, response range, key, scales and mapping onto Bordin's components.

One pydantic model, read from one YAML file per instrument (schemas/instruments/*.yaml, or a study's own
instruments/ folder). Facts only; how answers are scored from them is alliance_etl.scoring.
"""

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from alliance_etl.errors import KeyNeeded
from alliance_etl.faults import refuse
from alliance_etl.instruments import faults

RaterRole = Literal["client", "therapist", "observer", "caregiver", "child", "other"]
Component = Literal["goal", "task", "bond", "goal_task", "overall"]
Grade = Literal["A", "B", "C"]
Rule = Literal["sum", "mean"]
Status = Literal["built_in", "provisional", "key_needed"]
Confidence = Literal[
    "verified", "derived", "analogy", "memory_high", "memory_mid", "memory_low", "conflict", "unknown", "study"
]

Kind = Literal["alliance", "outcome"]
HigherIs = Literal["better", "worse"]

COMPONENTS: tuple[Component, ...] = ("goal", "task", "bond", "goal_task", "overall")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Response(_Strict):
    """The answers that the instrument offers: from min to max, in steps (None: any value between)."""

    min: float
    """The lowest answer."""
    max: float
    """The highest answer."""
    step: float | None = None
    """The distance of two neighbouring answers; left out where no source states it."""
    kind: Literal["ordinal", "visual_analogue"] = "ordinal"
    """Ticked categories, or a mark on a line."""
    anchors: tuple[str, ...] = ()
    """The labels of the answers, lowest first, one per step."""
    note: str | None = None

    @property
    def whole_steps(self) -> bool:
        """True where only whole numbers are answers; a visual analogue scale is read to the ruler's precision."""
        return self.kind == "ordinal" and self.step is not None and self.step == int(self.step)


class Scale(_Strict):
    """A scored scale: its items (1-based numbers) and, where it differs from the instrument's, its rule."""

    items: tuple[int, ...]
    """Item numbers as printed on the form, each once."""
    rule: Rule | None = None
    """sum or mean, where it differs from the instrument's."""
    note: str | None = None


class Mapped(_Strict):
    """One line of the mapping: a component and the items behind it, or `none` and the reason.

    `scales` names scales of the same instrument, `items` lists items; a line has one of them, or neither where the
    items are not known. With `needs_key` it may name scales that nobody has listed the items of yet; the mark falls
    away when a study defines them all.
    """

    component: Component | Literal["none"]
    """What is estimated from these items; none: nothing, for the reason given."""
    scales: tuple[str, ...] = ()
    items: tuple[int, ...] = ()
    what: str | None = None
    """What the items are, in words, where no scale's name says it."""
    grade: Grade | None = None
    """A by design of the form, B supported by published data, C by content only."""
    reason: str | None = None
    caveat: str | None = None
    sources: tuple[str, ...] = ()
    needs_key: bool = False
    """The items are not known: nothing is estimated until a study supplies them."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        refuse(faults.of_mapped(self))
        return self


class Evidence(_Strict):
    """How sure a fact is and who says so (ids of schemas/sources.yaml).

    `verified`: seen in a source that was read; `derived`: follows from verified facts; `analogy`: taken over from a
    parallel form; `memory_high`, `memory_mid`, `memory_low`: general knowledge that no source at hand confirms, from
    hardly doubted to unfit for use; `conflict`: sources disagree; `unknown`: not found, or stated without a source;
    `study`: declared by the study that supplies the key.
    """

    confidence: Confidence
    sources: tuple[str, ...] = ()
    note: str | None = None


class Source(_Strict):
    """A source of facts, as schemas/sources.yaml lists it."""

    what: str
    kind: str
    licence: str | None = None


class Conflict(_Strict):
    """A known disagreement of sources: two readings, and which one this project follows."""

    what: str
    a: str
    b: str
    effect: str | None = None
    verdict: str | None = None
    sources: tuple[str, ...] = ()


class Instrument(_Strict):
    """A questionnaire as the registry knows it."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    """The name that study.yaml uses: small letters, digits and underscores."""
    family: str
    name: str
    status: Status
    """built_in: the key was seen in a source; provisional: by analogy, results carry the warning; key_needed: facts
    only, scoring refuses until the study supplies the key."""
    warning: str | None = None
    """A sentence that travels with every result of a provisional form."""
    kind: Kind = "alliance"
    """outcome: how the client is; such a form is a guest, and never enters goals, tasks or bond."""
    higher_is: HigherIs | None = None
    """Of an outcome measure: whether a higher score means that the client is better, or worse."""
    rater_roles: tuple[RaterRole, ...]
    n_items: int | None = Field(default=None, ge=1)
    response: Response | None = None
    """The answers that the form offers; left out where no source states them."""
    reversed_items: tuple[int, ...] | None = None
    """Items that count the other way round; [] means none, left out means not known."""
    rule: Rule = "sum"
    rule_note: str | None = None
    scales: Mapping[str, Scale] = {}
    """Scored scales; `total` is one of them where the form has a total."""
    missing_rule: str = "all items required: this project's default, no rule is published"
    mapping: tuple[Mapped, ...] = ()
    """What the form says about goal, task, bond, goal_task and overall, one line each, and what stays unmapped."""
    item_labels: Mapping[int, str] = {}
    """Neutral words for an item's content, never its wording."""
    wai36_items: Mapping[int, int] = {}
    """For forms shortened from the WAI-36: item number here -> item number of the WAI-36."""
    evidence: Mapping[str, Evidence] = {}
    """Fact (a key of this file, or a word) -> how sure it is and who says so."""
    doi: str | None = None
    citation: str | None = None
    norms: tuple[Mapping[str, Any], ...] = ()
    """Published samples, reliabilities and cut-offs, as far as they were found; nothing is scored by them."""
    hazards: tuple[str, ...] = ()
    """What goes wrong in practice with this form's data."""
    conflicts: tuple[str, ...] = ()
    """Ids of schemas/conflicts.yaml."""
    notes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        refuse(faults.of_instrument(self))
        return self

    @property
    def in_wai36(self) -> Mapping[int, int]:
        """Item number here -> item number of the WAI-36, also for the WAI-36 itself; empty where there are none."""
        if self.id.startswith("wai36_"):
            return {item: item for item in self.item_numbers}
        return self.wai36_items

    @property
    def item_numbers(self) -> range:
        """1 to n_items."""
        return range(1, (self.n_items or 0) + 1)

    def missing_facts(self) -> list[str]:
        """What stands between this instrument and a score, in words; empty where it can be scored."""
        facts = {
            "the number of items": self.n_items is None,
            "the response range": self.response is None,
            "the reversed items": self.reversed_items is None,
            "the items of its scales": not self.scales,
        }
        return [what for what, is_missing in facts.items() if is_missing]

    def require_key(self) -> None:
        """Raise KeyNeeded where this instrument cannot be scored without guessing."""
        if self.status == "key_needed" or self.missing_facts():
            raise KeyNeeded(self.id, self.missing_facts() or ["its key"])

    @property
    def known_rule(self) -> Rule | None:
        """The rule that its scales follow, or None where no scale is known: what a file leaves out is no fact."""
        return self.rule if self.scales else None

    def scale_rule(self, scale: str) -> Rule:
        return self.scales[scale].rule or self.rule

    def score_range(self, scale: str) -> tuple[float, float]:
        """Lowest and highest possible native score of a scale."""
        assert self.response is not None
        size = len(self.scales[scale].items) if self.scale_rule(scale) == "sum" else 1
        return self.response.min * size, self.response.max * size

    def mapped_items(self, line: Mapped) -> tuple[int, ...]:
        """The item numbers behind a line of the mapping, ascending, each once."""
        of_scales = (item for scale in line.scales if scale in self.scales for item in self.scales[scale].items)
        return tuple(sorted({*line.items, *of_scales}))

    def same_scale(self, line: Mapped) -> str | None:
        """The scale with just the items of a line of the mapping, if there is one."""
        if len(line.scales) == 1 and not line.items:
            return line.scales[0]
        items = self.mapped_items(line)
        return next((name for name, scale in self.scales.items() if tuple(sorted(scale.items)) == items), None)

    def estimated(self, *, c_grade: bool = False) -> tuple[Mapped, ...]:
        """The components that are estimated: known items, grade A or B, and C where the study asks for it."""
        wanted = ("A", "B", "C") if c_grade else ("A", "B")
        return tuple(
            line
            for line in self.mapping
            if line.component != "none" and line.grade in wanted and not line.needs_key and self.mapped_items(line)
        )
