"""The sections of a run's page, one function each, from facts to HTML."""

from collections.abc import Mapping, Sequence

from docendo.formatting import DASH, compact, duration, interval_text, percent, signed
from docendo.records import BASE
from docendo.report.facts.accuracy import (
    accuracy_by_domain,
    base_accuracy,
    evaluated_domains,
    evaluation_rounds,
    knowledge_change,
    learning_curve,
)
from docendo.report.facts.gains import (
    flat_groups,
    gain_matrix,
    mean_gain,
    summarise_teaching,
)
from docendo.report.facts.ledger import purpose_label, sum_usage, without_discarded
from docendo.report.facts.run import Facts
from docendo.report.render.components import (
    change_text,
    empty_note,
    figure,
    number_cell,
    row_head,
    scroll_box,
    share_text,
    swatch,
    swatch_key,
    table,
    text_cell,
    tile,
)
from docendo.report.render.markup import Markup, join, tag
from docendo.report.render.plot import series_class
from docendo.report.render.run_charts import (
    AccuracyBars,
    LearningCurves,
    accuracy_bars,
    gain_heat_map,
    learning_curves,
)
from docendo.report.render.text_tables import TextTable
from docendo.statistics import Estimate, PairedChange

__all__ = [
    "compute",
    "header",
    "knowledge_table",
    "learning",
    "lessons_matrix",
    "lessons_table",
    "text_table",
]


def header(facts: Facts) -> Markup:
    """The run's name, what it was, and the four numbers that matter."""
    passed = sum(lesson.passed for lesson in facts.lessons)
    count = len(facts.lessons)
    gain = mean_gain(facts.lessons)
    other_domains = knowledge_change(facts, own=False)
    own_domains = knowledge_change(facts, own=True)
    tiles = (
        _change_tile("Other domains, without a lesson", other_domains),
        _change_tile("Own domain, without a lesson", own_domains),
        tile("Gain of a shown lesson", signed(gain.mean if gain else None), _notes(gain)),
        tile(
            "Lessons through the gate",
            percent(passed / count) if count else DASH,
            [f"{passed:,} of {count:,}"],
        ),
    )
    return tag(
        "header",
        tag("p", "docendo · a league of teachers", class_="kicker"),
        tag("h1", facts.name),
        tag("p", " · ".join(filter(None, _run_facts(facts))), class_="facts"),
        tag("dl", *tiles, class_="tiles"),
    )


def _run_facts(facts: Facts) -> list[str]:
    teaching = sum(row.stage == "teaching" for row in facts.rounds)
    experts = sum(row.stage == "experts" and row.round >= 0 for row in facts.rounds)
    rounds = f"{teaching} teaching rounds"
    if experts:
        rounds = f"{experts} expert and {rounds}"

    usage = without_discarded(facts.ledger)
    return [
        facts.config.model,
        f"{len(facts.own_domains)} agents",
        rounds,
        duration(sum(row.seconds for row in facts.rounds)),
        f"{compact(sum(row.tokens for row in usage))} tokens",
        compact(sum(row.flops for row in usage), "FLOP"),
        "finished" if facts.finished else "not finished",
    ]


def _change_tile(title: str, change: PairedChange) -> Markup:
    if change.start is None:
        return tile(title, percent(change.end), ["no evaluation yet"])

    value = percent(change.start)
    if change.end is not None:
        value = f"{100 * change.start:.0f} → {percent(change.end)}"
    if change.rise is None or change.low is None or change.high is None:
        return tile(title, value, ["one evaluation so far"])
    low = signed(100 * change.low, 0)
    high = signed(100 * change.high, 0)
    notes = [f"{signed(100 * change.rise, 0)} points", f"95% interval {low} to {high}"]
    return tile(title, value, notes)


def _notes(gain: Estimate | None) -> list[str]:
    if gain is None:
        return ["no lesson shown yet"]

    notes = [f"{gain.n:,} lessons"]
    interval = interval_text(gain, share=False)
    if interval:
        notes.append(f"95% interval {interval}")
    return notes


