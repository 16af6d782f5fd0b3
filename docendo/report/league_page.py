"""The page about a population: ratings, payoffs, cycles and layers."""

from collections.abc import Sequence

import numpy as np

from docendo.analysis.overview import Analysis
from docendo.analysis.ratings import ELO
from docendo.formatting import percent, signed
from docendo.report.render.components import (
    Section,
    empty_note,
    figure,
    page_header,
    page_main,
    scroll_box,
    swatch_key,
)
from docendo.report.render.league_charts import (
    AgentMarks,
    PayoffMatrix,
    cycle_disc,
    payoff_heat_map,
    rating_chart,
    spinning_top,
)
from docendo.report.render.league_tables import (
    league_headlines,
    rank_by_rating,
    tabulate_agents,
    tabulate_clusters,
)
from docendo.report.render.markup import Markup, document, join, tag
from docendo.report.render.tables import folded_table, html_table
from docendo.report.run_page import asset

__all__ = ["league_page"]

_MARKS = {"mark best": "best cluster", "mark": "the others"}


def league_page(title: str, analysis: Analysis, note: str = "") -> str:
    """The whole page, self-contained; `note` says where the ratings come from."""
    facts = [f"{len(analysis.names)} agents"]
    if analysis.gaps:
        facts.append(f"{analysis.gaps:,} payoffs unknown, counted as 0")
    kicker = "docendo · analysis of a population"
    header = page_header(kicker, title, facts, league_headlines(analysis))

    layers = html_table(tabulate_clusters(analysis))
    sections = (
        Section("ratings", "Who is how good", _ratings(analysis, note)),
        Section("payoffs", "Who beats whom", _payoffs(analysis)),
        Section("cycles", "What goes in cycles", _cycles(analysis)),
        Section("layers", "Layers of the population", layers),
    )
    body = page_main(header, sections)
    return document(f"{title} · docendo", asset("page.css"), "", body)


def _ratings(analysis: Analysis, note: str) -> Markup:
    """The chart of ratings with their intervals, and every agent's numbers as a table."""
    order = rank_by_rating(analysis)
    values, low, high = (
        [float(ELO * points[i]) for i in order] for points in analysis.ratings
    )
    chart = rating_chart(_agent_marks(analysis, order), values, low, high)
    about = (
        "Bradley-Terry ratings in Elo points around 0, with 95% intervals: 400 points are odds "
        f"of ten to one. {note} Nash is the share in the most even equilibrium, Nash average "
        "the payoff against it; alpha-rank the time that a population of imitators spends at "
        "the agent."
    )
    table = tabulate_agents(analysis, "hardest opponent")
    return join(
        (
            tag("p", about),
            scroll_box(chart, "Ratings"),
            swatch_key(_MARKS),
            folded_table(table, f"Every agent as a table ({len(order)})"),
        )
    )


def _payoffs(analysis: Analysis) -> Markup:
    """The heat map, the best rating first."""
    order = rank_by_rating(analysis)
    # Rows and columns in one order, so that a ladder shows as two triangles.
    matrices = [analysis.payoff, *(analysis.interval or ())]
    ordered = [matrix[np.ix_(order, order)].tolist() for matrix in matrices]
    picture = payoff_heat_map([analysis.names[i] for i in order], PayoffMatrix(*ordered))

    key = {"up": "the row wins", "down": "it loses"}
    if analysis.gaps:
        key["gap"] = "never met"
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
    top = spinning_top(marks, skill, three_cycles)
    figures = figure(disc_title, disc), figure("Skill and cycles: the spinning top", top)

    about = f"{percent(analysis.decomposition.share)} of the squared payoffs are cyclic: no rating explains them."
    note = (
        "Left: everybody beats those less than half a turn further anticlockwise, the more the "
        "further both are from the middle. Right: mean payoff upwards, and as wide as an "
        "agent's cycles of three. Games of skill have the shape of a top: few cycles among "
        "the best, most in the middle (Czarnecki et al. 2020)."
    )
    pair = tag("div", *figures, class_="pair")
    return join((tag("p", about), tag("p", note), swatch_key(_MARKS), pair))


def _agent_marks(analysis: Analysis, order: Sequence[int]) -> AgentMarks:
    best_cluster = set(analysis.top.clusters[0].members)
    titles = []
    for i in order:
        rating = signed(ELO * analysis.ratings.rating[i], 0)
        payoff = signed(analysis.top.skill[i])
        cycles = analysis.top.three_cycles[i]
        titles.append(
            f"{analysis.names[i]}: rating {rating}, mean payoff {payoff}, "
            f"cycles of three: {cycles}"
        )

    names = [analysis.names[i] for i in order]
    return AgentMarks(names, titles, [i in best_cluster for i in order])
