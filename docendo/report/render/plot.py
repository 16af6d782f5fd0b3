"""A small plotting module: axes, lines, bands, bars, dots, text and heat maps as inline SVG.

Colours come from the page's classes, so a plot follows the page's light and dark schemes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import NamedTuple

from docendo.formatting import clip
from docendo.report.render.markup import Markup, join, tag

__all__ = [
    "LINE_HEIGHT",
    "HeatCell",
    "Margins",
    "Plot",
    "Point",
    "Scale",
    "heat_map",
    "round_ticks",
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
_SERIES_COLOURS = 8
_HEAT_NAME_LENGTH = 16
_MAX_HEAT_CELLS = 40 * 40
"""A larger heat map is drawn as a few paths: a cell of its own takes about 200 bytes."""
_HEAT_SHADES = 8
"""Shades of either colour in such a large heat map."""
_DARKEST = 0.85
"""Opacity of the darkest cell: the text in it stays readable."""


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
    """A plot to draw on. Places are in the units of the data, thicknesses and shifts in pixels.

    `x` and `y` are the values at the left and right edge, and at the bottom and top edge. A chart
    with one row for each agent has `y=(rows, 0)`, so that row i has its middle at i + 0.5.
    Every `kind` is a class of the page's style sheet; a `title` shows when it is pointed at.
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
            self.text(label, value, self.y.low, "tick middle", shift=(0, 13))

    def y_axis(self, labels: Mapping[float, str]) -> None:
        """Labels on the left of the area, each with a horizontal line of the grid."""
        for value, label in labels.items():
            self.rule(y=value)
            self.text(label, self.x.low, value, "tick end", shift=(-6, 0))

    def row_names(self, names: Sequence[str], kind: str = "label", every: int = 1) -> None:
        """The name of every row, or of every n-th, on the left of the area."""
        for row in range(0, len(names), every):
            self.text(names[row], self.x.low, row + 0.5, f"{kind} end", shift=(-9, 0))

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

    def dot(
        self, x: float, y: float, kind: str, title: str = "", radius: float = 3.6
    ) -> None:
        """A filled circle."""
        self._draw("circle", title, class_=kind, cx=self.x(x), cy=self.y(y), r=radius)

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
        path = f"M{low} {middle:.1f}H{high}"
        if cap:
            path += "".join(f"M{end} {middle - cap:.1f}v{2 * cap:g}" for end in (low, high))
        self._draw("path", title, class_=kind, d=path)

    def text(self, text: str, x: float, y: float, kind: str, shift: Point = (0, 0)) -> None:
        """One line of text, `y` at its middle, moved right and down by `shift` pixels."""
        place_x = self.x(x) + shift[0]
        place_y = self.y(y) + shift[1] + _BASELINE
        self.add(tag("text", text, class_=kind, x=place_x, y=place_y))

    def add(self, element: Markup) -> None:
        """An element whose places are in pixels."""
        self._parts.append(element)

    def _pixels(self, points: Iterable[Point]) -> str:
        return " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in points)

    def _draw(self, name: str, title: str = "", **attributes: str | float | None) -> None:
        children = [tag("title", title)] if title else []
        self.add(tag(name, *children, **attributes))


@dataclass(frozen=True, slots=True)
class HeatCell:
    """One cell of a heat map."""

    level: float | None
    """Depth of the colour in [-1, 1], 0 for none; None is a hole: nothing is known."""
    title: str = ""
    lines: Sequence[tuple[str, str]] = ()
    """(text, class) of every line of text in the cell."""

    @property
    def kind(self) -> str:
        """The class of its colour."""
        if self.level is None:
            return "gap"
        if self.level == 0:
            return "none"
        return "up" if self.level > 0 else "down"


