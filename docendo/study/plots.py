"""The charts of a study: curves, differences between arms, gains, the ledger."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from docendo.formatting import clip, compact, interval_text, percent, signed
from docendo.report.render.heat_map import HeatCell, heat_map
from docendo.report.render.markup import Markup
from docendo.report.render.plot import (
    LINE_HEIGHT,
    Margins,
    Plot,
    round_ticks,
    series_class,
    text_width,
)
from docendo.statistics import Estimate
from docendo.study.regimes import ArmCurve, PhaseGains
from docendo.study.sentences import format_interval, format_points

__all__ = [
    "MIN_LESSONS",
    "ArmDifference",
    "ShareCurves",
    "difference_chart",
    "gain_map",
    "gain_scale",
    "ledger_chart",
    "share_chart",
]

_WIDE = 1084.0
_ROW_HEIGHT = 30.0
_NAME_LENGTH = 28
_COLOURS = 8
"""Arms after the eighth repeat the colours and are dashed."""
MIN_LESSONS = 10
"""Fewer lessons than this say little of a pair."""
_FAINTEST_GAIN = 0.1
_MAX_BANDS = 3
"""With more curves only the two of the question have a band: more would hide one
another."""
_SHARE_LIMITS = (0.1, 0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True, slots=True)
class ShareCurves:
    """The curves of some arms in one picture."""

    title: str
    curves: Sequence[ArmCurve]
    places: Mapping[str, int]
    """Gives every arm its colour, the same in all pictures."""
    prefix: str = ""
    """Names are shown without it."""
    is_wide: bool = False

    def name_of(self, curve: ArmCurve) -> str:
        """An arm's name as it stands at the end of its curve."""
        length = _NAME_LENGTH if self.is_wide else 15
        return clip(curve.arm.removeprefix(self.prefix), length)

    def has_band(self, curve: ArmCurve) -> bool:
        """Whether the interval of a curve is shown."""
        return len(self.curves) <= _MAX_BANDS or self.places[curve.arm] < 2


class ArmDifference(NamedTuple):
    """An arm minus another."""

    arm: str
    estimate: Estimate
    side: str
    """Where its interval is: ``above`` 0, ``below`` it, or ``open``."""


def share_chart(shown: ShareCurves) -> Markup:
    """Shares against operations: a line and a pale band for every named arm."""
    longest_name = max(text_width(shown.name_of(curve)) for curve in shown.curves)
    last = max(flops for curve in shown.curves for flops, _ in curve.points) or 1.0
    limit = _share_limit(shown.curves)
    plot = Plot(
        size=(_WIDE, 420) if shown.is_wide else (330, 220),
        margins=Margins(left=40, right=8 + longest_name, top=10, bottom=30),
        x=(0, last),
        y=(0, limit),
    )

    plot.y_axis({share: percent(share) for share in round_ticks(0, limit)})
    # The unit stands at the last tick alone.
    flops_labels = {flops: compact(flops) for flops in round_ticks(0, last)}
    largest = max(flops_labels)
    flops_labels[largest] = compact(largest, "FLOP")
    plot.x_axis(flops_labels, grid=False)

    # All bands are below all curves.
    for curve in shown.curves:
        if shown.has_band(curve):
            _draw_band(plot, curve, shown.places[curve.arm])
    for curve in shown.curves:
        _draw_curve(plot, curve, shown.places[curve.arm])
    _draw_arm_names(plot, shown)
    return plot.svg(f"{shown.title} against floating-point operations")


def _share_limit(curves: Sequence[ArmCurve]) -> float:
    """The share at the upper edge: a round one that leaves room for all intervals."""
    highest = 0.0
    for curve in curves:
        for _, share in curve.points:
            highest = max(highest, share.mean if share.high is None else share.high)

    return next((limit for limit in _SHARE_LIMITS if limit >= highest), 1.0)


def _draw_band(plot: Plot, curve: ArmCurve, place: int) -> None:
    lower = []
    upper = []
    for flops, share in curve.points:
        if share.low is not None and share.high is not None:
            # An interval of Student's t may leave [0, 1].
            lower.append((flops, max(share.low, 0.0)))
            upper.append((flops, min(share.high, plot.y.high)))
    if lower:
        plot.band(lower, upper, series_class(place), opacity=0.1)


def _draw_curve(plot: Plot, curve: ArmCurve, place: int) -> None:
    start = curve.points[0][1]
    end = curve.points[-1][1]
    title = f"{curve.arm}: {percent(start.mean)} to {percent(end.mean)}"
    interval = interval_text(end, share=True)
    if interval:
        title += f", 95% interval {interval}"

    points = [(flops, share.mean) for flops, share in curve.points]
    if len(points) == 1:
        plot.dot(points[0], series_class(place), title, radius=3.5)
        return
    weight = "expert" if place < 2 else "thin"
    if place >= _COLOURS:
        weight = "dashed"
    plot.line(points, f"line {weight} {series_class(place)}", title)


def _draw_arm_names(plot: Plot, shown: ShareCurves) -> None:
    """Every arm's name at the end of its curve, moved where two would touch."""
    by_height = sorted(shown.curves, key=lambda curve: -curve.points[-1][1].mean)
    levels = [plot.y(curve.points[-1][1].mean) for curve in by_height]
    names = zip(by_height, levels, _spread(levels, plot.y.end, plot.y.start), strict=True)
    for curve, level, free_level in names:
        plot.text(
            shown.name_of(curve),
            (plot.x.high, curve.points[-1][1].mean),
            f"name {series_class(shown.places[curve.arm])}",
            shift=(8, free_level - level),
        )


