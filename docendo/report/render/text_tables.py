"""The tables of plain text: monitors, agents, contamination, questions, contributions."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from docendo.formatting import DASH, clip, percent
from docendo.report.facts.agents import NumericFault, agent_settings, numeric_faults
from docendo.report.facts.choosing import read_choosing
from docendo.report.facts.contamination import (
    Contamination,
    domains_without_fresh,
    measure_contamination,
)
from docendo.report.facts.contributions import MEANS, sum_contributions
from docendo.report.facts.cut import CutShare, cut_shares
from docendo.report.facts.kept import read_kept
from docendo.report.facts.monitors import MonitorFacts, monitor_facts
from docendo.report.facts.questions import (
    PersonaQuestions,
    ProblemSource,
    problems_by_source,
    questions_by_persona,
)
from docendo.report.facts.run import Facts, read_scores
from docendo.report.facts.system import read_ways
from docendo.report.facts.withheld import measure_imitation
from docendo.report.render.agent_settings import plain_text, settings_text
from docendo.report.render.lesson_tables import (
    tabulate_choosing,
    tabulate_imitation,
    tabulate_kept,
    tabulate_ways,
)
from docendo.report.render.tables import Row, Table, gain_cell, share_cell
from docendo.store import RunDirectory

__all__ = ["text_tables"]

_MAX_LENGTH = 120
_MAX_VALUE_LENGTH = 40
_MEASURES = (
    "asked",
    "admitted",
    "payoff",
    "verdicts",
    "score",
    "agreement",
    "calls",
    "errors",
)
"""The order of columns; other measures come after them."""
_CONTRIBUTIONS = {
    "asker": (
        "Who else asked",
        "Questions of each asker, what the gate let through, and the mean payoff.",
    ),
    "evaluator": (
        "Who judged",
        "Verdicts, their mean score, and how often they agreed with the right answer.",
    ),
    "tools": ("Tools", "Calls, and those answered by an error."),
    "endpoint": ("Endpoints", "Requests, and those that failed."),
    "data": ("What was studied", "Examples of each source."),
}
_MONITORS = {
    "answer_leak": "lessons that carry the test's answer",
    "answer_probe": "lessons that tell the base the answer",
    "degenerate_lesson": "lessons without content",
    "format_exploit": "answers paid for their form",
    "length_growth": "texts that grow and earn no more",
}


def text_tables(run: RunDirectory, facts: Facts) -> list[Table]:
    """All tables that have rows."""
    config = facts.config
    scores = facts.scores, read_scores(run, "fresh")
    questions = questions_by_persona(run)
    contributions = sum_contributions(run, config)
    # Models that ask as personas have a table of their own.
    models = {row.asker for row in questions}
    askers = contributions.get("asker", {})
    contributions["asker"] = {name: askers[name] for name in askers if name not in models}

    sources = problems_by_source(run) if config.askers else []
    tables = [
        _alarm_table(monitor_facts(run, config)),
        _fault_table(numeric_faults(run)),
        _cut_table(cut_shares(run)),
        _settings_table(agent_settings(config)),
        _contamination_table(
            measure_contamination(*scores),
            domains_without_fresh(*scores, config, is_finished=facts.finished),
        ),
        tabulate_kept(read_kept(run)),
        tabulate_choosing(read_choosing(run)),
        tabulate_imitation(measure_imitation(run, facts)),
        tabulate_ways(read_ways(run)),
        _source_table(sources),
        _question_table(questions),
    ]
    for kind in _CONTRIBUTIONS:
        tables.append(_contribution_table(kind, contributions.get(kind, {})))
    tables.append(_change_table(run.noted("changes") or []))
    return [table for table in tables if table.rows]


def _alarm_table(monitors: Sequence[MonitorFacts]) -> Table:
    rows = []
    for monitor in monitors:
        if monitor.largest > 0:
            raised = _raised_text(monitor)
            if monitor.example:
                raised += f": {monitor.example}"
            shares = (monitor.now, monitor.largest, monitor.limit)
            finding = _MONITORS[monitor.monitor]
            rows.append([finding, monitor.agent, raised, *map(percent, shares)])
    # A watched run without findings says so; one that was not watched has no table.
    if monitors and not rows:
        rows = [["nothing was found", "everybody", "never", percent(0), percent(0), DASH]]
    return Table(
        id="alarms",
        title="Alarms",
        note=(
            "Shares of an agent's lessons or answers over the newest rounds; of growth, how "
            "much longer its texts became without earning more. A few are found by chance: "
            "an alarm is raised above the limit."
        ),
        heads=("what was found", "agent", "alarm raised", "now", "largest", "limit"),
        rows=rows,
        text_columns=3,
    )


def _raised_text(monitor: MonitorFacts) -> str:
    rounds = monitor.raised
    if not rounds:
        return "never"

    text = f"once, after round {rounds[0]}"
    if len(rounds) > 1:
        text = f"{len(rounds)} times, rounds {rounds[0]} to {rounds[-1]}"
    return f"{text}; it ended the run" if monitor.stops else text


def _fault_table(faults: Sequence[NumericFault]) -> Table:
    rows = []
    for fault in faults:
        rounds = clip(", ".join(map(str, fault.rounds)), _MAX_LENGTH)
        rows.append([fault.agent, fault.what, rounds, f"{fault.times:,}"])
    return Table(
        id="faults",
        title="What was skipped",
        note=(
            "Where gradients or logits of an agent were not finite, or gradients absurdly "
            "large. Others lost nothing."
        ),
        heads=("agent", "what", "rounds", "times"),
        rows=rows,
        text_columns=3,
    )


def _cut_table(shares: Sequence[CutShare]) -> Table:
    return Table(
        id="cut",
        title="Cut completions",
        note=(
            "Completions that ended at their limit of tokens: their share in the last round "
            "that had any of the purpose, and the largest of all rounds."
        ),
        heads=("purpose", "limit", "last", "largest"),
        rows=[
            [share.purpose, share.setting, percent(share.last), percent(share.largest)]
            for share in shares
        ],
        text_columns=2,
    )


def _settings_table(settings_by_agent: Mapping[str, Mapping[str, Any]]) -> Table:
    rows = []
    for agent, settings in settings_by_agent.items():
        domains = ", ".join(settings["domains"]) or DASH
        rest = {name: value for name, value in settings.items() if name != "domains"}
        rows.append([agent, domains, settings_text(rest) or DASH])
    # Where every agent is as usual the table would say nothing.
    if all(text == DASH for _, _, text in rows):
        rows = []
    return Table(
        id="members",
        title="Who takes part",
        note="What each agent is made of, where it is not as usual.",
        heads=("agent", "teaches", "made of"),
        rows=rows,
        text_columns=3,
    )


def _contamination_table(
    gaps: Sequence[Contamination], domains_without: Sequence[str]
) -> Table:
    rows: list[Row] = []
    for row in gaps:
        shares = [share_cell(row.test), share_cell(row.fresh)]
        verdict = "knew the test" if row.is_certain else ""
        rows.append([row.agent, row.domain, *shares, gain_cell(row.gap), verdict])
    absent = ("no more problems", DASH, "")
    rows += [["everybody", domain, DASH, *absent] for domain in domains_without]
    return Table(
        id="contamination",
        title="Who knew the test",
        note=(
            "Accuracy on the evaluation's own problems minus that on fresh ones, with its 95% "
            "interval. Of forty agents who know nothing, about one is above 0 by chance."
        ),
        heads=("agent", "domain", "test", "fresh", "gap", ""),
        rows=rows,
        text_columns=2,
    )


def _source_table(sources: Sequence[ProblemSource]) -> Table:
    rows: list[Row] = []
    for source in sources:
        numbers = [share_cell(source.without), gain_cell(source.gain)]
        rows.append([source.source, source.domain, f"{source.matches:,}", *numbers])
    return Table(
        id="origins",
        title="Whose problems were worked on",
        note=(
            "Problems that students were tested on, by who made them: their score without a "
            "lesson, and a lesson's gain."
        ),
        heads=("asker", "domain", "matches", "without a lesson", "gain"),
        rows=rows,
        text_columns=2,
    )


def _question_table(questions: Sequence[PersonaQuestions]) -> Table:
    rows = []
    for row in questions:
        name = f"{row.asker} as {row.persona}" if row.persona else row.asker
        reasons = [f"{count} {reason}" for reason, count in row.refused.items()]
        counts = [f"{row.asked:,}", f"{row.admitted:,}", f"{row.payoff:.2f}"]
        rows.append([name, row.domain, ", ".join(reasons) or DASH, *counts])
    return Table(
        id="posed",
        title="Who asked as whom",
        note=(
            "Questions of models that posed as people, what the gate let through, and the "
            "mean payoff of all of them."
        ),
        heads=("asker", "domain", "refused", "asked", "admitted", "payoff"),
        rows=rows,
        text_columns=3,
    )


def _contribution_table(
    kind: str, contributions: Mapping[str, Mapping[str, float]]
) -> Table:
    title, note = _CONTRIBUTIONS[kind]
    # A dict keeps the order in which the measures came; a set would not.
    unordered: dict[str, None] = {}
    for measures in contributions.values():
        unordered |= dict.fromkeys(measures)
    heads = list(dict.fromkeys([*filter(unordered.__contains__, _MEASURES), *unordered]))

    rows = []
    for name, measures in sorted(contributions.items()):
        rows.append([name, *(_count_text(measures, head) for head in heads)])

    return Table(title, note, ("name", *heads), rows, id=kind)


def _count_text(measures: Mapping[str, float], measure: str) -> str:
    if measure not in measures:
        return DASH
    return f"{measures[measure]:.2f}" if measure in MEANS else f"{measures[measure]:,.6g}"


def _change_table(changes: Sequence[Mapping[str, Any]]) -> Table:
    rows = []
    for change in changes:
        what = clip(Path(change["what"]).name, _MAX_LENGTH)
        was = clip(plain_text(change["was"]), _MAX_VALUE_LENGTH)
        now = clip(plain_text(change["now"]), _MAX_VALUE_LENGTH)
        rows.append([str(change["round"]), what, was, now])
    return Table(
        id="changes",
        title="Changed on the way",
        note="What was not as before when the run was gone on with after a round.",
        heads=("round", "what", "was", "is"),
        rows=rows,
        text_columns=4,
    )
