"""The registry as tables: instruments, items, scales, mapping. Rows are plain dicts in the declared columns."""

from collections.abc import Callable, Mapping
from typing import Any

from alliance_etl.instruments.model import Instrument

Rows = list[dict[str, Any]]


def instrument_rows(registry: Mapping[str, Instrument], origin: Callable[[str], str]) -> Rows:
    return [
        {
            "instrument": instrument.id,
            "family": instrument.family,
            "name": instrument.name,
            "status": instrument.status,
            "kind": instrument.kind,
            "higher_is": instrument.higher_is,
            "rater_roles": ", ".join(instrument.rater_roles),
            "n_items": instrument.n_items,
            "response_min": instrument.response.min if instrument.response else None,
            "response_max": instrument.response.max if instrument.response else None,
            "response_step": instrument.response.step if instrument.response else None,
            "rule": instrument.known_rule,
            "missing_rule": instrument.missing_rule,
            "warning": instrument.warning,
            "doi": instrument.doi,
            "origin": origin(instrument.id),
        }
        for instrument in registry.values()
    ]


def item_rows(registry: Mapping[str, Instrument]) -> Rows:
    return [
        {
            "instrument": instrument.id,
            "item": item,
            "reversed": None if instrument.reversed_items is None else item in instrument.reversed_items,
            "scales": ", ".join(
                name for name, scale in instrument.scales.items() if item in scale.items and name != "total"
            )
            or None,
            "label": instrument.item_labels.get(item),
        }
        for instrument in registry.values()
        for item in instrument.item_numbers
    ]


def scale_rows(registry: Mapping[str, Instrument]) -> Rows:
    return [
        {
            "instrument": instrument.id,
            "scale": name,
            "items": ", ".join(map(str, scale.items)),
            "n_items": len(scale.items),
            "rule": instrument.scale_rule(name),
            "score_min": instrument.score_range(name)[0] if instrument.response else None,
            "score_max": instrument.score_range(name)[1] if instrument.response else None,
        }
        for instrument in registry.values()
        for name, scale in instrument.scales.items()
    ]


def mapping_rows(registry: Mapping[str, Instrument], c_grade: Callable[[str], bool]) -> Rows:
    rows = []
    for instrument in registry.values():
        estimated = instrument.estimated(c_grade=c_grade(instrument.id))
        for line in instrument.mapping:
            items = instrument.mapped_items(line)
            rows.append(
                {
                    "instrument": instrument.id,
                    "component": line.component,
                    "grade": line.grade,
                    "source": line.what or ", ".join(line.scales) or None,
                    "items": ", ".join(map(str, items)) or None,
                    "n_items": len(items) or None,
                    "estimated": line in estimated and not instrument.missing_facts(),
                    "reason": line.reason or _reason(instrument, line.grade, needs_key=line.needs_key),
                    "caveat": line.caveat,
                }
            )
    return rows


def _reason(instrument: Instrument, grade: str | None, *, needs_key: bool) -> str | None:
    if needs_key or instrument.missing_facts():
        return "the items behind it are not known; the study must supply the key"
    return {
        "A": "by design of the instrument",
        "B": "published empirical evidence",
        "C": "by content only; off unless asked for",
    }.get(grade or "")
