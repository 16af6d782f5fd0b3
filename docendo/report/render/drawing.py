"""What every chart is made of."""

from collections.abc import Iterable
from math import ceil, floor, log10

from docendo.report.render.markup import Markup, join, tag

__all__ = ["label", "picture", "points_of", "ticks_of"]


def label(text: str, x: float, y: float, kind: str) -> Markup:
    """Text at a place, with the page's classes `kind`."""
    return tag("text", text, class_=kind, x=x, y=y)


def points_of(points: Iterable[tuple[float, float]]) -> str:
    """The ``points`` attribute of a line or a polygon."""
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def picture(parts: Iterable[Markup], width: float, height: float, title: str) -> Markup:
    """The whole SVG; `title` says what it shows to who cannot see it."""
    inner = join((tag("title", title), *parts))
    return tag(
        "svg",
        inner,
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        width=width,
        height=height,
        role="img",
        aria_label=title,
    )


def ticks_of(low: float, high: float) -> list[float]:
    """The multiples of 1, 2 or 5 times a power of ten inside the range, at most six; `low` where it is empty."""
    if not high > low:
        return [low]
    power = 10.0 ** floor(log10((high - low) / 5))
    step = next(s * power for s in (1, 2, 5, 10) if (high - low) / (s * power) <= 5)
    near = 1e-9  # 0.6 / 0.2 is a little less than 3
    return [step * k for k in range(ceil(low / step - near), floor(high / step + near) + 1)]
