"""The charts of a run's page: learning curves, accuracy bars and the gains of lessons."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from docendo.formatting import clip, interval_text, percent, signed
from docendo.report.render.components import change_text
from docendo.report.render.curves import Curve, draw_curves
from docendo.report.render.heat_map import HeatCell, heat_map
from docendo.report.render.markup import Markup
from docendo.report.render.plot import Margins, Plot, round_ticks, row_plot
from docendo.statistics import Estimate

__all__ = [
    "AccuracyBars",
    "Gains",
    "accuracy_bars",
    "gain_heat_map",
    "gain_scale",
    "learning_curves",
]

Gains = Mapping[tuple[str, str], Estimate]
"""Mean gain of the lessons, by teacher and student."""
_WIDTH = 360.0
_FAINTEST_GAIN = 0.1
"""The gain that has the darkest colour, where all gains are smaller: noise stays pale."""


@dataclass(frozen=True, slots=True)
class AccuracyBars:
    """One agent's accuracy in one domain, at the start and at the end."""

    agent: str
    start: Estimate | None
    end: Estimate | None
    is_own: bool = False
    """Whether the domain is the agent's own."""


def learning_curves(
    domain: str,
    curves: Sequence[Curve],
    base: float | None = None,
    experts_stage: tuple[int, int] | None = None,
) -> Markup:
    """Accuracy against round.

    A dashed line is the base model's accuracy; `experts_stage` has the first and the last
    round of the experts' stage.
    """
    rounds = set(experts_stage or ())
    for curve in curves:
        rounds |= {int(index) for index, _ in curve.points}
    first = min(rounds)
    last = max(*rounds, first + 1)
    plot = Plot(
        size=(_WIDTH, 216),
        margins=Margins(left=36, right=10, top=10, bottom=26),
        x=(first, last),
        y=(0, 1),
    )

    if experts_stage:
        plot.box(experts_stage, (0, 1), "stage")
    ticks = round_ticks(first, last, min_step=1)
    labels = {tick: f"{tick:.0f}" for tick in ticks}
    labels[ticks[0]] = f"round {ticks[0]:.0f}"
    plot.x_axis(labels)
    if base is not None:
        plot.rule(y=base, kind="base", title=f"base model: {percent(base)}")
    draw_curves(plot, curves)
    return plot.svg(f"Accuracy in {domain} against round")


def accuracy_bars(domain: str, rows: Sequence[AccuracyBars], base: float | None) -> Markup:
    """A pale bar for each agent's start, a solid one with its interval for the end.

    A dashed line is the base model's accuracy.
    """
    plot = row_plot([clip(row.agent, 11) for row in rows], _WIDTH, x=(0, 1), right=78)
    plot.x_axis({share: percent(share) for share in (0, 0.5, 1)})
    for place, row in enumerate(rows):
        _draw_bars(plot, row, place + 0.5)
    if base is not None:
        plot.rule(x=base, kind="base", title=f"base model: {percent(base)}")
    return plot.svg(f"Accuracy in {domain}: start and end of each agent")


def _draw_bars(plot: Plot, row: AccuracyBars, middle: float) -> None:
    colour = "own" if row.is_own else "other"
    # The pale bar is thicker, so that it is seen around the solid one.
    if row.start:
        plot.box((0, row.start.mean), (middle - 0.37, middle + 0.37), f"before {colour}")
    if row.end:
        plot.box((0, row.end.mean), (middle - 0.17, middle + 0.17), f"after {colour}")

    latest = row.end or row.start
    if latest:
        ends = [(latest.low or 0, middle), (latest.high or 0, middle)]
        plot.line(ends, "whisker", interval_text(latest, share=True))
    plot.text(change_text(row.start, row.end), (1, middle), "label", shift=(10, 0))


def gain_scale(pictures: Iterable[Gains], min_lessons: int = 1) -> float:
    """The gain that has the darkest colour in all pictures: the largest of enough lessons."""
    darkest = _FAINTEST_GAIN
    for gains in pictures:
        for gain in gains.values():
            if gain.n >= min_lessons:
                darkest = max(darkest, abs(gain.mean))

    return darkest


def gain_heat_map(
    agents: Sequence[str], gains: Gains, darkest: float, min_lessons: int = 1
) -> Markup:
    """Mean gain of the lessons by teacher (rows) and student, blue where they helped.

    A gain of `darkest` has the darkest colour; one of fewer lessons than `min_lessons` has
    none.
    """
    cells = []
    for teacher in agents:
        row = []
        for student in agents:
            gain = gains.get((teacher, student))
            pair = f"{teacher} teaches {student}"
            row.append(_gain_cell(pair, gain, darkest, min_lessons))
        cells.append(row)

    # The widest line of text in a cell is an interval.
    side = 90 if any(gain.low is not None for gain in gains.values()) else 54
    return heat_map("Mean gain by teacher and student", agents, cells, side)


def _gain_cell(
    pair: str, gain: Estimate | None, darkest: float, min_lessons: int
) -> HeatCell:
    if gain is None:
        return HeatCell(0, f"{pair}: no lesson shown")

    level = max(-1.0, min(1.0, gain.mean / darkest)) if gain.n >= min_lessons else 0.0
    title = f"{pair}: mean gain {signed(gain.mean)}"
    lines = [(signed(gain.mean), "value"), (f"n = {gain.n:,}", "note")]
    interval = interval_text(gain, share=False)
    if interval:
        title += f", 95% interval {interval}"
        lines.insert(1, (interval.replace(" to ", " … "), "note"))
    return HeatCell(level, f"{title}, lessons: {gain.n:,}", lines)
