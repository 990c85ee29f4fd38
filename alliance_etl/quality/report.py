"""The quality report as files: quality.json for programs, suites.json for Great Expectations' own users, and a page
that reads well without internet.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from alliance_etl.pages.template import template
from alliance_etl.quality.model import Outcome, Report, Result, Suite, report_from
from alliance_etl.state.layout import Layout, written_whole
from alliance_etl.study.model import Study

_TROUBLES: tuple[tuple[Outcome, str], ...] = (("failed", "do not hold"), ("error", "could not be checked"))
_WORDS = {
    "passed": "Everything that was expected of this publication holds.",
    "not_applicable": "There was nothing to check yet.",
}


def folder_of(layout: Layout) -> Path:
    return layout.reports / "quality"


def last_report(layout: Layout) -> Report | None:
    """The last report that was made; None where there is none."""
    file = folder_of(layout) / "quality.json"
    return report_from(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else None


def write_report(report: Report, suites: Sequence[Suite], study: Study, layout: Layout) -> Path:
    """Write all of it; the page."""
    folder = folder_of(layout)
    written = {
        "suites.json": _json([asdict(suite) | {"paths": [Path(p).name for p in suite.paths]} for suite in suites]),
        "index.html": page(report, study),
        "quality.json": _json(report.as_dict()),  # the last: who finds it finds the page, too
    }
    for name, text in written.items():
        with written_whole(folder / name) as draft:
            draft.write_text(text, encoding="utf-8")
    return folder / "index.html"


def page(report: Report, study: Study) -> str:
    """The page's HTML."""
    about: dict[str, list[Result]] = {}
    for result in report.results:
        about.setdefault(result.about, []).append(result)
    troubles = [result for result in report.results if result.outcome in ("error", "failed")]
    counts = report.counts()
    return template("alliance_etl.quality", "quality.html.j2").render(
        report=report,
        study=study,
        counts=counts,
        verdict=verdict(report),
        tone={"passed": "good", "not_applicable": "held", "failed": "held", "error": "bad"}[report.outcome],
        troubles=troubles,
        tables=sorted(about.items()),
        made=f"{datetime.fromisoformat(report.made_at).astimezone(ZoneInfo(study.timezone)):%a %d %b %Y, %H:%M}",
        worst=lambda results: Report("", "", results).outcome,
    )


def verdict(report: Report) -> str:
    """The report in a sentence."""
    if report.trouble:
        return f"The publication could not be checked: {report.trouble}. That is no pass."
    counts = report.counts()
    if report.outcome in _WORDS:
        return _WORDS[report.outcome]
    parts = [
        f"{counts[outcome]} of {len(report.results)} expectations {words}"
        for outcome, words in _TROUBLES
        if counts[outcome]
    ]
    return f"{'; '.join(parts)}."


def _json(document: Any) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False, default=str) + "\n"
