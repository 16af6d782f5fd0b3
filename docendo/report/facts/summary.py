"""The report as one JSON document, its keys stable."""

from collections.abc import Callable, Iterable
from typing import Any

from docendo.records import BASE, DISCARDED, Usage
from docendo.report.facts.monitors import monitor_facts
from docendo.report.facts.pools import (
    agent_settings,
    domains_without_fresh,
    measure_contamination,
    sum_contributions,
)
from docendo.report.facts.questions import problems_by_source, questions_by_persona
from docendo.report.facts.run import (
    Facts,
    accuracy,
    base_accuracy,
    collect,
    evaluation_rounds,
    flat_groups,
    gain_matrix,
    knowledge,
    mean_gain,
)
from docendo.statistics import Estimate
from docendo.store import RunDirectory

__all__ = ["purpose_label", "sum_usage", "summarise", "summary", "without_discarded"]


def summary(run: RunDirectory) -> dict[str, Any]:
    """Everything `docendo report --json` prints. A number that cannot be had is None; all others are finite."""
    with run.snapshot():
        return summarise(collect(run)) | {
            "alarms": [w._asdict() for w in monitor_facts(run)],
            "members": agent_settings(run),
            "contamination": [
                {
                    "agent": g.agent,
                    "domain": g.domain,
                    "test": g.test.mean,
                    "fresh": g.fresh.mean,
                    "found": g.found,
                }
                | {"gap": g.gap.mean, "low": g.gap.low, "high": g.gap.high}
                for g in measure_contamination(run)
            ],
            "no_fresh_problems": domains_without_fresh(run),
            "contributions": sum_contributions(run),
            "questions": [p._asdict() for p in questions_by_persona(run)],
            "changes": run.noted("changes") or [],
            "origins": [
                {"domain": o.domain, "source": o.source, "matches": o.matches}
                | {
                    "without": {
                        "accuracy": o.without.mean,
                        "low": o.without.low,
                        "high": o.without.high,
                    }
                }
                | {"gain": _gain(o.gain)}
                for o in problems_by_source(run)
            ],
        }


def summarise(facts: Facts) -> dict[str, Any]:
    """`summary` of facts that were read already."""
    start, end = evaluation_rounds(facts)
    shown = mean_gain(facts.lessons)
    return {
        "run": {"name": facts.name, "model": facts.model, "finished": facts.finished},
        "rounds": {
            "count": sum(r.round >= 0 for r in facts.rounds),
            "experts": sum(r.round >= 0 and r.stage == "experts" for r in facts.rounds),
            "teaching": sum(r.round >= 0 and r.stage == "teaching" for r in facts.rounds),
            "start": start,
            "end": end,
            "seconds": sum(r.seconds for r in facts.rounds),
        },
        "agents": {
            name: {"domains": list(domains)} for name, domains in facts.owns.items()
        },
        "accuracy": {
            "base": _accuracies(base_accuracy(facts)),
            "start": {a: _accuracies(accuracy(facts, start, a)) for a in facts.owns},
            "end": {a: _accuracies(accuracy(facts, end, a)) for a in facts.owns},
        },
        "transfer": knowledge(facts, own=False)._asdict(),
        "own": knowledge(facts, own=True)._asdict(),
        "gain": _gain(shown),
        "gain_matrix": {
            t: {s: _gain(e) for s, e in row.items()}
            for t, row in gain_matrix(facts).items()
        },
        "gate": {
            "lessons": len(facts.lessons),
            "passed": sum(x.passed for x in facts.lessons),
        },
        "flat_groups": {
            role: _flat(*counts) for role, counts in flat_groups(facts).items()
        },
        "ledger": {
            "tokens": sum(r.tokens for r in without_discarded(facts)),
            "flops": sum(r.flops for r in without_discarded(facts)),
            "by_purpose": sum_usage(facts.ledger, lambda row: row.purpose),
            "by_agent": sum_usage(without_discarded(facts), lambda row: row.agent or BASE),
        },
    }


def without_discarded(facts: Facts) -> list[Usage]:
    """The ledger without what repeats tokens that are booked under another purpose."""
    return [row for row in facts.ledger if row.purpose != DISCARDED]


def purpose_label(purpose: str) -> str:
    """A purpose as a person reads it."""
    return f"{purpose} (of the above)" if purpose == DISCARDED else purpose


def sum_usage(
    rows: Iterable[Usage], by: Callable[[Usage], str]
) -> dict[str, dict[str, float]]:
    """Tokens and FLOPs of the ledger's rows, summed by a property of theirs, the largest first."""
    totals: dict[str, dict[str, float]] = {}
    for row in rows:
        total = totals.setdefault(by(row), {"tokens": 0, "flops": 0.0})
        total["tokens"] += row.tokens
        total["flops"] += row.flops
    return dict(sorted(totals.items(), key=lambda item: -item[1]["flops"]))


def _accuracies(cells: dict[str, Estimate]) -> dict[str, dict[str, Any]]:
    return {
        d: {"accuracy": e.mean, "low": e.low, "high": e.high, "n": e.n}
        for d, e in cells.items()
    }


def _gain(estimate: Estimate | None) -> dict[str, Any]:
    mean, low, high, lessons = estimate or (None, None, None, 0)
    return {"mean": mean, "low": low, "high": high, "lessons": lessons}


def _flat(groups: int, flat: int) -> dict[str, Any]:
    return {"groups": groups, "flat": flat, "share": flat / groups if groups else None}
