"""Which instruments of a study could be linked, before any data and with those that are there."""

from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import duckdb

from alliance_etl.crosswalks.link import inner_items
from alliance_etl.crosswalks.model import Design
from alliance_etl.crosswalks.nearby import TWO_WEEKS, Window
from alliance_etl.crosswalks.pairs import SAME_PERSON, SAME_SESSION, TOTAL, measured
from alliance_etl.crosswalks.refusals import FEWEST_PARTICIPANTS, NotLinked, of_instruments
from alliance_etl.instruments.model import COMPONENTS, Instrument
from alliance_etl.instruments.registry import Registry
from alliance_etl.study.model import Study


@dataclass(frozen=True)
class Road:
    """A design by which two instruments could be linked, with what there is for it and what is wanting."""

    design: Design
    what: str
    """In words: which form holds the other's items, how near sessions are, how many people answered each."""
    participants: int
    """Who could give something to it; of two groups of people, the smaller one."""
    missing: int
    """How many more are asked for; of two groups, in the smaller one."""
    closed: str | None = None
    """Why it is not open at all, whatever data come."""


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
    """The strongest that is open: of roads with enough participants the first, else the first; or why there is none."""
    pairs: int
    """Pairs of forms of one session."""
    participants: int
    """Participants who have such a pair."""
    people: int
    """Participants who have both instruments at all, in whatever session."""
    missing: int
    """Participants with both forms for one session that are still wanting for a link."""
    roads: tuple[Road, ...]
    """Every design, the strongest first."""

    @property
    def open(self) -> tuple[Road, ...]:
        return tuple(road for road in self.roads if not road.closed)


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
    counts = _counted(database, one.id, other.id) if database else Counts()
    roads = _roads(one, other, both, components, counts)
    return Possible(
        one.id,
        other.id,
        components,
        both,
        tuple(name for name in sites[one.id] if name not in both),
        tuple(name for name in sites[other.id] if name not in both),
        len(_shared(one, other)),
        _strongest(roads),
        counts.pairs,
        counts.participants,
        counts.people,
        max(0, FEWEST_PARTICIPANTS - counts.participants),
        roads,
    )


def _strongest(roads: tuple[Road, ...]) -> str:
    """The first that is open and has enough participants, else the first that has any, else the first that is open."""
    opened = [road for road in roads if not road.closed]
    if not opened:
        return f"unsupported: {roads[-1].closed}"
    best = min(opened, key=lambda road: (road.missing > 0, road.participants == 0))
    return f"{best.design} ({best.what})" if best.design == "nested_items" else best.design


@dataclass(frozen=True)
class Counts:
    """Of two instruments in a publication."""

    pairs: int = 0
    participants: int = 0
    """With forms of both for one session."""
    near: int = 0
    """Within two weeks."""
    people: int = 0
    """With forms of both, whenever."""
    one: int = 0
    """With forms of the one instrument."""
    other: int = 0


def _roads(
    one: Instrument, other: Instrument, both: tuple[str, ...], components: tuple[str, ...], counts: Counts
) -> tuple[Road, ...]:
    """Every design for two instruments, the one that takes least for granted first."""
    nothing = None if components else "no component in common"
    apart = nothing or (None if both or counts.people else "no site has both")
    shared = len(_shared(one, other))
    lacking = nothing or (
        ("items in common, on different ranges" if one.response != other.response else None)
        if shared
        else "no session and no item in common"
    )
    inner = next((pair for pair in ((one, other), (other, one)) if _is_nested(*pair)), None)
    answered = f"{counts.one} of {one.id}, {counts.other} of {other.id}"
    longer = 0 if inner is None else counts.other if inner[1] is other else counts.one
    return (
        _road("single_group", "for one session", counts.participants, apart),
        _road("nearby_sessions", f"within {TWO_WEEKS}", counts.near, apart),
        _road(
            "nested_items",
            f"{inner[0].id} in {inner[1].id}" if inner else "",
            longer,
            nothing or (None if inner else "neither form holds all items of the other"),
        ),
        _road("common_items", f"{shared} items; {answered}", min(counts.one, counts.other), lacking),
    )


def _road(design: Design, what: str, participants: int, closed: str | None) -> Road:
    return Road(design, what, participants, max(0, FEWEST_PARTICIPANTS - participants), closed)


def _shared(one: Instrument, other: Instrument) -> set[int]:
    """The items of the WAI-36 that both have."""
    return set(one.in_wai36.values()) & set(other.in_wai36.values())


def _is_nested(inner: Instrument, outer: Instrument) -> bool:
    try:
        return bool(inner_items(inner, outer, inner.item_numbers))
    except NotLinked:
        return False


def _counted(database: Path, one: str, other: str, window: Window = TWO_WEEKS) -> Counts:
    both = "s.instrument = $one AND t.instrument = $other"
    who = "count(DISTINCT s.site || ' ' || s.participant)"
    joined = f"FROM forms s JOIN forms t ON {SAME_PERSON}"
    query = f"""
        SELECT * FROM (SELECT count(*), {who} FROM forms s JOIN forms t ON {SAME_SESSION} WHERE {both}),
                      (SELECT {who} {joined} WHERE {both} AND abs({window.apart}) <= {window.within}),
                      (SELECT {who} {joined} WHERE {both}),
                      (SELECT {who} FROM forms s WHERE instrument = $one),
                      (SELECT {who} FROM forms s WHERE instrument = $other)"""
    with duckdb.connect(str(database), read_only=True) as connection:
        row = connection.execute(query, {"one": one, "other": other}).fetchone()
    return Counts(*map(int, row)) if row else Counts()
