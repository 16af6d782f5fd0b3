"""An analysis of payoffs on the terminal: its numbers, agents, payoffs and clusters."""

from typing import TYPE_CHECKING, Any

from docendo.cli.output import safe, show, table, title

if TYPE_CHECKING:
    from docendo.analysis.overview import Analysis

__all__ = ["show_analysis"]

_MAX_MATRIX = 10
"""The payoffs of so many agents fit on a terminal."""
_MAX_CLUSTERS = 20
"""Clusters that are shown; --json has all."""
_NAME_WIDTH = 24


def show_analysis(
    analysis: "Analysis", note: str = "", opponent_heading: str = "hardest opponent"
) -> None:
    """Print an analysis: its numbers, the agents, the payoffs of few agents, the clusters.

    `opponent_heading` heads the column of whoever has the largest payoff against an agent.
    """
    show(
        _tabulate_numbers(analysis),
        "",
        title("Agents, best rating first (Elo points; 95% interval)"),
        _tabulate_agents(analysis, opponent_heading),
    )
    if note:
        show(safe(note, "dim"))
    if len(analysis.names) <= _MAX_MATRIX:
        show("", title("Payoff of the row against the column"), _tabulate_payoffs(analysis))

    show("", title("Nash clusters, best first"), _tabulate_clusters(analysis))
    hidden = len(analysis.top.clusters) - _MAX_CLUSTERS
    if hidden > 0:
        show(safe(f"and {hidden} more clusters: --json has them", "dim"))


def _tabulate_numbers(analysis: "Analysis") -> Any:
    from docendo.formatting import DASH, percent, signed

    parts = analysis.decomposition
    cyclic_share = DASH
    if parts.share is not None:
        cyclic_share = (
            f"{percent(parts.share)} of the squared payoffs (root mean squares: "
            f"transitive {parts.transitive:.3f}, cyclic {parts.cyclic_size:.3f})"
        )
    collaboration = f"{signed(analysis.collaboration)} (-1 zero-sum, +1 shared)"

    rows = table(["", ""])
    rows.show_header = False
    rows.add_row(safe("agents", "dim"), str(len(analysis.names)))
    rows.add_row(safe("cyclic share", "dim"), cyclic_share)
    rows.add_row(safe("effective diversity", "dim"), f"{analysis.diversity:.3f}")
    rows.add_row(safe("collaboration", "dim"), collaboration)
    if analysis.gaps:
        rows.add_row(safe("unknown payoffs", "dim"), f"{analysis.gaps:,}, counted as 0")
    return rows


def _tabulate_agents(analysis: "Analysis", opponent_heading: str) -> Any:
    from docendo.analysis.overview import strongest_opponents
    from docendo.analysis.ratings import ELO
    from docendo.formatting import DASH, clip, percent, signed
    from docendo.report.league_page import rank_by_rating

    columns = ["rating", "interval", "openskill", "Nash", "Nash average", "alpha-rank"]
    rows = table(["agent"], columns)
    rows.add_column(safe(opponent_heading), header_style="dim", overflow="fold")

    ratings, skills = analysis.ratings, analysis.skills
    opponents = strongest_opponents(analysis)
    for i in rank_by_rating(analysis):
        low, high = signed(ELO * ratings.low[i], 0), signed(ELO * ratings.high[i], 0)
        opponent = opponents[i]
        name = DASH if opponent is None else clip(analysis.names[opponent], _NAME_WIDTH)
        rows.add_row(
            safe(clip(analysis.names[i], _NAME_WIDTH)),
            signed(ELO * ratings.rating[i], 0),
            f"{low} to {high}",
            f"{skills.mean[i]:.1f} ± {skills.deviation[i]:.1f}",
            percent(analysis.average.strategy[i]),
            signed(analysis.average.values[i]),
            percent(analysis.alpha_rank[i]),
            safe(name),
        )
    return rows


def _tabulate_payoffs(analysis: "Analysis") -> Any:
    from docendo.formatting import DASH, clip, signed
    from docendo.report.league_page import rank_by_rating

    order = rank_by_rating(analysis)
    rows = table(["agent"], [clip(analysis.names[j], 8) for j in order])
    for i in order:
        cells = []
        for j in order:
            payoff = float(analysis.payoff[i][j])
            # an unknown payoff is NaN, which is not equal to itself
            cells.append(signed(payoff) if payoff == payoff else DASH)
        rows.add_row(safe(clip(analysis.names[i], _NAME_WIDTH)), *cells)
    return rows


def _tabulate_clusters(analysis: "Analysis") -> Any:
    from docendo.formatting import DASH, clip, signed

    columns = ["size", "mean payoff", "longest cycle", "cycles of three each"]
    rows = table(["agents"], columns)
    for cluster in analysis.top.clusters[:_MAX_CLUSTERS]:
        members = cluster.members
        labels = [clip(analysis.names[i], _NAME_WIDTH) for i in members[:_MAX_MATRIX]]
        names = ", ".join(labels)
        if len(members) > _MAX_MATRIX:
            names += f" and {len(members) - _MAX_MATRIX} more"
        rows.add_row(
            safe(names),
            str(len(members)),
            signed(cluster.skill),
            str(cluster.longest_cycle or DASH),
            f"{cluster.three_cycles:.1f}",
        )
    return rows
