"""Linking two instruments of a study: what is tried, what is refused, and the crosswalk that comes of the rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path

import duckdb

from alliance_etl.crosswalks import refusals
from alliance_etl.crosswalks.by_items import curve_by_items, of_groups, of_pairs
from alliance_etl.crosswalks.chained import anchor_of, chained_component, curve_of_groups, sides_of
from alliance_etl.crosswalks.estimate import correlation, curve_of_pairs, linked_component
from alliance_etl.crosswalks.groups import apart
from alliance_etl.crosswalks.model import (
    BY_ITEMS,
    BY_SCORES,
    LOWEST_CORRELATION,
    OBSERVED,
    Calibration,
    Crosswalk,
    Design,
    LinkedComponent,
    Method,
)
from alliance_etl.crosswalks.nearby import TWO_WEEKS, Window, nearby, nearby_evidence
from alliance_etl.crosswalks.pairs import TOTAL, Measured, Pairs, measured, nested, paired
from alliance_etl.crosswalks.refusals import FEWEST_PARTICIPANTS, NotLinked
from alliance_etl.instruments.model import COMPONENTS, Instrument
from alliance_etl.instruments.registry import Registry
from alliance_etl.linking.loglinear import NotConverged

# Replications of the bootstrap: enough for two digits of a standard error.
REPLICATIONS = 500
_SEED = 20_030_601


@dataclass(frozen=True)
class Request:
    """What somebody asks to be linked, and how."""

    source: str
    target: str
    method: Method = "kernel"
    design: Design = "single_group"
    components: tuple[str, ...] = ()
    """All that both have, where left out."""
    participants: int = FEWEST_PARTICIPANTS
    override: str | None = None
    """Why scores that correlate too little are linked."""
    window: Window = TWO_WEEKS
    """How far apart both forms may be, under nearby_sessions."""
    despite_order: str | None = None
    despite_difference: str | None = None
    calibration: Calibration = "concurrent"
    known: Crosswalk | None = None
    """Whose parameters of the target's items are held fixed."""
    replications: int = REPLICATIONS
    note: str | None = None


@dataclass(frozen=True)
class Linked:
    """A crosswalk, and the components that were refused, each with its reason."""

    crosswalk: Crosswalk
    refused: tuple[str, ...]


def link(database: Path, registry: Registry, request: Request, *, study: str, number: int, today: date) -> Linked:
    """Estimate the crosswalk of two instruments from a publication.

    NotLinked where nothing can be linked, or where a component that was asked for by name cannot.
    """
    source, target = registry[request.source], registry[request.target]
    for instrument in (source, target):
        instrument.require_key()
    reasons = [
        *refusals.of_instruments(source, target),
        *refusals.of_method(request.method, request.design),
        *refusals.of_request(request.known, target.id, by_items=request.method in BY_ITEMS),
    ]
    if reasons:
        raise NotLinked(reasons)
    found: dict[str, LinkedComponent] = {}
    refused: list[str] = []
    for component in request.components or (*COMPONENTS, TOTAL):
        sides = measured(source, component), measured(target, component)
        lacking = refusals.of_component(component, *sides, (source.id, target.id))
        if lacking or sides[0] is None or sides[1] is None:
            refused += [lacking] if lacking and request.components else []
            continue
        made = _component(database, component, sides[0], sides[1], request)
        if isinstance(made, str):
            refused.append(made)
        else:
            found[component] = made
    if not found or (request.components and refused):
        raise NotLinked(refused or [f"{source.id} and {target.id} have no component in common"])
    roles = [role for role in source.rater_roles if role in target.rater_roles]
    crosswalk = Crosswalk(
        source=source.id,
        target=target.id,
        version=number,
        study=study,
        estimated_on=today,
        rater_role="/".join(roles),
        design=request.design,
        method=request.method,
        software=f"alliance-etl {version('alliance-etl')}",
        publication=_publication(database),
        keys={name: registry.fingerprint(name) for name in (source.id, target.id)},
        note=request.note,
        components=found,
    )
    return Linked(crosswalk, tuple(refused))


