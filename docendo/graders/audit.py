"""Proves an evaluator on a source: right answers score 1, and neither near misses nor what knows no answer does."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from docendo.graders.near_misses import NEAR_MISSES, find_near_misses
from docendo.interfaces import Evaluator, Source, Split
from docendo.records import AgentId, Answer, Problem, Verdict
from docendo.seeds import seed_for

__all__ = ["AuditReport", "Check", "Unpassable", "audit", "find_unpassable"]

_NUMBERS = [str(n) for n in range(1001)]
_SPLITS: tuple[Split, ...] = ("train", "held-out")

_RIGHT: dict[str, Callable[[Problem], str]] = {
    "the answer": lambda problem: f"Answer: {problem.answer}",
    "the worked solution": lambda problem: problem.solution,
}
_WRONG: dict[str, Callable[[Problem], str]] = {
    "nothing": lambda _: "",
    "white space": lambda _: " \n\t\n ",
    "an empty answer": lambda _: "Answer:",
    "junk": lambda _: "I think, therefore %$#@! qzx\nAnswer: ???",
    "the question": lambda problem: problem.prompt,
    "the question as the answer": lambda problem: f"Answer: {problem.prompt}",
    "every number": lambda _: " ".join(_NUMBERS),
    "every number on its own line": lambda _: "\n".join(_NUMBERS),
    "every number as the answer": lambda _: f"Answer: {', '.join(_NUMBERS)}",
}


class Check(NamedTuple):
    """How one kind of text was graded over the whole source."""

    name: str
    want: int
    """The score that every trial must have."""
    trials: int
    failures: int
    skipped: int
    """Problems with nothing of this kind to try, such as no worked solution."""
    first: str
    """The first failure: where, what was written and the verdict; empty where there is none."""


@dataclass(frozen=True, slots=True)
class AuditReport:
    domain: str
    problems: int
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        return not any(check.failures for check in self.checks)


class Unpassable(NamedTuple):
    """A problem whose own answer is not right for its evaluator, so nobody can pass it."""

    problem: Problem
    text: str
    """The worked solution or the bare answer, as it was graded."""
    reason: str
    """Of the verdict."""


def find_unpassable(evaluate: Evaluator, problems: Sequence[Problem]) -> list[Unpassable]:
    """The first text of each problem's own that does not score 1, in the order of `problems`.

    A problem's own texts are its worked solution and its bare answer. One that has neither a
    right answer nor tests is passed over.
    """
    answers = []
    for problem in problems:
        if not (problem.answer or problem.tests):
            continue
        texts = [problem.worked]
        if problem.answer:
            texts.append(f"Answer: {problem.answer}")
        for text in dict.fromkeys(texts):
            answers.append(_nobodys_answer(problem, text))

    unpassable: dict[Problem, Unpassable] = {}
    for answer, verdict in zip(answers, evaluate(answers), strict=True):
        if verdict.score < 1:
            fault = Unpassable(answer.problem, answer.text, verdict.reason)
            unpassable.setdefault(answer.problem, fault)
    return list(unpassable.values())


def audit(source: Source, evaluate: Evaluator, count: int, seed: int) -> AuditReport:
    """Every check on `count` problems of each family, level and split of `source`.

    Raises UserError where a family has fewer problems than `count` in a split.
    """
    problems = list(_draw_problems(source, count, seed))
    trials = list(_write_trials(problems))
    verdicts = evaluate([_nobodys_answer(problem, text) for _, problem, text in trials])

    tried = list(zip(trials, verdicts, strict=True))
    checks = [_check(name, 1, tried, len(problems)) for name in _RIGHT]
    for name in (*_WRONG, *NEAR_MISSES):
        checks.append(_check(name, 0, tried, len(problems)))
    return AuditReport(source.domain, len(problems), tuple(checks))


def _nobodys_answer(problem: Problem, text: str) -> Answer:
    return Answer(problem, text, AgentId("nobody"), 0)


def _write_trials(problems: list[Problem]) -> Iterator[tuple[str, Problem, str]]:
    """The name of a check, a problem, and a text for it; none where there is nothing to try."""
    neighbours = [*problems[1:], *problems[:1]]
    for problem, neighbour in zip(problems, neighbours, strict=True):
        for name, write in _RIGHT.items():
            if text := write(problem):
                yield name, problem, text
        # A grader that can be passed without knowing the answer will be, by reinforcement learning.
        for name, write in _WRONG.items():
            yield name, problem, write(problem)
        for name, text in find_near_misses(problem, neighbour):
            yield name, problem, text


def _draw_problems(source: Source, count: int, seed: int) -> Iterator[Problem]:
    for family, levels in source.levels.items():
        for level in levels:
            for split in _SPLITS:
                address = seed_for(seed, "audit", family, level, split)
                yield from source.draw(family, level, count, address, split)


def _check(
    name: str,
    want: int,
    tried: Sequence[tuple[tuple[str, Problem, str], Verdict]],
    problems: int,
) -> Check:
    trials = 0
    failures: list[str] = []
    for (check, problem, text), (score, reason) in tried:
        if check != name:
            continue
        trials += 1
        if score != want:
            where = f"{problem.family} level {problem.level}"
            failures.append(f"{where}: {text[-80:]!r} scored {score:g} ({reason})")

    return Check(
        name=name,
        want=want,
        trials=trials,
        failures=len(failures),
        skipped=problems - trials,
        first=failures[0] if failures else "",
    )
