"""`docendo analyse`: what a payoff matrix says about a population, also one of the user's own."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from docendo.cli.options import AsJson
from docendo.cli.output import safe, show, show_json, table, title
from docendo.cli.runs import check_html_path

if TYPE_CHECKING:
    from docendo.analysis.matrices import Matrix
    from docendo.analysis.overview import Analysis

__all__ = ["analyse", "show_analysis"]

_MATRIX = 10
"""The payoffs of so many agents fit on a terminal."""
_SHOWN = 20
"""Clusters that are shown; --json has all."""


def analyse(
    path: Annotated[
        Path, typer.Argument(metavar="PAYOFF.csv", help="The table.", show_default=False)
    ],
    win_rates: Annotated[
        bool, typer.Option("--win-rates", help="The cells are win rates in [0, 1].")
    ] = False,
    symmetrise: Annotated[
        bool,
        typer.Option(
            "--symmetrise",
            help="Where a pair's two cells disagree, take half their difference.",
        ),
    ] = False,
    games: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=10**9,
            help="Games behind each cell; without it, ratings and intervals count one.",
        ),
    ] = None,
    as_json: AsJson = False,
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a page with four pictures too."),
    ] = None,
) -> None:
    """Analyse a tournament's payoff matrix.

    A square CSV: names in the first row and the first column, in each cell what the row's agent got against the
    column's. Ratings, Nash averaging, alpha-rank, cyclic share, clusters, diversity.
    """
    # matrices of this size gain nothing from threads, which on a busy machine mostly wait for each other
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from docendo.analysis.overview import as_json as plain
    from docendo.analysis.tournament import read_tournament

    check_html_path(html)
    read = read_tournament(path, win_rates=win_rates, symmetrise=symmetrise)
    found = _analysed(read.names, read.payoff, games)
    note = _note(abs(read.payoff).max(), games)
    if as_json:
        show_json(plain(found))
    else:
        show_analysis(found, note)
    if html is not None:
        from docendo.report.league_page import league_page
        from docendo.report.run_page import save_page

        save_page(league_page(path.stem, found, note), html)
        if not as_json:
            show(f"{html}")


def _note(largest: float, games: int | None) -> str:
    """What the ratings take the payoffs for."""
    scale = (
        f"Payoffs divided by {largest:g} are read as wins minus losses. "
        if largest > 1
        else ""
    )
    if games:
        return f"{scale}Each pair counts as {games:,} games."
    return f"{scale}Each pair counts as one game: with --games the intervals are those of the games really played."


def _analysed(names: tuple[str, ...], payoff: "Matrix", games: int | None) -> "Analysis":
    """With a number of games and payoffs in [-1, 1], each payoff has Wilson's interval of its win rate."""
    import numpy as np

    from docendo.analysis import overview as analysis
    from docendo.statistics import wilson_interval

    if games is None:
        return analysis.analyse(names, payoff)
    counts = np.full(payoff.shape, float(games))
    if np.abs(payoff).max() > 1:
        return analysis.analyse(names, payoff, counts)
    low, high = (
        2 * bound - 1 for bound in np.vectorize(wilson_interval)((1 + payoff) / 2, games)
    )
    for bound in (low, high):
        np.fill_diagonal(bound, 0.0)
    return analysis.analyse(names, payoff, counts, low=low, high=high)


def show_analysis(
    found: "Analysis", note: str = "", strongest_opponents: str = "hardest opponent"
) -> None:
    """Print an analysis: its numbers, the agents, the payoffs of few agents, the clusters.

    `strongest` is what the agent with the largest payoff against another is called.
    """
    show(
        _numbers(found),
        "",
        title("Agents, best rating first (Elo points; 95% interval)"),
        _agents(found, strongest_opponents),
    )
    if note:
        show(safe(note, "dim"))
    if len(found.names) <= _MATRIX:
        show("", title("Payoff of the row against the column"), _payoffs(found))
    show("", title("Nash clusters, best first"), _clusters(found))
    hidden = len(found.top.clusters) - _SHOWN
    if hidden > 0:
        show(safe(f"and {hidden} more clusters: --json has them", "dim"))


def _numbers(found: "Analysis") -> Any:
    from docendo.formatting import DASH, percent, signed

    parts = found.decomposition
    sizes = f"root mean squares: transitive {parts.transitive:.3f}, cyclic {parts.cyclic_size:.3f}"
    said = (
        f"{percent(parts.share)} of the squared payoffs ({sizes})"
        if parts.share is not None
        else DASH
    )
    made = table(["", ""])
    made.show_header = False
    made.add_row(safe("agents", "dim"), str(len(found.names)))
    made.add_row(safe("cyclic share", "dim"), said)
    made.add_row(safe("effective diversity", "dim"), f"{found.diversity:.3f}")
    made.add_row(
        safe("collaboration", "dim"),
        f"{signed(found.collaboration)} (-1 zero-sum, +1 shared)",
    )
    if found.gaps:
        made.add_row(safe("unknown payoffs", "dim"), f"{found.gaps:,}, counted as 0")
    return made


def _agents(found: "Analysis", called: str) -> Any:
    from docendo.analysis.overview import strongest_opponents
    from docendo.analysis.ratings import ELO
    from docendo.formatting import DASH, clip, percent, signed
    from docendo.report.league_page import ranked

    rating, against = found.ratings, strongest_opponents(found)
    numbers = ["rating", "interval", "openskill", "Nash", "Nash average", "alpha-rank"]
    made = table(["agent"], numbers)
    made.add_column(safe(called), header_style="dim", overflow="fold")
    for i in ranked(found):
        other = against[i]
        made.add_row(
            safe(clip(found.names[i], 24)),
            signed(ELO * rating.rating[i], 0),
            f"{signed(ELO * rating.low[i], 0)} to {signed(ELO * rating.high[i], 0)}",
            f"{found.skills.mean[i]:.1f} ± {found.skills.deviation[i]:.1f}",
            percent(found.average.strategy[i]),
            signed(found.average.values[i]),
            percent(found.alpha_rank[i]),
            safe(DASH if other is None else clip(found.names[other], 24)),
        )
    return made


def _payoffs(found: "Analysis") -> Any:
    from docendo.formatting import DASH, clip, signed
    from docendo.report.league_page import ranked

    order = ranked(found)
    made = table(["agent"], [clip(found.names[j], 8) for j in order])
    for i in order:
        row = [float(found.payoff[i][j]) for j in order]
        made.add_row(
            safe(clip(found.names[i], 24)), *(signed(x) if x == x else DASH for x in row)
        )
    return made


def _clusters(found: "Analysis") -> Any:
    from docendo.formatting import DASH, clip, signed

    made = table(
        ["agents"], ["size", "mean payoff", "longest cycle", "cycles of three each"]
    )
    for cluster in found.top.clusters[:_SHOWN]:
        names = ", ".join(clip(found.names[i], 24) for i in cluster.members[:_MATRIX])
        more = (
            f" and {len(cluster.members) - _MATRIX} more"
            if len(cluster.members) > _MATRIX
            else ""
        )
        made.add_row(
            safe(names + more),
            str(len(cluster.members)),
            signed(cluster.skill),
            str(cluster.longest_cycle or DASH),
            f"{cluster.three_cycles:.1f}",
        )
    return made
