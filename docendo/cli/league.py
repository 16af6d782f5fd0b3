"""`docendo league`: a run's population, with its payoffs, standings and lineage."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docendo.cli.options import AsJson, HtmlPage, RunPath
from docendo.cli.output import show, show_json, title
from docendo.cli.runs import check_html_path, load_run_config
from docendo.errors import UserError
from docendo.store import RunDirectory

if TYPE_CHECKING:
    from docendo.analysis.overview import Analysis
    from docendo.report.facts.run import Facts

__all__ = ["league"]

_LESSONS = "lessons"
_LESSONS_NOTE = (
    "The payoff is the mean gain of lessons, teachers down. Collaboration compares the two "
    "payoffs of every lesson; ratings, Nash and cycles are of who gives more than it gets."
)
_DUELS_NOTE = "The payoff is what the row won from the column, the full stake being 1."

_ANALYSIS_KEYS = (
    "ratings",
    "nash",
    "nash_average",
    "alpha_rank",
    "cyclic_share",
    "clusters",
    "collaboration",
)

_Analyses = Mapping[str, "Analysis | None"]
"""By what was played; None where there was no meeting."""


def league(path: RunPath, as_json: AsJson = False, html: HtmlPage = None) -> None:
    """Show who helps whom, who beats whom, and what goes in cycles.

    Payoffs over the whole run with ratings, Nash averaging, alpha-rank, clusters and
    collaboration; the standings that matches are made from, in which recent rounds count
    more; copies and their lineage.
    """
    from docendo.cli.league_tables import (
        show_best_teachers,
        show_lineage,
        show_rounds,
        show_standings,
    )
    from docendo.report.facts.gains import gain_matrix
    from docendo.report.facts.league import lineage, round_metrics, standings_by_measure
    from docendo.report.facts.run import collect

    check_html_path(html)
    # one snapshot: a run that goes on may add a round between two queries
    with RunDirectory.open(path) as run, run.snapshot():
        facts = collect(run)
        decay = load_run_config(run).league.decay
        standings = standings_by_measure(run, decay)
        births = lineage(run)
        rounds = round_metrics(run)
        analyses = _analyse_meetings(run, facts)

    # before anything is shown, as there may be nothing to draw
    if html is not None:
        _write_page(path, analyses, html)
    if as_json:
        document = _make_document(path, facts, analyses)
        show_json({**document, "standings": standings, "lineage": births, "rounds": rounds})
        return

    for name, analysis in analyses.items():
        _show_payoffs(path, name, analysis)
    if facts.lessons:
        show_best_teachers(gain_matrix(facts))
    show_rounds(rounds)
    show_standings(standings)
    show_lineage(births)
    if html is not None:
        show(f"{html}")


def _analyse_meetings(run: Any, facts: "Facts") -> _Analyses:
    """Lessons first where there are any, then every game."""
    from docendo.report.facts.league import analyse_duels, analyse_lessons

    duels = analyse_duels(run)
    if facts.lessons or not duels:
        return {_LESSONS: analyse_lessons(facts), **duels}
    return duels


def _make_document(path: Path, facts: "Facts", analyses: _Analyses) -> dict[str, Any]:
    """The first analysis at the top, all of them by name.

    Keys that need an analysis are None where there is none.
    """
    from docendo.analysis import overview
    from docendo.report.facts.summary import summarise_gains

    documents = {}
    for name, analysis in analyses.items():
        document = dict.fromkeys(_ANALYSIS_KEYS)
        if analysis:
            document = overview.as_json(analysis, of_lessons=name == _LESSONS)
        documents[name] = document

    first = next(iter(documents))
    return {
        "run": str(path),
        "agents": list(facts.own_domains),
        "of": first,
        **documents[first],
        "games": documents,
        "gains": summarise_gains(facts),
    }


def _show_payoffs(path: Path, name: str, analysis: "Analysis | None") -> None:
    from docendo.cli.analysis_tables import show_analysis

    if analysis is None:
        missing = f"no {name} between two agents"
        if name == _LESSONS:
            missing = "no lesson yet that was shown to a student"
        show(f"{path} has {missing}", "")
        return

    show(title(f"Payoffs: {name}"))
    if name == _LESSONS:
        show_analysis(analysis, _LESSONS_NOTE, of_lessons=True)
    else:
        show_analysis(analysis, _DUELS_NOTE)
    show("")


def _write_page(path: Path, analyses: _Analyses, html: Path) -> None:
    from docendo.report.league_page import league_page
    from docendo.report.run_page import save_page

    name, analysis = next(iter(analyses.items()))
    if analysis is None:
        raise UserError(f"{path} has no meetings yet, so there is nothing to draw")
    note = _LESSONS_NOTE if name == _LESSONS else _DUELS_NOTE
    save_page(league_page(f"{path.resolve().name}: {name}", analysis, note), html)
