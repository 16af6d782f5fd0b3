"""The report as one JSON document with stable keys."""

from typing import Any

from docendo.records import BASE
from docendo.report.facts.accuracy import (
    accuracy_by_domain,
    base_accuracy,
    evaluation_rounds,
    knowledge_change,
)
from docendo.report.facts.agents import agent_settings
from docendo.report.facts.contamination import (
    Contamination,
    domains_without_fresh,
    measure_contamination,
)
from docendo.report.facts.contributions import sum_contributions
from docendo.report.facts.cut import cut_shares
from docendo.report.facts.gains import flat_groups, gain_matrix, mean_gain
from docendo.report.facts.kept import read_kept
from docendo.report.facts.ledger import sum_usage, without_discarded
from docendo.report.facts.monitors import monitor_facts
from docendo.report.facts.questions import (
    ProblemSource,
    problems_by_source,
    questions_by_persona,
)
from docendo.report.facts.run import Facts, collect, read_scores
from docendo.report.facts.system import describe_way, read_ways
from docendo.report.facts.withheld import measure_imitation
from docendo.statistics import Estimate
from docendo.store import RunDirectory

__all__ = ["summarise", "summarise_gains", "summary"]


def summary(run: RunDirectory) -> dict[str, Any]:
    """All that `docendo report --json` prints.

    A number that cannot be computed is None; all others are finite.
    """
    with run.snapshot():
        facts = collect(run)
        scores = facts.scores, read_scores(run, "fresh")
        return {
            **summarise(facts),
            "cut": [share._asdict() for share in cut_shares(run)],
            "alarms": [row._asdict() for row in monitor_facts(run, facts.config)],
            "members": agent_settings(facts.config),
            "contamination": list(map(_contamination, measure_contamination(*scores))),
            "no_fresh_problems": domains_without_fresh(
                *scores, facts.config, is_finished=facts.finished
            ),
            "kept": [row._asdict() for row in read_kept(run)],
            "system": list(map(describe_way, read_ways(run))),
            "imitation": [
                {"outcome": row.outcome, "withheld": row.withheld, **row.effect._asdict()}
                for row in measure_imitation(run, facts)
            ],
            "contributions": sum_contributions(run, facts.config),
            "questions": [row._asdict() for row in questions_by_persona(run)],
            "changes": run.noted("changes") or [],
            "origins": list(map(_source, problems_by_source(run))),
        }


def summarise(facts: Facts) -> dict[str, Any]:
    """The part of `summary` that needs nothing but the facts."""
    # Scripts read these keys: they stay when names in the code change.
    start, end = evaluation_rounds(facts)
    agents = facts.own_domains
    played = [row for row in facts.rounds if row.round >= 0]
    expert_rounds = sum(row.stage == "experts" for row in played)
    teaching_rounds = sum(row.stage == "teaching" for row in played)

    return {
        "run": {
            "name": facts.name,
            "model": facts.config.model,
            "finished": facts.finished,
        },
        "rounds": {
            "count": len(played),
            "experts": expert_rounds,
            "teaching": teaching_rounds,
            "start": start,
            "end": end,
            "seconds": sum(row.seconds for row in facts.rounds),
        },
        "agents": {name: {"domains": list(domains)} for name, domains in agents.items()},
        "accuracy": {
            "base": _accuracies(base_accuracy(facts)),
            "start": {a: _accuracies(accuracy_by_domain(facts, start, a)) for a in agents},
            "end": {a: _accuracies(accuracy_by_domain(facts, end, a)) for a in agents},
        },
        "transfer": knowledge_change(facts, is_own=False)._asdict(),
        "own": knowledge_change(facts, is_own=True)._asdict(),
        "gain": _gain(mean_gain(facts.lessons)),
        "gain_matrix": summarise_gains(facts),
        "gate": {
            "lessons": len(facts.lessons),
            "passed": sum(lesson.passed for lesson in facts.lessons),
        },
        "flat_groups": {
            role: _flat_share(*counts) for role, counts in flat_groups(facts).items()
        },
        "ledger": _ledger(facts),
    }


def summarise_gains(facts: Facts) -> dict[str, dict[str, dict[str, Any]]]:
    """The mean gain of shown lessons by teacher and student."""
    gains = {}
    for teacher, row in gain_matrix(facts).items():
        gains[teacher] = {student: _gain(gain) for student, gain in row.items()}
    return gains


def _accuracies(accuracies: dict[str, Estimate]) -> dict[str, dict[str, Any]]:
    return {
        domain: {"accuracy": e.mean, "low": e.low, "high": e.high, "n": e.n}
        for domain, e in accuracies.items()
    }


def _gain(estimate: Estimate | None) -> dict[str, Any]:
    mean, low, high, lessons = estimate or (None, None, None, 0)
    return {"mean": mean, "low": low, "high": high, "lessons": lessons}


def _flat_share(groups: int, flat: int) -> dict[str, Any]:
    return {"groups": groups, "flat": flat, "share": flat / groups if groups else None}


def _ledger(facts: Facts) -> dict[str, Any]:
    rows = without_discarded(facts.ledger)
    return {
        "tokens": sum(row.tokens for row in rows),
        "flops": sum(row.flops for row in rows),
        "by_purpose": sum_usage(facts.ledger, lambda row: row.purpose),
        "by_agent": sum_usage(rows, lambda row: row.agent or BASE),
    }


def _contamination(row: Contamination) -> dict[str, Any]:
    return {
        "agent": row.agent,
        "domain": row.domain,
        "test": row.test.mean,
        "fresh": row.fresh.mean,
        "found": row.is_certain,
        "gap": row.gap.mean,
        "low": row.gap.low,
        "high": row.gap.high,
    }


def _source(row: ProblemSource) -> dict[str, Any]:
    without = row.without
    return {
        "domain": row.domain,
        "source": row.source,
        "matches": row.matches,
        "without": {"accuracy": without.mean, "low": without.low, "high": without.high},
        "gain": _gain(row.gain),
    }
