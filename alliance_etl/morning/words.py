"""The morning in a few words, for the top of the page, for `status` and for notices."""

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from alliance_etl.morning.since import Since
from alliance_etl.pages.template import counted
from alliance_etl.state.nights import NightEntry
from alliance_etl.study.model import Study

OUTCOMES = {
    "published": "published",
    "unchanged": "nothing to publish",
    "partial": "only some steps",
    "failed": "failed",
    "broken_off": "broke off",
    "running": "at work",
}
"""How a night ended, in words."""


def verdict(since: Since, sites: Iterable[str]) -> str:
    """The one sentence that stands first."""
    night, brought = since.last, totals(since, sites)
    if night.outcome in ("failed", "broken_off"):
        if night.publication_number is None:
            return "The night failed, and nothing has been published yet."
        return f"The night failed. What was published before still stands (publication {night.publication_number})."
    if night.outcome == "partial":
        return "Only some steps were run; nothing was published."
    what = f"{counted(brought['files'], 'file')} came" if brought["files"] else "No file came"
    new = f", with {counted(brought['new'], 'new form')}" if brought["new"] else ""
    changed = f", {brought['changed']:,} changed" if brought["changed"] else ""
    end = "" if night.outcome == "published" else "; the publication is as it was"
    return f"The night went well: {what}{new}{changed}{end}."


def totals(since: Since, sites: Iterable[str]) -> dict[str, int]:
    """What these sites have brought together since the night before (files, and forms that are new or changed), and how
    they stand now (forms, held rows that wait, open alerts).
    """
    nights = [since.site(site) for site in sites]
    instruments = [forms for night in nights for forms in night.instruments.values()]
    return {
        "files": sum(night.files for night in nights),
        "new": sum(forms.new for forms in instruments),
        "changed": sum(forms.changed for forms in instruments),
        "forms": sum(night.forms for night in nights),
        "waiting": sum(night.waiting for night in nights),
        "alerts": sum(night.alerts for night in nights),
    }


def in_words(study: Study, night: NightEntry, since: Since | None) -> list[str]:
    """The last night in some lines: when and how it ended, why it failed, and what has changed since the one before.

    `since` is what ended nights tell; `night` may still be at work.
    """
    began = f"{night.started_at.astimezone(ZoneInfo(study.timezone)):%a %d %b %Y, %H:%M}"
    lines = []
    if night.outcome is None:
        lines.append(f"A night is at work since {began}.")
    if since is None:
        return lines
    last = since.last
    began = f"{last.started_at.astimezone(ZoneInfo(study.timezone)):%a %d %b %Y, %H:%M}"
    took = f", {last.seconds:,.1f} s" if last.seconds is not None else ""
    lines.append(f"Last night: {began}, {OUTCOMES[str(last.outcome)]} (by {last.started_by}{took})")
    if last.failure:
        lines.append(f"  why: {last.failure}")
    now = totals(since, study.sites)
    came = f"{counted(now['files'], 'file')}, {now['new']:,} new and {now['changed']:,} changed forms"
    if since.before is None:
        return [*lines, f"  {came}"]
    stands = ", ".join(
        f"{words} {now[count]:,} ({since.more(count):+,})"
        for count, words in (("forms", "forms"), ("waiting", "held rows"), ("alerts", "open alerts"))
    )
    return [*lines, f"  since the night before: {came}; {stands}"]
