"""A small plotting module: axes, lines, bands, bars, dots and text as inline SVG.

Colours come from the page's classes, so a plot follows the page's light and dark schemes.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import ceil, floor, log10
from typing import NamedTuple

from docendo.report.render.markup import Markup, join, tag

__all__ = [
    "BASELINE",
    "LINE_HEIGHT",
    "Margins",
    "Plot",
    "Point",
    "Scale",
    "round_ticks",
    "series_class",
    "text_width",
]

Point = tuple[float, float]
"""(x, y) in the units of the data."""
LINE_HEIGHT = 14.0
"""Pixels from one line of text to the next."""
_LETTER_WIDTH = 6.8
BASELINE = 4.0
"""Pixels from the middle of a line of text to its baseline."""
_SERIES_COLOURS = 8


class Margins(NamedTuple):
    """Space around the area of a plot, in pixels."""

    left: float
    right: float
    top: float
    bottom: float


class Scale(NamedTuple):
    """Maps a value linearly to a pixel: `low` to `start`, `high` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """The pixel of a value; the middle where the scale has no extent."""
        if self.low == self.high:
            return (self.start + self.end) / 2

        share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)


class Plot:
    """A plot to draw on.

    Places are in the units of the data, thicknesses and shifts in pixels.

    `x` and `y` are the values at the left and right edge, and at the bottom and top edge. A
    chart with one row for each agent has `y=(rows, 0)`, so that row i has its middle at i +
    0.5. Every `kind` is a class of the page's style sheet; a `title` shows when it is
    pointed at.
    """

    def __init__(
        self, size: tuple[float, float], margins: Margins, x: Point, y: Point
    ) -> None:
        self.width, self.height = size
        self.x = Scale(*x, start=margins.left, end=self.width - margins.right)
        self.y = Scale(*y, start=self.height - margins.bottom, end=margins.top)
        self._parts: list[Markup] = []

    def svg(self, title: str) -> Markup:
        """The whole picture; `title` describes it to people who cannot see it."""
        return tag(
            "svg",
            tag("title", title),
            join(self._parts),
            viewBox=f"0 0 {self.width:.0f} {self.height:.0f}",
            width=self.width,
            height=self.height,
            role="img",
            aria_label=title,
        )

    def x_axis(self, labels: Mapping[float, str], *, grid: bool = True) -> None:
        """Labels below the area, each with a vertical line of the grid."""
        for value, label in labels.items():
            if grid:
                self.rule(x=value)
            self.text(label, (value, self.y.low), "tick middle", shift=(0, 13))

    def y_axis(self, labels: Mapping[float, str]) -> None:
        """Labels on the left of the area, each with a horizontal line of the grid."""
        for value, label in labels.items():
            self.rule(y=value)
            self.text(label, (self.x.low, value), "tick end", shift=(-6, 0))

    def row_names(self, names: Sequence[str], kind: str = "label", every: int = 1) -> None:
        """The name of every row, or of every n-th, on the left of the area."""
        for row in range(0, len(names), every):
            self.text(names[row], (self.x.low, row + 0.5), f"{kind} end", shift=(-9, 0))

    def rule(
        self,
        *,
        x: float | None = None,
        y: float | None = None,
        kind: str = "grid",
        title: str = "",
    ) -> None:
        """A straight line through the whole area: vertical at `x`, or horizontal at `y`."""
        x_ends = (self.x.start, self.x.end) if x is None else (self.x(x),) * 2
        y_ends = (self.y.start, self.y.end) if y is None else (self.y(y),) * 2
        self._draw(
            "line",
            title,
            class_=kind,
            x1=x_ends[0],
            x2=x_ends[1],
            y1=y_ends[0],
            y2=y_ends[1],
        )

    def line(self, points: Sequence[Point], kind: str, title: str = "") -> None:
        """A line through the points."""
        self._draw("polyline", title, class_=kind, points=self._pixels(points))

    def band(
        self,
        lower: Sequence[Point],
        upper: Sequence[Point],
        kind: str,
        opacity: float | None = None,
    ) -> None:
        """The area between two lines."""
        outline = [*upper, *reversed(lower)]
        points = self._pixels(outline)
        self._draw("polygon", class_=kind, fill_opacity=opacity, points=points)

    def dot(self, at: Point, kind: str, title: str = "", radius: float = 3.6) -> None:
        """A filled circle."""
        center_x = self.x(at[0])
        center_y = self.y(at[1])
        self._draw("circle", title, class_=kind, cx=center_x, cy=center_y, r=radius)

    def bar(
        self,
        ends: Point,
        y: float,
        thickness: float,
        kind: str,
        title: str = "",
    ) -> None:
        """A horizontal bar from one x to another, around `y`; at least one pixel long."""
        start = self.x(ends[0])
        length = max(self.x(ends[1]) - start, 1)
        self._draw(
            "rect",
            title,
            class_=kind,
            x=start,
            y=self.y(y) - thickness / 2,
            width=length,
            height=thickness,
        )

    def interval(
        self, ends: Point, y: float, kind: str, title: str = "", cap: float = 0
    ) -> None:
        """A horizontal line from one x to another; `cap` is half the height of its ends."""
        low, high = (f"{self.x(end):.1f}" for end in ends)
        middle = self.y(y)
        # One path for the line and its ends: a page has hundreds of intervals.
        path = f"M{low} {middle:.1f}H{high}"
        if cap:
            path += "".join(f"M{end} {middle - cap:.1f}v{2 * cap:g}" for end in (low, high))
        self._draw("path", title, class_=kind, d=path)

    def text(self, text: str, at: Point, kind: str, shift: Point = (0, 0)) -> None:
        """One line of text at the height of `at`, moved by `shift` pixels right and down."""
        x = self.x(at[0]) + shift[0]
        y = self.y(at[1]) + shift[1] + BASELINE
        self.add(tag("text", text, class_=kind, x=x, y=y))

    def add(self, element: Markup) -> None:
        """An element whose places are in pixels."""
        self._parts.append(element)

    def _pixels(self, points: Iterable[Point]) -> str:
        return " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in points)

    def _draw(self, name: str, title: str = "", **attributes: str | float | None) -> None:
        children = [tag("title", title)] if title else []
        self.add(tag(name, *children, **attributes))


def round_ticks(low: float, high: float, min_step: float = 0.0) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten in the range, at most six.

    An empty range has the one tick `low`. With `min_step=1` the ticks are whole numbers.
    """
    if not high > low:
        return [low]

    # Five intervals at most: more labels would touch in a narrow panel.
    power = 10.0 ** floor(log10((high - low) / 5))
    steps = [factor * power for factor in (1, 2, 5, 10)]
    step = max(min_step, next(step for step in steps if (high - low) / step <= 5))
    tolerance = 1e-9  # 0.6 / 0.2 is a little less than 3
    first = ceil(low / step - tolerance)
    last = floor(high / step + tolerance)
    return [step * multiple for multiple in range(first, last + 1)]


def series_class(place: int) -> str:
    """The class that gives the n-th series its colour; colours repeat after eight."""
    return f"series s{place % _SERIES_COLOURS}"


def text_width(text: str) -> float:
    """About how wide a line of text is, in pixels."""
    return _LETTER_WIDTH * len(text)