def _component(
    database: Path, component: str, source: Measured, target: Measured, request: Request
) -> LinkedComponent | str:
    """The link, or why there is none."""
    way = _by_common_items if request.design == "common_items" else _by_pairs
    try:
        return way(database, component, source, target, request)
    except NotConverged as trouble:
        return f"{component}: {trouble}; --method linear needs no smoothing"
    except NotLinked as refused:
        return "; ".join(refused.reasons)


def _by_pairs(
    database: Path, component: str, source: Measured, target: Measured, request: Request
) -> LinkedComponent | str:
    pairs = pairs_of(database, source, target, request)
    together = correlation(source.pomp(pairs.source), target.pomp(pairs.target)) if pairs.number else 0.0
    reason = (
        refusals.of_pairs(component, pairs, request.design, request.window, request.participants)
        or refusals.of_order(component, pairs, request.despite_order)
        or refusals.of_correlation(component, together, request.override)
    )
    if reason:
        return reason
    if request.method in OBSERVED:
        curve = curve_of_pairs(pairs, source, target, request.method, replications=request.replications, seed=_SEED)
    else:
        assert request.method in BY_ITEMS
        answered = of_pairs(pairs, source, target, nested=request.design == "nested_items")
        curve = curve_by_items(answered, request.method, request.calibration, request.known, component)
    override = request.override if together < LOWEST_CORRELATION else None
    made = linked_component(pairs, source, target, curve, override=override)
    if request.design != "nearby_sessions":
        return made
    told = nearby_evidence(pairs, source, target, request.window, request.despite_order)
    return made.model_copy(update={"nearby": told})


def _by_common_items(
    database: Path, component: str, source: Measured, target: Measured, request: Request
) -> LinkedComponent | str:
    groups = apart(database, source, target)
    people = groups.source.n_participants, groups.target.n_participants
    few = refusals.of_groups(component, groups.common, people, request.participants)
    if few:
        return few
    sides = sides_of(groups)
    anchor = anchor_of(groups, *sides)
    together = min(anchor.source_correlation, anchor.target_correlation)
    reason = refusals.of_correlation(
        component, together, request.override, "a score and that on the common items"
    ) or refusals.of_difference(component, anchor, request.despite_difference)
    if reason:
        return reason
    if request.method in BY_SCORES:
        curve = curve_of_groups(groups, request.method, replications=request.replications, seed=_SEED)
    else:
        assert request.method in BY_ITEMS
        curve = curve_by_items(of_groups(groups), request.method, request.calibration, request.known, component)
    override = request.override if together < LOWEST_CORRELATION else None
    made = chained_component(groups, curve, override=override)
    if refusals.of_difference(component, anchor, None) is None:
        return made
    return made.model_copy(update={"anchor": anchor.model_copy(update={"override": request.despite_difference})})


def pairs_of(database: Path, source: Measured, target: Measured, request: Request) -> Pairs:
    """The pairs of a design. NotLinked where the source's items are not among the target's."""
    if request.design == "single_group":
        return paired(database, source, target)
    if request.design == "nearby_sessions":
        return nearby(database, source, target, request.window)
    return nested(database, source, target, inner_items(source.instrument, target.instrument, source.items))


def inner_items(source: Instrument, target: Instrument, items: Sequence[int]) -> list[int]:
    """The target's items that are the source's, by their common numbers in the WAI-36. NotLinked where some are not."""
    of_target = {whole: item for item, whole in target.in_wai36.items()}
    inner = [of_target.get(source.in_wai36.get(item, 0)) for item in items]
    found = [item for item in inner if item is not None]
    if len(found) < len(inner):
        raise NotLinked([f"the items of {source.id} are not known to be among those of {target.id}"])
    if source.response != target.response:
        raise NotLinked([f"{source.id} and {target.id} are answered on different ranges, so no item is the same"])
    return found


def _publication(database: Path) -> str:
    with duckdb.connect(str(database), read_only=True) as connection:
        row = connection.execute("SELECT value FROM meta WHERE key = 'publication'").fetchone()
    return str(row[0]) if row else "unknown"
