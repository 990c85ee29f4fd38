"""What a notice says: plain words, counts, what to do, and where the page of the night is. No person's value."""

from collections.abc import Sequence
from dataclasses import dataclass

from alliance_etl.morning.to_do import ToDo
from alliance_etl.morning.told import Morning
from alliance_etl.morning.words import verdict
from alliance_etl.pages.template import counted
from alliance_etl.state.layout import Layout
from alliance_etl.study.model import Study

_MOST = 20
_OVER = {
    "failed": "the night ended well again",
    "source": "its files can be read again",
    "late": "files have come again",
    "silent": "its first files have come",
    "quality": "holds again",
}


@dataclass(frozen=True)
class News:
    """What one notice has to say: things that are new to it, names of those that are over, and what it has told before
    and is still to do.
    """

    new: Sequence[ToDo]
    over: Sequence[str]
    still: Sequence[ToDo]


def title_of(study: Study, news: News) -> str:
    """The subject line."""
    if not news.new:
        return _one_line(f"{study.title}: well again")
    sites = list(dict.fromkeys(thing.site for thing in news.new if thing.site))
    first = "the night failed" if news.new[0].kind == "failed" else f"{counted(len(news.new), 'thing')} to do"
    where = f" ({', '.join(sites[:3])}{' …' if len(sites) > 3 else ''})" if sites else ""
    return _one_line(f"{study.title}: {first}{where}")


def body_of(morning: Morning, news: News) -> str:
    study, began = morning.study, morning.local(morning.night.started_at)
    parts = [f"{study.title}, the night of {began:%a %d %b %Y, %H:%M} ({study.timezone})"]
    if any(thing.site is None for thing in (*news.new, *news.still)) or not news.new:
        parts.append(verdict(morning.since, study.sites))
    parts += [_told(study, number, thing) for number, thing in enumerate(news.new[:_MOST], 1)]
    if len(news.new) > _MOST:
        parts.append(f"And {len(news.new) - _MOST:,} more on the page.")
    if news.over:
        parts.append("\n".join(["Well again:", *(f"- {_over(study, name)}" for name in news.over)]))
    if news.still:
        listed = (f"- {_where(study, thing.site)}: {thing.kind}" for thing in news.still[:_MOST])
        parts.append("\n".join(["Told before, and still to do:", *listed]))
    parts.append(f"Everything on one page: {Layout(study.folder).night_page}")
    return "\n\n".join(parts) + "\n"


def _told(study: Study, number: int, thing: ToDo) -> str:
    return f"{number}. {_where(study, thing.site)} ({thing.kind}): {thing.what}\n   What to do: {thing.how}"


def _over(study: Study, key: str) -> str:
    """The words for a thing that is over; `key` is what it had as ToDo."""
    kind, site, name = (*key.split(" "), "", "")[:3]
    return f"{_where(study, site or None)}: {f'{name} ' if name else ''}{_OVER.get(kind, 'nothing is to do any more')}"


def _where(study: Study, site: str | None) -> str:
    if site is None:
        return "The study"
    return f"{study.sites[site].title} [{site}]" if site in study.sites else site


def _one_line(text: str) -> str:
    return " ".join(text.split())
