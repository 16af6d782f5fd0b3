"""The charts of a study: curves, differences between arms, the ledger."""

from collections.abc import Mapping, Sequence

from docendo.formatting import clip, compact, signed
from docendo.report.render.components import swatch_key
from docendo.report.render.curves import Curve, draw_curves
from docendo.report.render.markup import Markup, join
from docendo.report.render.plot import Margins, Plot, round_ticks, row_plot, series_class
from docendo.study.bootstrap import Difference
from docendo.study.regimes import ArmCurve
from docendo.study.sentences import format_interval, format_points, side_of_zero

__all__ = ["difference_chart", "ledger_chart", "share_chart"]

_WIDE = 1084.0
_NAME_LENGTH = 28
_COLOURS = 8
"""Arms after the eighth repeat the colours and are dashed."""
_MAX_BANDS = 3
"""With more curves only the two of the question have a band: more would hide one
another."""
_SHARE_LIMITS = (0.1, 0.2, 0.4, 0.6, 0.8, 1.0)


def share_chart(
    title: str,
    curves: Sequence[ArmCurve],
    places: Mapping[str, int],
    *,
    is_wide: bool = False,
) -> Markup:
    """Shares against operations: a line and a pale band for every named arm, and their key.

    The place of an arm gives its colour, the same in all pictures.
    """
    drawn = []
    last = 0.0
    highest = 0.0
    for arm, points in curves:
        place = places[arm]
        has_band = len(curves) <= _MAX_BANDS or place < 2
        drawn.append(Curve(arm, points, _line_class(place), has_band))
        for flops, share in points:
            last = max(last, flops)
            highest = max(highest, share.mean if share.high is None else share.high)

    plot = Plot(
        size=(_WIDE, 420) if is_wide else (330, 220),
        margins=Margins(left=40, right=24, top=10, bottom=30),
        x=(0, last or 1.0),
        # A round share that leaves room for all intervals.
        y=(0, next((limit for limit in _SHARE_LIMITS if limit >= highest), 1.0)),
    )
    labels = {flops: compact(flops) for flops in round_ticks(0, plot.x.high)}
    # The unit stands at the last tick alone.
    largest = max(labels)
    labels[largest] = compact(largest, "FLOP")
    plot.x_axis(labels)
    draw_curves(plot, drawn)
    key = swatch_key({curve.kind: curve.name for curve in drawn})
    return join((key, plot.svg(f"{title} against floating-point operations")))


def _line_class(place: int) -> str:
    weight = "expert" if place < 2 else "thin"
    if place >= _COLOURS:
        weight = "dashed"
    return f"{weight} {series_class(place)} a{place}"


def difference_chart(differences: Mapping[str, Difference], baseline: str) -> Markup:
    """A dot and an interval for every arm minus the baseline, in percentage points.

    Blue is above 0, orange below; grey cannot be told from 0.
    """
    # 0 is always inside: it is what the intervals are held against.
    bounds = [0.0]
    for difference in differences.values():
        bounds += [100 * v for v in difference.estimate[:3] if v is not None]
    low = min(bounds)
    high = max(bounds)
    if low == high:
        low, high = -1.0, 1.0
    names = [clip(arm, _NAME_LENGTH) for arm in differences]
    plot = row_plot(names, _WIDE, x=(low, high), right=190)

    # As many digits as two neighbouring ticks need to differ.
    digits = 0 if high - low >= 5 else 1
    if high - low < 0.5:
        digits = 2
    # A multiple of a step may miss 0 by rounding.
    ticks = [0.0 if abs(tick) < 1e-9 else tick for tick in round_ticks(low, high)]
    plot.x_axis({tick: signed(tick, digits) if tick else "0" for tick in ticks})
    plot.rule(x=0, kind="zero")
    for row, (arm, difference) in enumerate(differences.items()):
        _draw_difference(plot, f"{arm} minus {baseline}", difference, row + 0.5)

    return plot.svg(f"Every arm minus {baseline}")


def _draw_difference(plot: Plot, name: str, difference: Difference, y: float) -> None:
    estimate = difference.estimate
    value = format_points(estimate.mean)
    interval = format_interval(estimate)
    title = f"{name}: {value} points, 95% interval {interval}, seeds: {estimate.n}"
    if estimate.low is not None and estimate.high is not None:
        ends = [(100 * estimate.low, y), (100 * estimate.high, y)]
        plot.line(ends, f"span {side_of_zero(difference)}", title)
    plot.dot((100 * estimate.mean, y), "dot", title, radius=4.5)
    plot.text(value, (plot.x.high, y), "label end", shift=(50, 0))
    plot.text(interval, (plot.x.high, y), "note", shift=(62, 0))


def ledger_chart(
    spent: Mapping[str, Mapping[str, float]], purposes: Sequence[str]
) -> Markup:
    """A bar for every arm, as long as its operations, in the colours of the purposes."""
    totals = [sum(amounts.values()) for amounts in spent.values()]
    names = [clip(arm, _NAME_LENGTH) for arm in spent]
    plot = row_plot(names, _WIDE, x=(0, max(totals) or 1.0), right=96)
    for row, (arm, amounts) in enumerate(spent.items()):
        start = 0.0
        for place, purpose in enumerate(purposes):
            end = start + amounts.get(purpose, 0.0)
            if end > start:
                title = f"{arm}, {purpose}: {compact(end - start, 'FLOP')}"
                y = row + 0.13, row + 0.87
                plot.box((start, end), y, series_class(place), title)
            start = end
        plot.text(compact(start, "FLOP"), (start, row + 0.5), "note", shift=(8, 0))

    return plot.svg("Floating-point operations of every arm by purpose")
