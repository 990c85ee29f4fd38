"""Small plots over the last nights, as SVG within a page. Each has a title and a sentence for who does not see it.

Colours are classes of the page's style. A night that did not end well has a cross below it, besides its colour.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markupsafe import Markup

WIDTH, HEIGHT = 360, 150
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 8, 10, 34
_FILLED = 0.72
"""Share of a night's place that its bar takes."""
_MOST_DIGITS = 5


@dataclass(frozen=True)
class Mark:
    """One night on a plot: what stands below it, and whether it ended well."""

    label: str
    is_well: bool


def stacked(title: str, marks: Sequence[Mark], parts: Mapping[str, Sequence[float]], unit: str) -> "Markup":
    """A bar for each night, made of `parts` (name → one number per mark), from the bottom up."""
    totals = [sum(values) for values in zip(*parts.values(), strict=True)]
    scale = _Scale(0.0, max([*totals, 1e-9]), len(marks))
    drawn = []
    for place in range(len(marks)):
        below = 0.0
        for number, (name, values) in enumerate(parts.items()):
            if values[place]:
                y, height = scale.y(below + values[place]), scale.y(below) - scale.y(below + values[place])
                told = _escaped(f"{marks[place].label}, {name}: {_number(values[place])}")
                drawn.append(
                    f'<rect class="part{number}" x="{scale.left(place):.1f}" y="{y:.1f}" width="{scale.bar:.1f}" '
                    f'height="{height:.1f}"><title>{told}</title></rect>'
                )
            below += values[place]
    return _framed(title, _told(marks, totals, unit), marks, scale, drawn)


def line(title: str, marks: Sequence[Mark], values: Sequence[float], unit: str) -> "Markup":
    """The values as dots that a line joins, between the lowest and the highest."""
    low, high = min(values), max(values)
    scale = _Scale(low, high if high > low else low + 1, len(marks))
    points = [(scale.middle(place), scale.y(value)) for place, value in enumerate(values)]
    drawn = [f'<polyline class="line" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>']
    drawn += [
        f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="2.6"><title>{_escaped(f"{mark.label}: {_number(value)}")}'
        "</title></circle>"
        for (x, y), mark, value in zip(points, marks, values, strict=True)
    ]
    return _framed(title, _told(marks, values, unit), marks, scale, drawn)


def spark(title: str, values: Sequence[float]) -> "Markup":
    """A tiny plot for a table's cell: bars from 0, the newest last."""
    from markupsafe import Markup

    high = max([*values, 1e-9])
    bars = [
        f'<rect class="part0" x="{place * 6}" y="{18 - 16 * value / high:.1f}" width="4" '
        f'height="{max(16 * value / high, 0.6):.1f}"/>'
        for place, value in enumerate(values)
    ]
    told = f"{title}: {', '.join(map(_number, values))}"
    return Markup(  # noqa: S704 - numbers of ours, and texts escaped above
        f'<svg class="spark" role="img" viewBox="0 0 {len(values) * 6} 18" width="{len(values) * 6}" height="18" '
        f'aria-label="{_escaped(told)}"><title>{_escaped(told)}</title>{"".join(bars)}</svg>'
    )


@dataclass(frozen=True)
class _Scale:
    """Where a value and a night are on a plot."""

    low: float
    high: float
    nights: int

    @property
    def step(self) -> float:
        return (WIDTH - _LEFT - _RIGHT) / max(self.nights, 1)

    @property
    def bar(self) -> float:
        return min(self.step * _FILLED, 22.0)

    def middle(self, place: int) -> float:
        return _LEFT + self.step * (place + 0.5)

    def left(self, place: int) -> float:
        return self.middle(place) - self.bar / 2

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM)


def _framed(title: str, told: str, marks: Sequence[Mark], scale: _Scale, drawn: Sequence[str]) -> "Markup":
    from markupsafe import Markup

    floor, right = HEIGHT - _BOTTOM, WIDTH - _RIGHT
    frame = [
        f'<line class="axis" x1="{_LEFT}" y1="{floor}" x2="{right}" y2="{floor}"/>',
        f'<line class="grid" x1="{_LEFT}" y1="{_TOP}" x2="{right}" y2="{_TOP}"/>',
        f'<text class="end" x="{_LEFT - 6}" y="{_TOP + 4}">{_number(scale.high)}</text>',
        f'<text class="end" x="{_LEFT - 6}" y="{floor + 4}">{_number(scale.low)}</text>',
    ]
    crosses = [
        f'<path class="cross" d="M{scale.middle(place) - 3:.1f} {floor + 5} l6 6 m0 -6 l-6 6"/>'
        for place, mark in enumerate(marks)
        if not mark.is_well
    ]
    names = [f'<text x="{_LEFT}" y="{HEIGHT - 6}">{_escaped(marks[0].label)}</text>'] if marks else []
    if len(marks) > 1:
        names.append(f'<text class="end" x="{right}" y="{HEIGHT - 6}">{_escaped(marks[-1].label)}</text>')
    return Markup(  # noqa: S704 - numbers of ours, and texts escaped above
        f'<svg class="plot" role="img" viewBox="0 0 {WIDTH} {HEIGHT}" aria-label="{_escaped(f"{title}. {told}")}">'
        f"<title>{_escaped(title)}</title><desc>{_escaped(told)}</desc>"
        f"{''.join([*frame, *drawn, *crosses, *names])}</svg>"
    )


def _told(marks: Sequence[Mark], values: Sequence[float], unit: str) -> str:
    """The plot in a sentence; every number stands in the table beside it."""
    badly = sum(not mark.is_well for mark in marks)
    failed = f" {badly} of them did not end well." if badly else ""
    if not marks:
        return "No night yet."
    span = f"between {_number(min(values))} and {_number(max(values))} {unit}, at last {_number(values[-1])}"
    return f"{len(marks)} nights, {marks[0].label} to {marks[-1].label}: {span}.{failed}"


def _number(value: float) -> str:
    if value >= 10**_MOST_DIGITS:
        return f"{value / 1e6:.2f} M" if value >= 1e6 else f"{value / 1e3:.0f} k"
    return f"{value:,.0f}" if value == int(value) or value >= 100 else f"{value:,.1f}"


def _escaped(text: str) -> str:
    from markupsafe import escape

    return str(escape(text))
