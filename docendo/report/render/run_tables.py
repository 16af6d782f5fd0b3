"""The tables of numbers of a run: accuracy, gains, who taught whom, and compute."""

from collections.abc import Mapping

from docendo.formatting import compact, interval_text, percent
from docendo.records import BASE
from docendo.report.facts.accuracy import (
    accuracy_by_domain,
    base_accuracy,
    evaluated_domains,
    evaluation_rounds,
)
from docendo.report.facts.gains import gain_matrix, summarise_teaching
from docendo.report.facts.ledger import purpose_label, sum_usage, without_discarded
from docendo.report.facts.run import Facts
from docendo.report.render.components import change_text
from docendo.report.render.tables import EMPTY, Cell, Row, Table, gain_cell, share_cell
from docendo.statistics import Estimate

__all__ = [
    "tabulate_evaluations",
    "tabulate_gains",
    "tabulate_knowledge",
    "tabulate_teaching",
    "tabulate_usage",
]


def tabulate_knowledge(facts: Facts) -> Table:
    """Accuracy by agent and domain, at the start and at the end."""
    start, end = evaluation_rounds(facts)
    domains = evaluated_domains(facts)
    base = base_accuracy(facts)
    # The base model has no own domain and is evaluated once.
    base_cells = [_change_cell(base.get(domain), None) for domain in domains]
    rows: list[Row] = [["base model", *base_cells]]
    for agent, own_domains in facts.own_domains.items():
        before = accuracy_by_domain(facts, start, agent)
        after = accuracy_by_domain(facts, end, agent)
        row: list[str | Cell] = [agent]
        for domain in domains:
            cell = _change_cell(before.get(domain), after.get(domain))
            row.append(
                cell._replace(text=f"{cell.text} *") if domain in own_domains else cell
            )
        rows.append(row)

    when = f"after round {start}"
    if end is not None:
        when += f" and after round {end}"
    note = (
        f"Held-out problems, no lesson in the prompt, measured {when}. Below each number is "
        "its 95% Wilson interval; * is the agent's own domain."
    )
    title = "Accuracy without a lesson, start to end (95% interval; * own domain)"
    return Table(title, note, ("agent", *domains), rows)


def _change_cell(start: Estimate | None, end: Estimate | None) -> Cell:
    last = end or start
    if last is None:
        return EMPTY
    return Cell(change_text(start, end), f"{interval_text(last, share=True)}, n = {last.n}")


def tabulate_evaluations(facts: Facts) -> Table:
    """Every evaluation of every agent."""
    domains = evaluated_domains(facts)
    rows: list[Row] = []
    for index in sorted({index for index, _, _ in facts.scores}):
        for agent in (BASE, *facts.own_domains):
            accuracy = accuracy_by_domain(facts, index, agent)
            if accuracy:
                cells = [share_cell(accuracy.get(domain)) for domain in domains]
                rows.append([str(index), agent, *cells])
    heads = ("round", "agent", *domains)
    return Table("Every evaluation as a table", "", heads, rows, text_columns=2)


def tabulate_gains(facts: Facts) -> Table:
    """The mean gain of the lessons, teachers in rows: the page's heat map in numbers."""
    matrix = gain_matrix(facts)
    teachers = dict.fromkeys((*facts.own_domains, *matrix))
    students = dict.fromkeys(facts.own_domains)
    for gains in matrix.values():
        students |= dict.fromkeys(gains)

    rows: list[Row] = []
    for teacher in teachers:
        gains = matrix.get(teacher, {})
        rows.append([teacher, *(gain_cell(gains.get(student)) for student in students)])
    title = "Mean gain of a shown lesson, teachers down, students across"
    return Table(title, "", ("teacher", *students), rows)


def tabulate_teaching(facts: Facts) -> Table:
    """Who taught whom what."""
    rows: list[Row] = []
    for row in summarise_teaching(facts):
        passed = percent(row.passed / row.lessons)
        names = row.teacher, row.student, row.domain
        rows.append([*names, f"{row.lessons:,}", passed, gain_cell(row.gain)])
    heads = ("teacher", "student", "domain", "lessons", "through the gate", "mean gain")
    return Table("Who taught whom what", "", heads, rows, text_columns=3)


def tabulate_usage(facts: Facts) -> tuple[Table, Table]:
    """Tokens and operations by purpose, and by agent."""
    by_purpose = sum_usage(facts.ledger, lambda row: purpose_label(row.purpose))
    by_agent = sum_usage(without_discarded(facts.ledger), lambda row: row.agent or BASE)
    return _usage_table("purpose", by_purpose), _usage_table("agent", by_agent)


def _usage_table(key: str, totals: Mapping[str, Mapping[str, float]]) -> Table:
    # Agents behind an endpoint have tokens and no operations of ours.
    all_flops = sum(total["flops"] for total in totals.values()) or 1
    rows = []
    for name, total in totals.items():
        flops = total["flops"]
        numbers = [compact(total["tokens"]), compact(flops, "FLOP")]
        rows.append([name, *numbers, percent(flops / all_flops)])
    return Table(f"Compute by {key}", "", (key, "tokens", "compute", "share"), rows)
