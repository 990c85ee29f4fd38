"""night.html: the morning on one page that needs nothing else. What is said stands in night.html.j2."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alliance_etl.morning.plots import Mark, line, spark, stacked
from alliance_etl.morning.told import Morning, SiteMorning
from alliance_etl.morning.words import OUTCOMES, totals, verdict
from alliance_etl.pages.template import counted, template
from alliance_etl.quality.report import verdict as quality_verdict
from alliance_etl.state.layout import Layout, written_whole
from alliance_etl.state.nights import NightEntry

if TYPE_CHECKING:
    from jinja2 import Template

MOST_CAUSES, MOST_FILES = 5, 50
_SPARKS = 10
# The stages of a night as a plot shows them; what is in none of these is `checks and other`.
_STAGES = {"news": "looking", "intake": "intake", "scoring": "scoring", "publication": "publication"}
_OTHER = "checks and other"


def write_page(morning: Morning, layout: Layout) -> None:
    """Write the page, whole or not at all. OSError."""
    for left in layout.reports.glob(f".{layout.night_page.name}.*.tmp"):  # by a run that was killed
        left.unlink()
    with written_whole(layout.night_page, durable=False) as draft:
        draft.write_text(page(morning, layout.reports), encoding="utf-8")


def page(morning: Morning, folder: Path) -> str:
    """The page as it stands in `folder`, from where receipts are linked."""
    return _template().render(
        morning=morning,
        night=morning.night,
        verdict=verdict(morning.since, morning.study.sites),
        tone=_tone(morning),
        quality=quality_verdict(morning.quality) if morning.quality else None,
        outcome=lambda night: OUTCOMES[night.outcome or "running"],
        when=lambda moment: f"{morning.local(moment):%a %d %b %Y, %H:%M}",
        day=lambda moment: f"{morning.local(moment):%d %b %Y}",
        totals=totals(morning.since, morning.study.sites),
        changes=_changes(morning),
        plots=_plots(morning),
        spark=lambda site: _spark(morning, site),
        stages=_stages_of,
        stage_names=[*_STAGES.values(), _OTHER],
        most=MOST_CAUSES,
        most_files=MOST_FILES,
        receipt=lambda drop_id, site: _receipt(morning, folder, site, drop_id),
    )


def _tone(morning: Morning) -> str:
    if morning.night.outcome in ("failed", "broken_off"):
        return "bad"
    return "held" if morning.to_do else "good"


def _changes(morning: Morning) -> list[dict[str, Any]]:
    """Per site and instrument what is new or changed since the night before, and how many forms there are now."""
    before = morning.since.before
    rows = []
    for site in morning.sites:
        then = before.sites.get(site.name) if before else None
        for name, forms in site.night.instruments.items():
            had = then.instruments.get(name) if then else None
            gained = forms.forms - (had.forms if had else 0) if before else None
            if forms.new or forms.changed or gained:
                rows.append({"site": site, "instrument": name, "forms": forms, "more": gained})
    return rows


def _plots(morning: Morning) -> dict[str, Any]:
    nights = _known([night for night in morning.drawn if night.outcome not in (None, "broken_off", "partial")])
    if not nights:
        return {}
    marks = [Mark(f"{morning.local(night.started_at):%d %b %H:%M}", night.outcome != "failed") for night in nights]
    stages = [_stages_of(night) for night in nights]
    parts = {name: [costs[name] for costs in stages] for name in (*_STAGES.values(), _OTHER)}
    held = [float(night.waiting) for night in nights]
    return {
        "Forms": line("Current forms", marks, [float(n.forms) for n in nights], "forms"),
        "Held rows that wait": stacked("Held rows that wait", marks, {"held": held}, "rows"),
        "Seconds per stage": stacked("Seconds per stage", marks, parts, "seconds"),
    }


def _known(nights: Sequence[NightEntry]) -> list[NightEntry]:
    """The nights from the first that tells of sites; what one that could not open does not tell is as before."""
    known: list[NightEntry] = []
    for night in nights:
        if night.sites or known:
            known.append(night if night.sites else replace(night, sites=known[-1].sites))
    return known


def _stages_of(night: NightEntry) -> Mapping[str, float]:
    """The seconds of a night by the stages that are drawn."""
    seconds = dict.fromkeys((*_STAGES.values(), _OTHER), 0.0)
    for name, cost in night.stages.items():
        seconds[_STAGES.get(name, _OTHER)] += cost.seconds
    return seconds


def _spark(morning: Morning, site: SiteMorning) -> object:
    nights = [night for night in morning.drawn if site.name in night.sites][-_SPARKS:]
    values = [float(night.sites[site.name].waiting) for night in nights]
    return spark(f"Held rows of {site.name} over {counted(len(values), 'night')}", values) if any(values) else ""


def _receipt(morning: Morning, folder: Path, site: str, drop_id: str) -> str | None:
    """The link to a drop's receipt, where it is there."""
    path = Layout(morning.study.folder).receipts / site / drop_id / "receipt.html"
    return _relative(path, folder) if path.is_file() else None


def _relative(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(path, folder)).as_posix()


@cache
def _template() -> "Template":
    return template("alliance_etl.morning", "night.html.j2")
