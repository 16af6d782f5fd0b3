"""A small plotting module: axes, lines, bands, boxes, dots and text as inline SVG.

Colours come from the page's classes, so a plot follows the page's light and dark schemes.
"""

from collections.abc import Mapping, Sequence
from math import ceil, floor, log10
from typing import NamedTuple

from docendo.report.render.markup import Markup, join, tag

__all__ = [
    "LINE_HEIGHT",
    "Margins",
    "Plot",
    "Point",
    "Scale",
    "round_ticks",
    "row_plot",
    "series_class",
    "text_width",
]

Point = tuple[float, float]
"""(x, y) in the units of the data."""
LINE_HEIGHT = 14.0
"""Pixels from one line of text to the next."""
_LETTER_WIDTH = 6.8
_BASELINE = 4.0
"""Pixels from the middle of a line of text to its baseline."""
_ROW_HEIGHT = 30.0
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
    """A plot to draw on. Places are in the units of the data, shifts and radii in pixels.

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

    def x_axis(self, labels: Mapping[float, str]) -> None:
        """Labels below the area, each with a vertical line."""
        for value, label in labels.items():
            self.rule(x=value)
            self.text(label, (value, self.y.low), "tick middle", shift=(0, 13))

    def y_axis(self, labels: Mapping[float, str]) -> None:
        """Labels on the left of the area, each with a horizontal line."""
        for value, label in labels.items():
            self.rule(y=value)
            self.text(label, (self.x.low, value), "tick end", shift=(-6, 0))

    def row_names(self, names: Sequence[str], *, upright: bool = False) -> None:
        """The name of every row on the left; of every column above the area if `upright`.

        Where a line of text is higher than a row, only every n-th name is shown.
        """
        row_height = abs(self.y(1) - self.y(0))
        for row in range(0, len(names), ceil((LINE_HEIGHT - 1) / row_height)):
            if upright:
                self._upright_text(names[row], row + 0.5)
            else:
                self.text(names[row], (self.x.low, row + 0.5), "label end", shift=(-9, 0))

    def _upright_text(self, text: str, x: float) -> None:
        left = self.x(x) + _BASELINE
        bottom = self.y.end - 9
        turn = f"rotate(-90 {left:.1f} {bottom:.1f})"
        self._draw("text", text, class_="label", x=left, y=bottom, transform=turn)

    def rule(
        self,
        *,
        x: float | None = None,
        y: float | None = None,
        kind: str = "grid",
        title: str = "",
    ) -> None:
        """A straight line through the whole area: vertical at `x`, or horizontal at `y`."""
        x_ends = (self.x.low, self.x.high) if x is None else (x, x)
        y_ends = (self.y.low, self.y.high) if y is None else (y, y)
        self.line(list(zip(x_ends, y_ends, strict=True)), kind, title)

    def line(self, points: Sequence[Point], kind: str, title: str = "") -> None:
        """A line through the points."""
        self._mark("polyline", title, class_=kind, points=self._pixels(points))

    def band(self, lower: Sequence[Point], upper: Sequence[Point], kind: str) -> None:
        """The area between two lines."""
        # Forth on one line and back on the other.
        outline = [*upper, *reversed(lower)]
        self._mark("polygon", class_=kind, points=self._pixels(outline))

    def dot(self, at: Point, kind: str, title: str = "", radius: float = 3.6) -> None:
        """A filled circle."""
        self._mark(
            "circle", title, class_=kind, cx=self.x(at[0]), cy=self.y(at[1]), r=radius
        )

    def box(
        self,
        x: Point,
        y: Point,
        kind: str,
        title: str = "",
        opacity: float | None = None,
    ) -> None:
        """A filled box from one x to another and from one y to another: a bar, or a cell."""
        left, right = sorted((self.x(x[0]), self.x(x[1])))
        top, bottom = sorted((self.y(y[0]), self.y(y[1])))
        self._mark(
            "rect",
            title,
            class_=kind,
            fill_opacity=opacity,
            x=left,
            y=top,
            # A bar of nothing still shows, as a line.
            width=max(right - left, 1),
            height=bottom - top,
        )

    def path(self, steps: str, kind: str, opacity: float | None = None) -> None:
        """An outline in SVG's own language, in pixels."""
        self._mark("path", class_=kind, fill_opacity=opacity, d=steps)

    def text(self, text: str, at: Point, kind: str, shift: Point = (0, 0)) -> None:
        """One line of text at the height of `at`, moved by `shift` pixels right and down."""
        x = self.x(at[0]) + shift[0]
        y = self.y(at[1]) + shift[1] + _BASELINE
        self._draw("text", text, class_=kind, x=x, y=y)

    def _pixels(self, points: Sequence[Point]) -> str:
        return " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in points)

    def _mark(self, name: str, title: str = "", **attributes: str | float | None) -> None:
        self._draw(name, tag("title", title) if title else "", **attributes)

    def _draw(self, name: str, content: str, **attributes: str | float | None) -> None:
        self._parts.append(tag(name, content, **attributes))


def row_plot(
    names: Sequence[str],
    width: float,
    x: Point,
    right: float,
    row_height: float = _ROW_HEIGHT,
) -> Plot:
    """A plot with one named row for each of the names; the margin `right` has room for text."""
    left = 16 + max(map(text_width, names))
    plot = Plot(
        size=(width, row_height * len(names) + 32),
        margins=Margins(left, right, top=2, bottom=30),
        x=x,
        y=(len(names), 0),
    )
    plot.row_names(names)
    return plot


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
