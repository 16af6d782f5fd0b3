"""The page about a population: ratings, payoffs, cycles, layers. Its sections serve a run's page too."""

from collections.abc import Sequence

from docendo.analysis.overview import Analysis, strongest_opponents
from docendo.analysis.ratings import ELO
from docendo.formatting import DASH, percent, signed
from docendo.report.render.components import empty_note, figure, swatch, table, tile
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

__all__ = ["cycles", "layers", "league_page", "payoffs", "ranked", "ratings"]


def league_page(title: str, found: Analysis, note: str = "") -> str:
    """The whole page, self-contained; `note` says where the ratings come from."""
    sections = (
        ("ratings", "Who is how good", ratings(found, note)),
        ("payoffs", "Who beats whom", payoffs(found)),
        ("cycles", "What goes in cycles", cycles(found)),
        ("layers", "Layers of the population", layers(found)),
    )
    links = [tag("a", heading, href=f"#{name}") for name, heading, _ in sections]
    body = tag(
        "main",
        _header(title, found),
        tag("nav", *links, aria_label="Sections"),
        *(
            tag("section", tag("h2", heading), content, id=name)
            for name, heading, content in sections
        ),
    )
    return document(f"{title} · docendo", asset("page.css"), "", body)


def _header(title: str, found: Analysis) -> Markup:
    best = found.top.clusters[0].members
    layered = len(found.top.clusters)
    tiles = (
        tile(
            "Cyclic share",
            percent(found.decomposition.share),
            ["of the squared payoffs; the rest is explained by a rating"],
        ),
        tile(
            "Best cluster",
            f"{len(best)} of {len(found.names)}",
            [f"{layered} Nash clusters in all"],
        ),
        tile(
            "Effective diversity",
            f"{found.diversity:.3f}",
            ["what the best win from one another"],
        ),
        tile(
            "Collaboration",
            signed(found.collaboration),
            ["correlation of the two payoffs of a meeting"],
        ),
    )
    gaps = [f"{found.gaps:,} payoffs unknown, counted as 0"] if found.gaps else []
    return tag(
        "header",
        tag("p", "docendo · analysis of a population", class_="kicker"),
        tag("h1", title),
        tag("p", " · ".join([f"{len(found.names)} agents", *gaps]), class_="facts"),
        tag("dl", *tiles, class_="tiles"),
    )


def ranked(found: Analysis) -> list[int]:
    """The agents' places in the matrix, the best rating first."""
    return sorted(range(len(found.names)), key=lambda i: (-found.ratings.rating[i], i))


def ratings(found: Analysis, note: str = "") -> Markup:
    """The chart of ratings with their intervals, and every agent's numbers as a table."""
    order, rating = ranked(found), found.ratings
    chart = rating_chart(
        _marks(found, order), *([float(ELO * x[i]) for i in order] for x in rating)
    )
    about = (
        "Bradley-Terry ratings in Elo points around 0, with 95% intervals: 400 points are odds of ten to one. "
        f"{note} Nash is the share in the most even equilibrium, Nash average the payoff against it; alpha-rank the "
        "time that a population of imitators spends at the agent."
    )
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
    against = strongest_opponents(found)
    rows = [
        [
            tag("th", found.names[i], scope="row"),
            _number(
                signed(ELO * rating.rating[i], 0),
                f"{signed(ELO * rating.low[i], 0)} to {signed(ELO * rating.high[i], 0)}",
            ),
            _number(f"{found.skills.mean[i]:.1f}", f"± {found.skills.deviation[i]:.1f}"),
            _number(percent(found.average.strategy[i])),
            _number(signed(found.average.values[i])),
            _number(percent(found.alpha_rank[i])),
            _number(signed(found.top.skill[i])),
            tag("td", DASH if (other := against[i]) is None else found.names[other]),
        ]
        for i in order
    ]
    return join(
        (
            tag("p", about),
            _scrolling(chart, "Ratings"),
            _key(),
            _folded("agent", table(heads, rows), len(rows)),
        )
    )