def knowledge_table(facts: Facts) -> Markup:
    """Accuracy by agent and domain at the start and the end, as a table and as bars."""
    start, end = evaluation_rounds(facts)
    if start is None:
        return empty_note("No evaluation was committed yet.")

    domains = evaluated_domains(facts)
    base = base_accuracy(facts)
    before = {agent: accuracy_by_domain(facts, start, agent) for agent in facts.own_domains}
    after = {agent: accuracy_by_domain(facts, end, agent) for agent in facts.own_domains}

    # The base model has no own domain and is evaluated once.
    base_cells = [_accuracy_cell(base.get(d), None, is_own=False) for d in domains]
    rows = [[row_head("base model"), *base_cells]]
    bars_by_domain: dict[str, list[AccuracyBars]] = {domain: [] for domain in domains}
    for agent, own in facts.own_domains.items():
        cells = [row_head(agent)]
        for domain in domains:
            at_start = before[agent].get(domain)
            at_end = after[agent].get(domain)
            cells.append(_accuracy_cell(at_start, at_end, is_own=domain in own))
            bars = AccuracyBars(agent, at_start, at_end, domain in own)
            bars_by_domain[domain].append(bars)
        rows.append(cells)

    panels = []
    for domain, bars_of_domain in bars_by_domain.items():
        base_mean = base[domain].mean if domain in base else None
        panels.append(figure(domain, accuracy_bars(domain, bars_of_domain, base_mean)))
    when = f"after round {start}"
    if end is not None:
        when += f" and after round {end}"
    note = (
        f"Held-out problems, no lesson in the prompt, measured {when}. "
        "Below each number is its 95% Wilson interval."
    )
    key = (
        swatch("before", "start"),
        swatch("after", "end, with 95% interval"),
        swatch("own", "own domain"),
        swatch("base", "base model"),
    )
    return join(
        (
            tag("p", note),
            table(("agent", *domains), rows),
            swatch_key(key),
            tag("div", *panels, class_="panels"),
        )
    )


def _accuracy_cell(start: Estimate | None, end: Estimate | None, *, is_own: bool) -> Markup:
    last = end or start
    if last is None:
        return number_cell(DASH)

    badge = (tag("span", "own", class_="badge"), " ") if is_own else ()
    note = tag("small", f"{interval_text(last, share=True)}, n = {last.n}")
    kind = "number own" if is_own else "number"
    return tag(
        "td",
        *badge,
        change_text(start, end),
        note,
        class_=kind,
    )


def learning(facts: Facts) -> Markup:
    """Learning curves, one panel for each domain, and every evaluation as a table."""
    if evaluation_rounds(facts)[0] is None:
        return empty_note("No evaluation was committed yet.")

    experts = [
        row.round for row in facts.rounds if row.stage == "experts" and row.round >= 0
    ]
    experts_stage = (min(experts), max(experts)) if experts else None
    panels = []
    for domain in evaluated_domains(facts):
        curves = _learning_curves(facts, domain, experts_stage)
        if curves.mean:
            panels.append(figure(domain, learning_curves(curves)))

    key = [swatch("mean", "mean, with 95% interval"), swatch("base", "base model")]
    if experts:
        key.append(swatch("stage", "experts stage"))
    for place, agent in enumerate(facts.own_domains):
        key.append(swatch(series_class(place), agent))
    note = (
        "Accuracy after each evaluated round. "
        "The thicker coloured line is the domain's own expert."
    )
    return join(
        (
            tag("p", note),
            swatch_key(key),
            tag("div", *panels, class_="panels"),
            _all_evaluations(facts),
        )
    )


def _learning_curves(
    facts: Facts, domain: str, experts_stage: tuple[int, int] | None
) -> LearningCurves:
    agents = facts.own_domains
    base = base_accuracy(facts)
    experts = (agent for agent, own in agents.items() if domain in own)
    return LearningCurves(
        domain=domain,
        mean=learning_curve(facts, domain, agents),
        agents={agent: learning_curve(facts, domain, [agent]) for agent in agents},
        expert=next(experts, None),
        base=base[domain].mean if domain in base else None,
        experts_stage=experts_stage,
    )


