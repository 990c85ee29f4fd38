"""Notices: who is told of what after a night. Only news is sent, and what could not be sent is tried the next night."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from alliance_etl.morning.courier import Letter, send
from alliance_etl.morning.letter import News, body_of, title_of
from alliance_etl.morning.to_do import ToDo
from alliance_etl.morning.told import Morning
from alliance_etl.state.layout import Layout
from alliance_etl.state.ledger import Ledger
from alliance_etl.state.notices import Sent, ToldThing
from alliance_etl.study.model import Notice, Study
from alliance_etl.study.notices import variable_of

# Of these it is told, too, that they are over; of rows that were mended the site has a receipt.
_TOLD_OVER = ("failed", "source", "late", "silent", "quality")


@dataclass(frozen=True)
class _Due:
    """A notice with what it has to say, and what it will have told once that is sent."""

    notice: Notice
    news: News
    after: Sequence[ToldThing]


def send_notices(morning: Morning, ledger: Ledger) -> None:
    """Send what is news to each notice of the study; enter in the ledger what was told, and what could not be sent."""
    now = datetime.now(UTC)
    due = [_due(notice, morning, ledger.notices.told(notice.name), now) for notice in morning.study.notices]
    troubles = _sent([(each.notice, each.news) for each in due], morning)
    with ledger.transaction():
        for each, trouble in zip(due, troubles, strict=True):
            has_news = bool(each.news.new or each.news.over)
            if has_news:
                ledger.notices.set_sent(each.notice.name, now, trouble)
            if trouble is None:
                ledger.notices.set_told(each.notice.name, each.after)


def _due(notice: Notice, morning: Morning, told: dict[str, ToldThing], now: datetime) -> _Due:
    own = [thing for thing in morning.to_do if is_for(notice, thing)]
    new = [thing for thing in own if _is_news(thing, told.get(thing.key), notice, now)]
    still = [thing for thing in own if thing not in new]
    gone = told.keys() - {thing.key for thing in morning.to_do}
    over = sorted(key for key in gone if _is_told_over(key, morning.study))
    when = {thing.key: now if thing in new else told[thing.key].told_at for thing in own}
    after = [ToldThing(thing.key, thing.state, thing.amounts, when[thing.key]) for thing in own]
    return _Due(notice, News(new, over, still), after)


def _is_told_over(key: str, study: Study) -> bool:
    """Whether it is told that a thing of that key is over: not of a site that study.yaml has no more."""
    kind, site = (*key.split(" "), "")[:2]
    return kind in _TOLD_OVER and (not site or site in study.sites)


def is_for(notice: Notice, thing: ToDo) -> bool:
    """Whether a notice tells of such a thing: one with `sites` of these only, and of nothing that is the study's."""
    return thing.kind in notice.when and (not notice.sites or thing.site in notice.sites)


def _is_news(thing: ToDo, told: ToldThing | None, notice: Notice, now: datetime) -> bool:
    """Never told, another state, more of it, or told so long ago that it was forgotten."""
    if told is None or told.state != thing.state or len(told.amounts) != len(thing.amounts):
        return True
    grown = any(amount > before for amount, before in zip(thing.amounts, told.amounts, strict=True))
    return grown or now - told.told_at >= timedelta(days=notice.again_after_days)


def _sent(due: Sequence[tuple[Notice, News]], morning: Morning) -> list[str | None]:
    """Why each was not sent; None where it was, or had nothing to say."""
    letters = {
        notice.name: Letter(url, title_of(morning.study, news), body_of(morning, news))
        for notice, news in due
        if (news.new or news.over) and (url := address(notice))
    }
    outcomes = dict(zip(letters, send(list(letters.values())), strict=True))
    return [
        None if not (news.new or news.over) else outcomes.get(notice.name) if address(notice) else unset(notice.name)
        for notice, news in due
    ]


def address(notice: Notice) -> str | None:
    """Where a notice goes; None where the variable that would say it is not set."""
    variable = variable_of(notice.url)
    return (os.environ.get(variable) or None) if variable else notice.url


def unset(name: str) -> str:
    return f"{name} is not set in the environment of the run that should send it"


def try_out(study: Study) -> dict[str, str | None]:
    """Send every notice a test; by its name None, or why it could not be sent."""
    body = (
        f"This is a test of the notices of {study.title}, asked for by hand. Nothing has to be done.\n\n"
        "After a night you will read here what there is to do, and only if it is news.\n"
    )
    found = {notice.name: address(notice) for notice in study.notices}
    letters = {name: Letter(url, f"{study.title}: a test", body) for name, url in found.items() if url}
    outcomes = dict(zip(letters, send(list(letters.values())), strict=True))
    told = {name: outcomes[name] if url else unset(name) for name, url in found.items()}
    path = Layout(study.folder).ledger
    if path.exists():
        with closing(Ledger(path)) as ledger, ledger.transaction():
            for name, trouble in told.items():
                ledger.notices.set_sent(name, datetime.now(UTC), trouble)
    return told


def standing(study: Study) -> list[dict[str, Any]]:
    """Each notice of the study: of what it tells, when it was last sent, since when and why it cannot be, and how many
    things it has told that are still to do.
    """
    path = Layout(study.folder).ledger
    told: dict[str, int] = {}
    sent: dict[str, Sent] = {}
    if path.exists():
        with closing(Ledger(path)) as ledger:
            sent = ledger.notices.sent()
            told = {notice.name: len(ledger.notices.told(notice.name)) for notice in study.notices}
    return [
        {
            "notice": notice.name,
            "when": list(notice.when),
            "sites": list(notice.sites),
            "last_sent": _moment(sent, notice.name, "sent_at"),
            "failing_since": _moment(sent, notice.name, "failing_since"),
            "trouble": (sent[notice.name].trouble if notice.name in sent else None)
            or (None if address(notice) else unset(notice.name)),
            "told": told.get(notice.name, 0),
        }
        for notice in study.notices
    ]


def _moment(sent: Mapping[str, Sent], name: str, which: str) -> str | None:
    moment: datetime | None = getattr(sent[name], which) if name in sent else None
    return moment.isoformat(timespec="seconds") if moment else None


def of_notices(study: Study, ledger: Ledger) -> Iterator[ToDo]:
    """What notices ask for that cannot be sent."""
    names = {notice.name for notice in study.notices}
    for name, sent in ledger.notices.sent().items():
        if name in names and sent.failing_since and sent.trouble:
            since = f"{sent.failing_since:%Y-%m-%d %H:%M} UTC"
            how = "`alliance-etl notices --test` tries it at once; the next night tries again by itself."
            what = f"The notice to {name} cannot be sent since {since}: {sent.trouble}"
            yield ToDo("notices", None, what, how, "", name)
