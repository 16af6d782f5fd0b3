"""The findings of a round, from its episodes alone, and the shares of an agent's texts that they concern."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from statistics import fmean
from typing import NamedTuple

from docendo.monitors.answer_leak import find_leak
from docendo.monitors.degenerate_lesson import find_degeneration, is_near_copy
from docendo.monitors.format_exploit import find_exploit
from docendo.monitors.length_growth import measure_growth
from docendo.monitors.text import tokenize
from docendo.records import AgentId, Episode, Problem, Rollout, base_agent, by_match

__all__ = [
    "Finding",
    "Series",
    "find_all",
    "growth_metrics",
    "length_metrics",
    "share_metrics",
]

Series = Mapping[str, Sequence[tuple[int, float]]]
"""(round, value) of each metric, rounds ascending."""

_PAID = 0.5
_COMPARED = 64
"""Worked examples before each one that it is compared with."""


class Finding(NamedTuple):
    alarm: str
    agent: AgentId
    why: str
    text: str
    """The lesson or the answer."""


def find_all(episodes: Sequence[Episode]) -> list[Finding]:
    """Every lesson that leaks or repeats, every answer that was paid for its form; a copy's are its agent's."""
    return [*_leaks(episodes), *_repeats(episodes), *_forms(episodes)]


def share_metrics(
    episodes: Sequence[Episode], found: Iterable[Finding]
) -> dict[str, float]:
    """``alarm/<name>/<agent>``: the share that was found: of a teacher's shown lessons, of all its lessons,
    or of an agent's answers; ``looked/...``, of how many."""
    lessons, shown, answers = (Counter[AgentId]() for _ in range(3))
    counts = Counter((f.alarm, f.agent) for f in found)
    for e in episodes:
        lessons[base_agent(e.match.teacher)] += 1
        shown[base_agent(e.match.teacher)] += e.lesson.passed
    for agent, _, _ in _answers(episodes):
        answers[agent] += 1
    told = dict[str, float]()
    for alarm, looked in {"leak": shown, "repeat": lessons, "format": answers}.items():
        for agent, count in sorted(looked.items()):
            if count:
                told[f"alarm/{alarm}/{agent}"] = counts[alarm, agent] / count
                told[f"looked/{alarm}/{agent}"] = float(count)
    return told


def length_metrics(episodes: Sequence[Episode]) -> dict[str, float]:
    """``length/lessons/<agent>``, mean tokens of what is written per token of the worked solution, and what lessons
    earn on average as ``earned/lessons/<agent>``; ``.../answers/<agent>`` of what students write likewise."""
    found = defaultdict[str, list[float]](list)
    for e in episodes:
        teacher, student = base_agent(e.match.teacher), base_agent(e.match.student)
        pairs = zip(e.lesson.problems, e.lesson.examples, strict=True)
        found[f"length/lessons/{teacher}"] += [_relative(a, p) for p, a in pairs]
        found[f"earned/lessons/{teacher}"].append(e.gain or 0.0)
        found[f"length/answers/{student}"] += [_relative(a, e.test) for a in e.attempts]
        found[f"earned/answers/{student}"] += [a.verdict.score for a in e.attempts]
    return {name: fmean(values) for name, values in sorted(found.items()) if values}


def growth_metrics(series: Series) -> dict[str, float]:
    """``alarm/growth/<agent>``: by what share its lessons or its answers grew without earning more, the larger one."""
    found = dict[str, float]()
    for name, told in series.items():
        kind, _, rest = name.partition("/")
        if kind == "length":
            key = f"alarm/growth/{rest.partition('/')[2]}"
            found[key] = max(
                found.get(key, 0.0), measure_growth(told, series.get(f"earned/{rest}", ()))
            )
    return found


def _leaks(episodes: Iterable[Episode]) -> Iterator[Finding]:
    """Only of lessons that were shown: what the gate stopped tells nobody anything."""
    for e in episodes:
        if e.lesson.passed and (why := find_leak(e.lesson, e.test)):
            yield Finding("leak", base_agent(e.match.teacher), why, _text(e))


def _repeats(episodes: Sequence[Episode]) -> Iterator[Finding]:
    before = defaultdict[AgentId, list[tuple[str, Problem]]](list)
    for e in episodes:
        teacher = base_agent(e.match.teacher)
        parts = [
            (a.completion.text, p)
            for a, p in zip(e.lesson.examples, e.lesson.problems, strict=True)
        ]
        why = next((w for text, p in parts if (w := find_degeneration(text, p))), "")
        earlier = list(islice(reversed(before[teacher]), _COMPARED))
        if not why and any(
            is_near_copy(part, other) for part in parts for other in earlier
        ):
            why = "it is nearly the lesson on another problem"
        before[teacher] += parts
        if why:
            yield Finding("repeat", teacher, why, _text(e))


def _forms(episodes: Sequence[Episode]) -> Iterator[Finding]:
    """Only answers that were paid, half a point or more: an exploit that got nothing is a failure."""
    for agent, attempt, problem in _answers(episodes):
        if attempt.verdict.score >= _PAID and (
            why := find_exploit(attempt.completion.text, problem)
        ):
            yield Finding("format", agent, why, attempt.completion.text)


def _answers(episodes: Sequence[Episode]) -> Iterator[tuple[AgentId, Rollout, Problem]]:
    """Who wrote what to which problem: worked examples, answers after a lesson, and controls once a match."""
    for lessons in by_match(episodes):
        student = base_agent(lessons[0].match.student)
        yield from ((student, a, lessons[0].test) for a in lessons[0].control)
        for e in lessons:
            teacher = base_agent(e.match.teacher)
            yield from (
                (teacher, a, p)
                for a, p in zip(e.lesson.examples, e.lesson.problems, strict=True)
            )
            yield from ((student, a, e.test) for a in e.attempts)


def _relative(attempt: Rollout, problem: Problem) -> float:
    return len(tokenize(attempt.completion.text)) / max(1, len(tokenize(problem.worked)))


def _text(episode: Episode) -> str:
    return "\n".join(a.completion.text for a in episode.lesson.examples)
