"""The tables of `docendo league`: teachers, rounds, standings and lineage."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any, NamedTuple

from docendo.cli.output import safe, show, table, title
from docendo.formatting import DASH, interval_text, percent, signed
from docendo.statistics import Estimate

__all__ = ["show_best_teachers", "show_lineage", "show_rounds", "show_standings"]

_MAX_ROUNDS = 20
"""The newest rounds are shown; --json has all."""
_MAX_STANDINGS = 40
"""Rows that are shown of each kind of standings; --json has all."""
_BEST = 3

_Row = Mapping[str, Any]


class _Heading(NamedTuple):
    text: str
    columns: tuple[str, ...]
    is_difference: bool = False
    """Whether the numbers are gains, with a sign, and no shares."""


_STANDINGS = {
    "gains": _Heading(
        "Standings: gain of a lesson, stopped ones count 0",
        ("teacher", "student", "domain"),
        is_difference=True,
    ),
    "wins": _Heading("Standings: win rates", ("player", "opponent", "game")),
    "helped": _Heading(
        "Standings: right after a lesson", ("agent", "domain", "family", "level")
    ),
    "alone": _Heading(
        "Standings: right without a lesson", ("agent", "domain", "family", "level")
    ),
}


def show_best_teachers(gains: Mapping[str, Mapping[str, Estimate]]) -> None:
    """Every student's best teachers; nothing before a lesson was shown.

    `gains` are by teacher and student.
    """
    by_student: dict[str, list[tuple[Estimate, str]]] = {}
    for teacher, row in gains.items():
        for student, gain in row.items():
            by_student.setdefault(student, []).append((gain, teacher))

    if not by_student:
        return
    rows = table(["student", "teacher"], ["gain", "interval", "lessons"])
    for student, teachers in by_student.items():
        # stable, so that equal teachers keep the order of the league
        teachers.sort(key=lambda pair: -pair[0].mean)
        for gain, teacher in teachers[:_BEST]:
            rows.add_row(
                safe(student),
                safe(teacher),
                signed(gain.mean),
                interval_text(gain, share=False),
                f"{gain.n:,}",
            )
    show(title("Who teaches whom best (95% interval)"), rows, "")


def show_rounds(rounds: Sequence[_Row]) -> None:
    """The newest rounds; nothing where there is none."""
    if not rounds:
        return
    columns = [
        "round",
        "groups that vary",
        "reward variance",
        "chance in the gradient",
        "partners",
        "anchors' gain",
    ]
    lines = table([], columns)
    for metrics in rounds[-_MAX_ROUNDS:]:
        variances = [
            v for name, v in metrics.items() if name.startswith("reward_variance/")
        ]
        partners = metrics.get("partners", metrics.get("duels/partners"))
        lines.add_row(
            str(metrics["round"]),
            f"{percent(metrics['groups/nonzero_variance'])} of {metrics['groups/total']:.0f}",
            f"{fmean(variances):.3f}" if variances else DASH,
            percent(_share_of_chance(metrics)),
            DASH if partners is None else f"{partners:.1f}",
            signed(metrics.get("gain/reference_students")),
        )
    show(title("The newest rounds"), lines, "")


def _share_of_chance(metrics: _Row) -> float | None:
    """Variance of the gradient, divided by its mean square; None where it was not measured."""
    noise, signal = metrics.get("grad_noise/policy"), metrics.get("grad_signal/policy")
    if noise is None or signal is None or not noise + signal:
        return None
    return float(noise / (noise + signal))


def show_standings(standings: Mapping[str, Sequence[_Row]]) -> None:
    """The standings of each kind that there are."""
    for kind, heading in _STANDINGS.items():
        rows = standings[kind]
        if rows:
            _show_standing(heading, rows[:_MAX_STANDINGS])
        if len(rows) > _MAX_STANDINGS:
            hidden = len(rows) - _MAX_STANDINGS
            show(safe(f"and {hidden:,} more: --json has them", "dim"))


def _show_standing(heading: _Heading, rows: Sequence[_Row]) -> None:
    format_number = signed if heading.is_difference else percent
    lines = table(heading.columns, ["mean", "interval", "evidence"])
    for row in rows:
        names = [safe(str(row[column])) for column in heading.columns]
        interval = f"{format_number(row['low'])} to {format_number(row['high'])}"
        evidence = f"{row['evidence']:.1f}"
        lines.add_row(*names, format_number(row["mean"]), interval, evidence)
    show(title(f"{heading.text} (95% credible interval; evidence left)"), lines, "")


def show_lineage(births: Sequence[_Row]) -> None:
    """Copies and replacements; nothing where everybody is a founder."""
    copies = [birth for birth in births if birth["how"] != "founder"]
    if not copies:
        return
    lines = table(["agent", "how", "from"], ["round"])
    lines.add_column("")
    for birth in copies:
        lines.add_row(
            safe(birth["name"]),
            birth["how"],
            safe(", ".join(birth["parents"])),
            str(birth["round"]),
            "" if birth["present"] else "gone",
        )
    show(title("Copies and replacements"), lines, "")
