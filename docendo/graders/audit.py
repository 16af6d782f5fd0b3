"""Proves a grader on a source: right answers score 1, and nothing that knows no answer does."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from docendo.interfaces import Evaluator, Grader, Source, Split
from docendo.records import AgentId, Answer, Problem
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
    """Problems with no worked solution to try."""
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
            answers.append(Answer(problem, text, AgentId("nobody"), 0))

    unpassable: dict[Problem, Unpassable] = {}
    for answer, verdict in zip(answers, evaluate(answers), strict=True):
        if verdict.score < 1:
            fault = Unpassable(answer.problem, answer.text, verdict.reason)
            unpassable.setdefault(answer.problem, fault)
    return list(unpassable.values())


def audit(source: Source, grade: Grader, count: int, seed: int) -> AuditReport:
    """Every check on `count` problems of each family, level and split of `source`.

    Raises UserError where a family has fewer problems than `count` in a split.
    """
    problems = list(_draw_problems(source, count, seed))
    checks = []
    for name, write in _RIGHT.items():
        checks.append(_check(name, 1, write, problems, grade))
    # A grader that can be passed without knowing the answer will be, by reinforcement learning.
    for name, write in _WRONG.items():
        checks.append(_check(name, 0, write, problems, grade))
    return AuditReport(source.domain, len(problems), tuple(checks))


def _draw_problems(source: Source, count: int, seed: int) -> Iterator[Problem]:
    for family, levels in source.levels.items():
        for level in levels:
            for split in _SPLITS:
                address = seed_for(seed, "audit", family, level, split)
                yield from source.draw(family, level, count, address, split)


def _check(
    name: str,
    want: int,
    write: Callable[[Problem], str],
    problems: list[Problem],
    grade: Grader,
) -> Check:
    trials = 0
    failures: list[str] = []
    for problem in problems:
        text = write(problem)
        # No worked solution to try; an empty text is a trial only where it must fail.
        if want and not text:
            continue
        trials += 1
        score, reason = grade(problem, text)
        if score != want:
            where = f"{problem.family} level {problem.level}"
            failures.append(f"{where}: {text[-80:]!r} scored {score:g} ({reason})")

    return Check(
        name=name,
        want=want,
        trials=trials,
        failures=len(failures),
        skipped=len(problems) - trials,
        first=failures[0] if failures else "",
    )
