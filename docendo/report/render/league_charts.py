"""The charts of a population: who beats whom, who is how good, and what goes in cycles.

They take plain numbers, for agents in the order in which they are shown. NaN is an unknown
number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from math import hypot, isnan

from docendo.formatting import clip, signed
from docendo.report.render.heat_map import HeatCell, heat_map
from docendo.report.render.markup import Markup
from docendo.report.render.plot import (
    LINE_HEIGHT,
    Margins,
    Plot,
    Point,
    round_ticks,
    row_plot,
    text_width,
)

__all__ = [
    "AgentMarks",
    "PayoffMatrix",
    "cycle_disc",
    "payoff_heat_map",
    "rating_chart",
    "spinning_top",
]

_NAME_LENGTH = 16
_MAX_NAMES = 40
"""With more agents the marks of a chart have no names beside them."""


@dataclass(frozen=True, slots=True)
class PayoffMatrix:
    """A payoff, (N, N), with its bounds where they are known."""

    payoff: Sequence[Sequence[float]]
    low: Sequence[Sequence[float]] | None = None
    high: Sequence[Sequence[float]] | None = None

    def describe(self, row: int, column: int) -> str:
        """One payoff and its interval, in words."""
        value = self.payoff[row][column]
        if isnan(value):
            return "never met"

        low = self.low[row][column] if self.low else value
        high = self.high[row][column] if self.high else value
        if low < high:
            return f"{signed(value)}, 95% interval {signed(low)} to {signed(high)}"
        return signed(value)


@dataclass(frozen=True, slots=True)
class AgentMarks:
    """Agents as marks of a chart."""

    names: Sequence[str]
    titles: Sequence[str]
    """What each shows when it is pointed at."""
    in_best_cluster: Sequence[bool]

    def draw(self, plot: Plot, place: int, at: Point, radius: float = 3.6) -> None:
        """Draw the mark of one agent."""
        kind = "mark best" if self.in_best_cluster[place] else "mark"
        plot.dot(at, kind, self.titles[place], radius)


def payoff_heat_map(names: Sequence[str], matrix: PayoffMatrix) -> Markup:
    """The row's payoff against the column: blue where it wins, orange where it loses.

    Pairs that never met are holes. Few agents have their numbers in the cells.
    """
    side = min(46, max(3, 620 // len(names)))
    # Relative to the largest payoff, since a league may have any scale.
    darkest = 0.0
    for payoff in chain.from_iterable(matrix.payoff):
        if not isnan(payoff):
            darkest = max(darkest, abs(payoff))

    cells = []
    for i, payoffs in enumerate(matrix.payoff):
        row = []
        for j, payoff in enumerate(payoffs):
            title = f"{names[i]} against {names[j]}: {matrix.describe(i, j)}"
            value = 0.0 if i == j else payoff
            # An agent's payoff against itself says nothing and has no colour.
            level = None if isnan(value) else value / (darkest or 1)
            text = "?" if level is None else signed(value)
            lines = [(text, "note")] if i != j and side > 40 else []
            row.append(HeatCell(level, title, lines))
        cells.append(row)

    return heat_map("Payoff of each agent against each other", names, cells, side)


def rating_chart(
    marks: AgentMarks, values: Sequence[float], low: Sequence[float], high: Sequence[float]
) -> Markup:
    """A dot for every agent's rating, a line for its interval."""
    ticks = round_ticks(min(low), max(high))
    first = min(*low, ticks[0])
    last = max(*high, ticks[-1])
    if first == last:
        first, last = first - 1, last + 1

    # Many agents get narrow rows: a picture of a thousand pixels is enough.
    row_height = min(24, max(5, 960 // len(values)))
    names = [clip(name, _NAME_LENGTH) for name in marks.names]
    plot = row_plot(names, 620, x=(first, last), right=20, row_height=row_height)
    plot.x_axis({tick: signed(tick, 0) for tick in ticks})
    for i, value in enumerate(values):
        middle = i + 0.5
        plot.line([(low[i], middle), (high[i], middle)], "whisker", marks.titles[i])
        marks.draw(plot, i, (value, middle), radius=min(4.5, 0.38 * row_height))

    return plot.svg("Rating of each agent with its 95% interval")


def cycle_disc(marks: AgentMarks, points: Sequence[Sequence[float]]) -> Markup:
    """The plane of the strongest cycle.

    Each agent beats those that lie less than half a turn anticlockwise of it.
    """
    plot = Plot(size=(380, 380), margins=Margins(52, 52, 52, 52), x=(-1, 1), y=(-1, 1))
    plot.dot((0, 0), "rim", radius=plot.x(1) - plot.x(0))
    plot.rule(x=0)
    plot.rule(y=0)
    plot.text("beats anticlockwise ↺", (0, 1), "tick middle", shift=(0, -12))

    # Only directions and relative distances have a meaning: the furthest agent is on the rim.
    furthest = max(hypot(*point) for point in points) or 1
    places = [(x / furthest, y / furthest) for x, y in points]
    for i, place in enumerate(places):
        marks.draw(plot, i, place)
    _draw_names(plot, marks.names, places)
    return plot.svg("The strongest cycle")


def spinning_top(
    marks: AgentMarks, skill: Sequence[float], cycles: Sequence[float]
) -> Markup:
    """Skill upwards; an agent is as wide as the number of cycles of three it is part of."""
    ticks = round_ticks(min(skill), max(skill))
    widest = max(cycles) or 1
    plot = Plot(
        size=(430, 380),
        margins=Margins(left=48, right=8, top=22, bottom=50),
        # The top is 240 pixels wide; the space on its right is for names.
        x=(-140 / 120 * widest, 234 / 120 * widest),
        y=(min(*skill, ticks[0]), max(*skill, ticks[-1])),
    )
    plot.y_axis({tick: signed(tick) for tick in ticks})

    places = list(zip(cycles, skill, strict=True))
    for i, (half, level) in enumerate(places):
        plot.line([(-half, level), (half, level)], "spread")
        marks.draw(plot, i, (-half, level))
        marks.draw(plot, i, (half, level))
    caption = f"cycles of three, at the widest {max(cycles):,.0f}"
    plot.text(caption, (0, plot.y.low), "tick middle", shift=(0, 34))
    _draw_names(plot, marks.names, places)
    return plot.svg("The spinning top")


def _draw_names(plot: Plot, names: Sequence[str], places: Sequence[Point]) -> None:
    """Write the names beside their marks, if there are few.

    A name that would cover another one or leave the picture is left out: it shows when its
    mark is pointed at.
    """
    if len(names) > _MAX_NAMES:
        return

    # Greedy, in the order of the ratings: the best agents get the first choice.
    taken: list[tuple[float, float, float]] = []
    for name, place in zip(names, places, strict=True):
        text = clip(name, _NAME_LENGTH)
        width = text_width(text)
        x, y = plot.x(place[0]), plot.y(place[1])
        for left in (x + 7, x - 7 - width):
            is_inside = 0 <= left <= plot.width - width
            if is_inside and not _overlaps(taken, left, left + width, y):
                taken.append((left, left + width, y))
                plot.text(text, place, "tick", shift=(left - x, 0))
                break


def _overlaps(
    taken: Sequence[tuple[float, float, float]], left: float, right: float, y: float
) -> bool:
    """Whether one of the lines of text that are there, (left, right, y), is in the way."""
    for other_left, other_right, other_y in taken:
        is_apart = left >= other_right or other_left >= right
        if abs(y - other_y) < LINE_HEIGHT - 1 and not is_apart:
            return True
    return False
