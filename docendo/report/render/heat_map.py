"""Heat maps: a square matrix as colours, blue above 0 and orange below."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from docendo.formatting import clip
from docendo.report.render.markup import Markup
from docendo.report.render.plot import LINE_HEIGHT, Margins, Plot, text_width

__all__ = ["HeatCell", "heat_map"]

_NAME_LENGTH = 16
_MAX_CELLS = 40 * 40
"""A larger heat map is drawn as a few paths: a cell of its own takes about 200 bytes."""
_SHADES = 8
"""Shades of either colour in such a large one."""
_DARKEST = 0.85
"""Opacity of the darkest cell: the text in it stays readable."""


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
            return "heat gap"
        if self.level == 0:
            return "heat none"
        return "heat up" if self.level > 0 else "heat down"

    @property
    def opacity(self) -> float | None:
        """How much of its colour shows; None where it has none."""
        return _DARKEST * abs(self.level) if self.level else None


def heat_map(
    title: str, names: Sequence[str], cells: Sequence[Sequence[HeatCell]], side: float
) -> Markup:
    """A square matrix as colours, the same names for rows and columns.

    `side` is the length of a cell's sides in pixels.
    """
    count = len(names)
    shown_names = [clip(name, _NAME_LENGTH) for name in names]
    margin = 18 + max(map(text_width, shown_names))
    length = margin + side * count + 4
    plot = Plot(
        size=(length, length),
        margins=Margins(margin, right=4, top=margin, bottom=4),
        x=(0, count),
        y=(count, 0),
    )
    plot.row_names(shown_names)
    plot.row_names(shown_names, upright=True)

    # A translucent colour lies on the ground that an empty cell has.
    plot.box((0, count), (0, count), "heat none")
    if count**2 > _MAX_CELLS:
        _draw_shades(plot, cells, side)
        return plot.svg(title)
    for i, row in enumerate(cells):
        for j, cell in enumerate(row):
            _draw_cell(plot, cell, row=i, column=j)
    return plot.svg(title)


def _draw_cell(plot: Plot, cell: HeatCell, *, row: int, column: int) -> None:
    plot.box((column, column + 1), (row, row + 1), cell.kind, cell.title, cell.opacity)
    first = -LINE_HEIGHT * (len(cell.lines) - 1) / 2
    for place, (text, kind) in enumerate(cell.lines):
        shift = (0, first + LINE_HEIGHT * place)
        plot.text(text, (column + 0.5, row + 0.5), f"{kind} middle", shift)


def _draw_shades(plot: Plot, cells: Sequence[Sequence[HeatCell]], side: float) -> None:
    """Draw all cells of one shade as one path."""
    outlines = defaultdict(list)
    outline = f"h{side:g}v{side:g}h-{side:g}z"
    for i, row in enumerate(cells):
        for j, cell in enumerate(row):
            # Rounded up, so that no cell with a colour looks as if it had none.
            shade = ceil(_SHADES * abs(cell.level or 0) - 1e-9)
            corner = f"M{plot.x(j):.1f} {plot.y(i):.1f}"
            outlines[cell.kind, shade].append(corner + outline)

    for (kind, shade), parts in sorted(outlines.items()):
        plot.path("".join(parts), kind, _DARKEST * shade / _SHADES if shade else None)
