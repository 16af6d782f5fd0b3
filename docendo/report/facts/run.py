"""From a run directory to numbers: one pass over it makes `Facts`, and everything else is a function of those."""

import math
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from docendo.records import BASE, AgentId, Episode, Usage, base_agent, mean_score
from docendo.statistics import (
    Estimate,
    PairedChange,
    PairedScores,
    clustered_mean,
    clustered_share,
    paired_change,
    wilson_interval,
)
from docendo.store import RoundRow, RunDirectory

__all__ = [
    "Facts",
    "LessonFact",
    "ScoresByCell",
    "TeachingSummary",
    "accuracy",
    "base_accuracy",
    "collect",
    "configured",
    "domains",
    "evaluation_rounds",
    "flat_groups",
    "gain_matrix",
    "knowledge",
    "learning_curve",
    "mean_gain",
    "settings",
    "summarise_teaching",
    "table_name",
]

_PAST = " (past)"

ScoresByCell = Mapping[tuple[int, str, str], Mapping[str, Sequence[float]]]
"""Scores by problem key, of each (round, agent, domain)."""


class LessonFact(NamedTuple):
    """What the numbers need of an episode."""

    match: tuple[str, ...]
    """The same for all lessons of one match."""
    teacher: str
    student: str
    domain: str
    passed: bool
    gain: float | None
    flat: bool
    """Whether all attempts with the lesson got the same score; False where it was not shown."""
    score: float | None = None
    """The student's mean score with the lesson; None where it was not shown."""


@dataclass(frozen=True, slots=True)
class Facts:
    name: str
    model: str
    finished: bool
    owns: Mapping[str, tuple[str, ...]]
    """Every learning agent, in the order of the configuration, with the domains it is an expert of."""
    rounds: Sequence[RoundRow]
    scores: ScoresByCell
    lessons: Sequence[LessonFact]
    ledger: Sequence[Usage]


class TeachingSummary(NamedTuple):
    """What one teacher taught one student in one domain."""

    teacher: str
    student: str
    domain: str
    lessons: int
    passed: int
    gain: Estimate | None
    """Over the lessons that were shown."""


