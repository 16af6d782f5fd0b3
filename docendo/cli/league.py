"""`docendo league`: what a run's population looks like."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from docendo.cli.options import AsJson, RunPath
from docendo.cli.output import safe, show, show_json, table, title
from docendo.cli.runs import check_html_path, load_run_config

if TYPE_CHECKING:
    from docendo.analysis.overview import Analysis
    from docendo.report.facts.run import Facts

__all__ = ["league"]

_LESSONS = "lessons"
_NEWEST = 20
"""Rounds that are shown; --json has all."""
_SHOWN = 40
"""Rows of the standings that are shown; --json has all."""
_NOTES = {
    _LESSONS: "The payoff is the mean gain of lessons, teachers down. Collaboration compares the two payoffs of every "
    "lesson; ratings, Nash and cycles are of who gives more than it gets.",
    "duel": "The payoff is what the row won from the column, the full stake being 1.",
}


def league(
    path: RunPath,
    as_json: AsJson = False,
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a page with four pictures too."),
    ] = None,
) -> None:
    """Show what the population looks like: who helps whom, who beats whom, and what goes in cycles.

    Payoffs over the whole run with ratings, Nash averaging, alpha-rank, clusters and collaboration; the standings that
    matches are made from, in which recent rounds count more; copies and their lineage.
    """
    from docendo.report.facts.league import (
        analyse_duels,
        analyse_lessons,
        lineage,
        round_metrics,
        standings_by_measure,
    )
    from docendo.report.facts.run import collect
    from docendo.store import RunDirectory

    check_html_path(html)
    with RunDirectory.open(path) as run, run.snapshot():
        facts, analyses = collect(run), analyse_duels(run)
        if facts.lessons or not analyses:
            analyses = {_LESSONS: analyse_lessons(facts)} | analyses
        now, births, played = (
            standings_by_measure(run, load_run_config(run).league.decay),
            lineage(run),
            round_metrics(run),
        )
    if html is not None:
        _write_page(path, analyses, html)
    if as_json:
        show_json(
            _document(path, facts, analyses)
            | {"standings": now, "lineage": births, "rounds": played}
        )
        return
    for name, found in analyses.items():
        _show(path, name, found)
    if facts.lessons:
        _section("Who teaches whom best (95% interval)", _best(facts))
    if played:
        _section("The newest rounds", _rounds(played[-_NEWEST:]))
    _show_standings(now)
    if any(b["how"] != "founder" for b in births):
        _section("Copies and replacements", _births(births))
    if html is not None:
        show(f"{html}")


def _section(heading: str, body: Any) -> None:
    show(title(heading), body, "")


def _document(
    path: Path, facts: "Facts", analyses: Mapping[str, "Analysis | None"]
) -> dict[str, Any]:
    """The first analysis at the top, all of them by name; keys that need one are None where there is none."""
    from docendo.analysis.overview import as_json as plain
    from docendo.report.facts.run import gain_matrix

    keys = (
        "ratings",
        "nash",
        "nash_average",
        "alpha_rank",
        "cyclic_share",
        "clusters",
        "collaboration",
    )
    documents = {
        name: plain(found) if found else dict.fromkeys(keys)
        for name, found in analyses.items()
    }
    name, first = next(iter(documents.items()))
    gains = {
        t: {
            s: {"mean": e.mean, "low": e.low, "high": e.high, "lessons": e.n}
            for s, e in row.items()
        }
        for t, row in gain_matrix(facts).items()
    }
    return {
        "run": str(path),
        "agents": list(facts.owns),
        "of": name,
        **first,
        "games": documents,
        "gains": gains,
    }


def _show(path: Path, name: str, found: "Analysis | None") -> None:
    from docendo.cli.analyse import show_analysis

    if found is None:
        nothing = (
            "no lesson yet that was shown to a student"
            if name == _LESSONS
            else f"no {name} between two agents"
        )
        show(f"{path} has {nothing}", "")
        return
    show(title(f"Payoffs: {name}"))
    show_analysis(
        found,
        _NOTES.get(name, _NOTES["duel"]),
        "best teacher" if name == _LESSONS else "hardest opponent",
    )
    show("")


def _best(facts: "Facts") -> Any:
    """Every student's teachers, the best first."""
    from docendo.formatting import interval_text, signed
    from docendo.report.facts.run import gain_matrix

    made = table(["student", "teacher"], ["gain", "interval", "lessons"])
    matrix = gain_matrix(facts)
    for student in dict.fromkeys(s for row in matrix.values() for s in row):
        teachers = sorted(
            ((row[student], t) for t, row in matrix.items() if student in row),
            key=lambda x: -x[0].mean,
        )
        for e, teacher in teachers[:3]:
            made.add_row(
                safe(student),
                safe(teacher),
                signed(e.mean),
                interval_text(e, share=False),
                f"{e.n:,}",
            )
    return made


