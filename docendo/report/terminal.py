"""The report for a terminal.

Names come from files and models: nothing in them may drive the terminal.
"""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from docendo.formatting import (
    DASH,
    compact,
    duration,
    estimate_text,
    interval_text,
    percent,
    signed,
    visible,
)
from docendo.report.facts.accuracy import (
    accuracy_by_domain,
    base_accuracy,
    evaluated_domains,
    evaluation_rounds,
    knowledge_change,
)
from docendo.report.facts.gains import gain_matrix, mean_gain, summarise_teaching
from docendo.report.facts.ledger import purpose_label, sum_usage
from docendo.report.facts.run import Facts, collect
from docendo.report.render.components import change_text
from docendo.report.render.terminal_table import TerminalTable, new_table
from docendo.report.render.text_tables import TextTable, text_tables
from docendo.statistics import Estimate, PairedChange
from docendo.store import RunDirectory

__all__ = ["terminal_report"]


def terminal_report(run: RunDirectory) -> RenderableType:
    """What `docendo report` prints, for a rich console."""
    with run.snapshot():
        facts = collect(run)
        others = text_tables(run, facts)

    # Parts that would be empty are left out; the page has a note there.
    parts: list[RenderableType] = [_heading(facts)]
    if evaluation_rounds(facts)[0] is not None:
        parts.append(_accuracy_table(facts))
    if facts.lessons:
        parts += [_gain_table(facts), _teaching_table(facts)]
    parts += map(_text_table, others)
    if facts.ledger:
        parts.append(_ledger_table(facts))

    spaced: list[RenderableType] = []
    for part in parts:
        spaced += [part, ""]

    return Group(*spaced)


def _heading(facts: Facts) -> RenderableType:
    gain = mean_gain(facts.lessons)
    gain_text = estimate_text(gain)
    if gain:
        gain_text += f", {gain.n:,} lessons"
    passed = sum(lesson.passed for lesson in facts.lessons)
    grid = Table.grid(padding=(0, 2))
    for name, value in (
        ("other domains", _knowledge_text(knowledge_change(facts, own=False))),
        ("own domain", _knowledge_text(knowledge_change(facts, own=True))),
        ("lesson's gain", gain_text),
        ("gate", f"{passed:,} of {len(facts.lessons):,} lessons passed"),
    ):
        grid.add_row(Text(name, "dim"), _text(value))

    model = facts.config.model
    rounds = sum(row.round >= 0 for row in facts.rounds)
    seconds = duration(sum(row.seconds for row in facts.rounds))
    state = "finished" if facts.finished else "not finished"
    summary = _text(f"{model}, {rounds} rounds, {seconds}, {state}", "dim")
    return Group(_text(facts.name, "bold"), summary, "", grid)


def _accuracy_table(facts: Facts) -> TerminalTable:
    start, end = evaluation_rounds(facts)
    domains = evaluated_domains(facts)
    title = "Accuracy without a lesson, start to end (95% interval; * own domain)"
    table = new_table(["agent"], domains, title)
    base = base_accuracy(facts)
    table.add_row("base", *(_accuracy_text(base.get(domain), None) for domain in domains))
    for agent, own in facts.own_domains.items():
        before = accuracy_by_domain(facts, start, agent)
        after = accuracy_by_domain(facts, end, agent)
        cells = []
        for domain in domains:
            text = _accuracy_text(before.get(domain), after.get(domain))
            cells.append(f"{text} *" if domain in own else text)
        table.add_row(_text(agent), *cells)

    return TerminalTable(table)


def _gain_table(facts: Facts) -> TerminalTable:
    matrix = gain_matrix(facts)
    teachers = dict.fromkeys((*facts.own_domains, *matrix))
    students = dict.fromkeys(facts.own_domains)
    for row in matrix.values():
        students |= dict.fromkeys(row)

    title = "Mean gain of a shown lesson, teachers down, students across"
    table = new_table(["teacher"], students, title)
    for teacher in teachers:
        gains = matrix.get(teacher, {})
        cells = [estimate_text(gains.get(student)) for student in students]
        table.add_row(_text(teacher), *cells)

    return TerminalTable(table)


def _teaching_table(facts: Facts) -> TerminalTable:
    table = new_table(
        ["teacher", "student", "domain"],
        ["lessons", "through the gate", "mean gain"],
        "Who taught whom what",
    )
    for row in summarise_teaching(facts):
        names = map(_text, (row.teacher, row.student, row.domain))
        passed = percent(row.passed / row.lessons)
        table.add_row(*names, f"{row.lessons:,}", passed, estimate_text(row.gain))
    return TerminalTable(table)


def _ledger_table(facts: Facts) -> TerminalTable:
    table = new_table(["purpose"], ["tokens", "compute"], "Compute")
    for purpose, total in sum_usage(facts.ledger, lambda row: row.purpose).items():
        tokens = compact(total["tokens"])
        flops = compact(total["flops"], "FLOP")
        table.add_row(_text(purpose_label(purpose)), tokens, flops)
    return TerminalTable(table)


def _text_table(content: TextTable) -> TerminalTable:
    words = len(content.heads) - content.numbers
    table = new_table(content.heads[:words], content.heads[words:], content.title)
    for row in content.rows:
        table.add_row(*map(_text, row))

    return TerminalTable(table)


def _text(text: str, style: str = "") -> Text:
    return Text(visible(text), style)


def _accuracy_text(start: Estimate | None, end: Estimate | None) -> str:
    last = end or start
    if last is None:
        return DASH
    return f"{change_text(start, end)} ({interval_text(last, share=True)})"


def _knowledge_text(change: PairedChange) -> str:
    if (
        change.start is None
        or change.rise is None
        or change.low is None
        or change.high is None
    ):
        return percent(change.start)

    shares = f"{100 * change.start:.0f} → {percent(change.end)}"
    rise = signed(100 * change.rise, 0)
    low = signed(100 * change.low, 0)
    high = signed(100 * change.high, 0)
    return f"{shares}, {rise} points (95% {low} to {high})"
