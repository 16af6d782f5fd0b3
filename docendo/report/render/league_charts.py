"""The charts of a population: who beats whom, who is how good, and what goes in cycles.

They take plain numbers, for agents in the order in which they are shown. NaN is an unknown
number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, cos, hypot, isnan, pi, sin

from docendo.formatting import clip, signed
from docendo.report.render.heat_map import HeatCell, heat_map
from docendo.report.render.markup import Markup
from docendo.report.render.plot import (
    LINE_HEIGHT,
    Margins,
    Plot,
    Point,
    round_ticks,
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

    def kind(self, place: int) -> str:
        """The class of a mark."""
        return "mark best" if self.in_best_cluster[place] else "mark"


def payoff_heat_map(names: Sequence[str], matrix: PayoffMatrix) -> Markup:
    """The row's payoff against the column: blue where it wins, orange where it loses.

    Pairs that never met are holes. Few agents have their numbers in the cells.
    """
    side = min(46, max(3, 620 // len(names)))
    darkest = 0.0
    for row in matrix.payoff:
        darkest = max([darkest, *(abs(value) for value in row if not isnan(value))])

    places = range(len(names))
    cells = []
    for i in places:
        row_cells = []
        for j in places:
            title = f"{names[i]} against {names[j]}: {matrix.describe(i, j)}"
            value = 0.0 if i == j else matrix.payoff[i][j]
            text = _cell_text(value) if i != j and side > 40 else ""
            level = None if isnan(value) else value / (darkest or 1)
            row_cells.append(HeatCell(level, title, [(text, "note")] if text else []))
        cells.append(row_cells)

    return heat_map("Payoff of each agent against each other", names, cells, (side, side))


def _cell_text(value: float) -> str:
    return "?" if isnan(value) else signed(value)


def rating_chart(
    marks: AgentMarks, values: Sequence[float], low: Sequence[float], high: Sequence[float]
) -> Markup:
    """A dot for every agent's rating, a line for its interval."""
    count = len(values)
    row_height = min(24, max(5, 960 // count))
    names = [clip(name, _NAME_LENGTH) for name in marks.names]
    ticks = round_ticks(min(low), max(high))
    first = min(*low, ticks[0])
    last = max(*high, ticks[-1])
    if first == last:
        first, last = first - 1, last + 1

    plot = Plot(
        size=(620, row_height * count + 34),
        margins=Margins(_name_margin(names), right=20, top=4, bottom=30),
        x=(first, last),
        y=(count, 0),
    )
    plot.x_axis({tick: signed(tick, 0) for tick in ticks})
    plot.row_names(names, every=ceil((LINE_HEIGHT - 1) / row_height))
    radius = min(4.5, 0.38 * row_height)
    for i in range(count):
        plot.interval((low[i], high[i]), i + 0.5, "whisker", marks.titles[i])
        plot.dot((values[i], i + 0.5), marks.kind(i), marks.titles[i], radius)

    return plot.svg("Rating of each agent with its 95% interval")


def cycle_disc(marks: AgentMarks, points: Sequence[Sequence[float]]) -> Markup:
    """The plane of the strongest cycle.

    Each agent beats those that lie less than half a turn anticlockwise of it.
    """
    plot = Plot(
        size=(380, 380),
        margins=Margins(52, 52, 52, 52),
        x=(-1, 1),
        y=(-1, 1),
    )
    radius = plot.x(1) - plot.x(0)
    plot.dot((0, 0), "rim", radius=radius)
    plot.rule(x=0)
    plot.rule(y=0)
    _draw_arrow(plot)

    # Only directions and relative distances have a meaning: the furthest agent is on the rim.
    furthest = max(hypot(*point) for point in points) or 1
    places = [(x / furthest, y / furthest) for x, y in points]
    for i, (x, y) in enumerate(places):
        plot.dot((x, y), marks.kind(i), marks.titles[i])
    _draw_names(plot, marks.names, places)
    return plot.svg("The strongest cycle")


def _draw_arrow(plot: Plot) -> None:
    """An arrow outside the disc, from 30 to 60 degrees: its tail beats its tip."""
    radius = 1.09
    angles = [pi / 6 + pi / 6 * step / 12 for step in range(13)]
    arc = [(radius * cos(angle), radius * sin(angle)) for angle in angles]
    tip_x, tip_y = arc[-1]
    plot.line(arc, "whisker")
    head = [(tip_x + 0.05, tip_y + 0.022), (tip_x, tip_y), (tip_x + 0.036, tip_y - 0.05)]
    plot.line(head, "whisker")
    plot.text("beats", (0.9, 0.97), "tick", shift=(0, -4))


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

    # The outline is a trend; the marks on it are the agents' own numbers.
    outline = _smooth(sorted(zip(skill, cycles, strict=True), reverse=True))
    left_side = [(-half, level) for level, half in outline]
    right_side = [(half, level) for level, half in outline]
    plot.band(left_side, right_side, "band")

    places = list(zip(cycles, skill, strict=True))
    for i, (half, level) in enumerate(places):
        plot.line([(-half, level), (half, level)], "spread")
        plot.dot((-half, level), marks.kind(i), marks.titles[i])
        plot.dot((half, level), marks.kind(i), marks.titles[i])
    caption = f"cycles of three, at the widest {max(cycles):,.0f}"
    plot.text(caption, (0, plot.y.low), "tick middle", shift=(0, 34))
    _draw_names(plot, marks.names, places)
    return plot.svg("The spinning top")


def _smooth(outline: Sequence[Point]) -> list[Point]:
    """(level, half width) points, each width a mean over the sixth of the points around."""
    reach = len(outline) // 12
    smooth = []
    for i, (level, _) in enumerate(outline):
        around = outline[max(0, i - reach) : i + reach + 1]
        smooth.append((level, sum(half for _, half in around) / len(around)))

    return smooth


@dataclass(frozen=True, slots=True)
class _Label:
    """Where a name is written: its left end and the middle of its line, in pixels."""

    x: float
    y: float
    width: float

    def overlaps(self, other: "_Label") -> bool:
        is_apart = self.x >= other.x + other.width or other.x >= self.x + self.width
        return abs(self.y - other.y) < LINE_HEIGHT - 1 and not is_apart

    def hides(self, point: Point) -> bool:
        x, y = point
        return self.x - 4 < x < self.x + self.width + 4 and abs(self.y - y) < 9


def _draw_names(plot: Plot, names: Sequence[str], places: Sequence[Point]) -> None:
    """Write the names beside their marks, if there are few.

    A name that would cover another one or leave the picture is left out. Of the places that
    are free a name gets the one where it hides the fewest marks.
    """
    if len(names) > _MAX_NAMES:
        return

    pixels = [(plot.x(x), plot.y(y)) for x, y in places]
    # Greedy, in the order of the ratings: the best agents get the first choice.
    labels: list[_Label] = []
    for name, (x, y), place in zip(names, pixels, places, strict=True):
        text = clip(name, _NAME_LENGTH)
        width = text_width(text)
        free = []
        for line in (0, 1, -1):
            for start in (x + 7, x - 7 - width):
                label = _Label(start, y + (LINE_HEIGHT - 1) * line, width)
                is_inside = 0 <= start <= plot.width - width
                if is_inside and not any(map(label.overlaps, labels)):
                    free.append(label)
        if free:
            label = min(free, key=lambda label: sum(map(label.hides, pixels)))
            labels.append(label)
            plot.text(text, place, "tick", shift=(label.x - x, label.y - y))


def _name_margin(names: Sequence[str]) -> float:
    """Space for the longest name that is shown."""
    return 16 + max(map(text_width, names))
