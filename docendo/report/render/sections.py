"""The parts of the page, one function each, from facts to HTML."""

from collections.abc import Mapping

from docendo.formatting import DASH, compact, duration, interval_text, percent, signed
from docendo.records import BASE
from docendo.report.facts.run import (
    Facts,
    accuracy,
    base_accuracy,
    domains,
    evaluation_rounds,
    flat_groups,
    gain_matrix,
    knowledge,
    learning_curve,
    mean_gain,
    summarise_teaching,
)
from docendo.report.facts.summary import purpose_label, sum_usage, without_discarded
from docendo.report.render.components import empty_note, figure, swatch, table, tile
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
    "sheet",
]


def header(facts: Facts) -> Markup:
    """Name, what ran, and the four numbers that matter."""
    teaching = sum(r.stage == "teaching" for r in facts.rounds)
    experts = sum(r.round >= 0 and r.stage == "experts" for r in facts.rounds)
    said = [
        facts.model,
        f"{len(facts.owns)} agents",
        f"{experts} expert and {teaching} teaching rounds"
        if experts
        else f"{teaching} teaching rounds",
        duration(sum(r.seconds for r in facts.rounds)),
        f"{compact(sum(r.tokens for r in without_discarded(facts)))} tokens",
        compact(sum(r.flops for r in without_discarded(facts)), "FLOP"),
        "finished" if facts.finished else "not finished",
    ]
    passed, shown = sum(x.passed for x in facts.lessons), mean_gain(facts.lessons)
    gate = percent(passed / len(facts.lessons)) if facts.lessons else DASH
    tiles = (
        _rise_tile("Other domains, without a lesson", knowledge(facts, own=False)),
        _rise_tile("Own domain, without a lesson", knowledge(facts, own=True)),
        tile(
            "Gain of a shown lesson",
            signed(shown.mean if shown else None),
            _interval(shown),
        ),
        tile("Lessons through the gate", gate, [f"{passed:,} of {len(facts.lessons):,}"]),
    )
    return tag(
        "header",
        tag("p", "docendo · a league of teachers", class_="kicker"),
        tag("h1", facts.name),
        tag("p", " · ".join(filter(None, said)), class_="facts"),
        tag("dl", *tiles, class_="tiles"),
    )


def _rise_tile(title: str, rise: PairedChange) -> Markup:
    value = percent(rise.end) if rise.start is None else percent(rise.start)
    if rise.end is not None and rise.start is not None:
        value = f"{100 * rise.start:.0f} → {percent(rise.end)}"
    notes = ["one evaluation so far" if rise.start is not None else "no evaluation yet"]
    if rise.rise is not None and rise.low is not None and rise.high is not None:
        low, high = (signed(100 * bound, 0) for bound in (rise.low, rise.high))
        notes = [f"{signed(100 * rise.rise, 0)} points", f"95% interval {low} to {high}"]
    return tile(title, value, notes)


def _interval(estimate: Estimate | None) -> list[str]:
    if estimate is None:
        return ["no lesson shown yet"]
    interval = interval_text(estimate, share=False)
    return [f"{estimate.n:,} lessons", *([f"95% interval {interval}"] if interval else [])]


def knowledge_table(facts: Facts) -> Markup:
    """Accuracy of each agent in each domain, start and end, as a table and as bars."""
    start, end = evaluation_rounds(facts)
    if start is None:
        return empty_note("No evaluation was committed yet.")
    where, base = domains(facts), base_accuracy(facts)
    before = {a: accuracy(facts, start, a) for a in facts.owns}
    after = {a: accuracy(facts, end, a) for a in facts.owns}
    rows = [
        [
            tag("th", "base model", scope="row"),
            *(_accuracy_cell(base.get(d), None, own=False) for d in where),
        ]
    ]
    for agent, own in facts.owns.items():
        cells = (
            _accuracy_cell(before[agent].get(d), after[agent].get(d), own=d in own)
            for d in where
        )
        rows.append([tag("th", agent, scope="row"), *cells])
    when = f"after round {start}" + (f" and after round {end}" if end is not None else "")
    panels = []
    for domain in where:
        bars = [
            AccuracyBars(a, before[a].get(domain), after[a].get(domain), domain in own)
            for a, own in facts.owns.items()
        ]
        mean = base[domain].mean if domain in base else None
        panels.append(figure(domain, accuracy_bars(domain, bars, mean)))
    key = tag(
        "p",
        *(
            swatch("swatch before", "start"),
            swatch("swatch after", "end, with 95% interval"),
        ),
        *(swatch("swatch own", "own domain"), swatch("swatch base", "base model")),
        class_="key",
    )
    note = f"Held-out problems, no lesson in the prompt, measured {when}. Below each number is its 95% Wilson interval."
    return join(
        (
            tag("p", note),
            table(("agent", *where), rows),
            key,
            tag("div", *panels, class_="panels"),
        )
    )


def _accuracy_cell(start: Estimate | None, end: Estimate | None, *, own: bool) -> Markup:
    last = end or start
    if last is None:
        return tag("td", DASH, class_="number")
    change = (
        f"{100 * start.mean:.0f} → {percent(end.mean)}"
        if start and end
        else percent(last.mean)
    )
    badge = (tag("span", "own", class_="badge"), " ") if own else ()
    note = tag("small", f"{interval_text(last, share=True)}, n = {last.n}")
    return tag("td", *badge, change, note, class_="number own" if own else "number")


