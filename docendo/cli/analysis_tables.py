"""An analysis of payoffs on the terminal: its numbers, agents, payoffs and clusters."""

from dataclasses import replace

from docendo.analysis.overview import Analysis, describe_best
from docendo.cli.output import safe, show
from docendo.report.render.headline import headline_grid
from docendo.report.render.league_tables import (
    league_headlines,
    tabulate_agents,
    tabulate_clusters,
    tabulate_payoffs,
)

__all__ = ["show_analysis"]

_MAX_MATRIX = 10
"""The payoffs of so many agents fit on a terminal."""
_MAX_CLUSTERS = 20
"""Clusters that are shown; --json has all."""


def show_analysis(analysis: Analysis, note: str = "", *, of_lessons: bool = False) -> None:
    """Print an analysis: its numbers, the agents, the payoffs of few agents, the clusters.

    `of_lessons` is for payoffs that are gains.
    """
    show(describe_best(analysis, of_lessons=of_lessons), "")
    show(headline_grid(league_headlines(analysis)))
    if analysis.gaps:
        show(f"{analysis.gaps:,} payoffs are unknown and count as 0")
    show(
        "", tabulate_agents(analysis, "best teacher" if of_lessons else "hardest opponent")
    )
    if note:
        show(safe(note, "dim"))
    if len(analysis.names) <= _MAX_MATRIX:
        show("", tabulate_payoffs(analysis))

    clusters = tabulate_clusters(analysis)
    show("", replace(clusters, rows=clusters.rows[:_MAX_CLUSTERS]))
    hidden = len(clusters.rows) - _MAX_CLUSTERS
    if hidden > 0:
        show(safe(f"and {hidden} more clusters: --json has them", "dim"))
