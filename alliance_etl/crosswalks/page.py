"""The page of a crosswalk: what it links, how well, and how far it can be trusted. Needs nothing else to be read.

What is said stands in crosswalk.html.j2; here are the plots, as SVG, and the numbers it is said of.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from alliance_etl.crosswalks.model import (
    BY_SCORES,
    FEWEST_BEYOND,
    LOWEST_CORRELATION,
    Crosswalk,
    LinkedComponent,
    Point,
)
from alliance_etl.pages.template import template

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP, _RIGHT = 560, 380, 46, 40, 12, 12
_CONFIDENCE = 1.96


@dataclass(frozen=True)
class Line:
    """A curve of a plot: its points as SVG wants them, and how it is drawn."""

    path: str
    label: str
    style: str


def page(crosswalk: Crosswalk) -> str:
    """The page's HTML."""
    parts = [
        {
            "name": name,
            "told": component,
            "lines": _lines(component, crosswalk),
            "band": _band(component),
            "errors": _errors(component),
            "highest_error": _highest_error(component),
            "seen": component.supported,
            "weak": component.correlation < LOWEST_CORRELATION,
            "table": _table(component),
        }
        for name, component in crosswalk.components.items()
    ]
    return template("alliance_etl.crosswalks", "crosswalk.html.j2").render(
        crosswalk=crosswalk,
        parts=parts,
        plot={"width": _WIDTH, "height": _HEIGHT, "left": _LEFT, "top": _TOP, "right": _RIGHT, "bottom": _BOTTOM},
        ticks=[(value, _x(value), _y(value)) for value in range(0, 101, 20)],
        lowest=LOWEST_CORRELATION,
        fewest=FEWEST_BEYOND,
    )


def _x(score: float) -> float:
    return round(_LEFT + score / 100 * (_WIDTH - _LEFT - _RIGHT), 1)


def _y(linked: float, highest: float = 100.0) -> float:
    return round(_HEIGHT - _BOTTOM - linked / highest * (_HEIGHT - _BOTTOM - _TOP), 1)


def _path(scores: Sequence[float], linked: Sequence[float], highest: float = 100.0) -> str:
    return " ".join(f"{_x(score)},{_y(value, highest)}" for score, value in zip(scores, linked, strict=True))


def _lines(component: LinkedComponent, crosswalk: Crosswalk) -> list[Line]:
    scores = [point.score for point in component.points]
    chosen = Line(_path(scores, [point.linked for point in component.points]), crosswalk.method, "chosen")
    others = [Line(_path(scores, component.others[m]), m, m) for m in BY_SCORES if m in component.others]
    return [Line(_path([0, 100], [0, 100]), "the same number", "same"), *others, chosen]


def _seen(component: LinkedComponent) -> list[Point]:
    """The points at which people were seen: elsewhere errors are too small."""
    low, high = component.supported or (101.0, -1.0)
    return [point for point in component.points if low <= point.score <= high]


def _band(component: LinkedComponent) -> str:
    """The 95 % interval around the link, as a closed outline."""
    seen = _seen(component)
    up = [min(100.0, point.linked + _CONFIDENCE * point.error) for point in seen]
    down = [max(0.0, point.linked - _CONFIDENCE * point.error) for point in seen]
    scores = [point.score for point in seen]
    return f"{_path(scores, up)} {_path(scores[::-1], down[::-1])}"


def _errors(component: LinkedComponent) -> str:
    seen = _seen(component)
    return _path([p.score for p in seen], [p.error for p in seen], _highest_error(component))


def _highest_error(component: LinkedComponent) -> float:
    return max((point.error for point in _seen(component)), default=0.0) or 1.0


def _table(component: LinkedComponent) -> Sequence[Point]:
    """Every point, or every so many; the first and the last are always there."""
    every = max(1, len(component.points) // 100)
    return component.points if every == 1 else (*component.points[:-1:every], component.points[-1])
