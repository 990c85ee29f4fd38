"""Linked scores in SQL: what a crosswalk makes of a component's POMP, as expressions over the wide table's columns."""

from dataclasses import dataclass

from alliance_etl.crosswalks.chosen import Ruler
from alliance_etl.crosswalks.model import SLACK, LinkedComponent

LINKED = ("linked", "linked_se", "measurement_se", "metric", "crosswalk_id", "extrapolated")


@dataclass(frozen=True)
class LinkedColumns:
    """One component's expressions, in the order of LINKED."""

    linked: str
    linked_se: str
    measurement_se: str
    metric: str
    crosswalk_id: str
    extrapolated: str


def linked_columns(component: str, ruler: Ruler | None) -> LinkedColumns:
    """Expressions for one component; NULL where it has no ruler.

    An instrument's own ruler leaves its scores as they are, without error of linking.
    """
    pomp = f"pomp_{component}"
    measurement = f"{ruler.measurement_errors.get(component)!r}::DOUBLE" if ruler else "NULL"
    error = f"CASE WHEN {pomp} IS NOT NULL THEN {measurement} END".replace("None::DOUBLE", "NULL::DOUBLE")
    if ruler is None or (ruler.crosswalk and component not in ruler.crosswalk.components):
        nothing = ("NULL::DOUBLE", "NULL::DOUBLE", "NULL::DOUBLE", "NULL::VARCHAR", "NULL::VARCHAR", "NULL::BOOLEAN")
        return LinkedColumns(*nothing)
    metric = f"CASE WHEN {pomp} IS NOT NULL THEN '{ruler.metric}' END"
    if ruler.crosswalk is None:
        own = f"CASE WHEN {pomp} IS NOT NULL THEN false END"
        return LinkedColumns(f"{pomp}::DOUBLE", f"{pomp} * 0.0", error, metric, "NULL::VARCHAR", own)
    link = ruler.crosswalk.components[component]
    return LinkedColumns(
        _between(pomp, link, "linked"),
        _between(pomp, link, "error"),
        error,
        metric,
        f"CASE WHEN {pomp} IS NOT NULL THEN '{ruler.crosswalk.id}' END",
        _extrapolated(pomp, link),
    )


def _extrapolated(pomp: str, link: LinkedComponent) -> str:
    """Whether the score is one that hardly anybody was seen to have."""
    low, high = link.supported or (101.0, -1.0)
    return f"{pomp} NOT BETWEEN {low - SLACK!r} AND {high + SLACK!r}"


def _between(pomp: str, link: LinkedComponent, what: str) -> str:
    """The line between the two points around a score; a crosswalk's points are equally far apart."""
    values = [float(getattr(point, what)) for point in link.points]
    last = len(values) - 1
    place = f"least(floor({pomp} * {last / 100!r} + 1e-9), {last - 1})"
    listed = f"[{', '.join(map(repr, values))}]::DOUBLE[]"
    low, high = (f"list_extract({listed}, ({place})::INTEGER + {after})" for after in (1, 2))
    return f"{low} + ({pomp} * {last / 100!r} - {place}) * ({high} - {low})"
