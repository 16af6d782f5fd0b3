"""The page about a population: ratings, payoffs, cycles and layers."""

from collections.abc import Sequence

import numpy as np

from docendo.analysis.overview import Analysis, strongest_opponents
from docendo.analysis.ratings import ELO
from docendo.formatting import DASH, percent, signed
from docendo.report.render.components import (
    Section,
    empty_note,
    figure,
    number_cell,
    page_main,
    row_head,
    scroll_box,
    swatch,
    swatch_key,
    table,
    tile,
)
from docendo.report.render.league_charts import (
    AgentMarks,
    PayoffMatrix,
    cycle_disc,
    payoff_heat_map,
    rating_chart,
    spinning_top,
)
from docendo.report.render.markup import Markup, document, join, tag
from docendo.report.run_page import asset

__all__ = ["league_page", "rank_by_rating"]


def league_page(title: str, analysis: Analysis, note: str = "") -> str:
    """The whole page, self-contained; `note` says where the ratings come from."""
    sections = (
        Section("ratings", "Who is how good", _ratings(analysis, note)),
        Section("payoffs", "Who beats whom", _payoffs(analysis)),
        Section("cycles", "What goes in cycles", _cycles(analysis)),
        Section("layers", "Layers of the population", _layers(analysis)),
    )
    body = page_main(_header(title, analysis), sections)
    return document(f"{title} · docendo", asset("page.css"), "", body)


def _header(title: str, analysis: Analysis) -> Markup:
    clusters = analysis.top.clusters
    agents = len(analysis.names)
    tiles = (
        tile(
            "Cyclic share",
            percent(analysis.decomposition.share),
            ["of the squared payoffs; the rest is explained by a rating"],
        ),
        tile(
            "Best cluster",
            f"{len(clusters[0].members)} of {agents}",
            [f"{len(clusters)} Nash clusters in all"],
        ),
        tile(
            "Effective diversity",
            f"{analysis.diversity:.3f}",
            ["what the best win from one another"],
        ),
        tile(
            "Collaboration",
            signed(analysis.collaboration),
            ["correlation of the two payoffs of a meeting"],
        ),
    )
    facts = f"{agents} agents"
    if analysis.gaps:
        facts += f" · {analysis.gaps:,} payoffs unknown, counted as 0"
    return tag(
        "header",
        tag("p", "docendo · analysis of a population", class_="kicker"),
        tag("h1", title),
        tag("p", facts, class_="facts"),
        tag("dl", *tiles, class_="tiles"),
    )


def rank_by_rating(analysis: Analysis) -> list[int]:
    """The agents' places in the matrix, the best rating first."""
    rating = analysis.ratings.rating
    return sorted(range(len(analysis.names)), key=lambda place: (-rating[place], place))


def _ratings(analysis: Analysis, note: str) -> Markup:
    """The chart of ratings with their intervals, and every agent's numbers as a table."""
    order = rank_by_rating(analysis)
    values, low, high = (
        [float(ELO * points[i]) for i in order] for points in analysis.ratings
    )
    chart = rating_chart(_agent_marks(analysis, order), values, low, high)

    heads = (
        "agent",
        "rating",
        "openskill",
        "Nash",
        "Nash average",
        "alpha-rank",
        "mean payoff",
        "hardest opponent",
    )
    hardest = strongest_opponents(analysis)
    rows = [_rating_row(analysis, i, hardest[i]) for i in order]
    about = (
        "Bradley-Terry ratings in Elo points around 0, with 95% intervals: 400 points are odds "
        f"of ten to one. {note} Nash is the share in the most even equilibrium, Nash average "
        "the payoff against it; alpha-rank the time that a population of imitators spends at "
        "the agent."
    )
    heading = tag("summary", f"Every agent as a table ({len(rows)})")
    return join(
        (
            tag("p", about),
            scroll_box(chart, "Ratings"),
            _marks_key(),
            tag("details", heading, table(heads, rows)),
        )
    )


def _rating_row(analysis: Analysis, agent: int, hardest: int | None) -> list[Markup]:
    rating, low, high = (signed(ELO * points[agent], 0) for points in analysis.ratings)
    skill = analysis.skills
    return [
        row_head(analysis.names[agent]),
        number_cell(rating, f"{low} to {high}"),
        number_cell(f"{skill.mean[agent]:.1f}", f"± {skill.deviation[agent]:.1f}"),
        number_cell(percent(analysis.average.strategy[agent])),
        number_cell(signed(analysis.average.values[agent])),
        number_cell(percent(analysis.alpha_rank[agent])),
        number_cell(signed(analysis.top.skill[agent])),
        tag("td", DASH if hardest is None else analysis.names[hardest]),
    ]


