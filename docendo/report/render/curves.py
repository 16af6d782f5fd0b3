"""Curves of shares with their intervals, for the charts of runs and of studies."""

from collections.abc import Sequence
from typing import NamedTuple

from docendo.formatting import interval_text, percent
from docendo.report.render.plot import Plot, round_ticks
from docendo.statistics import Estimate

__all__ = ["Curve", "draw_curves"]


class Curve(NamedTuple):
    """A share against rounds or operations."""

    name: str
    points: Sequence[tuple[float, Estimate]]
    kind: str
    """The classes that give its line weight and colour."""
    has_band: bool = False
    """Whether its interval is shown."""
    titles: Sequence[str] = ()
    """What each of its points shows when it is pointed at; without them it has no dots."""


def draw_curves(plot: Plot, curves: Sequence[Curve]) -> None:
    """Draw the curves and the axis of shares; the last curve is in front."""
    limit = plot.y.high
    plot.y_axis({share: percent(share) for share in round_ticks(0, limit)})

    # All bands are below all lines: a band would make the lines under it pale.
    for curve in curves:
        if curve.has_band:
            _draw_band(plot, curve)
    for curve in curves:
        _draw_line(plot, curve)


def _draw_band(plot: Plot, curve: Curve) -> None:
    lower = []
    upper = []
    for x, share in curve.points:
        if share.low is not None and share.high is not None:
            # An interval of Student's t may leave [0, 1].
            lower.append((x, max(share.low, 0.0)))
            upper.append((x, min(share.high, plot.y.high)))
    if lower:
        plot.band(lower, upper, f"band {curve.kind}")


def _draw_line(plot: Plot, curve: Curve) -> None:
    start = curve.points[0][1]
    end = curve.points[-1][1]
    title = f"{curve.name}: {percent(start.mean)} to {percent(end.mean)}"
    interval = interval_text(end, share=True)
    if interval:
        title += f", 95% interval {interval}"

    points = [(x, share.mean) for x, share in curve.points]
    if len(points) == 1:
        plot.dot(points[0], f"point {curve.kind}", title, radius=3)
    else:
        plot.line(points, f"line {curve.kind}", title)
    for point, point_title in zip(points, curve.titles, strict=False):
        plot.dot(point, "dot", point_title, radius=2.6)
