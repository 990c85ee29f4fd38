"""What there is to do after a night: why and how, the most urgent first. Counts and words that quote nobody."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from alliance_etl.fitness.catalogue import criteria
from alliance_etl.morning.causes import Cause
from alliance_etl.night.checks import FITNESS
from alliance_etl.night.reports import CheckResult
from alliance_etl.pages.template import counted
from alliance_etl.quality.model import Report
from alliance_etl.quality.report import verdict
from alliance_etl.state.nights import NightEntry, SiteNight
from alliance_etl.status import Punctuality
from alliance_etl.study.fitness import Sends
from alliance_etl.study.notices import OCCASIONS, Occasion

Kind = Occasion | Literal["notices"]
KINDS: tuple[Kind, ...] = (*OCCASIONS, "notices")
"""The most urgent first; `notices` are those that cannot be sent."""

# Checks of which something else here tells, or that tell of what nobody can put right afterwards.
_TOLD_OTHERWISE = frozenset({"open_alerts", "completeness", "conservation", "contracts"})


@dataclass(frozen=True)
class ToDo:
    """One thing to do; `site` is None where it is the study's.

    It is news when its `state` is another one, or when one of its `amounts` has grown. `name` tells it from others of
    its kind and site.
    """

    kind: Kind
    site: str | None
    what: str
    how: str
    state: str
    name: str = ""
    amounts: tuple[int, ...] = ()

    @property
    def key(self) -> str:
        """The same as long as it is the same thing, whatever its state."""
        return f"{self.kind} {self.site or ''} {self.name}".rstrip()


def _without_numbers(text: str) -> str:
    """A reason that differs only in a line's or a time's number is the same reason."""
    return re.sub(r"\d+", "0", text)


def of_night(night: NightEntry) -> Iterator[ToDo]:
    """What a failed night asks for."""
    if night.outcome in ("failed", "broken_off"):
        why = night.failure or "it is not known why"
        yield ToDo("failed", None, f"The night failed: {why}", _next_step(why), _without_numbers(why))


def _next_step(why: str) -> str:
    if ", a bug (" in why:
        return (
            "Run `alliance-etl run --verbose` to read the error's own text, and report it with the places above. The "
            "last publication stands; the next night tries again by itself."
        )
    if why.startswith("interrupted"):
        return "Nothing has to be mended: run `alliance-etl run`, or leave it to the next night."
    return "Put right what is named here, then run `alliance-etl run`, or leave that to the next night."


def of_site(
    site: str,
    night: SiteNight,
    causes: Sequence[Cause],
    punctuality: Punctuality,
    last_came: str | None,
    folder: str,
    last_held: int,
    sends: Sends | None = None,
) -> Iterator[ToDo]:
    """What a site asks for. `last_came` is the day of its last drop, `folder` where its files land,
    `last_held` the number of its last drop that holds rows or was rejected.
    """
    if night.failing:
        how = "Look into it; the next night asks again by itself, and nothing is lost meanwhile."
        what = f"Its files could not be read: {night.failing}"
        yield ToDo("source", site, what, how, _without_numbers(night.failing))
    if night.waiting > 0 or night.rejected:
        yield _held(site, night, causes, last_held)
    if punctuality == "late":
        how = "Ask the site whether its export still runs. A quiet time of the year needs no answer."
        usual = (
            f"it sends every {sends.every_days} days" if sends else "twice the time that usually lies between its files"
        )
        what = f"Nothing has come since {last_came}, {'although' if sends else 'longer than'} {usual}."
        yield ToDo("late", site, what, how, str(last_came))
    if punctuality == "silent":
        how = f"Ask the site whether it knows where its files belong: {folder}"
        yield ToDo("silent", site, "Nothing has ever come.", how, "silent")
    if night.alerts:
        what = f"{counted(night.alerts, 'possible but unlikely value')} not confirmed yet."
        how = (
            f"The site answers in confirmations.csv beside its receipts (receipts/{site}/), or "
            f"`alliance-etl confirm --site {site}` lists them."
        )
        yield ToDo("alerts", site, what, how, "", amounts=(night.alerts,))


def _held(site: str, night: SiteNight, causes: Sequence[Cause], last_held: int) -> ToDo:
    rejected = f"{counted(night.rejected, 'file')} could not be read as it is. " if night.rejected else ""
    held = f"{counted(night.waiting, 'row')} held until mended." if night.waiting > 0 else ""
    first = causes[0] if causes else None
    most = f" Most often: {first.message}" if first else ""
    remedy = f"{first.how_to_fix} " if first else ""
    return ToDo(
        "held",
        site,
        f"{rejected}{held}{most}".strip(),
        f"{remedy}The receipts in receipts/{site}/ say it for each row.",
        "",
        amounts=(max(night.waiting, 0), last_held),
    )


def of_checks(checks: Sequence[CheckResult]) -> Iterator[ToDo]:
    """What checks ask for that warn, and of which nothing else here tells."""
    yield from _of_fitness([check for check in checks if check.name.startswith(FITNESS) and not check.passed])
    for check in checks:
        if not (check.passed or check.name in _TOLD_OTHERWISE or check.name.startswith(FITNESS)):
            sites = ", ".join(f"{site}: {count:,}" for site, count in sorted(check.by_site.items()))
            what = f"Does not hold: {check.description}{f' ({sites})' if sites else ''}"
            how = f"`alliance-etl held` and the table findings say where; the check is {check.name}."
            amounts = (len(check.by_site), sum(check.by_site.values()))
            yield ToDo("quality", None, what, how, "", check.name, amounts)


def _of_fitness(doubtful: Sequence[CheckResult]) -> Iterator[ToDo]:
    """All criteria of fitness for use that are doubtful somewhere, as one thing to do."""
    if not doubtful:
        return
    told = (
        f"{criteria()[check.name.removeprefix(FITNESS)].title.lower()} ({', '.join(sorted(check.by_site))})"
        for check in doubtful
    )
    what = f"Not everything is fit for use as it is: {'; '.join(told)}."
    how = "`alliance-etl fitness` says how much of it, at which therapists, what it means and what to do."
    amounts = (len(doubtful), sum(sum(check.by_site.values()) for check in doubtful))
    yield ToDo("quality", None, what, how, "", "fitness", amounts)


def of_report(report: Report | None) -> Iterator[ToDo]:
    """What the last quality report asks for."""
    if report is None or report.outcome in ("passed", "not_applicable"):
        return
    counts = report.counts()
    what = f"The quality report of publication {report.publication}: {verdict(report)}"
    how = (
        "warehouse/reports/quality/index.html says what, where and at which sites; `alliance-etl quality` looks again. "
        "The publication stands."
    )
    state = _without_numbers(report.trouble or "")
    yield ToDo("quality", None, what, how, state, "report", (counts["error"], counts["failed"]))


def urgent_first(things: Sequence[ToDo]) -> list[ToDo]:
    return sorted(things, key=lambda thing: KINDS.index(thing.kind))
