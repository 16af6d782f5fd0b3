"""The sections of a run's page, one function each, from facts to HTML."""

from docendo.formatting import interval_text, percent, signed
from docendo.report.facts.accuracy import (
    accuracy_by_domain,
    base_accuracy,
    evaluated_domains,
    evaluation_rounds,
    learning_curve,
)
from docendo.report.facts.gains import flat_groups, gain_matrix, mean_gain
from docendo.report.facts.run import Facts
from docendo.report.render.components import (
    empty_note,
    figure,
    page_header,
    scroll_box,
    swatch_key,
)
from docendo.report.render.curves import Curve
from docendo.report.render.headline import describe_run, headlines
from docendo.report.render.markup import Markup, join, tag
from docendo.report.render.plot import series_class
from docendo.report.render.run_charts import (
    AccuracyBars,
    accuracy_bars,
    gain_heat_map,
    gain_scale,
    learning_curves,
)
from docendo.report.render.run_tables import (
    tabulate_evaluations,
    tabulate_knowledge,
    tabulate_teaching,
    tabulate_usage,
)
from docendo.report.render.tables import folded_table, html_table
from docendo.statistics import Estimate

__all__ = [
    "compute",
    "header",
    "knowledge",
    "learning",
    "lessons_matrix",
    "lessons_table",
]


def header(facts: Facts) -> Markup:
    """The run's name, what it was, and the four numbers that matter."""
    kicker = "docendo · a league of teachers"
    return page_header(kicker, facts.name, describe_run(facts), headlines(facts))


def knowledge(facts: Facts) -> Markup:
    """Accuracy by agent and domain at the start and the end, as a table and as bars."""
    start, end = evaluation_rounds(facts)
    if start is None:
        return empty_note("No evaluation was committed yet.")

    base = base_accuracy(facts)
    before = {agent: accuracy_by_domain(facts, start, agent) for agent in facts.own_domains}
    after = {agent: accuracy_by_domain(facts, end, agent) for agent in facts.own_domains}
    panels = []
    for domain in evaluated_domains(facts):
        rows = []
        for agent, own_domains in facts.own_domains.items():
            bars = AccuracyBars(
                agent,
                before[agent].get(domain),
                after[agent].get(domain),
                domain in own_domains,
            )
            rows.append(bars)
        panels.append(figure(domain, accuracy_bars(domain, rows, _mean(base.get(domain)))))

    key = {
        "before": "start",
        "after": "end, with 95% interval",
        "own": "own domain",
        "base": "base model",
    }
    figures = tag("div", *panels, class_="panels")
    return join((html_table(tabulate_knowledge(facts)), swatch_key(key), figures))


def _mean(estimate: Estimate | None) -> float | None:
    return estimate.mean if estimate else None


def learning(facts: Facts) -> Markup:
    """Learning curves, one panel for each domain, and every evaluation as a table."""
    if evaluation_rounds(facts)[0] is None:
        return empty_note("No evaluation was committed yet.")

    # The evaluation before the first round is stored as round -1.
    experts = [
        row.round for row in facts.rounds if row.stage == "experts" and row.round >= 0
    ]
    stage = (min(experts), max(experts)) if experts else None
    base = base_accuracy(facts)
    panels = []
    for domain in evaluated_domains(facts):
        curves = _learning_curves(facts, domain)
        if curves:
            chart = learning_curves(domain, curves, _mean(base.get(domain)), stage)
            panels.append(figure(domain, chart))

    key = {"mean": "mean, with 95% interval", "base": "base model"}
    if experts:
        key["stage"] = "experts stage"
    for place, agent in enumerate(facts.own_domains):
        # The place tells agents apart that share a colour.
        key[f"{series_class(place)} a{place}"] = agent
    note = (
        "Accuracy after each evaluated round. "
        "The thicker coloured line is the domain's own expert."
    )
    return join(
        (
            tag("p", note),
            swatch_key(key),
            tag("div", *panels, class_="panels"),
            folded_table(tabulate_evaluations(facts)),
        )
    )


def _learning_curves(facts: Facts, domain: str) -> list[Curve]:
    """The curve of every agent, that of the mean last; empty where no round has all agents."""
    mean = learning_curve(facts, domain, facts.own_domains)
    if not mean:
        return []

    curves = []
    for place, (agent, own_domains) in enumerate(facts.own_domains.items()):
        points = list(learning_curve(facts, domain, [agent]).items())
        weight = "expert" if domain in own_domains else "thin"
        curves.append(Curve(agent, points, f"{weight} {series_class(place)}"))

    titles = []
    for index, accuracy in mean.items():
        interval = interval_text(accuracy, share=True)
        share = f"mean {percent(accuracy.mean)}, 95% interval {interval}"
        titles.append(f"after round {index}: {share}")
    # Last, and so in front of the agents' curves.
    return [*curves, Curve("mean", list(mean.items()), "mean", True, titles)]


def lessons_matrix(facts: Facts) -> Markup:
    """The heat map of gains, teacher by student, and their mean."""
    gain = mean_gain(facts.lessons)
    if gain is None:
        return empty_note("No lesson was shown yet.")

    interval = interval_text(gain, share=False)
    # A lesson was shown, so there is a group at least.
    groups, flat = flat_groups(facts)["student"]
    note = (
        "Gain is the student's mean score with the lesson minus that of its own attempts at the "
        "same problem without it; "
        "teachers are rows, students columns. "
        f"Over all {gain.n:,} shown lessons it is {signed(gain.mean)}"
        + (f" (95% interval {interval})" if interval else "")
        + ". Lessons of one match share their control, so matches, not lessons, count as "
        f"independent. {percent(flat / groups)} of the students' groups were flat: "
        "all attempts scored the same."
    )

    gains = {}
    met = set()
    for teacher, row in gain_matrix(facts).items():
        met |= {teacher, *row}
        for student, estimate in row.items():
            gains[teacher, student] = estimate
    # Learners in the order of the configuration, then frozen copies and guests.
    learners = [agent for agent in facts.own_domains if agent in met]
    agents = [*learners, *sorted(met - set(learners))]
    picture = gain_heat_map(agents, gains, gain_scale([gains]))
    key = swatch_key({"up": "the lesson helped", "down": "it hurt"})
    return join((tag("p", note), key, scroll_box(picture, "Gain by teacher and student")))


def lessons_table(facts: Facts) -> Markup:
    """Who taught whom what."""
    table = tabulate_teaching(facts)
    return html_table(table) if table.rows else empty_note("No lesson was given yet.")


def compute(facts: Facts) -> Markup:
    """Tokens and FLOPs by purpose and by agent."""
    if not facts.ledger:
        return empty_note("Nothing was booked in the ledger.")
    return tag("div", *map(html_table, tabulate_usage(facts)), class_="pair")
