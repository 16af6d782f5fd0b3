"""The report for a terminal. Names come from files and models, so nothing in them may drive the terminal."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from docendo.formatting import (
    DASH,
    compact,
    duration,
    interval_text,
    percent,
    signed,
    visible,
)
from docendo.report.facts.run import (
    Facts,
    accuracy,
    base_accuracy,
    collect,
    domains,
    evaluation_rounds,
    gain_matrix,
    knowledge,
    mean_gain,
    summarise_teaching,
)
from docendo.report.facts.summary import purpose_label, sum_usage
from docendo.report.render.terminal_table import TerminalTable, new_table
from docendo.report.render.text_tables import TextTable, text_tables
from docendo.statistics import Estimate, PairedChange
from docendo.store import RunDirectory

__all__ = ["terminal_report"]


def terminal_report(run: RunDirectory) -> RenderableType:
    """What `docendo report` prints: hand it to a rich console."""
    with run.snapshot():
        facts, others = collect(run), text_tables(run)
    parts: list[RenderableType] = [_heading(facts)]
    if evaluation_rounds(facts)[0] is not None:
        parts.append(_accuracy(facts))
    if facts.lessons:
        parts += [_gains(facts), _taught(facts)]
    parts += map(_sheet, others)
    if facts.ledger:
        parts.append(_ledger(facts))
    return Group(*(piece for part in parts for piece in (part, "")))


def _heading(facts: Facts) -> RenderableType:
    shown, passed = mean_gain(facts.lessons), sum(x.passed for x in facts.lessons)
    rounds = sum(r.round >= 0 for r in facts.rounds)
    state = "finished" if facts.finished else "not finished"
    lines = [
        ("other domains", _rise(knowledge(facts, own=False))),
        ("own domain", _rise(knowledge(facts, own=True))),
        ("lesson's gain", _gain(shown) + (f", {shown.n:,} lessons" if shown else "")),
        ("gate", f"{passed:,} of {len(facts.lessons):,} lessons passed"),
    ]
    grid = Table.grid(padding=(0, 2))
    for name, value in lines:
        grid.add_row(Text(name, "dim"), _text(value))
    seconds = sum(r.seconds for r in facts.rounds)
    said = (
        f"{facts.model or 'model unknown'}, {rounds} rounds, {duration(seconds)}, {state}"
    )
    return Group(_text(facts.name, "bold"), _text(said, "dim"), "", grid)


def _accuracy(facts: Facts) -> TerminalTable:
    start, end = evaluation_rounds(facts)
    title = "Accuracy without a lesson, start to end (95% interval; * own domain)"
    table = new_table(["agent"], domains(facts), title)
    base = base_accuracy(facts)
    table.add_row("base", *(_change(base.get(d), None) for d in domains(facts)))
    for agent, own in facts.owns.items():
        before, after = accuracy(facts, start, agent), accuracy(facts, end, agent)
        cells = [
            _change(before.get(d), after.get(d)) + (" *" if d in own else "")
            for d in domains(facts)
        ]
        table.add_row(_text(agent), *cells)
    return TerminalTable(table)


def _gains(facts: Facts) -> TerminalTable:
    matrix = gain_matrix(facts)
    students = list(
        dict.fromkeys((*facts.owns, *(s for row in matrix.values() for s in row)))
    )
    table = new_table(
        ["teacher"], students, "Mean gain of a shown lesson, teachers down, students across"
    )
    for teacher in dict.fromkeys((*facts.owns, *matrix)):
        table.add_row(
            _text(teacher), *(_gain(matrix.get(teacher, {}).get(s)) for s in students)
        )
    return TerminalTable(table)


def _taught(facts: Facts) -> TerminalTable:
    names, numbers = (
        ["teacher", "student", "domain"],
        ["lessons", "through the gate", "mean gain"],
    )
    table = new_table(names, numbers, "Who taught whom what")
    for row in summarise_teaching(facts):
        who = (_text(row.teacher), _text(row.student), _text(row.domain))
        table.add_row(
            *who, f"{row.lessons:,}", percent(row.passed / row.lessons), _gain(row.gain)
        )
    return TerminalTable(table)


def _ledger(facts: Facts) -> TerminalTable:
    table = new_table(["purpose"], ["tokens", "compute"], "Compute")
    for purpose, total in sum_usage(facts.ledger, lambda row: row.purpose).items():
        table.add_row(
            _text(purpose_label(purpose)),
            compact(total["tokens"]),
            compact(total["flops"], "FLOP"),
        )
    return TerminalTable(table)


def _sheet(sheet: TextTable) -> TerminalTable:
    middle = len(sheet.heads) - sheet.numbers
    table = new_table(sheet.heads[:middle], sheet.heads[middle:], sheet.title)
    for row in sheet.rows:
        table.add_row(*map(_text, row))
    return TerminalTable(table)


def _text(text: str, style: str = "") -> Text:
    return Text(visible(text), style)


def _change(start: Estimate | None, end: Estimate | None) -> str:
    last = end or start
    if last is None:
        return DASH
    change = (
        f"{100 * start.mean:.0f} → {percent(end.mean)}"
        if start and end
        else percent(last.mean)
    )
    return f"{change} ({interval_text(last, share=True)})"


def _gain(estimate: Estimate | None) -> str:
    if estimate is None:
        return DASH
    interval = interval_text(estimate, share=False)
    return signed(estimate.mean) + (f" ({interval})" if interval else "")


def _rise(rise: PairedChange) -> str:
    if rise.rise is None or rise.start is None or rise.low is None or rise.high is None:
        return percent(rise.start)
    low, high = (signed(100 * bound, 0) for bound in (rise.low, rise.high))
    return f"{100 * rise.start:.0f} → {percent(rise.end)}, {signed(100 * rise.rise, 0)} points (95% {low} to {high})"