def _payoffs(analysis: Analysis) -> Markup:
    """The heat map, the best rating first."""
    order = rank_by_rating(analysis)
    matrices = [analysis.payoff, *(analysis.interval or ())]
    ordered = [matrix[np.ix_(order, order)].tolist() for matrix in matrices]
    picture = payoff_heat_map([analysis.names[i] for i in order], PayoffMatrix(*ordered))

    key = [swatch("up", "the row wins"), swatch("down", "it loses")]
    if analysis.gaps:
        key.append(swatch("gap", "never met"))
    about = (
        "What the agent of the row gets against the agent of the column; "
        "the best rating comes first."
    )
    return join((tag("p", about), swatch_key(key), scroll_box(picture, "Payoffs")))


def _cycles(analysis: Analysis) -> Markup:
    """The disc of the strongest cycle, and the spinning top."""
    order = rank_by_rating(analysis)
    marks = _agent_marks(analysis, order)
    skill = [float(analysis.top.skill[i]) for i in order]
    three_cycles = [float(analysis.top.three_cycles[i]) for i in order]

    share = analysis.disc.share
    disc_title = "No cycle"
    if share:
        disc_title = f"The strongest cycle ({percent(share)} of what is cyclic)"
    disc = empty_note("Nothing is cyclic: a rating explains every payoff.")
    if share is not None:
        points = analysis.disc.points[order].tolist()
        disc = cycle_disc(marks, points)
    top_title = "Skill and cycles: the spinning top"
    figures = (
        figure(disc_title, disc),
        figure(top_title, spinning_top(marks, skill, three_cycles)),
    )

    decomposition = analysis.decomposition
    about = (
        f"{percent(decomposition.share)} of the squared payoffs are cyclic: no rating explains "
        f"them. Root mean squares: transitive {decomposition.transitive:.3f}, "
        f"cyclic {decomposition.cyclic_size:.3f}."
    )
    note = (
        "Left: everybody beats those less than half a turn further anticlockwise, the more the "
        "further both are from the middle. Right: mean payoff upwards, and as wide as an "
        "agent's cycles of three. Games of skill have the shape of a top: few cycles among "
        "the best, most in the middle (Czarnecki et al. 2020)."
    )
    pair = tag("div", *figures, class_="pair")
    return join((tag("p", about), tag("p", note), _marks_key(), pair))


def _layers(analysis: Analysis) -> Markup:
    """The Nash clusters as a table, best first."""
    rows = []
    for place, cluster in enumerate(analysis.top.clusters, 1):
        members = ", ".join(analysis.names[i] for i in cluster.members)
        rows.append(
            [
                row_head(str(place)),
                number_cell(str(len(cluster.members))),
                number_cell(signed(cluster.skill)),
                number_cell(str(cluster.longest_cycle or DASH)),
                number_cell(f"{cluster.three_cycles:.1f}"),
                tag("td", members),
            ]
        )
    heads = (
        "cluster",
        "size",
        "mean payoff",
        "longest cycle",
        "cycles of three each",
        "agents",
    )
    about = (
        "The first cluster are the agents with a share in any Nash equilibrium; the next are "
        "those of what is left without them, and so on. The longest cycle is inside the cluster."
    )
    return join((tag("p", about), table(heads, rows)))


def _agent_marks(analysis: Analysis, order: Sequence[int]) -> AgentMarks:
    best_cluster = set(analysis.top.clusters[0].members)
    names = [analysis.names[i] for i in order]
    titles = []
    for i, name in zip(order, names, strict=True):
        rating = signed(ELO * analysis.ratings.rating[i], 0)
        payoff = signed(analysis.top.skill[i])
        cycles = analysis.top.three_cycles[i]
        titles.append(
            f"{name}: rating {rating}, mean payoff {payoff}, cycles of three: {cycles}"
        )

    return AgentMarks(names, titles, [i in best_cluster for i in order])


def _marks_key() -> Markup:
    return swatch_key([swatch("mark best", "best cluster"), swatch("mark", "the others")])
