"""The rule behind one number of one form, in words: what `trace` says beside it. Looks nothing up."""

from collections.abc import Sequence

from alliance_etl.instruments.model import Mapped
from alliance_etl.intake.answers import parse_answer
from alliance_etl.intake.plan import Plan
from alliance_etl.publication.scored import Scoring


def identity_rule(plan: Plan, name: str) -> str:
    """How the session, its date or a pseudonym was read."""
    if name == "session":
        return "as in the file"
    if name == "session_date":
        return f"read as {plan.export.date_format}" if plan.export.date_format else "read as an ISO 8601 date"
    return "pseudonym of the id in this cell, by the study's key"


def answer_rule(plan: Plan, item: int, raw: str | None) -> str:
    """From what stands in the file to the answer and, where the key reverses the item, to the keyed answer."""
    parsed = parse_answer(raw or "", plan.answer_rule)
    if parsed.reason is not None:
        return "no answer" if not (raw or "").strip() else f"a code that study.yaml declares as {parsed.reason}"
    own, there = plan.own, plan.in_file
    steps = []
    if parsed.labelled is not None:
        steps.append(f"a label that stands for {parsed.labelled:g}")
    elif (own.min, own.max) != (there.min, there.max):
        steps.append(f"recoded from {there.min:g}..{there.max:g} to {own.min:g}..{own.max:g}")
    if item in plan.export.reversed_at_source:
        steps.append("turned back, since the site had reversed it")
    if item in (plan.instrument.reversed_items or ()):
        steps.append(f"keyed = {own.min + own.max:g} - value")
    return "; ".join(steps) or "as answered"


def score_rule(scoring: Scoring, scale: str, n_answered: int | None, score: float | None) -> str:
    """The instrument's own rule for a scale, and what became of it where items are missing."""
    rule, items = scoring.instrument.scale_rule(scale), scoring.instrument.scales[scale].items
    named = f"{rule} of keyed items {_listed(items)}"
    if score is None:
        return f"{named}; {_too_few(scoring, n_answered, len(items))}"
    if n_answered is not None and n_answered < len(items):
        prorated = f"{len(items)} x mean" if rule == "sum" else "mean"
        return f"{named}; prorated: {prorated} of the {n_answered} that are answered"
    return f"{named}; all are answered"


def given_rule(plan: Plan, scale: str) -> str:
    """The same for a score that the site delivers instead of answers."""
    (low, high), (own_low, own_high) = plan.score_range_in_file(scale), plan.instrument.score_range(scale)
    same = (low, high) == (own_low, own_high)
    recoding = "" if same else f"; recoded from {low:g}..{high:g} to {own_low:g}..{own_high:g}"
    return f"as the site delivered it{recoding}"


def component_rule(scoring: Scoring, line: Mapped, n_answered: int | None, pomp: float | None) -> str:
    """Percent of maximum possible of the items behind a component."""
    if n_answered is None:
        return "100 (delivered score - lowest possible) / (highest - lowest possible)"
    own, items = scoring.instrument.response, scoring.instrument.mapped_items(line)
    assert own is not None
    rule = f"100 (mean of keyed items {_listed(items)} - {own.min:g}) / {own.max - own.min:g}"
    if pomp is None:
        return f"{rule}; {_too_few(scoring, n_answered, len(items))}"
    return rule if n_answered == len(items) else f"{rule}; {n_answered} of the {len(items)} are answered"


def _too_few(scoring: Scoring, n_answered: int | None, n_items: int) -> str:
    return f"no number: {n_answered or 0} of {n_items} answered, {100 * scoring.min_answered:g} % asked for"


def _listed(items: Sequence[int]) -> str:
    return ", ".join(map(str, items))
