"""Who takes part, who knew the test, and what askers, evaluators and tools contributed, in numbers."""

from collections import defaultdict
from math import isfinite
from typing import Any, NamedTuple

from docendo.records import BASE, AgentId, EvalSplit
from docendo.report.facts.run import configured
from docendo.statistics import Estimate, difference_of_shares
from docendo.store import RunDirectory

__all__ = [
    "MEANS",
    "Contamination",
    "NumericFault",
    "agent_settings",
    "domains_without_fresh",
    "measure_contamination",
    "numeric_faults",
    "sum_contributions",
]

_TELLING = (
    *("plays", "role", "endpoint", "tools", "calls", "grammar", "data"),
    *("temperature", "top_p", "max_tokens", "instruction"),
)
_PLAIN: dict[str, Any] = {"policy": "model", "role": "main", "calls": 2, "top_p": 1.0}
MEANS = {"score": "verdicts", "agreement": "verdicts", "payoff": "asked"}
"""What is a mean in each round, and of how many."""
_USED = {"evaluator": ("verdicts",), "tools": ("calls", "errors")}


class Contamination(NamedTuple):
    """Accuracy on the evaluation's own problems minus that on fresh ones."""

    agent: AgentId
    domain: str
    test: Estimate
    fresh: Estimate
    gap: Estimate

    @property
    def found(self) -> bool:
        """Whether all of the interval is above 0."""
        return self.gap.low is not None and self.gap.low > 0


class NumericFault(NamedTuple):
    """What an agent lost because its own numbers were not finite; nobody else did."""

    agent: str
    what: str
    times: int
    rounds: tuple[int, ...]


def numeric_faults(run: RunDirectory) -> list[NumericFault]:
    """Steps that were skipped and answers that broke off, by agent; empty where all went well."""
    found = []
    for name, told in sorted(run.metrics().items()):
        kind, _, rest = name.partition("/")
        agent, _, purpose = rest.partition("/")
        if kind in {"skipped", "lost"} and agent:
            what = (
                f"steps skipped ({purpose})" if kind == "skipped" else "answers broken off"
            )
            seen = [(index, value) for index, value in told if value]
            found.append(
                NumericFault(
                    agent,
                    what,
                    int(sum(v for _, v in seen)),
                    tuple(index for index, _ in seen),
                )
            )
    return [fault for fault in found if fault.times]


def agent_settings(run: RunDirectory) -> dict[str, dict[str, Any]]:
    """What each agent is made of, as its settings say; what is as usual is left out."""
    found = {}
    for name, given in configured(run, "agents").items():
        told = {
            key: given[key]
            for key in _TELLING
            if key in given and given[key] != _PLAIN.get(key, [])
        }
        domains = given.get("domain", [])
        found[name] = {
            "domains": [domains] if isinstance(domains, str) else domains,
            **told,
        }
    return found


def measure_contamination(run: RunDirectory) -> list[Contamination]:
    """Of every agent and domain, after the last round that examined both splits; empty where none did."""
    test, fresh = _scores(run, "test"), _scores(run, "fresh")
    last = max((index for index, *_ in fresh), default=None)
    return [
        Contamination(
            agent, domain, *difference_of_shares(test[index, agent, domain], scores)
        )
        for (index, agent, domain), scores in sorted(fresh.items())
        if index == last and agent != BASE and test.get((index, agent, domain))
    ]


def domains_without_fresh(run: RunDirectory) -> list[str]:
    """Domains without fresh problems, where fresh ones were wanted: files whose held-out rows are all in the test."""
    fresh = {domain for _, _, domain in _scores(run, "fresh")}
    recipes = [told.get("data") for told in agent_settings(run).values()]
    leaked = {
        domain
        for data in recipes
        if isinstance(data, dict)
        for domain in data.get("leaked", {})
    }
    wanted = (
        {domain for _, _, domain in _scores(run, "test")}
        if fresh or (leaked and run.finished)
        else set()
    )
    return sorted(wanted - fresh)


def _scores(
    run: RunDirectory, split: EvalSplit
) -> dict[tuple[int, AgentId, str], list[float]]:
    found = defaultdict[tuple[int, AgentId, str], list[float]](list)
    for e in run.evaluations(split=split):
        if isfinite(e.verdict.score):
            found[e.round, e.agent, e.problem.domain].append(e.verdict.score)
    return dict(found)


def sum_contributions(run: RunDirectory) -> dict[str, dict[str, dict[str, float]]]:
    """By what was counted (evaluator, asker, tools, endpoint, data) and name: sums over the rounds, and means over all
    that was judged or asked. All are finite; who was there and did nothing has zeros."""
    series = {
        name: [(r, value) for r, value in told if isfinite(value)]
        for name, told in run.metrics().items()
    }
    found = {
        kind: {who: dict.fromkeys(_USED[kind], 0.0) for who in names}
        for kind, names in _ready(run).items()
    }
    for name, told in series.items():
        kind, _, rest = name.partition("/")
        # a source of data may have slashes in its name, an agent has none
        who, _, what = rest.partition("/") if kind == "data" else rest.rpartition("/")
        if (
            kind not in {"evaluator", "asker", "tools", "endpoint", "data"}
            or not who
            or not told
        ):
            continue
        counted = MEANS.get(what) if kind != "data" else None
        counts = dict(series.get(f"{kind}/{who}/{counted}", ()))
        total = sum(value * (counts.get(r, 1.0) if counted else 1.0) for r, value in told)
        of = sum(counts.get(r, 1.0) for r, _ in told) if counted else 1.0
        found.setdefault(kind, {}).setdefault(who, {})[what] = total / of if of else 0.0
    return found


def _ready(run: RunDirectory) -> dict[str, list[str]]:
    """Evaluators that the configuration has, and agents with tools."""
    armed = [name for name, told in agent_settings(run).items() if told.get("tools")]
    ready = {"evaluator": list(configured(run, "evaluators")), "tools": armed}
    return {kind: names for kind, names in ready.items() if names}