def learning(facts: Facts) -> Markup:
    """Learning curves, one panel per domain, and every evaluation as a table."""
    if evaluation_rounds(facts)[0] is None:
        return empty_note("No evaluation was committed yet.")
    base = base_accuracy(facts)
    experts = [r.round for r in facts.rounds if r.stage == "experts" and r.round >= 0]
    panels = []
    for domain in domains(facts):
        mean = learning_curve(facts, domain, facts.owns)
        if not mean:
            continue
        expert = next((a for a, own in facts.owns.items() if domain in own), None)
        level = base[domain].mean if domain in base else None
        agents = {a: learning_curve(facts, domain, [a]) for a in facts.owns}
        stage = (min(experts), max(experts)) if experts else None
        panels.append(
            figure(
                domain,
                learning_curves(LearningCurves(domain, mean, agents, expert, level, stage)),
            )
        )
    swatches = [
        swatch(f"swatch {series_class(place)}", agent)
        for place, agent in enumerate(facts.owns)
    ]
    marks = (
        swatch("swatch mean", "mean, with 95% interval"),
        swatch("swatch base", "base model"),
    )
    stage_mark = (swatch("swatch stage", "experts stage"),) if experts else ()
    note = "Accuracy after each evaluated round. The thicker coloured line is the domain's own expert."
    key = tag("p", *marks, *stage_mark, *swatches, class_="key")
    return join(
        (tag("p", note), key, tag("div", *panels, class_="panels"), _all_evaluations(facts))
    )


def _all_evaluations(facts: Facts) -> Markup:
    where = domains(facts)
    rows = []
    for index in sorted({r for r, _, _ in facts.scores}):
        for agent in (BASE, *facts.owns):
            found = accuracy(facts, index, agent)
            if found:
                cells = [tag("td", _short(found.get(d)), class_="number") for d in where]
                rows.append(
                    [
                        tag("td", str(index), class_="number"),
                        tag("th", agent, scope="row"),
                        *cells,
                    ]
                )
    return tag(
        "details",
        tag("summary", "Every evaluation as a table"),
        table(("round", "agent", *where), rows),
    )


def _short(estimate: Estimate | None) -> str:
    return (
        f"{percent(estimate.mean)} ({interval_text(estimate, share=True)})"
        if estimate
        else DASH
    )


def lessons_matrix(facts: Facts) -> Markup:
    """The heat map of gains, teacher by student, and their mean."""
    matrix, mean = gain_matrix(facts), mean_gain(facts.lessons)
    if mean is None:
        return empty_note("No lesson was shown yet.")
    flat = flat_groups(facts)["student"]
    note = (
        f"Gain is the student's mean score with the lesson minus its expected score without. Over all {mean.n:,} shown "
        f"lessons it is {signed(mean.mean)}"
        + (
            f" (95% interval {interval_text(mean, share=False)})"
            if mean.low is not None
            else ""
        )
        + ". Lessons of one match share their control, so matches, not lessons, count as independent. "
        f"{percent(flat[1] / flat[0])} of the students' groups were flat: all attempts scored the same."
    )
    present = [
        a for a in facts.owns if a in matrix or any(a in row for row in matrix.values())
    ]
    others = sorted({x for t, row in matrix.items() for x in (t, *row)} - set(present))
    picture = gain_heat_map([*present, *others], matrix)
    key = tag(
        "p",
        swatch("swatch up", "the lesson helped"),
        swatch("swatch down", "it hurt"),
        class_="key",
    )
    box = tag(
        "div",
        picture,
        class_="scroll",
        tabindex="0",
        role="group",
        aria_label="Gain by teacher and student",
    )
    return join((tag("p", note), key, box))


def lessons_table(facts: Facts) -> Markup:
    """Who taught whom what."""
    rows = [
        [
            *(tag("td", text) for text in (row.teacher, row.student, row.domain)),
            tag("td", f"{row.lessons:,}", class_="number"),
            tag("td", percent(row.passed / row.lessons), class_="number"),
            tag(
                "td",
                signed(row.gain.mean if row.gain else None),
                _small(row.gain),
                class_="number",
            ),
        ]
        for row in summarise_teaching(facts)
    ]
    if not rows:
        return empty_note("No lesson was given yet.")
    return table(
        ("teacher", "student", "domain", "lessons", "through the gate", "mean gain"), rows
    )


def _small(estimate: Estimate | None) -> Markup:
    return (
        tag("small", interval_text(estimate, share=False))
        if estimate and estimate.low is not None
        else Markup("")
    )


def sheet(found: TextTable) -> Markup:
    """A sheet of plain text as a table, its note above."""
    middle = len(found.heads) - found.numbers
    rows = [
        [
            tag("th", row[0], scope="row"),
            *(tag("td", c, class_=None if i < middle else "number") for i, c in cells),
        ]
        for row in found.rows
        for cells in [list(enumerate(row))[1:]]
    ]
    return join((tag("p", found.note), table(found.heads, rows, middle)))


def compute(facts: Facts) -> Markup:
    """Tokens and FLOPs by purpose and by agent."""
    if not facts.ledger:
        return empty_note("Nothing was booked in the ledger.")
    purposes = sum_usage(facts.ledger, lambda row: purpose_label(row.purpose))
    agents = sum_usage(without_discarded(facts), lambda row: row.agent or BASE)
    return tag(
        "div",
        _spent_table("purpose", purposes),
        _spent_table("agent", agents),
        class_="pair",
    )


def _spent_table(title: str, totals: Mapping[str, Mapping[str, float]]) -> Markup:
    whole = sum(t["flops"] for t in totals.values()) or 1
    rows = [
        [
            tag("th", name, scope="row"),
            tag("td", compact(total["tokens"]), class_="number"),
            tag("td", compact(total["flops"], "FLOP"), class_="number"),
            tag("td", percent(total["flops"] / whole), class_="number"),
        ]
        for name, total in totals.items()
    ]
    return table((title, "tokens", "compute", "share"), rows)
