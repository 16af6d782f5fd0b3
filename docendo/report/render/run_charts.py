"""The charts of a run's page: learning curves, accuracy bars and the gains of lessons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from docendo.formatting import clip, interval_text, percent, signed
from docendo.report.render.components import change_text
from docendo.report.render.heat_map import HeatCell, heat_map
from docendo.report.render.markup import Markup
from docendo.report.render.plot import (
    Margins,
    Plot,
    Point,
    round_ticks,
    series_class,
)
from docendo.statistics import Estimate

__all__ = [
    "AccuracyBars",
    "LearningCurves",
    "accuracy_bars",
    "gain_heat_map",
    "learning_curves",
]

_WIDTH = 360.0
_MAX_DOTS = 40
"""With more evaluations the dots of the mean would hide its line: they show their titles
only."""
_ROW_HEIGHT = 30.0
_FAINTEST_GAIN = 0.1
"""The gain that has the darkest colour, where all gains are smaller: noise stays pale."""


@dataclass(frozen=True, slots=True)
class LearningCurves:
    """Accuracy in one domain, by round."""

    domain: str
    mean: Mapping[int, Estimate]
    agents: Mapping[str, Mapping[int, Estimate]]
    """Each agent's curve; its place gives its colour."""
    expert: str | None = None
    base: float | None = None
    experts_stage: tuple[int, int] | None = None
    """First and last round of the experts stage."""


@dataclass(frozen=True, slots=True)
class AccuracyBars:
    """One agent's accuracy in one domain, at the start and at the end."""

    agent: str
    start: Estimate | None
    end: Estimate | None
    is_own: bool = False
    """Whether the domain is the agent's own."""

    @property
    def latest(self) -> Estimate | None:
        """The accuracy at the end, or at the start where there is no end yet."""
        return self.end or self.start


def learning_curves(curves: LearningCurves) -> Markup:
    """Accuracy against round: a line for each agent, one with a band for the mean."""
    first, last = _round_range(curves)
    plot = Plot(
        size=(_WIDTH, 216),
        margins=Margins(left=36, right=10, top=10, bottom=26),
        x=(first, last),
        y=(0, 1),
    )

    if curves.experts_stage:
        begin, end = curves.experts_stage
        # Where the stage is one round long it still shows, as a strip.
        edge = max(end, begin + 0.01 * (last - first))
        plot.band([(begin, 0), (edge, 0)], [(begin, 1), (edge, 1)], "stage")
    ticks = round_ticks(first, last, min_step=1)
    round_labels = {tick: f"{tick:.0f}" for tick in ticks}
    round_labels[ticks[0]] = f"round {ticks[0]:.0f}"
    plot.y_axis({share: percent(share) for share in (0, 0.25, 0.5, 0.75, 1)})
    plot.x_axis(round_labels, grid=False)
    if curves.base is not None:
        plot.rule(y=curves.base, kind="base")

    # From back to front: the band, the agents, the mean, its dots.
    lower = [(index, mean.low or 0) for index, mean in curves.mean.items()]
    upper = [(index, mean.high or 0) for index, mean in curves.mean.items()]
    plot.band(lower, upper, "band")
    for place, (agent, curve) in enumerate(curves.agents.items()):
        weight = "expert" if agent == curves.expert else "thin"
        _draw_curve(plot, curve, f"{weight} {series_class(place)}", agent)
    _draw_curve(plot, curves.mean, "mean", "mean")
    _draw_means(plot, curves.mean)
    return plot.svg(f"Accuracy in {curves.domain} against round")


def _round_range(curves: LearningCurves) -> tuple[int, int]:
    """The first and the last round that is shown; they differ."""
    rounds = set(curves.experts_stage or ())
    for curve in (curves.mean, *curves.agents.values()):
        rounds |= set(curve)
    first = min(rounds)
    return first, max(*rounds, first + 1)


def _draw_curve(plot: Plot, curve: Mapping[int, Estimate], kind: str, title: str) -> None:
    points: list[Point] = [(index, estimate.mean) for index, estimate in curve.items()]
    if len(points) == 1:
        plot.dot(points[0], f"point {kind}", title, radius=3)
    else:
        plot.line(points, f"line {kind}", title)


def _draw_means(plot: Plot, mean: Mapping[int, Estimate]) -> None:
    kind = "dot" if len(mean) <= _MAX_DOTS else "dot unseen"
    for index, estimate in mean.items():
        interval = interval_text(estimate, share=True)
        title = (
            f"after round {index}: mean {percent(estimate.mean)}, 95% interval {interval}"
        )
        plot.dot((index, estimate.mean), kind, title, radius=2.6)


def accuracy_bars(domain: str, rows: Sequence[AccuracyBars], base: float | None) -> Markup:
    """A pale bar for each agent's start, a solid one with its interval for the end.

    A dashed line is the base model's accuracy.
    """
    plot = Plot(
        size=(_WIDTH, _ROW_HEIGHT * len(rows) + 22),
        margins=Margins(left=92, right=78, top=2, bottom=20),
        x=(0, 1),
        y=(len(rows), 0),
    )
    plot.x_axis({share: percent(share) for share in (0, 0.5, 1)})
    for place, row in enumerate(rows):
        _draw_bars(plot, row, place + 0.5)
    if base is not None:
        plot.rule(x=base, kind="base", title=f"base model: {percent(base)}")
    return plot.svg(f"Accuracy in {domain}: start and end of each agent")


def _draw_bars(plot: Plot, row: AccuracyBars, y: float) -> None:
    name_kind = "label end own" if row.is_own else "label end"
    plot.text(clip(row.agent, 11), (0, y), name_kind, shift=(-8, 0))
    plot.text(change_text(row.start, row.end), (1, y), "label", shift=(10, 0))

    colour = "own" if row.is_own else "other"
    # The pale bar is thicker, so that it is seen around the solid one.
    if row.start:
        plot.bar((0, row.start.mean), y, thickness=22, kind=f"before {colour}")
    if row.end:
        plot.bar((0, row.end.mean), y, thickness=10, kind=f"after {colour}")
    if row.latest:
        ends = (row.latest.low or 0, row.latest.high or 0)
        plot.interval(ends, y, "whisker", cap=3)


def gain_heat_map(
    agents: Sequence[str], matrix: Mapping[str, Mapping[str, Estimate]]
) -> Markup:
    """Mean gain of the lessons by teacher (rows) and student, blue where they helped."""
    # Relative to the largest gain of this run, whatever its sign.
    darkest = _FAINTEST_GAIN
    for row in matrix.values():
        for estimate in row.values():
            darkest = max(darkest, abs(estimate.mean))

    cells = []
    for teacher in agents:
        gains = matrix.get(teacher, {})
        cells.append([_gain_cell(teacher, s, gains.get(s), darkest) for s in agents])

    return heat_map(
        "Mean gain by teacher and student",
        agents,
        cells,
        cell_size=(104, 62),
        axes=("teacher", "student"),
    )


def _gain_cell(
    teacher: str, student: str, gain: Estimate | None, darkest: float
) -> HeatCell:
    pair = f"{teacher} teaches {student}"
    if gain is None:
        return HeatCell(0, f"{pair}: no lesson shown")

    interval = interval_text(gain, share=False)
    title = f"{pair}: mean gain {signed(gain.mean)}"
    if interval:
        title += f", 95% interval {interval}"
    lines = (
        (signed(gain.mean), "value"),
        (interval.replace(" to ", " … ") or "one match", "note"),
        (f"n = {gain.n}", "note"),
    )
    return HeatCell(gain.mean / darkest, f"{title}, lessons: {gain.n}", lines)
