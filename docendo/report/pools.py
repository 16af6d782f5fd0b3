"""Who takes part, who knew the test, and what askers, evaluators and tools contributed: as sheets of plain text."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, NamedTuple

from docendo.records import BASE, AgentId
from docendo.report.intervals import Estimate, difference
from docendo.report.tables import configured
from docendo.report.text import DASH, between, percent, signed
from docendo.store import RunDirectory

__all__ = ["Gap", "Sheet", "contributions", "gaps", "members", "sheets"]

_TELLING = ("plays", "tools", "grammar", "endpoint", "data", "temperature", "top_p", "max_tokens", "instruction")
_PLAIN: dict[str, Any] = {"plays": "model", "top_p": 1.0}
_LONGEST = 120
_ORDER = ("asked", "admitted", "payoff", "verdicts", "score", "agreement", "calls", "errors")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table whose cells are text."""

    id: str
    title: str
    note: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: int = 0
    """How many of the last columns are numbers."""


class Gap(NamedTuple):
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


def sheets(run: RunDirectory) -> list[Sheet]:
    """Those that have something to say."""
    found = [_members(members(run)), _gaps(gaps(run)), *_contributions(contributions(run))]
    return [sheet for sheet in found if sheet.rows]


def members(run: RunDirectory) -> dict[str, dict[str, Any]]:
    """What each agent is made of, as its settings say; what is as usual is left out."""
    found = {}
    for name, given in configured(run, "agents").items():
        told = {key: given[key] for key in _TELLING if key in given and given[key] != _PLAIN.get(key, [])}
        domains = given.get("domain", [])
        found[name] = {"domains": [domains] if isinstance(domains, str) else list(domains), **told}
    return found


def gaps(run: RunDirectory) -> list[Gap]:
    """Of every agent and domain, after the last round that examined both splits; empty where none did."""
    fresh = defaultdict[tuple[int, AgentId, str], list[float]](list)
    test = defaultdict[tuple[int, AgentId, str], list[float]](list)
    for scores, split in ((test, "test"), (fresh, "fresh")):
        for e in run.evaluations(split=split):  # type: ignore[arg-type]
            scores[e.round, e.agent, e.problem.domain].append(e.verdict.score)
    last = max((index for index, *_ in fresh), default=None)
    return [
        Gap(agent, domain, *difference(test[index, agent, domain], scores))
        for (index, agent, domain), scores in sorted(fresh.items())
        if index == last and agent != BASE and test.get((index, agent, domain))
    ]


def contributions(run: RunDirectory) -> dict[str, dict[str, dict[str, float]]]:
    """By what was counted (evaluator, asker, tools, endpoint) and name: sums over the rounds, means of shares."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for name, series in run.metrics().items():
        kind, _, rest = name.partition("/")
        who, _, what = rest.rpartition("/")
        if kind in {"evaluator", "asker", "tools", "endpoint", "data"} and who:
            values = [value for _, value in series]
            mean = what in {"score", "agreement", "payoff"}
            found.setdefault(kind, {}).setdefault(who, {})[what] = fmean(values) if mean else sum(values)
    return found


def _members(found: Mapping[str, Mapping[str, Any]]) -> Sheet:
    rows = [
        [name, ", ".join(map(str, told["domains"])) or DASH, _said({k: v for k, v in told.items() if k != "domains"})]
        for name, told in found.items()
    ]
    wanted = any(row[2] != DASH for row in rows)
    note = "What each agent is made of, where it is not as usual."
    return Sheet("members", "Who takes part", note, ("agent", "teaches", "made of"), rows if wanted else [])


def _said(told: Mapping[str, Any]) -> str:
    parts = [f"{key}: {value if isinstance(value, str) else _short(value)}" for key, value in told.items()]
    return "; ".join(part[:_LONGEST] for part in parts) or DASH


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k} {_short(v)}" for k, v in value.items() if v not in ({}, [], 0))
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _gaps(found: Sequence[Gap]) -> Sheet:
    rows = [
        [g.agent, g.domain, *(_share(e) for e in (g.test, g.fresh)), _points(g.gap), "knew the test" if g.found else ""]
        for g in found
    ]
    note = "Accuracy on the evaluation's own problems minus that on fresh ones, with its 95% interval."
    heads = ("agent", "domain", "test", "fresh", "gap", "")
    return Sheet("contamination", "Who knew the test", note, heads, rows, 4)


def _contributions(found: Mapping[str, Mapping[str, Mapping[str, float]]]) -> list[Sheet]:
    named = {
        "asker": ("Who asked", "Questions of each asker, what the gate let through, and the mean payoff."),
        "evaluator": ("Who judged", "Verdicts, their mean score, and how often they agreed with the right answer."),
        "tools": ("Tools", "Calls, and those answered by an error."),
        "endpoint": ("Endpoints", "Requests, and those that failed."),
        "data": ("What was studied", "Examples of each source."),
    }
    made = []
    for kind, (title, note) in named.items():
        seen = dict.fromkeys(what for told in found.get(kind, {}).values() for what in told)
        heads = sorted(seen, key=lambda what: _ORDER.index(what) if what in _ORDER else len(_ORDER))
        rows = [[who, *(_count(told.get(what)) for what in heads)] for who, told in sorted(found.get(kind, {}).items())]
        made.append(Sheet(kind, title, note, ("name", *heads), rows, len(heads)))
    return made


def _count(value: float | None) -> str:
    if value is None:
        return DASH
    return f"{value:,.0f}" if (value == int(value) and value > 1) or value == 0 else f"{value:.3g}"


def _share(estimate: Estimate) -> str:
    return f"{percent(estimate.mean)} ({between(estimate, share=True)})"


def _points(estimate: Estimate) -> str:
    return f"{signed(estimate.mean)} ({between(estimate, share=False)})"
