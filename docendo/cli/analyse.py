"""`docendo analyse`: what a payoff matrix says about a population, also one of the user's own."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from docendo.cli.options import AsJson, HtmlPage
from docendo.cli.output import show, show_json
from docendo.cli.runs import check_html_path

if TYPE_CHECKING:
    from docendo.analysis.overview import Analysis
    from docendo.analysis.tournament import Tournament

__all__ = ["analyse"]

_SYMMETRISE_HELP = "Where a pair's two cells disagree, take half their difference."
_GAMES_HELP = "Games per cell, for ratings and intervals. Default: 1."


def analyse(
    path: Annotated[
        Path, typer.Argument(metavar="PAYOFF.csv", help="The table.", show_default=False)
    ],
    win_rates: Annotated[
        bool, typer.Option("--win-rates", help="The cells are win rates in [0, 1].")
    ] = False,
    symmetrise: Annotated[
        bool, typer.Option("--symmetrise", help=_SYMMETRISE_HELP)
    ] = False,
    games: Annotated[int | None, typer.Option(min=1, max=10**9, help=_GAMES_HELP)] = None,
    as_json: AsJson = False,
    html: HtmlPage = None,
) -> None:
    """Analyse a tournament: a payoff matrix, or a log of games.

    A matrix is a square CSV: names in the first row and the first column, in each cell the payoff
    of the row's agent against the column's. A log has the columns winner,loser or
    player_a,player_b,score (0 to 1), and a row for each game. Says who is best, and how sure that
    is; ratings, Nash averaging, alpha-rank, cyclic share,
    clusters, diversity.
    """
    # matrices of this size gain nothing from threads, which wait for each other when busy
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from docendo.analysis import overview
    from docendo.analysis.tournament import read_tournament
    from docendo.cli.analysis_tables import show_analysis

    check_html_path(html)
    tournament = read_tournament(path, win_rates=win_rates, symmetrise=symmetrise)
    analysis = _analyse_payoffs(tournament, games)
    note = _explain_ratings(tournament, games)
    if as_json:
        show_json(overview.as_json(analysis))
    else:
        show_analysis(analysis, note)

    if html is not None:
        from docendo.report.league_page import league_page
        from docendo.report.run_page import save_page

        save_page(league_page(path.stem, analysis, note), html)
        if not as_json:
            show(f"{html}")


def _explain_ratings(tournament: "Tournament", games: int | None) -> str:
    """How the ratings read the payoffs."""
    import numpy as np

    if tournament.games is not None:
        return f"{int(tournament.games.sum()) // 2:,} games."

    largest = np.abs(tournament.payoff).max()
    scale = ""
    if largest > 1:
        scale = f"Payoffs divided by {largest:g} are read as wins minus losses. "
    if games:
        return f"{scale}Each pair counts as {games:,} games."
    return (
        f"{scale}Each pair counts as one game: "
        "with --games the intervals are those of the games really played."
    )


def _analyse_payoffs(tournament: "Tournament", games: int | None) -> "Analysis":
    """With a number of games, payoffs in [-1, 1] get Wilson's intervals of their win rates."""
    import numpy as np

    from docendo.analysis import overview
    from docendo.statistics import wilson_interval

    names, payoff, counts = tournament
    if counts is None and games is None:
        return overview.analyse(names, payoff)

    if counts is None:
        counts = np.full(payoff.shape, float(games or 0))
    if np.nanmax(np.abs(payoff)) > 1:
        return overview.analyse(names, payoff, counts)

    low = np.full(payoff.shape, np.nan)
    high = np.full(payoff.shape, np.nan)
    for i, j in zip(*np.nonzero(counts), strict=True):
        if i != j:
            bounds = wilson_interval((1 + payoff[i, j]) / 2, int(counts[i, j]))
            low[i, j], high[i, j] = 2 * bounds[0] - 1, 2 * bounds[1] - 1
    # nobody plays itself: the payoff there is 0 and known
    np.fill_diagonal(low, 0.0)
    np.fill_diagonal(high, 0.0)
    return overview.analyse(names, payoff, counts, low=low, high=high)
