"""Held-out accuracy: everybody on everything, without a lesson, taking the likeliest token at every step."""

from collections.abc import Mapping, Sequence
from statistics import fmean

from docendo.build import Subjects
from docendo.classroom.teaching import Classroom, Try
from docendo.interfaces import Source
from docendo.problems.files import FileSource
from docendo.records import AgentId, Evaluation, Problem
from docendo.seeds import seed_for

__all__ = ["accuracies", "evaluate", "held_out"]


def held_out(found: Subjects, domain: str, count: int, seed: int) -> list[Problem]:
    """`count` held-out problems of a domain, its families and levels as equally as possible, without repeats.

    A user's own file gives all that it has where that is fewer; UseError where a family and level has none.
    """
    courses, source = found.courses[domain], found.sources[domain]
    shares = [count // len(courses) + (i < count % len(courses)) for i in range(len(courses))]
    return [
        problem
        for (family, level), share in zip(courses, shares, strict=True)
        if share
        for problem in source.draw(
            family, level, _at_most(source, family, level, share), seed_for(seed, "held-out", family, level), "held-out"
        )
    ]


def _at_most(source: Source, family: str, level: int, share: int) -> int:
    return max(1, min(share, source.size(family, level, "held-out"))) if isinstance(source, FileSource) else share


def evaluate(classroom: Classroom, problems: Mapping[AgentId, Sequence[Problem]], index: int) -> list[Evaluation]:
    """One answer of each agent to each of its problems."""
    wanted = [Try(agent, p, None, "evaluation", 0) for agent, ps in problems.items() for p in ps]
    attempts = classroom.attempt(wanted, temperature=0.0)
    return [
        Evaluation(index, w.agent, w.problem, a.completion.text, a.verdict)
        for w, a in zip(wanted, attempts, strict=True)
    ]


def accuracies(evaluations: Sequence[Evaluation]) -> dict[tuple[AgentId, str], float]:
    """Mean score by agent and domain."""
    scores: dict[tuple[AgentId, str], list[float]] = {}
    for e in evaluations:
        scores.setdefault((e.agent, e.problem.domain), []).append(e.verdict.score)
    return {key: fmean(values) for key, values in scores.items()}
