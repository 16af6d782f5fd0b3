"""Heat maps: a square matrix as colours, blue above 0 and orange below."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from docendo.formatting import clip
from docendo.report.render.markup import Markup, tag
from docendo.report.render.plot import (
    BASELINE,
    LINE_HEIGHT,
    Margins,
    Plot,
    Scale,
    text_width,
)

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

    `axes` names what is in the rows and in the columns. Without it the names of the columns
    stand upright, since cells may be narrower than a name.
    """
    count = len(names)
    width, height = cell_size
    shown = [clip(name, _NAME_LENGTH) for name in names]
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

    # In narrow rows only every n-th name has room.
    every = ceil((LINE_HEIGHT - 1) / height)
    plot.row_names(shown, "label" if axes else "tick", every)
    if axes:
        plot.text(f"{axes[1]} →", (0, 0), "tick", shift=(0, -30))
        plot.text(row_heading, (0, 0), "tick end", shift=(-9, -12))
    for column in range(0, count, every):
        _draw_column_name(
            plot,
            shown[column],
            column,
            width,
            upright=not axes,
        )

    if count**2 > _MAX_CELLS:
        _draw_texture(plot, cells, cell_size)
    else:
        for i, row in enumerate(cells):
            for j, cell in enumerate(row):
                plot.add(_draw_cell(cell, plot.x(j), plot.y(i), cell_size))
    return plot.svg(title)


def _draw_column_name(
    plot: Plot, name: str, column: int, width: float, *, upright: bool
) -> None:
    if not upright:
        room = max(1, round(width / text_width(" ")))
        plot.text(clip(name, room), (column + 0.5, 0), "label middle", shift=(0, -12))
        return

    x = plot.x(column + 0.5) + BASELINE
    y = plot.y(0) - 9
    turn = f"rotate(-90 {x:.1f} {y:.1f})"
    plot.add(
        tag(
            "text",
            name,
            class_="tick",
            x=x,
            y=y,
            transform=turn,
        )
    )


def _cell_gap(size: tuple[float, float]) -> float:
    """Pixels between two cells: narrow cells touch each other."""
    return 2.0 if min(size) > 12 else 0.0


def _draw_cell(cell: HeatCell, x: float, y: float, size: tuple[float, float]) -> Markup:
    width, height = size
    gap = _cell_gap(size)
    box = {"x": x, "y": y, "width": width - gap, "height": height - gap, "rx": 2 * gap}

    parts = [tag("title", cell.title)] if cell.title else []
    parts.append(
        tag("rect", class_="heat gap" if cell.kind == "gap" else "heat none", **box)
    )
    if cell.level:
        opacity = _DARKEST * abs(cell.level)
        parts.append(
            tag(
                "rect",
                class_=f"heat {cell.kind}",
                fill_opacity=opacity,
                **box,
            )
        )

    middle = y + (height - gap) / 2
    first = middle + BASELINE - LINE_HEIGHT * (len(cell.lines) - 1) / 2
    for place, (text, kind) in enumerate(cell.lines):
        baseline = first + LINE_HEIGHT * place
        parts.append(
            tag(
                "text",
                text,
                class_=f"{kind} middle",
                x=x + (width - gap) / 2,
                y=baseline,
            )
        )

    return tag("g", *parts, class_="cell")


def _draw_texture(
    plot: Plot, cells: Sequence[Sequence[HeatCell]], size: tuple[float, float]
) -> None:
    """Draw all cells of one shade as one path."""
    corners: dict[tuple[int, str], list[str]] = {}
    for i, row in enumerate(cells):
        for j, cell in enumerate(row):
            shade = ceil(_SHADES * abs(cell.level or 0) - 1e-9)
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
                fill_opacity=_DARKEST * shade / _SHADES if shade else None,
                d="".join(corner + outline for corner in places),
            )
        )