def heat_map(
    title: str,
    names: Sequence[str],
    cells: Sequence[Sequence[HeatCell]],
    cell_size: tuple[float, float],
    axes: tuple[str, str] | None = None,
) -> Markup:
    """A square matrix as colours, the same names for rows and columns.

    `axes` names what is in the rows and in the columns. Without it the names of the columns stand
    upright, since cells may be narrower than a name.
    """
    count = len(names)
    width, height = cell_size
    shown = [clip(name, _HEAT_NAME_LENGTH) for name in names]
    row_heading = f"{axes[0]} ↓" if axes else ""
    left = 18 + max(map(text_width, [*shown, row_heading]))
    top = 40.0 if axes else left
    plot = Plot(
        size=(max(left + width * count + 4, 280), top + height * count + 4),
        margins=Margins(left, 0, top, 4),
        x=(0, count),
        y=(count, 0),
    )
    plot.x = Scale(0, count, start=left, end=left + width * count)

    every = ceil((LINE_HEIGHT - 1) / height)
    plot.row_names(shown, "label" if axes else "tick", every)
    if axes:
        plot.text(f"{axes[1]} →", 0, 0, "tick", shift=(0, -30))
        plot.text(row_heading, 0, 0, "tick end", shift=(-9, -12))
    for column in range(0, count, every):
        _draw_column_name(plot, shown[column], column, width, upright=not axes)

    if count**2 > _MAX_HEAT_CELLS:
        _draw_texture(plot, cells, cell_size)
    else:
        for i, row in enumerate(cells):
            for j, cell in enumerate(row):
                plot.add(_heat_cell(cell, plot.x(j), plot.y(i), cell_size))
    return plot.svg(title)


def _draw_column_name(
    plot: Plot, name: str, column: int, width: float, *, upright: bool
) -> None:
    if not upright:
        room = max(1, round(width / _LETTER_WIDTH))
        plot.text(clip(name, room), column + 0.5, 0, "label middle", shift=(0, -12))
        return

    x = plot.x(column + 0.5) + _BASELINE
    y = plot.y(0) - 9
    turn = f"rotate(-90 {x:.1f} {y:.1f})"
    plot.add(tag("text", name, class_="tick", x=x, y=y, transform=turn))


def _cell_gap(size: tuple[float, float]) -> float:
    """Pixels between two cells: narrow cells touch each other."""
    return 2.0 if min(size) > 12 else 0.0


def _heat_cell(cell: HeatCell, x: float, y: float, size: tuple[float, float]) -> Markup:
    width, height = size
    gap = _cell_gap(size)
    box = {"x": x, "y": y, "width": width - gap, "height": height - gap, "rx": 2 * gap}

    parts = [tag("title", cell.title)] if cell.title else []
    parts.append(
        tag("rect", class_="heat gap" if cell.kind == "gap" else "heat none", **box)
    )
    if cell.level:
        opacity = _DARKEST * abs(cell.level)
        parts.append(tag("rect", class_=f"heat {cell.kind}", fill_opacity=opacity, **box))

    middle = y + (height - gap) / 2
    first = middle + _BASELINE - LINE_HEIGHT * (len(cell.lines) - 1) / 2
    for place, (text, kind) in enumerate(cell.lines):
        baseline = first + LINE_HEIGHT * place
        parts.append(
            tag("text", text, class_=f"{kind} middle", x=x + (width - gap) / 2, y=baseline)
        )
    return tag("g", *parts, class_="cell")


def _draw_texture(
    plot: Plot, cells: Sequence[Sequence[HeatCell]], size: tuple[float, float]
) -> None:
    """Draw all cells of one shade as one path."""
    corners: dict[tuple[int, str], list[str]] = {}
    for i, row in enumerate(cells):
        for j, cell in enumerate(row):
            shade = ceil(_HEAT_SHADES * abs(cell.level or 0) - 1e-9)
            # A translucent colour lies on the ground that an empty cell has.
            layers = {(0, "gap" if cell.level is None else "none"), (shade, cell.kind)}
            corner = f"M{plot.x(j):.1f} {plot.y(i):.1f}"
            for layer in layers:
                corners.setdefault(layer, []).append(corner)

    gap = _cell_gap(size)
    width, height = size[0] - gap, size[1] - gap
    outline = f"h{width:g}v{height:g}h-{width:g}z"
    for (shade, kind), places in sorted(corners.items()):
        plot.add(
            tag(
                "path",
                class_=f"heat {kind}",
                fill_opacity=_DARKEST * shade / _HEAT_SHADES if shade else None,
                d="".join(corner + outline for corner in places),
            )
        )


def round_ticks(low: float, high: float, min_step: float = 0.0) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten in the range, at most six.

    An empty range has the one tick `low`. With `min_step=1` the ticks are whole numbers.
    """
    if not high > low:
        return [low]

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