def _rounds(played: Sequence[Mapping[str, Any]]) -> Any:
    """Share of useful groups, mean variance of rewards, share of chance in the gradient, partners, gain of anchors."""
    from docendo.formatting import DASH, percent, signed

    made = table(
        [],
        [
            "round",
            "useful groups",
            "reward variance",
            "chance in the gradient",
            "partners",
            "anchors' gain",
        ],
    )
    for r in played:
        variances = [v for name, v in r.items() if name.startswith("variance/")]
        noise, signal = r.get("noise/policy"), r.get("signal/policy")
        chance = (
            noise / (noise + signal)
            if noise is not None and signal is not None and noise + signal
            else None
        )
        partners = r.get("partners", r.get("duels/partners"))
        made.add_row(
            str(r["round"]),
            f"{percent(r['useful'])} of {r['groups']:.0f}",
            f"{sum(variances) / len(variances):.3f}" if variances else DASH,
            percent(chance),
            DASH if partners is None else f"{partners:.1f}",
            signed(r.get("gain/anchors")),
        )
    return made


def _show_standings(now: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    shapes = {
        "gains": (
            "Standings: gain of a lesson, stopped ones count 0",
            ("teacher", "student", "domain"),
        ),
        "wins": ("Standings: win rates", ("player", "opponent", "game")),
        "helped": (
            "Standings: right after a lesson",
            ("agent", "domain", "family", "level"),
        ),
        "alone": (
            "Standings: right without a lesson",
            ("agent", "domain", "family", "level"),
        ),
    }
    for what, (heading, names) in shapes.items():
        rows = now[what]
        if rows:
            shown = _rows(names, rows[:_SHOWN], what == "gains")
            _section(f"{heading} (95% credible interval; evidence left)", shown)
        if len(rows) > _SHOWN:
            show(safe(f"and {len(rows) - _SHOWN:,} more: --json has them", "dim"))


def _rows(names: Sequence[str], rows: Sequence[Mapping[str, Any]], signs: bool) -> Any:
    from docendo.formatting import percent, signed

    made = table(names, ["mean", "interval", "evidence"])
    form = signed if signs else percent
    for row in rows:
        interval = f"{form(row['low'])} to {form(row['high'])}"
        made.add_row(
            *(safe(str(row[n])) for n in names),
            form(row["mean"]),
            interval,
            f"{row['evidence']:.1f}",
        )
    return made


def _births(births: Sequence[Mapping[str, Any]]) -> Any:
    made = table(["agent", "how", "from"], ["round"])
    made.add_column("")
    for b in births:
        if b["how"] != "founder":
            made.add_row(
                safe(b["name"]),
                b["how"],
                safe(", ".join(b["parents"])),
                str(b["round"]),
                "" if b["present"] else "gone",
            )
    return made


def _write_page(path: Path, analyses: Mapping[str, "Analysis | None"], html: Path) -> None:
    from docendo.errors import UserError
    from docendo.report.league_page import league_page
    from docendo.report.run_page import save_page

    name, found = next(iter(analyses.items()))
    if found is None:
        raise UserError(f"{path} has no meetings yet, so there is nothing to draw")
    save_page(
        league_page(
            f"{path.resolve().name}: {name}", found, _NOTES.get(name, _NOTES["duel"])
        ),
        html,
    )
