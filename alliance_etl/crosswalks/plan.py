"""Which instruments of a study could be linked, before any data and with those that are there."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import duckdb

from alliance_etl.crosswalks.link import inner_items
from alliance_etl.crosswalks.pairs import TOTAL, measured
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
    """single_group, nested_items, common items only, or unsupported."""
    pairs: int
    participants: int
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
    pairs, participants = _counted(database, one.id, other.id) if database else (0, 0)
    return Possible(
        one.id,
        other.id,
        components,
        both,
        tuple(name for name in sites[one.id] if name not in both),
        tuple(name for name in sites[other.id] if name not in both),
        len(_wholes(one) & _wholes(other)),
        _design(one, other, both, components),
        pairs,
        participants,
        max(0, FEWEST_PARTICIPANTS - participants),
    )


def _wholes(instrument: Instrument) -> set[int]:
    """The numbers in the WAI-36 of an instrument's items."""
    return set(instrument.wai36_items.values()) or (
        set(instrument.item_numbers) if instrument.id.startswith("wai36_") else set()
    )


def _design(one: Instrument, other: Instrument, both: tuple[str, ...], components: tuple[str, ...]) -> str:
    if not components:
        return "unsupported: no component in common"
    if both:
        return "single_group"
    for inner, outer in ((one, other), (other, one)):
        if next(_nested(inner, outer), None) is not None:
            return f"nested_items ({inner.id} in {outer.id})"
    return "common items only" if _wholes(one) & _wholes(other) else "unsupported: no session and no item in common"


def _nested(inner: Instrument, outer: Instrument) -> Iterator[list[int]]:
    if inner.wai36_items:
        try:
            yield inner_items(inner, outer, list(inner.item_numbers))
        except NotLinked:
            return


def _counted(database: Path, one: str, other: str) -> tuple[int, int]:
    """Pairs of forms of one session, and participants who have one."""
    query = """
        SELECT count(*), count(DISTINCT a.site || ' ' || a.participant) FROM forms a JOIN forms b
          ON a.site = b.site AND a.participant = b.participant AND a.rater_role = b.rater_role
         AND a.rater IS NOT DISTINCT FROM b.rater
         AND CASE WHEN a.session IS NULL OR b.session IS NULL THEN a.session_date = b.session_date
                  ELSE a.session = b.session END
        WHERE a.instrument = ? AND b.instrument = ?"""
    with duckdb.connect(str(database), read_only=True) as connection:
        row = connection.execute(query, [one, other]).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)
