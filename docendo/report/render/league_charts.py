"""Pictures of a population: who beats whom, who is how good, what goes in cycles.

Plain numbers go in, for agents in the order in which they are to be shown; NaN is a number that is not known.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, cos, hypot, isnan, pi, sin

from docendo.formatting import clip, signed
from docendo.report.render.drawing import label, picture, points_of, ticks_of
from docendo.report.render.markup import Markup, tag

__all__ = [
    "AgentMarks",
    "PayoffMatrix",
    "cycle_disc",
    "payoff_heat_map",
    "rating_chart",
    "spinning_top",
]

_LEVELS = 8
"""Shades of a colour."""
_LONGEST = 16
"""Characters of a name that are shown."""
_NAMED = 40
"""Up to so many agents are named in a picture, and every cell of a heat map says what it is when pointed at."""
_LETTER, _LINE = 6.6, 13
"""About the width of a letter and the height of a line."""


@dataclass(frozen=True, slots=True)
class PayoffMatrix:
    """A payoff, (N, N), with its bounds where they are known."""

    payoff: Sequence[Sequence[float]]
    low: Sequence[Sequence[float]] | None = None
    high: Sequence[Sequence[float]] | None = None

    def said(self, row: int, column: int) -> str:
        value = self.payoff[row][column]
        if isnan(value):
            return "never met"
        low = self.low[row][column] if self.low else value
        high = self.high[row][column] if self.high else value
        return signed(value) + (
            f", 95% interval {signed(low)} to {signed(high)}" if low < high else ""
        )


@dataclass(frozen=True, slots=True)
class AgentMarks:
    """Agents as marks of a chart: a name, what it says when pointed at, and whether it is of the best cluster."""

    names: Sequence[str]
    said: Sequence[str]
    best: Sequence[bool]

    def kind(self, place: int) -> str:
        return "mark best" if self.best[place] else "mark"


def payoff_heat_map(names: Sequence[str], cells: PayoffMatrix) -> Markup:
    """The row's payoff against the column: blue where it wins, orange where it loses, a hole where they never met.

    Few agents are shown with their numbers, many as a texture.
    """
    count = len(names)
    side = min(46, max(3, 620 // count))
    gap = 2 if side > 12 else 0
    left = _margin(names)
    every = ceil(_LINE / side)
    parts = [*_texture(cells.payoff, left, side, side - gap)]
    for i in range(0, count, every):
        middle = left + side * (i + 0.5) - gap / 2
        parts.append(label(clip(names[i], _LONGEST), left - 8, middle + 4, "tick end"))
        above = {"transform": f"rotate(-90 {middle + 4:.1f} {left - 8:.1f})"}
        parts.append(
            tag(
                "text",
                clip(names[i], _LONGEST),
                class_="tick",
                x=middle + 4,
                y=left - 8,
                **above,
            )
        )
    for i in range(count if count <= _NAMED else 0):
        for j in range(count):
            x, y, value = left + side * j, left + side * i, cells.payoff[i][j]
            if side > 40:
                shown = "" if i == j else signed(value) if not isnan(value) else "?"
                parts.append(
                    label(shown, x + side / 2 - 1, y + side / 2 + 3, "note middle")
                )
            said = tag("title", f"{names[i]} against {names[j]}: {cells.said(i, j)}")
            parts.append(tag("rect", said, class_="hit", x=x, y=y, width=side, height=side))
    return picture(
        parts,
        left + side * count + 4,
        left + side * count + 4,
        "Payoff of each agent against each other",
    )


def _texture(
    payoff: Sequence[Sequence[float]], left: float, side: int, width: int
) -> Iterable[Markup]:
    """All cells of a shade as one path: a large matrix stays a small page."""
    scale = max((abs(x) for row in payoff for x in row if not isnan(x)), default=0) or 1
    corners: dict[tuple[str, int], list[str]] = {}
    for i, row in enumerate(payoff):
        for j, value in enumerate(row):
            level = 0 if isnan(value) else ceil(_LEVELS * abs(value) / scale - 1e-9)
            kind = (
                "gap"
                if isnan(value) and i != j
                else "up"
                if value > 0
                else "down"
                if value < 0
                else "none"
            )
            for shade in {("none" if kind != "gap" else "gap", 0), (kind, level)}:
                corners.setdefault(shade, []).append(
                    f"M{left + side * j:.0f} {left + side * i:.0f}"
                )
    box = f"h{width}v{width}h-{width}z"
    for (kind, level), places in sorted(corners.items(), key=lambda item: item[0][1]):
        opacity = 0.85 * level / _LEVELS if level else None
        yield tag(
            "path",
            class_=f"heat {kind}",
            fill_opacity=opacity,
            d="".join(corner + box for corner in places),
        )


def rating_chart(
    marks: AgentMarks, values: Sequence[float], low: Sequence[float], high: Sequence[float]
) -> Markup:
    """A dot for every agent's rating, a line for its interval."""
    count = len(values)
    step = min(24, max(5, 960 // count))
    left, right, width, height = _margin(marks.names), 20.0, 620.0, step * count + 34.0
    ticks = ticks_of(min(low), max(high))
    first, last = min(*low, ticks[0]), max(*high, ticks[-1])
    first, last = (first, last) if first < last else (first - 1, last + 1)

    def x(value: float) -> float:
        return left + (value - first) / (last - first) * (width - left - right)

    parts: list[Markup] = []
    for tick in ticks:
        parts.append(
            tag("line", class_="grid", x1=x(tick), x2=x(tick), y1=4, y2=height - 28)
        )
        parts.append(label(signed(tick, 0), x(tick), height - 10, "tick middle"))
    every = ceil(_LINE / step)
    for i in range(count):
        y = 4 + step * (i + 0.5)
        if i % every == 0:
            parts.append(
                label(clip(marks.names[i], _LONGEST), left - 8, y + 4, "label end")
            )
        line = tag("path", class_="whisker", d=f"M{x(low[i]):.1f} {y:.1f}H{x(high[i]):.1f}")
        dot = tag(
            "circle", class_=marks.kind(i), cx=x(values[i]), cy=y, r=min(4.5, 0.38 * step)
        )
        parts.append(tag("g", tag("title", marks.said[i]), line, dot))
    return picture(parts, width, height, "Rating of each agent with its 95% interval")


def cycle_disc(marks: AgentMarks, points: Sequence[Sequence[float]]) -> Markup:
    """The plane of the strongest cycle: each agent beats those that lie less than half a turn anticlockwise of it."""
    size, radius = 380.0, 138.0
    middle = size / 2
    furthest = max(hypot(*point) for point in points) or 1
    places = [
        (middle + radius * x / furthest, middle - radius * y / furthest) for x, y in points
    ]
    parts = [
        tag("circle", class_="rim", cx=middle, cy=middle, r=radius),
        tag(
            "path",
            class_="grid",
            d=f"M{middle - radius} {middle}h{2 * radius}M{middle} {middle - radius}v{2 * radius}",
        ),
    ]
    parts += [
        _arrow(middle, radius + 12),
        label("beats", middle + radius - 14, middle - radius + 4, "tick"),
    ]
    parts += [_dot(marks, i, x, y) for i, (x, y) in enumerate(places)]
    return picture(
        [*parts, *_names(marks.names, places, size)], size, size, "The strongest cycle"
    )


def spinning_top(
    marks: AgentMarks, skill: Sequence[float], cycles: Sequence[float]
) -> Markup:
    """Skill upwards; every agent is as wide as the number of cycles of three that it is part of."""
    width, height, top, bottom, left = 430.0, 380.0, 22.0, 50.0, 48.0
    middle, reach = left + 140.0, 120.0
    ticks, widest = ticks_of(min(skill), max(skill)), max(cycles) or 1
    first, last = min(*skill, ticks[0]), max(*skill, ticks[-1])

    def y(value: float) -> float:
        return (
            height
            - bottom
            - ((value - first) / (last - first) if last > first else 0.5)
            * (height - top - bottom)
        )

    parts: list[Markup] = []
    for tick in ticks:
        parts.append(
            tag("line", class_="grid", x1=left, x2=width - 8, y1=y(tick), y2=y(tick))
        )
        parts.append(label(signed(tick), left - 6, y(tick) + 4, "tick end"))
    halves = [reach * count / widest for count in cycles]
    outline = _smoothed(sorted((y(s), half) for s, half in zip(skill, halves, strict=True)))
    sides = [(middle + half, at) for at, half in outline] + [
        (middle - half, at) for at, half in reversed(outline)
    ]
    parts.append(tag("polygon", class_="band", points=points_of(sides)))
    places = [(middle + half, y(s)) for s, half in zip(skill, halves, strict=True)]
    for i, (x, at) in enumerate(places):
        line = tag("line", class_="spread", x1=2 * middle - x, x2=x, y1=at, y2=at)
        parts.append(
            tag("g", line, _dot(marks, i, 2 * middle - x, at), _dot(marks, i, x, at))
        )
    parts.append(
        label(
            f"cycles of three, at the widest {max(cycles):,.0f}",
            middle,
            height - 12,
            "tick middle",
        )
    )
    return picture(
        [*parts, *_names(marks.names, places, width)], width, height, "The spinning top"
    )


def _arrow(middle: float, radius: float) -> Markup:
    """An arc from 30 to 60 degrees, anticlockwise, and its head."""
    (x, y), (to_x, to_y) = (
        (middle + radius * cos(a), middle - radius * sin(a)) for a in (pi / 6, pi / 3)
    )
    head = f"M{to_x + 7:.1f} {to_y - 3:.1f}L{to_x:.1f} {to_y:.1f}L{to_x + 5:.1f} {to_y + 7:.1f}"
    return tag(
        "path",
        class_="whisker",
        d=f"M{x:.1f} {y:.1f}A{radius:.1f} {radius:.1f} 0 0 0 {to_x:.1f} {to_y:.1f}{head}",
    )


def _dot(marks: AgentMarks, place: int, x: float, y: float) -> Markup:
    return tag(
        "circle",
        tag("title", marks.said[place]),
        class_=marks.kind(place),
        cx=x,
        cy=y,
        r=3.6,
    )


def _smoothed(outline: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Means over a sixth of the points around each."""
    reach = len(outline) // 12
    spans = [outline[max(0, i - reach) : i + reach + 1] for i in range(len(outline))]
    return [
        (at, sum(half for _, half in span) / len(span))
        for (at, _), span in zip(outline, spans, strict=True)
    ]


def _names(
    names: Sequence[str], places: Sequence[tuple[float, float]], width: float
) -> Iterable[Markup]:
    """The names of few agents beside their places, but for those that would cover another or leave the picture."""
    taken: list[tuple[float, float, float]] = []
    for name, (x, y) in zip(names, places, strict=True) if len(names) <= _NAMED else ():
        text = clip(name, _LONGEST)
        wide = _LETTER * len(text)
        spots = [
            (start, y + _LINE * k) for k in (0, 1, -1) for start in (x + 7, x - 7 - wide)
        ]
        free = [
            (start, level)
            for start, level in spots
            if 0 <= start <= width - wide
            and all(
                abs(level - b) >= _LINE or start >= a + w or a >= start + wide
                for a, b, w in taken
            )
        ]
        if free:
            start, level = free[
                min(
                    range(len(free)),
                    key=[_hidden(places, spot, wide) for spot in free].__getitem__,
                )
            ]
            taken.append((start, level, wide))
            yield label(text, start, level + 4, "tick")


def _hidden(
    places: Sequence[tuple[float, float]], spot: tuple[float, float], wide: float
) -> int:
    """How many marks a name at this spot would cover."""
    return sum(
        spot[0] - 4 < x < spot[0] + wide + 4 and abs(spot[1] - y) < 9 for x, y in places
    )


def _margin(names: Sequence[str]) -> float:
    """Room for the longest name that is shown."""
    return 16 + _LETTER * max(len(clip(name, _LONGEST)) for name in names)
