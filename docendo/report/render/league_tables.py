"""The numbers of an analysis of a population, for its page and for a terminal."""

from docendo.analysis.overview import Analysis, strongest_opponents
from docendo.analysis.ratings import ELO
from docendo.formatting import DASH, percent, signed
from docendo.report.render.headline import Headline
from docendo.report.render.tables import Cell, Row, Table

__all__ = [
    "league_headlines",
    "rank_by_rating",
    "tabulate_agents",
    "tabulate_clusters",
    "tabulate_payoffs",
]


def rank_by_rating(analysis: Analysis) -> list[int]:
    """The agents' places in the matrix, the best rating first."""
    # Equal ratings keep the order of the matrix, on every page and in every table.
    rating = analysis.ratings.rating
    return sorted(range(len(analysis.names)), key=lambda place: (-rating[place], place))


def league_headlines(analysis: Analysis) -> list[Headline]:
    """Cycles, the best cluster, diversity and collaboration."""
    parts = analysis.decomposition
    clusters = analysis.top.clusters
    best = f"{len(clusters[0].members)} of {len(analysis.names)}"
    cyclic_notes = ["of the squared payoffs; the rest is explained by a rating"]
    if parts.share is not None:
        cyclic_notes.append(
            f"root mean squares: transitive {parts.transitive:.3f}, "
            f"cyclic {parts.cyclic_size:.3f}"
        )
    noise = analysis.noise
    if noise is not None:
        chance = f"cyclic {noise.low:.3f} to {noise.high:.3f} by chance alone"
        verdict = (
            "cannot be told from noise" if noise.explains_cycles else "more than noise"
        )
        cyclic_notes.append(f"{chance}: {verdict}")
    return [
        Headline("Cyclic share", percent(parts.share), cyclic_notes),
        Headline("Best cluster", best, [f"{len(clusters)} Nash clusters in all"]),
        Headline(
            "Effective diversity",
            f"{analysis.diversity:.3f}",
            ["what the best win from one another"],
        ),
        Headline(
            "Collaboration",
            signed(analysis.collaboration),
            ["correlation of the two payoffs of a meeting; -1 zero-sum, +1 shared"],
        ),
    ]


def tabulate_agents(analysis: Analysis, opponent_heading: str) -> Table:
    """The numbers of every agent, the best rating first.

    `opponent_heading` heads the column of whoever has the largest payoff against an agent.
    """
    rows: list[Row] = []
    opponents = strongest_opponents(analysis)
    for i in rank_by_rating(analysis):
        rating, low, high = (signed(ELO * points[i], 0) for points in analysis.ratings)
        skill, deviation = analysis.skills.mean[i], analysis.skills.deviation[i]
        opponent = opponents[i]
        rows.append(
            [
                analysis.names[i],
                DASH if opponent is None else analysis.names[opponent],
                Cell(rating, f"{low} to {high}"),
                Cell(f"{skill:.1f}", f"± {deviation:.1f}"),
                percent(analysis.average.strategy[i]),
                signed(analysis.average.values[i]),
                percent(analysis.alpha_rank[i]),
                signed(analysis.top.skill[i]),
            ]
        )

    numbers = "rating", "openskill", "Nash", "Nash average", "alpha-rank", "mean payoff"
    heads = ("agent", opponent_heading, *numbers)
    return Table(
        "Agents, best rating first (Elo points; 95% interval)",
        "",
        heads,
        rows,
        text_columns=2,
    )


def tabulate_payoffs(analysis: Analysis) -> Table:
    """The payoff of every row against every column, the best rating first."""
    order = rank_by_rating(analysis)
    rows = []
    for i in order:
        payoffs = [float(analysis.payoff[i][j]) for j in order]
        # An unknown payoff is NaN, which is not equal to itself.
        cells = [signed(payoff) if payoff == payoff else DASH for payoff in payoffs]
        rows.append([analysis.names[i], *cells])
    heads = ("agent", *(analysis.names[j] for j in order))
    return Table("Payoff of the row against the column", "", heads, rows)


def tabulate_clusters(analysis: Analysis) -> Table:
    """The Nash clusters, best first."""
    rows = []
    for place, cluster in enumerate(analysis.top.clusters, 1):
        rows.append(
            [
                str(place),
                ", ".join(analysis.names[i] for i in cluster.members),
                str(len(cluster.members)),
                signed(cluster.skill),
                str(cluster.longest_cycle or DASH),
                f"{cluster.three_cycles:.1f}",
            ]
        )
    numbers = "size", "mean payoff", "longest cycle", "cycles of three each"
    heads = ("cluster", "agents", *numbers)
    note = (
        "The first cluster are the agents with a share in any Nash equilibrium; the next are "
        "those of what is left without them, and so on. The longest cycle is inside the "
        "cluster."
    )
    return Table("Nash clusters, best first", note, heads, rows, text_columns=2)
