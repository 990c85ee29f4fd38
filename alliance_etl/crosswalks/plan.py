"""Which instruments of a study could be linked, before any data and with those that are there."""

from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import duckdb

from alliance_etl.crosswalks.link import inner_items
from alliance_etl.crosswalks.pairs import SAME_PERSON, SAME_SESSION, TOTAL, measured
from alliance_etl.crosswalks.refusals import FEWEST_PARTICIPANTS, NotLinked, of_instruments
from alliance_etl.instruments.model import COMPONENTS, Instrument
from alliance_etl.instruments.registry import Registry
from alliance_etl.study.model import Study


@dataclass(frozen=True)
class Possible:
    """A pair of instruments: what they share, who has both, and what is still wanting."""

    one: str
    other: str
    components: tuple[str, ...]
    both: tuple[str, ...]
    """Sites whose exports have both: their participants can give pairs."""
    only_one: tuple[str, ...]
    only_other: tuple[str, ...]
    shared_items: int
    """Items that both have from the WAI-36, whatever their range."""
    design: str
    """single_group, nearby_sessions, nested_items, common_items, or unsupported: the strongest that is open."""
    pairs: int
    participants: int
    people: int
    """Participants who have both instruments at all, in whatever session."""
    missing: int
    """Participants with both forms that are still wanting for a link."""


def possible_links(study: Study, registry: Registry, database: Path | None) -> list[Possible]:
    """Every pair of the study's instruments that one rater role answers, those that share most first."""
    sites: dict[str, list[str]] = {}
    for name, site in study.sites.items():
        for instrument in dict.fromkeys(export.instrument for export in site.exports.values()):
            sites.setdefault(instrument, []).append(name)
    found = [
        _possible(registry[one], registry[other], sites, database)
        for one, other in combinations(sorted(sites), 2)
        if not of_instruments(registry[one], registry[other])
    ]
    return sorted(found, key=lambda pair: (-len(pair.both), -pair.participants, pair.one, pair.other))


def _possible(one: Instrument, other: Instrument, sites: dict[str, list[str]], database: Path | None) -> Possible:
    components = tuple(c for c in (*COMPONENTS, TOTAL) if measured(one, c) and measured(other, c))
    both = tuple(name for name in sites[one.id] if name in sites[other.id])
    pairs, participants, people = _counted(database, one.id, other.id) if database else (0, 0, 0)
    return Possible(
        one.id,
        other.id,
        components,
        both,
        tuple(name for name in sites[one.id] if name not in both),
        tuple(name for name in sites[other.id] if name not in both),
        len(_shared(one, other)),
        "nearby_sessions" if people and not pairs else _design(one, other, both, components),
        pairs,
        participants,
        people,
        max(0, FEWEST_PARTICIPANTS - participants),
    )


def _shared(one: Instrument, other: Instrument) -> set[int]:
    """The items of the WAI-36 that both have."""
    return set(one.in_wai36.values()) & set(other.in_wai36.values())


def _design(one: Instrument, other: Instrument, both: tuple[str, ...], components: tuple[str, ...]) -> str:
    if not components:
        return "unsupported: no component in common"
    if both:
        return "single_group"
    for inner, outer in ((one, other), (other, one)):
        if _is_nested(inner, outer):
            return f"nested_items ({inner.id} in {outer.id})"
    if not _shared(one, other):
        return "unsupported: no session and no item in common"
    return "common_items" if one.response == other.response else "unsupported: items in common, on different ranges"


def _is_nested(inner: Instrument, outer: Instrument) -> bool:
    try:
        return bool(inner_items(inner, outer, inner.item_numbers))
    except NotLinked:
        return False


def _counted(database: Path, one: str, other: str) -> tuple[int, int, int]:
    """Pairs of forms of one session, participants who have one, and participants who have both forms at all."""
    both = "s.instrument = $one AND t.instrument = $other"
    who = "count(DISTINCT s.site || ' ' || s.participant)"
    query = f"""
        SELECT * FROM (SELECT count(*), {who} FROM forms s JOIN forms t ON {SAME_SESSION} WHERE {both}),
                      (SELECT {who} FROM forms s JOIN forms t ON {SAME_PERSON} WHERE {both})"""
    with duckdb.connect(str(database), read_only=True) as connection:
        row = connection.execute(query, {"one": one, "other": other}).fetchone()
    return (int(row[0]), int(row[1]), int(row[2])) if row else (0, 0, 0)