def _all_evaluations(facts: Facts) -> Markup:
    domains = evaluated_domains(facts)
    rows = []
    for index in sorted({index for index, _, _ in facts.scores}):
        for agent in (BASE, *facts.own_domains):
            accuracy = accuracy_by_domain(facts, index, agent)
            if accuracy:
                cells = [number_cell(share_text(accuracy.get(d))) for d in domains]
                rows.append([number_cell(str(index)), row_head(agent), *cells])
    heading = tag("summary", "Every evaluation as a table")
    return tag("details", heading, table(("round", "agent", *domains), rows))


def lessons_matrix(facts: Facts) -> Markup:
    """The heat map of gains, teacher by student, and their mean."""
    matrix = gain_matrix(facts)
    gain = mean_gain(facts.lessons)
    if gain is None:
        return empty_note("No lesson was shown yet.")

    interval = interval_text(gain, share=False)
    groups, flat = flat_groups(facts)["student"]
    note = (
        "Gain is the student's mean score with the lesson minus its expected score without. "
        f"Over all {gain.n:,} shown lessons it is {signed(gain.mean)}"
        + (f" (95% interval {interval})" if interval else "")
        + ". Lessons of one match share their control, so matches, not lessons, count as "
        f"independent. {percent(flat / groups)} of the students' groups were flat: "
        "all attempts scored the same."
    )

    # Learners in the order of the configuration, then frozen copies and guests.
    met = set(matrix)
    for row in matrix.values():
        met |= set(row)
    learners = [agent for agent in facts.own_domains if agent in met]
    agents = [*learners, *sorted(met - set(learners))]
    key = swatch_key([swatch("up", "the lesson helped"), swatch("down", "it hurt")])
    picture = scroll_box(gain_heat_map(agents, matrix), "Gain by teacher and student")
    return join((tag("p", note), key, picture))


def lessons_table(facts: Facts) -> Markup:
    """Who taught whom what."""
    rows = []
    for row in summarise_teaching(facts):
        interval = interval_text(row.gain, share=False) if row.gain else ""
        rows.append(
            [
                *map(text_cell, (row.teacher, row.student, row.domain)),
                number_cell(f"{row.lessons:,}"),
                number_cell(percent(row.passed / row.lessons)),
                number_cell(signed(row.gain.mean if row.gain else None), interval),
            ]
        )
    if not rows:
        return empty_note("No lesson was given yet.")
    heads = ("teacher", "student", "domain", "lessons", "through the gate", "mean gain")
    return table(heads, rows)


def text_table(content: TextTable) -> Markup:
    """A table of plain text, its note above."""
    words = len(content.heads) - content.numbers
    rows = []
    for row in content.rows:
        cells = [row_head(row[0])]
        for place, text in enumerate(row[1:], 1):
            cells.append(text_cell(text) if place < words else number_cell(text))
        rows.append(cells)

    return join((tag("p", content.note), table(content.heads, rows, words)))


def compute(facts: Facts) -> Markup:
    """Tokens and FLOPs by purpose and by agent."""
    if not facts.ledger:
        return empty_note("Nothing was booked in the ledger.")

    by_purpose = sum_usage(facts.ledger, lambda row: purpose_label(row.purpose))
    by_agent = sum_usage(without_discarded(facts.ledger), lambda row: row.agent or BASE)
    tables = (_usage_table("purpose", by_purpose), _usage_table("agent", by_agent))
    return tag("div", *tables, class_="pair")


def _usage_table(title: str, totals: Mapping[str, Mapping[str, float]]) -> Markup:
    all_flops = sum(total["flops"] for total in totals.values()) or 1
    rows = []
    for name, total in totals.items():
        numbers: Sequence[str] = (
            compact(total["tokens"]),
            compact(total["flops"], "FLOP"),
            percent(total["flops"] / all_flops),
        )
        rows.append([row_head(name), *map(number_cell, numbers)])

    return table((title, "tokens", "compute", "share"), rows)