def collect(run: RunDirectory) -> Facts:
    """Everything the report counts, read in one pass."""
    config = _parsed(run.config_toml)
    scores: dict[tuple[int, str, str], dict[str, list[float]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for row in run.evaluations():
        if math.isfinite(row.verdict.score):
            scores[row.round, row.agent, row.problem.domain][row.problem.key].append(
                row.verdict.score
            )
    lessons = [_lesson(episode) for episode in run.episodes()]
    seen = {agent for _, agent, _ in scores} | {
        n for x in lessons for n in (x.teacher, x.student) if _PAST not in n
    }
    return Facts(
        name=run.path.resolve().name,
        model=_model(config),
        finished=run.finished,
        owns=_owners(config, seen),
        rounds=run.rounds(),
        scores=scores,
        lessons=lessons,
        ledger=run.ledger(),
    )


def _lesson(episode: Episode) -> LessonFact:
    match = episode.match
    address = (str(episode.round), *map(str, match), episode.test.key)
    flat = len({a.verdict.score for a in episode.attempts}) == 1
    who = table_name(match.teacher), table_name(match.student)
    score = mean_score(episode.attempts) if episode.attempts else None
    return LessonFact(
        address, *who, match.domain, episode.lesson.passed, episode.gain, flat, score
    )


def table_name(agent: AgentId) -> str:
    """All frozen copies of an agent are one line of a table."""
    return agent if base_agent(agent) == agent else base_agent(agent) + _PAST


def configured(run: RunDirectory, section: str) -> dict[str, dict[str, Any]]:
    """The tables of a section of the run's configuration, by name."""
    return {k: v for k, v in settings(run, section).items() if isinstance(v, dict)}


def settings(run: RunDirectory, section: str) -> dict[str, Any]:
    """A section of the run's configuration; empty where it has none."""
    table = _parsed(run.config_toml).get(section)
    return table if isinstance(table, dict) else {}


def _parsed(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}


def _owners(config: Mapping[str, Any], seen: Iterable[str]) -> dict[str, tuple[str, ...]]:
    table = config.get("agents")
    given = (
        {k: v for k, v in table.items() if isinstance(v, dict)}
        if isinstance(table, dict)
        else {}
    )
    named = {
        k: v.get("domain") for k, v in given.items() if v.get("plays", "model") == "model"
    }
    lists = {
        name: [domain] if isinstance(domain, str) else domain
        for name, domain in named.items()
    }
    owns = {
        name: tuple(map(str, domains)) if isinstance(domains, list) else ()
        for name, domains in lists.items()
    }
    return owns | {name: () for name in sorted(seen) if name not in given and name != BASE}


def _model(config: Mapping[str, Any]) -> str:
    """The base model's name, wherever a configuration may say it; empty where it does not."""
    for table in (config, config.get("model"), config.get("engine")):
        for key in ("model", "base", "name", "path"):
            value = table.get(key) if isinstance(table, dict) else None
            if isinstance(value, str):
                return value
    return ""


def domains(facts: Facts) -> list[str]:
    """Every domain that was evaluated, in the order of its owners and then of the alphabet."""
    evaluated = {d for _, _, d in facts.scores}
    owned = [d for domains in facts.owns.values() for d in domains if d in evaluated]
    return list(dict.fromkeys((*owned, *sorted(evaluated))))


def evaluation_rounds(facts: Facts) -> tuple[int | None, int | None]:
    """The rounds of the start (after the experts stage) and the end; None where there is no such evaluation.

    A run that has no experts stage starts with its first evaluation. Only learners' rows count.
    """
    measured = sorted({r for r, agent, _ in facts.scores if agent in facts.owns})
    if not measured:
        return None, None
    experts = {r.round for r in facts.rounds if r.stage == "experts"}
    start = max((r for r in measured if r in experts), default=measured[0])
    return start, measured[-1] if measured[-1] > start else None


def accuracy(facts: Facts, round: int | None, agent: str) -> dict[str, Estimate]:
    """The agent's accuracy in each domain after a round, with Wilson's interval; a domain not measured is absent."""
    found = {}
    for domain in domains(facts):
        scores = [
            s
            for some in facts.scores.get(
                (-1 if round is None else round, agent, domain), {}
            ).values()
            for s in some
        ]
        if scores and round is not None:
            mean = math.fsum(scores) / len(scores)
            found[domain] = Estimate(mean, *wilson_interval(mean, len(scores)), len(scores))
    return found


def base_accuracy(facts: Facts) -> dict[str, Estimate]:
    """The base model's accuracy in each domain, at the first round where it was measured."""
    first = min((r for r, agent, _ in facts.scores if agent == BASE), default=None)
    return accuracy(facts, first, BASE)


def knowledge(facts: Facts, *, own: bool) -> PairedChange:
    """Mean accuracy over the agents in their own domain, or over agents and domains that are not theirs.

    Without a lesson, from start to end; the interval is of the rise, problems drawn anew within each domain.
    """
    start, end = evaluation_rounds(facts)
    if start is None:
        return PairedChange(None, None, None, None, None)
    if end is None:
        cells = [
            accuracy(facts, start, a)[d].mean
            for a in facts.owns
            for d in accuracy(facts, start, a)
            if (d in facts.owns[a]) == own
        ]
        return PairedChange(
            math.fsum(cells) / len(cells) if cells else None, None, None, None, None
        )
    strata = []
    for domain in domains(facts):
        takers = [a for a, owned in facts.owns.items() if (domain in owned) == own]
        before = [facts.scores.get((start, a, domain), {}) for a in takers]
        after = [facts.scores.get((end, a, domain), {}) for a in takers]
        keys = dict.fromkeys(key for some in (*before, *after) for key in some)
        strata.append(
            [PairedScores(*_sums(before, key), *_sums(after, key)) for key in keys]
            if takers
            else []
        )
    return paired_change(strata)


def _sums(
    cells: Sequence[Mapping[str, Sequence[float]]], key: str
) -> tuple[tuple[float, ...], tuple[int, ...]]:
    scores = [cell.get(key, ()) for cell in cells]
    return tuple(math.fsum(s) for s in scores), tuple(len(s) for s in scores)


def learning_curve(facts: Facts, domain: str, agents: Iterable[str]) -> dict[int, Estimate]:
    """Mean accuracy over the agents after each round that evaluated all of them; problems are the independent units.

    Rounds in which only the experts were examined are left out: a mean over other agents is no point of the same curve.
    """
    chosen, seen = set(agents), defaultdict[int, set[str]](set)
    groups: dict[int, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for (index, agent, where), cell in facts.scores.items():
        if agent in chosen and where == domain:
            seen[index].add(agent)
            for key, scores in cell.items():
                groups[index][key].extend(scores)
    return {
        index: clustered_share(list(groups[index].values()))
        for index in sorted(groups)
        if seen[index] == chosen
    }


def mean_gain(lessons: Iterable[LessonFact]) -> Estimate | None:
    """Mean gain of the lessons that were shown, the matches being the independent units; None for no lesson."""
    groups: dict[tuple[str, ...], list[float]] = defaultdict(list)
    for lesson in lessons:
        if lesson.gain is not None and math.isfinite(lesson.gain):
            groups[lesson.match].append(lesson.gain)
    if not groups:
        return None
    mean, low, high, n = clustered_mean(list(groups.values()))
    if low is None or high is None:
        return Estimate(mean, low, high, n)
    return Estimate(mean, max(low, -1.0), min(high, 1.0), n)


def gain_matrix(facts: Facts) -> dict[str, dict[str, Estimate]]:
    """Mean gain by teacher and student; a pair without a shown lesson is absent."""
    pairs: dict[tuple[str, str], list[LessonFact]] = defaultdict(list)
    for lesson in facts.lessons:
        pairs[lesson.teacher, lesson.student].append(lesson)
    matrix: dict[str, dict[str, Estimate]] = defaultdict(dict)
    for (teacher, student), lessons in sorted(pairs.items()):
        estimate = mean_gain(lessons)
        if estimate:
            matrix[teacher][student] = estimate
    return dict(matrix)


def summarise_teaching(facts: Facts) -> list[TeachingSummary]:
    """Who taught whom what, sorted by teacher, student and domain."""
    groups: dict[tuple[str, str, str], list[LessonFact]] = defaultdict(list)
    for lesson in facts.lessons:
        groups[lesson.teacher, lesson.student, lesson.domain].append(lesson)
    return [
        TeachingSummary(
            *who, len(lessons), sum(x.passed for x in lessons), mean_gain(lessons)
        )
        for who, lessons in sorted(groups.items())
    ]


def flat_groups(facts: Facts) -> dict[str, tuple[int, int]]:
    """(groups, flat ones) by role: a flat group has equal rewards throughout and teaches a policy gradient nothing.

    A student's group is its attempts with one lesson; a teacher's is its lessons of one match, of which those that
    were stopped at the gate are all paid the same.
    """
    matches: dict[tuple[str, ...], list[float | None]] = defaultdict(list)
    for lesson in facts.lessons:
        matches[lesson.match].append(lesson.gain)
    shown = [x for x in facts.lessons if x.gain is not None]
    return {
        "student": (len(shown), sum(x.flat for x in shown)),
        "teacher": (len(matches), sum(len(set(gains)) == 1 for gains in matches.values())),
    }
