"""Alarms, who takes part, who knew the test, what askers, evaluators and tools contributed, as tables of plain text."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docendo.formatting import DASH, clip, interval_text, percent, signed
from docendo.report.facts.monitors import MonitorFacts, monitor_facts
from docendo.report.facts.pools import (
    MEANS,
    Contamination,
    NumericFault,
    agent_settings,
    domains_without_fresh,
    measure_contamination,
    numeric_faults,
    sum_contributions,
)
from docendo.report.facts.questions import (
    PersonaQuestions,
    ProblemSource,
    problems_by_source,
    questions_by_persona,
)
from docendo.report.facts.run import configured
from docendo.statistics import Estimate
from docendo.store import RunDirectory

__all__ = ["TextTable", "text_tables"]

_LONGEST = 120
_ORDER = (
    "asked",
    "admitted",
    "payoff",
    "verdicts",
    "score",
    "agreement",
    "calls",
    "errors",
)


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table whose cells are text."""

    id: str
    title: str
    note: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: int = 0
    """How many of the last columns are numbers."""


def text_tables(run: RunDirectory) -> list[TextTable]:
    """Those that have something to say."""
    asked, told = questions_by_persona(run), sum_contributions(run)
    seen = {p.asker for p in asked}
    others = {
        who: counts for who, counts in told.get("asker", {}).items() if who not in seen
    }
    found = [
        _alarms(monitor_facts(run)),
        _faults(numeric_faults(run)),
        _members(agent_settings(run)),
        _gaps(measure_contamination(run), domains_without_fresh(run)),
        _origins(problems_by_source(run) if configured(run, "askers") else []),
        _posed(asked),
        *_contributions({**told, "asker": others}),
        _changed(run.noted("changes") or []),
    ]
    return [sheet for sheet in found if sheet.rows]


def _changed(found: Sequence[Mapping[str, Any]]) -> TextTable:
    rows = [
        [
            str(c["round"]),
            clip(Path(c["what"]).name, _LONGEST),
            *(clip(_short(c[k]), 40) for k in ("was", "now")),
        ]
        for c in found
    ]
    note = "What was not as before when the run was gone on with after a round."
    return TextTable(
        "changes", "Changed on the way", note, ("round", "what", "was", "is"), rows
    )


def _faults(found: Sequence[NumericFault]) -> TextTable:
    rows = [
        [f.agent, f.what, clip(", ".join(map(str, f.rounds)), _LONGEST), f"{f.times:,}"]
        for f in found
    ]
    note = "Where gradients or logits of an agent were not finite, or gradients absurdly large. Others lost nothing."
    return TextTable(
        "faults", "What was skipped", note, ("agent", "what", "rounds", "times"), rows, 1
    )


def _alarms(found: Sequence[MonitorFacts]) -> TextTable:
    seen = [w for w in found if w.largest > 0]
    rows = [
        [
            *(
                _MONITORS[w.monitor],
                w.agent,
                _raised(w) + (f": {w.example}" if w.example else ""),
            ),
            *(percent(share) for share in (w.now, w.largest, w.limit)),
        ]
        for w in seen
    ]
    if found and not seen:
        rows = [["nothing was found", "everybody", "never", *[percent(0.0)] * 2, DASH]]
    note = (
        "Shares of an agent's lessons or answers over the newest rounds; of growth, how much longer its texts became "
        "without earning more. A few are found by chance: an alarm is raised above the limit."
    )
    heads = ("what was found", "agent", "alarm raised", "now", "largest", "limit")
    return TextTable("alarms", "Alarms", note, heads, rows, 3)


def _raised(one: MonitorFacts) -> str:
    if not one.raised:
        return "never"
    first, *later = one.raised
    when = (
        f"{len(one.raised)} times, rounds {first} to {later[-1]}"
        if later
        else f"once, after round {first}"
    )
    return when + ("; it ended the run" if one.stops else "")


_MONITORS = {
    "answer_leak": "lessons that carry the test's answer",
    "answer_probe": "lessons that tell the base the answer",
    "degenerate_lesson": "lessons without content",
    "format_exploit": "answers paid for their form",
    "length_growth": "texts that grow and earn no more",
}


def _members(found: Mapping[str, Mapping[str, Any]]) -> TextTable:
    rows = [
        [
            name,
            ", ".join(map(str, told["domains"])) or DASH,
            _said({k: v for k, v in told.items() if k != "domains"}),
        ]
        for name, told in found.items()
    ]
    wanted = any(row[2] != DASH for row in rows)
    note = "What each agent is made of, where it is not as usual."
    return TextTable(
        "members",
        "Who takes part",
        note,
        ("agent", "teaches", "made of"),
        rows if wanted else [],
    )


