"""Pictures of a study: courses against compute, differences with their intervals, who gained from whom, the ledger."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from docendo.formatting import clip, compact, interval_text, percent, signed
from docendo.report.render.drawing import label, picture, points_of, ticks_of
from docendo.report.render.markup import Markup, join, tag
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

_COLOURS = 8
_LINE = 14
_NAME = 6.6
"""What a character of a name takes."""
MIN_LESSONS = 10
"""Fewer lessons than this say little of a pair."""
_BANDS = 3
"""Of more lines, only the two of the question have a band: more would hide one another."""
_Scale = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class ShareCurves:
    """Some arms' courses in one picture. `places` gives every arm its colour, the same in all pictures; names are shown
    without `prefix`.
    """

    title: str
    lines: Sequence[ArmCurve]
    places: Mapping[str, int]
    prefix: str = ""
    wide: bool = False


class ArmDifference(NamedTuple):
    """An arm minus another, and which side of 0 its interval is on: ``above``, ``below`` or ``open``."""

    arm: str
    estimate: Estimate
    side: str


def share_chart(shown: ShareCurves) -> Markup:
    """Shares against operations: a line and a pale band for every arm, its name at the line's end."""
    width, height = (1084.0, 420.0) if shown.wide else (330.0, 220.0)
    named = {
        line.arm: clip(line.arm.removeprefix(shown.prefix), 28 if shown.wide else 15)
        for line in shown.lines
    }
    left, right, top, bottom = 40.0, 8 + _NAME * max(map(len, named.values())), 10.0, 30.0
    last = max(x for line in shown.lines for x, _ in line.points) or 1.0
    highs = [
        e.mean if e.high is None else e.high for line in shown.lines for _, e in line.points
    ]
    most = min(
        1.0, next(h for h in (0.1, 0.2, 0.4, 0.6, 0.8, 1.0) if h >= min(1.0, max(highs)))
    )

    def x(flops: float) -> float:
        return left + flops / last * (width - left - right)

    def y(share: float) -> float:
        return top + (1 - min(max(share, 0), most) / most) * (height - top - bottom)

    parts: list[Markup] = []
    for share in ticks_of(0, most):
        parts.append(
            tag("line", class_="grid", x1=left, x2=width - right, y1=y(share), y2=y(share))
        )
        parts.append(label(percent(share), left - 6, y(share) + 4, "tick end"))
    ticks = ticks_of(0, last)
    names = [compact(at, "FLOP" if at == ticks[-1] else "") for at in ticks]
    parts += [
        label(name, x(at), height - 10, "tick middle")
        for name, at in zip(names, ticks, strict=True)
    ]
    banded = [
        line
        for line in shown.lines
        if len(shown.lines) <= _BANDS or shown.places[line.arm] < 2
    ]
    parts += [_band(line, x, y, shown.places[line.arm]) for line in banded]
    parts += [_course(line, x, y, shown.places[line.arm]) for line in shown.lines]
    ends = [(line.arm, y(line.points[-1][1].mean)) for line in shown.lines]
    parts += [
        label(
            named[arm], width - right + 8, at + 4, f"name s{shown.places[arm] % _COLOURS}"
        )
        for arm, at in _apart(ends, top, height - bottom)
    ]
    return picture(parts, width, height, f"{shown.title} against floating-point operations")


def _band(line: ArmCurve, x: _Scale, y: _Scale, place: int) -> Markup:
    told = [
        (at, e.low, e.high)
        for at, e in line.points
        if e.low is not None and e.high is not None
    ]
    edge = [(x(at), y(high)) for at, _, high in told] + [
        (x(at), y(low)) for at, low, _ in reversed(told)
    ]
    kind = f"s{place % _COLOURS}"
    return (
        tag("polygon", class_=kind, fill_opacity=0.1, points=points_of(edge))
        if told
        else Markup("")
    )


def _course(line: ArmCurve, x: _Scale, y: _Scale, place: int) -> Markup:
    (_, start), (_, end) = line.points[0], line.points[-1]
    interval = interval_text(end, share=True)
    said = f"{line.arm}: {percent(start.mean)} to {percent(end.mean)}" + (
        f", 95% interval {interval}" if interval else ""
    )
    name, kind = tag("title", said), f"s{place % _COLOURS}"
    if len(line.points) == 1:
        return tag(
            "circle", name, class_=kind, cx=x(line.points[0][0]), cy=y(end.mean), r=3.5
        )
    weight = "dashed" if place >= _COLOURS else "expert" if place < 2 else "thin"
    return tag(
        "polyline",
        name,
        class_=f"line {weight} {kind}",
        points=points_of((x(at), y(e.mean)) for at, e in line.points),
    )


def _apart(
    wanted: Sequence[tuple[str, float]], top: float, bottom: float
) -> list[tuple[str, float]]:
    """The names at heights that leave a line's room between any two, as near to where they belong as that allows."""
    found: list[tuple[str, float]] = []
    for name, at in sorted(wanted, key=lambda item: item[1]):
        found.append((name, max(at, found[-1][1] + _LINE if found else top)))
    floor = bottom
    for i in range(len(found) - 1, -1, -1):
        found[i] = found[i][0], min(found[i][1], floor)
        floor = found[i][1] - _LINE
    return found


