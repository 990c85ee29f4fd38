"""Write docs/instruments.md, the registry as a page for people, from schemas/*.yaml.

Derived; run it after changing an instrument, a source or a conflict (a test says when it is stale):

    python -m scripts.make_instrument_pages
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from alliance_etl.deployment import deployment_root
from alliance_etl.instruments.model import COMPONENTS, Instrument, Mapped
from alliance_etl.instruments.registry import Registry, load_registry

STATUS_WORDS = {"built_in": "built in", "provisional": "provisional", "key_needed": "key needed"}
INTRODUCTION = """\
# Instruments

<!-- Written by `python -m scripts.make_instrument_pages` from schemas/*.yaml: change those, not this page. -->

Every questionnaire that the registry knows, with what could be verified about it. No item wording is stored here or
anywhere else in this project: questionnaires are licensed, and an item is known by its number.

**Status.** *Built in*: the key was seen in a source. *Provisional*: the key is taken over from a parallel form or from
general knowledge, and a warning travels with every result. *Key needed*: what is known is listed, and scoring refuses
until the study supplies the rest.

**Grade** of a component: *A* by design of the form, *B* supported by published data, *C* by content only (estimated
only where the study asks for it). *needs key*: the items are not known.

**Confidence** of a fact: *verified* (seen in a source that was read), *derived* (follows from verified facts),
*analogy* (taken over from a parallel form), *memory_high*, *memory_mid*, *memory_low* (general knowledge that no source
at hand confirms, from hardly doubted to unfit for use), *conflict* (sources disagree), *unknown* (not found, or stated
without a source), *study* (declared by a study).

No rule for missing answers is published for any form of the alliance. All items are required unless a study sets
`min_answered`.

**Outcome measures** (`kind: outcome`) are guests: PHQ-9, PHQ-2, GAD-7, GAD-2, CORE-OM, CORE-10, K10, ORS and WHO-5, all
free to score. Their
forms are taken in, held, corrected and scored like any other; `higher_is` says which way their scores go. They have no
mapping, are linked to nothing, and never enter goals, tasks or bond. The view `alliance_outcome` puts both of one
session side by side. This software alerts nobody to what a client answers: a clinic needs a way of its own for that.

## Completing a form, or adding one

A file in the study's `instruments/` folder with the id of a known form completes it: the keys that it gives replace the
built-in ones, mappings key by key, lists as a whole. `status: built_in` says that the study answers for the key. A line
of the mapping that waited for a scale is estimated once the scale is there.

```yaml
# instruments/wai_b3.yaml beside study.yaml
id: wai_b3
response: {min: 1, max: 5, step: 1}
evidence:
  response: {confidence: study, note: as printed on the form that our sites use}
```

Any other id adds a form; the files in `schemas/instruments/` show how one is written, and
[instrument.schema.json](../schemas/instrument.schema.json) lets an editor complete and check it.
"""


def page(registry: Registry) -> str:
    """The whole page as Markdown."""
    blocks = [INTRODUCTION, "## All forms\n", *_overview(registry)]
    for instrument in registry.values():
        blocks += [f"## {instrument.id}\n", *_instrument(instrument)]
    blocks += ["## Known conflicts of sources\n", *_conflicts(registry), "## Sources\n", *_sources(registry)]
    return "\n".join(blocks).rstrip() + "\n"


def page_file() -> Path:
    return deployment_root() / "docs" / "instruments.md"


def _overview(registry: Registry) -> Iterator[str]:
    yield from _table(
        ["form", "name", "raters", "items", "answers", "status", "components (grade)"],
        (
            [
                f"[{one.id}](#{one.id})",
                one.name,
                ", ".join(one.rater_roles),
                one.n_items or "",
                _range(one),
                STATUS_WORDS[one.status],
                ", ".join(f"{line.component} ({line.grade})" for line in _estimated(one)),
            ]
            for one in registry.values()
        ),
    )


def _estimated(one: Instrument) -> tuple[Mapped, ...]:
    return () if one.status == "key_needed" else one.estimated(c_grade=True)


def _instrument(one: Instrument) -> Iterator[str]:
    yield f"{one.name}. {STATUS_WORDS[one.status].capitalize()}; filled in by {', '.join(one.rater_roles)}.\n"
    if one.warning:
        yield f"**Warning:** {one.warning}\n"
    if one.missing_facts():
        yield f"**Not known:** {', '.join(one.missing_facts())}.\n"
    yield from _facts(one)
    yield from _scales(one)
    yield from _mapping(one)
    yield from _table(
        ["fact", "confidence", "sources", "note"],
        ([fact, each.confidence, ", ".join(each.sources), each.note] for fact, each in one.evidence.items()),
    )
    yield from _list("Published values", [_norm(norm) for norm in one.norms])
    yield from _list("Hazards", one.hazards)
    yield from _list("Notes", one.notes)


def _facts(one: Instrument) -> Iterator[str]:
    reversed_items = None if one.reversed_items is None else _numbers(one.reversed_items) or "none"
    pairs = {
        "Kind": "outcome measure" if one.kind == "outcome" else None,
        "A higher score is": one.higher_is,
        "Items": one.n_items,
        "Answers": _range(one, in_full=True),
        "Reversed items": reversed_items,
        "Rule": ": ".join(filter(None, ["" if one.rule_note and not one.scales else one.rule, one.rule_note])),
        "Item subjects": "; ".join(f"{item} {label}" for item, label in one.item_labels.items()),
        "Items of the WAI-36": ", ".join(f"{here} is {there}" for here, there in one.wai36_items.items()),
        "Missing answers": one.missing_rule if one.kind == "outcome" else None,
        "DOI": one.doi and f"<https://doi.org/{one.doi}>",
        "Citation": one.citation,
        "Conflicts": ", ".join(one.conflicts),
    }
    yield from (f"- {name}: {value}" for name, value in pairs.items() if value)
    yield ""


def _scales(one: Instrument) -> Iterator[str]:
    def score_range(scale: str) -> str:
        return "{:g} to {:g}".format(*one.score_range(scale)) if one.response else ""

    yield from _table(
        ["scale", "items", "rule", "score"],
        ([name, _numbers(scale.items), one.scale_rule(name), score_range(name)] for name, scale in one.scales.items()),
    )


def _mapping(one: Instrument) -> Iterator[str]:
    order = (*COMPONENTS, "none")
    yield from _table(
        ["component", "from", "grade", "why, and what to mind", "sources"],
        (
            [
                line.component,
                _behind(line),
                f"{line.grade or ''}{', needs key' if line.needs_key and line.grade else ''}",
                "; ".join(filter(None, [line.reason, line.caveat])),
                ", ".join(line.sources),
            ]
            for line in sorted(one.mapping, key=lambda line: order.index(line.component))
        ),
    )


def _behind(line: Mapped) -> str:
    if line.items:
        return f"item{'s' * (len(line.items) > 1)} {_numbers(line.items)}"
    return ", ".join(line.scales) or line.what or ""


def _conflicts(registry: Registry) -> Iterator[str]:
    for name, conflict in registry.conflicts.items():
        yield f"- **{name}** {conflict.what}. *a:* {conflict.a}. *b:* {conflict.b}."
        yield from (
            f"  {part}." for part in (conflict.effect, conflict.verdict and f"Verdict: {conflict.verdict}") if part
        )
        yield f"  ({', '.join(conflict.sources)})"
    yield ""


def _sources(registry: Registry) -> Iterator[str]:
    yield from _table(
        ["id", "what", "kind", "licence"],
        ([name, source.what, source.kind, source.licence] for name, source in registry.sources.items()),
    )


def _range(one: Instrument, *, in_full: bool = False) -> str:
    if one.response is None:
        return ""
    response = one.response
    short = f"{response.min:g} to {response.max:g}"
    if not in_full:
        return short
    step = f", in steps of {response.step:g}" if response.step else ", steps not stated"
    kind = ", a mark on a line" if response.kind == "visual_analogue" else ""
    labels = f" ({', '.join(response.anchors)})" if response.anchors else ""
    return f"{short}{step}{kind}{labels}{f'; {response.note}' if response.note else ''}"


def _norm(norm: Mapping[str, Any]) -> str:
    return "; ".join(
        f"{key}: {', '.join(value) if isinstance(value, list) else str(value).replace('_', ' ')}"
        for key, value in norm.items()
    )


def _numbers(items: Iterable[int]) -> str:
    return ", ".join(map(str, items))


def _list(title: str, entries: Iterable[str]) -> Iterator[str]:
    lines = [f"- {entry}" for entry in entries]
    if lines:
        yield from (f"{title}:\n", *lines, "")


def _table(header: list[str], rows: Iterable[list[Any]]) -> Iterator[str]:
    """A Markdown table with an empty line behind it; nothing where there are no rows."""
    lines = ["| " + " | ".join(_cell(value) for value in row) + " |" for row in rows]
    if lines:
        yield "| " + " | ".join(header) + " |"
        yield "|" + " --- |" * len(header)
        yield from (*lines, "")


def _cell(value: Any) -> str:
    return "" if value is None else str(value).replace("|", "\\|")


if __name__ == "__main__":
    page_file().write_text(page(load_registry()), encoding="utf-8")