def _spread(levels: Sequence[float], top: float, bottom: float) -> list[float]:
    """Sorted levels a line apart, as near to where they were as the area allows."""
    free: list[float] = []
    for level in levels:
        free.append(max(level, free[-1] + LINE_HEIGHT if free else top))

    # Those that were pushed out of the area at the bottom go up again.
    lowest = bottom
    for i in reversed(range(len(free))):
        free[i] = min(free[i], lowest)
        lowest = free[i] - LINE_HEIGHT

    return free


def difference_chart(differences: Sequence[ArmDifference], other: str) -> Markup:
    """A dot and an interval for every arm, in percentage points.

    Blue is above 0, orange below; grey cannot be told from 0.
    """
    bounds = [0.0]
    for difference in differences:
        bounds += [100 * v for v in difference.estimate[:3] if v is not None]
    low = min(bounds)
    high = max(bounds)
    if low == high:
        low, high = -1.0, 1.0
    plot = _row_plot(
        [d.arm for d in differences],
        x=(low, high),
        right=190,
        bottom=32,
    )

    # As many digits as two neighbouring ticks need to differ.
    digits = 0 if high - low >= 5 else 1
    if high - low < 0.5:
        digits = 2
    # A multiple of a step may miss 0 by rounding.
    ticks = [0.0 if abs(tick) < 1e-9 else tick for tick in round_ticks(low, high)]
    plot.x_axis({tick: signed(tick, digits) if tick else "0" for tick in ticks})
    plot.rule(x=0, kind="zero")
    for row, difference in enumerate(differences):
        _draw_difference(plot, difference, row + 0.5, other)

    return plot.svg(f"Every arm minus {other}")


def _draw_difference(plot: Plot, difference: ArmDifference, y: float, other: str) -> None:
    arm, estimate, side = difference
    value = format_points(estimate.mean)
    interval = format_interval(estimate)
    title = (
        f"{arm} minus {other}: {value} points, 95% interval {interval}, seeds: {estimate.n}"
    )
    if estimate.low is not None and estimate.high is not None:
        ends = (100 * estimate.low, 100 * estimate.high)
        plot.interval(ends, y, f"span {side}", title)
    plot.dot((100 * estimate.mean, y), "dot", title, radius=4.5)
    plot.text(value, (plot.x.high, y), "label end", shift=(50, 0))
    plot.text(interval, (plot.x.high, y), "note", shift=(62, 0))


def gain_scale(phases: Sequence[PhaseGains]) -> float:
    """The gain that has the darkest colour: the largest one of enough lessons."""
    darkest = _FAINTEST_GAIN
    for phase in phases:
        for gain, lessons in phase.gains.values():
            if lessons >= MIN_LESSONS:
                darkest = max(darkest, abs(gain))

    return darkest


def gain_map(phase: PhaseGains, agents: Sequence[str], darkest: float) -> Markup:
    """Mean gain and count of lessons by teacher (rows) and student, in a phase.

    A gain of `darkest` has the darkest colour; the gain of few lessons has none.
    """
    cells = []
    for teacher in agents:
        pairs = [(teacher, student) for student in agents]
        cells.append([_gain_cell(pair, phase.gains.get(pair), darkest) for pair in pairs])

    return heat_map(
        "Mean gain by teacher and student",
        agents,
        cells,
        cell_size=(54, 54),
        axes=("teacher", "student"),
    )


def _gain_cell(
    pair: tuple[str, str], gain_and_lessons: tuple[float, int] | None, darkest: float
) -> HeatCell:
    teacher, student = pair
    if gain_and_lessons is None:
        return HeatCell(0, f"{teacher} teaches {student}: no lesson")

    gain, lessons = gain_and_lessons
    level = max(-1.0, min(1.0, gain / darkest)) if lessons >= MIN_LESSONS else 0.0
    title = f"{teacher} teaches {student}: mean gain {signed(gain)}, lessons: {lessons:,}"
    return HeatCell(level, title, ((signed(gain), "label"), (f"{lessons:,}", "tick")))


def ledger_chart(
    spent: Mapping[str, Mapping[str, float]], purposes: Sequence[str]
) -> Markup:
    """A bar for every arm, as long as its operations, in the colours of the purposes."""
    totals = [sum(amounts.values()) for amounts in spent.values()]
    plot = _row_plot(
        list(spent),
        x=(0, max(totals) or 1.0),
        right=96,
        bottom=4,
    )
    for row, (arm, amounts) in enumerate(spent.items()):
        start = 0.0
        for place, purpose in enumerate(purposes):
            flops = amounts.get(purpose, 0.0)
            if flops > 0:
                title = f"{arm}, {purpose}: {compact(flops, 'FLOP')}"
                ends = (start, start + flops)
                plot.bar(
                    ends,
                    row + 0.5,
                    22,
                    series_class(place),
                    title,
                )
            start += flops
        plot.text(compact(start, "FLOP"), (start, row + 0.5), "note", shift=(8, 0))

    return plot.svg("Floating-point operations of every arm by purpose")


def _row_plot(
    arms: Sequence[str], *, x: tuple[float, float], right: float, bottom: float
) -> Plot:
    """A wide plot with one named row for every arm."""
    names = [clip(arm, _NAME_LENGTH) for arm in arms]
    left = 26 + max(map(text_width, names))
    plot = Plot(
        size=(_WIDE, _ROW_HEIGHT * len(names) + 2 + bottom),
        margins=Margins(left, right, top=2, bottom=bottom),
        x=x,
        y=(len(names), 0),
    )
    plot.row_names(names)
    return plot