def payoffs(found: Analysis) -> Markup:
    """The heat map, the best rating first."""
    order = ranked(found)
    shown = [
        [[float(m[i][j]) for j in order] for i in order]
        for m in (found.payoff, *(found.interval or ()))
    ]
    names = [found.names[i] for i in order]
    about = "What the agent of the row gets against the agent of the column; the best rating comes first."
    holes = (swatch("swatch gap", "never met"),) if found.gaps else ()
    key = tag(
        "p",
        swatch("swatch up", "the row wins"),
        swatch("swatch down", "it loses"),
        *holes,
        class_="key",
    )
    return join(
        (
            tag("p", about),
            key,
            _scrolling(payoff_heat_map(names, PayoffMatrix(*shown)), "Payoffs"),
        )
    )


def cycles(found: Analysis) -> Markup:
    """The disc of the strongest cycle, and the spinning top."""
    order = ranked(found)
    marks, top, decomposition = _marks(found, order), found.top, found.decomposition
    about = (
        f"{percent(decomposition.share)} of the squared payoffs are cyclic: "
        f"no rating explains them. Root mean squares: "
        f"transitive {decomposition.transitive:.3f}, cyclic {decomposition.cyclic_size:.3f}."
    )
    if found.disc.share is None:
        disc = empty_note("Nothing is cyclic: a rating explains every payoff.")
    else:
        disc = cycle_disc(marks, [[float(x) for x in found.disc.points[i]] for i in order])
    said = (
        f"The strongest cycle ({percent(found.disc.share)} of what is cyclic)"
        if found.disc.share
        else "No cycle"
    )
    skills, counts = ([float(x[i]) for i in order] for x in (top.skill, top.three_cycles))
    spinning = spinning_top(marks, skills, counts)
    note = (
        "Left: everybody beats those less than half a turn further anticlockwise, the more the further both are from "
        "the middle. Right: mean payoff upwards, and as wide as an agent's cycles of three. Games of skill have the "
        "shape of a top: few cycles among the best, most in the middle (Czarnecki et al. 2020)."
    )
    pair = tag(
        "div",
        figure(said, disc),
        figure("Skill and cycles: the spinning top", spinning),
        class_="pair",
    )
    return join((tag("p", about), tag("p", note), _key(), pair))


def layers(found: Analysis) -> Markup:
    """The Nash clusters as a table, best first."""
    about = (
        "The first cluster are the agents with a share in any Nash equilibrium; the next are those of what is left "
        "without them, and so on. The longest cycle is inside the cluster."
    )
    rows = [
        [
            tag("th", str(place), scope="row"),
            _number(str(len(cluster.members))),
            _number(signed(cluster.skill)),
            _number(str(cluster.longest_cycle or DASH)),
            _number(f"{cluster.three_cycles:.1f}"),
            tag("td", ", ".join(found.names[i] for i in cluster.members)),
        ]
        for place, cluster in enumerate(found.top.clusters, 1)
    ]
    heads = (
        "cluster",
        "size",
        "mean payoff",
        "longest cycle",
        "cycles of three each",
        "agents",
    )
    return join((tag("p", about), table(heads, rows)))


def _marks(found: Analysis, order: Sequence[int]) -> AgentMarks:
    best, rating = set(found.top.clusters[0].members), found.ratings
    said = [
        f"{found.names[i]}: rating {signed(ELO * rating.rating[i], 0)}, mean payoff {signed(found.top.skill[i])}, "
        f"cycles of three: {found.top.three_cycles[i]}"
        for i in order
    ]
    return AgentMarks([found.names[i] for i in order], said, [i in best for i in order])


def _key() -> Markup:
    return tag(
        "p",
        swatch("swatch mark best", "best cluster"),
        swatch("swatch mark", "the others"),
        class_="key",
    )


def _number(value: str, note: str = "") -> Markup:
    return tag("td", value, *((tag("small", note),) if note else ()), class_="number")


def _scrolling(picture: Markup, said: str) -> Markup:
    return tag("div", picture, class_="scroll", tabindex="0", role="group", aria_label=said)


def _folded(kind: str, content: Markup, count: int) -> Markup:
    return tag("details", tag("summary", f"Every {kind} as a table ({count})"), content)