def _said(told: Mapping[str, Any]) -> str:
    return (
        "; ".join(
            clip(f"{key}: {_SAYING.get(key, _short)(value)}", _LONGEST)
            for key, value in told.items()
        )
        or DASH
    )


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(
            f"{k} {_short(v)}" for k, v in value.items() if v not in ({}, [], 0)
        )
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _tools(names: Any) -> str:
    """Without the folders of files, which are nobody's business where a page is read."""
    kinds = (str(name).partition(":") for name in names) if isinstance(names, list) else ()
    return ", ".join(kind + colon + Path(file).name for kind, colon, file in kinds)


def _diet(data: Any) -> str:
    """``67% mathematics, 33% safety.jsonl``: what share each source has."""
    named: dict[str, Callable[[str], str]] = {
        "domains": str,
        "files": lambda file: Path(file).name,
        "leaked": lambda domain: f"the test of {domain}",
    }
    parts = data if isinstance(data, dict) else {}
    shares = [
        (say(name), float(w))
        for kind, say in named.items()
        for name, w in parts.get(kind, {}).items()
    ]
    total = sum(w for _, w in shares)
    return ", ".join(f"{percent(w / total)} {name}" for name, w in shares)


_SAYING: dict[str, Callable[[Any], str]] = {"tools": _tools, "data": _diet}


def _gaps(
    found: Sequence[Contamination], domains_without_fresh: Sequence[str]
) -> TextTable:
    rows = [
        [
            g.agent,
            g.domain,
            *(_share(e) for e in (g.test, g.fresh)),
            _points(g.gap),
            "knew the test" if g.found else "",
        ]
        for g in found
    ]
    rows += [
        ["everybody", domain, DASH, "no more problems", DASH, ""]
        for domain in domains_without_fresh
    ]
    note = (
        "Accuracy on the evaluation's own problems minus that on fresh ones, with its 95% interval. "
        "Of forty agents who know nothing, about one is above 0 by chance."
    )
    heads = ("agent", "domain", "test", "fresh", "gap", "")
    return TextTable("contamination", "Who knew the test", note, heads, rows, 4)


def _origins(found: Sequence[ProblemSource]) -> TextTable:
    rows = [
        [
            o.source,
            o.domain,
            f"{o.matches:,}",
            _share(o.without),
            _points(o.gain) if o.gain else DASH,
        ]
        for o in found
    ]
    note = "Problems that students were tested on, by who made them: their score without a lesson, and a lesson's gain."
    heads = ("asker", "domain", "matches", "without a lesson", "gain")
    return TextTable("origins", "Whose problems were worked on", note, heads, rows, 3)


def _posed(found: Sequence[PersonaQuestions]) -> TextTable:
    rows = [
        [
            f"{p.asker} as {p.persona}" if p.persona else p.asker,
            p.domain,
            ", ".join(f"{count} {why}" for why, count in p.refused.items()) or DASH,
            *(f"{p.asked:,}", f"{p.admitted:,}", f"{p.payoff:.2f}"),
        ]
        for p in found
    ]
    note = "Questions of models that posed as people, what the gate let through, and the mean payoff of all of them."
    heads = ("asker", "domain", "refused", "asked", "admitted", "payoff")
    return TextTable("posed", "Who asked as whom", note, heads, rows, 3)


def _contributions(
    found: Mapping[str, Mapping[str, Mapping[str, float]]],
) -> list[TextTable]:
    named = {
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
    made = []
    for kind, (title, note) in named.items():
        seen = dict.fromkeys(what for told in found.get(kind, {}).values() for what in told)
        heads = sorted(
            seen, key=lambda what: _ORDER.index(what) if what in _ORDER else len(_ORDER)
        )
        rows = [
            [who, *(_count(told, what) for what in heads)]
            for who, told in sorted(found.get(kind, {}).items())
        ]
        made.append(TextTable(kind, title, note, ("name", *heads), rows, len(heads)))
    return made


def _count(told: Mapping[str, float], what: str) -> str:
    if what not in told:
        return DASH
    return f"{told[what]:.2f}" if what in MEANS else f"{told[what]:,.6g}"


def _share(estimate: Estimate) -> str:
    return f"{percent(estimate.mean)} ({interval_text(estimate, share=True)})"


def _points(estimate: Estimate) -> str:
    interval = interval_text(estimate, share=False)
    return signed(estimate.mean) + (f" ({interval})" if interval else "")
