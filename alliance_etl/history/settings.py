"""The settings of a study that change numbers, by a list of what may leave it.

Not in it, since they may hold ids, names, addresses or secrets: where drops come from, who is notified, values of
skip_rows, and names of columns and files, which are clinics' own words.
"""

from typing import Any

from alliance_etl.study.model import Study

_EXPORT = ("instrument", "rater_role", "date_format", "response", "reversed_at_source", "missing", "labels", "layout")


def settings_of(study: Study) -> dict[str, Any]:
    """As plain data: scoring, alerts, expectations, fitness, crosswalks; per site and export what recodes answers."""
    plain = study.model_dump(mode="json")
    return {
        **{name: plain[name] for name in ("slug", "title", "timezone", "scoring", "alerts", "expects", "fitness")},
        "crosswalks": [name.rpartition("/")[2] for name in study.crosswalks],
        "sites": {
            name: {
                "title": site["title"],
                "timezone": site["timezone"],
                "exports": {export: _export(told) for export, told in site["exports"].items()},
            }
            for name, site in plain["sites"].items()
        },
    }


def _export(told: dict[str, Any]) -> dict[str, Any]:
    kept = {name: told[name] for name in _EXPORT if told.get(name) not in (None, {}, [], ())}
    if isinstance(kept.get("layout"), dict):
        kept["layout"] = "long"
    return {**kept, "rows_skipped_by": len(told.get("skip_rows") or {})}