def difference_chart(gaps: Sequence[ArmDifference], other: str) -> Markup:
    """A dot and an interval for every arm, in percentage points; blue above 0, orange below, grey where it is open."""
    step, width = 30, 1084.0
    left, right = 26 + 6.8 * max(len(clip(g.arm, 28)) for g in gaps), 190.0
    height = step * len(gaps) + 34.0
    bounds = [100 * v for g in gaps for v in g.estimate[:3] if v is not None]
    low, high = min(0.0, *bounds), max(0.0, *bounds)
    low, high = (low, high) if low < high else (-1.0, 1.0)

    def x(value: float) -> float:
        return left + (value - low) / (high - low) * (width - left - right)

    parts: list[Markup] = []
    digits = 0 if high - low >= 5 else 1 if high - low >= 0.5 else 2
    for tick in ticks_of(low, high):
        kind = "zero" if abs(tick) < 1e-9 else "grid"
        parts.append(tag("line", class_=kind, x1=x(tick), x2=x(tick), y1=2, y2=height - 28))
        parts.append(
            label(
                signed(tick, digits) if kind == "grid" else "0",
                x(tick),
                height - 10,
                "tick middle",
            )
        )
    for place, (arm, estimate, side) in enumerate(gaps):
        y = step * (place + 0.5) + 2
        told = format_points(estimate.mean)
        said = tag(
            "title",
            f"{arm} minus {other}: {told} points, 95% interval {format_interval(estimate)}, seeds: {estimate.n}",
        )
        ends = [x(100 * v) for v in (estimate.low, estimate.high) if v is not None]
        bar = (
            tag("line", class_=f"span {side}", x1=ends[0], x2=ends[1], y1=y, y2=y)
            if ends
            else Markup("")
        )
        parts.append(label(clip(arm, 28), left - 14, y + 4, "label end"))
        parts.append(
            tag(
                "g",
                said,
                bar,
                tag("circle", class_="dot", cx=x(100 * estimate.mean), cy=y, r=4.5),
            )
        )
        shown = label(told, width - right + 50, y + 4, "label end")
        parts += [
            shown,
            label(format_interval(estimate), width - right + 62, y + 4, "note"),
        ]
    return picture(parts, width, height, f"Every arm minus {other}")


def gain_scale(found: Sequence[PhaseGains]) -> float:
    """The gain that has the darkest colour: the largest one of enough lessons."""
    told = [
        abs(gain)
        for part in found
        for gain, lessons in part.gain.values()
        if lessons >= MIN_LESSONS
    ]
    return max(0.1, *told) if told else 0.1


def gain_map(found: PhaseGains, agents: Sequence[str], scale: float) -> Markup:
    """Mean gain by teacher (rows) and student (columns) over a part of the budget, and of how many lessons; `scale` is
    the darkest. What few lessons brought has no colour.
    """
    side, left, top = 54.0, 16 + _NAME * max(len(clip(a, 12)) for a in agents), 42.0
    width, height = left + side * len(agents) + 4, top + side * len(agents) + 4
    parts = [label("student →", left, 12, "tick")]
    for i, agent in enumerate(agents):
        parts.append(
            label(clip(agent, 8), left + side * (i + 0.5), top - 8, "label middle")
        )
        parts.append(
            label(clip(agent, 12), left - 8, top + side * (i + 0.5) + 4, "label end")
        )
    for i, teacher in enumerate(agents):
        for j, student in enumerate(agents):
            cell = found.gain.get((teacher, student))
            parts.append(
                _gain_cell(
                    left + side * j,
                    top + side * i,
                    cell,
                    scale,
                    f"{teacher} teaches {student}",
                )
            )
    return picture(parts, max(width, 280), height, "Mean gain by teacher and student")


def _gain_cell(
    x: float, y: float, cell: tuple[float, int] | None, scale: float, who: str
) -> Markup:
    box = {"x": x + 1, "y": y + 1, "width": 52.0, "height": 52.0, "rx": 4.0}
    if cell is None:
        return tag(
            "g", tag("title", f"{who}: no lesson"), tag("rect", class_="heat none", **box)
        )
    gain, lessons = cell
    deep = 0.85 * min(1.0, abs(gain) / scale) if lessons >= MIN_LESSONS else 0.0
    shade = tag(
        "rect", class_="heat up" if gain > 0 else "heat down", fill_opacity=deep, **box
    )
    said = tag("title", f"{who}: mean gain {signed(gain)}, lessons: {lessons:,}")
    value = label(signed(gain), x + 27, y + 27, "label middle")
    count = label(f"{lessons:,}", x + 27, y + 42, "tick middle")
    return tag("g", said, tag("rect", class_="heat none", **box), shade, value, count)


def ledger_chart(
    spent: Mapping[str, Mapping[str, float]], purposes: Sequence[str]
) -> Markup:
    """A bar for every arm, as long as its operations, in the colours of the purposes."""
    step, width, left, right = (
        30,
        1084.0,
        26 + 6.8 * max(len(clip(arm, 28)) for arm in spent),
        96.0,
    )
    most = max(sum(parts.values()) for parts in spent.values()) or 1.0
    parts: list[Markup] = []
    for row, (arm, amounts) in enumerate(spent.items()):
        y, at, total = step * row + 4, left, sum(amounts.values())
        parts.append(label(clip(arm, 28), left - 14, y + 15, "label end"))
        for place, purpose in enumerate(purposes):
            long = amounts.get(purpose, 0.0) / most * (width - left - right)
            said = f"{arm}, {purpose}: {compact(amounts.get(purpose, 0.0), 'FLOP')}"
            if long > 0:
                title = tag("title", said)
                parts.append(
                    tag(
                        "rect",
                        title,
                        class_=f"s{place % _COLOURS}",
                        x=at,
                        y=y,
                        width=long,
                        height=22,
                    )
                )
            at += long
        parts.append(label(compact(total, "FLOP"), at + 8, y + 15, "note"))
    return picture(
        [join(parts)],
        width,
        step * len(spent) + 8.0,
        "Floating-point operations of every arm by purpose",
    )
