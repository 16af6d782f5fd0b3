"""Charts as inline SVG, coloured by the page's classes so that they follow its light and dark schemes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from docendo.formatting import clip, interval_text, percent, signed
from docendo.report.render.drawing import label, picture, points_of
from docendo.report.render.markup import Markup, tag
from docendo.statistics import Estimate

__all__ = [
    "AccuracyBars",
    "LearningCurves",
    "accuracy_bars",
    "gain_heat_map",
    "learning_curves",
]

_SERIES = 8
_DOTS = 40
_WIDTH = 360
_Scale = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class LearningCurves:
    """What one domain's panel of learning curves shows."""

    title: str
    mean: Mapping[int, Estimate]
    agents: Mapping[str, Mapping[int, Estimate]]
    """Each agent's own curve; its place gives its colour."""
    expert: str | None = None
    base: float | None = None
    experts_stage: tuple[int, int] | None = None
    """First and last round of it."""


@dataclass(frozen=True, slots=True)
class AccuracyBars:
    """One agent's bars."""

    agent: str
    start: Estimate | None
    end: Estimate | None
    own: bool = field(default=False)


def learning_curves(curves: LearningCurves) -> Markup:
    """Accuracy against round: a thin line for every agent, a thick one with its band for their mean."""
    left, right, top, bottom, height = 36, 10, 10, 26, 216
    rounds = sorted(
        {r for c in (curves.mean, *curves.agents.values()) for r in c}
        | set(curves.experts_stage or ())
    )
    first, last = rounds[0], max(rounds[-1], rounds[0] + 1)

    def x(index: float) -> float:
        return left + (index - first) / (last - first) * (_WIDTH - left - right)

    def y(share: float) -> float:
        return top + (1 - share) * (height - top - bottom)

    parts: list[Markup] = []
    ticks = _ticks(first, last)
    if curves.experts_stage:
        begin, end = curves.experts_stage
        width = max(x(end) - x(begin), 3)
        parts.append(
            tag(
                "rect",
                class_="stage",
                x=x(begin),
                y=top,
                width=width,
                height=height - top - bottom,
            )
        )
    for share in (0, 0.25, 0.5, 0.75, 1):
        parts.append(
            tag("line", class_="grid", x1=left, x2=_WIDTH - right, y1=y(share), y2=y(share))
        )
        parts.append(label(percent(share), left - 6, y(share) + 4, "tick end"))
    parts.extend(
        label(f"round {t}" if t == ticks[0] else str(t), x(t), height - 8, "tick middle")
        for t in ticks
    )
    if curves.base is not None:
        parts.append(
            tag(
                "line",
                class_="base",
                x1=left,
                x2=_WIDTH - right,
                y1=y(curves.base),
                y2=y(curves.base),
            )
        )
    band = [(x(r), y(e.high or 0)) for r, e in curves.mean.items()]
    band += [(x(r), y(e.low or 0)) for r, e in reversed([*curves.mean.items()])]
    parts.append(tag("polygon", class_="band", points=points_of(band)))
    for place, (agent, series) in enumerate(curves.agents.items()):
        weight = "line expert" if agent == curves.expert else "line thin"
        parts.append(_line(series, x, y, f"{weight} s{place % _SERIES}", agent))
    parts.append(_line(curves.mean, x, y, "line mean", "mean"))
    kind = "dot" if len(curves.mean) <= _DOTS else "dot unseen"
    for index, estimate in curves.mean.items():
        said = f"after round {index}: mean {percent(estimate.mean)}, 95% interval {interval_text(estimate, share=True)}"
        parts.append(
            tag(
                "circle",
                tag("title", said),
                class_=kind,
                cx=x(index),
                cy=y(estimate.mean),
                r=2.6,
            )
        )
    return picture(parts, _WIDTH, height, f"Accuracy in {curves.title} against round")


def accuracy_bars(title: str, rows: Sequence[AccuracyBars], base: float | None) -> Markup:
    """Each agent's accuracy: a pale bar for the start, a solid one with whiskers for the end, a tick for the base."""
    left, right, step = 92, 78, 30
    height = step * len(rows) + 22

    def x(share: float) -> float:
        return left + share * (_WIDTH - left - right)

    parts = [
        tag("line", class_="grid", x1=x(s), x2=x(s), y1=2, y2=height - 20)
        for s in (0, 0.5, 1)
    ]
    parts += [label(percent(s), x(s), height - 5, "tick middle") for s in (0, 0.5, 1)]
    for place, row in enumerate(rows):
        y = step * place + 4
        parts.append(
            label(
                clip(row.agent, 11),
                left - 8,
                y + 15,
                "label end own" if row.own else "label end",
            )
        )
        colour = "own" if row.own else "other"
        if row.start:
            parts.append(
                tag(
                    "rect",
                    class_=f"before {colour}",
                    x=left,
                    y=y,
                    width=_length(x, row.start),
                    height=22,
                    rx=2,
                )
            )
        if row.end:
            parts.append(
                tag(
                    "rect",
                    class_=f"after {colour}",
                    x=left,
                    y=y + 6,
                    width=_length(x, row.end),
                    height=10,
                    rx=2,
                )
            )
        shown = row.end or row.start
        if shown:
            parts.append(_whisker(x(shown.low or 0), x(shown.high or 0), y + 11))
        parts.append(label(_change(row), _WIDTH - right + 10, y + 15, "label"))
    if base is not None:
        parts.append(
            tag(
                "line",
                tag("title", f"base model: {percent(base)}"),
                class_="base",
                x1=x(base),
                x2=x(base),
                y1=2,
                y2=height - 20,
            )
        )
    return picture(
        parts, _WIDTH, height, f"Accuracy in {title}: start and end of each agent"
    )


def gain_heat_map(
    agents: Sequence[str], matrix: Mapping[str, Mapping[str, Estimate]]
) -> Markup:
    """Mean gain of the lessons by teacher (rows) and student (columns), blue where they helped."""
    left, top, wide, high = 112, 46, 104, 62
    width, height = left + wide * len(agents) + 4, top + high * len(agents) + 4
    scale = max((abs(e.mean) for row in matrix.values() for e in row.values()), default=0)
    parts = [
        label("student →", left, 14, "tick"),
        label("teacher ↓", left - 12, top - 10, "tick end"),
    ]
    for place, agent in enumerate(agents):
        parts.append(
            label(clip(agent, 12), left + wide * (place + 0.5), top - 10, "label middle")
        )
        parts.append(
            label(clip(agent, 12), left - 12, top + high * (place + 0.5) + 4, "label end")
        )
    for i, teacher in enumerate(agents):
        for j, student in enumerate(agents):
            cell = matrix.get(teacher, {}).get(student)
            parts.append(
                _heat_cell(
                    left + wide * j,
                    top + high * i,
                    cell,
                    max(scale, 0.1),
                    f"{teacher} teaches {student}",
                )
            )
    return picture(parts, width, height, "Mean gain by teacher and student")


def _heat_cell(x: float, y: float, cell: Estimate | None, scale: float, who: str) -> Markup:
    box = {"x": x + 2, "y": y + 2, "width": 100, "height": 58, "rx": 4}
    if cell is None:
        return tag(
            "g",
            tag("title", f"{who}: no lesson shown"),
            tag("rect", class_="heat none", **box),
        )
    interval = interval_text(cell, share=False)
    said = f"{who}: mean gain {signed(cell.mean)}{f', 95% interval {interval}' if interval else ''}, lessons: {cell.n}"
    return tag(
        "g",
        tag("title", said),
        tag("rect", class_="heat none", **box),
        tag(
            "rect",
            class_="heat up" if cell.mean > 0 else "heat down",
            fill_opacity=0.8 * abs(cell.mean) / scale,
            **box,
        ),
        label(signed(cell.mean), x + 52, y + 25, "value middle"),
        label(
            interval.replace(" to ", " … ") or "one match", x + 52, y + 40, "note middle"
        ),
        label(f"n = {cell.n}", x + 52, y + 53, "note middle"),
    )


def _length(x: _Scale, estimate: Estimate) -> float:
    return max(x(estimate.mean) - x(0), 1)


def _whisker(low: float, high: float, y: float) -> Markup:
    path = f"M{low:.1f} {y - 3:.1f}v6M{low:.1f} {y:.1f}H{high:.1f}M{high:.1f} {y - 3:.1f}v6"
    return tag("path", class_="whisker", d=path)


def _change(row: AccuracyBars) -> str:
    if row.start and row.end:
        return f"{100 * row.start.mean:.0f} → {percent(row.end.mean)}"
    shown = row.end or row.start
    return percent(shown.mean if shown else None)


def _line(
    series: Mapping[int, Estimate], x: _Scale, y: _Scale, kind: str, name: str
) -> Markup:
    points = [(x(r), y(e.mean)) for r, e in series.items()]
    if len(points) == 1:
        return tag(
            "circle",
            tag("title", name),
            class_=kind.replace("line", "point"),
            cx=points[0][0],
            cy=points[0][1],
            r=3,
        )
    return tag("polyline", tag("title", name), class_=kind, points=points_of(points))


def _ticks(first: int, last: int) -> list[int]:
    """Three to six whole rounds at a step of 1, 2 or 5 times a power of ten."""
    span = last - first
    step = next(s * 10**p for p in range(9) for s in (1, 2, 5) if span / (s * 10**p) <= 5)
    return [t for t in range(first - first % step, last + 1, step) if t >= first]
