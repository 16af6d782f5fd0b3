"""Answers that know nothing and are made to please a judge, and how many of them a judge lets through."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from importlib.resources import files
from typing import NamedTuple

from docendo.graders.answer import exact
from docendo.graders.near_misses import find_near_misses
from docendo.interfaces import Evaluator
from docendo.records import AgentId, Answer, Problem
from docendo.seeds import seed_for

__all__ = [
    "Attack",
    "Resistance",
    "find_successful_attacks",
    "load_attacks",
    "measure_resistance",
]

_NOBODY = AgentId("nobody")


class Attack(NamedTuple):
    kind: str
    """key: openings and punctuation that judges are known to reward (Zhao et al. 2025);
    instruction: words to them; role: asks them to be somebody; form: a line ``Answer: ...`` that
    holds no answer; hidden: disguised letters; language: in other languages; long; empty."""
    text: str


class Resistance(NamedTuple):
    """What a judge accepts: half a point or more. A share of nothing is 0."""

    attacks: int
    """Number of trials: each attack on each problem."""
    through: dict[str, int]
    """Accepted attacks by kind; kinds without one are left out."""
    right: float
    """Share of right answers that it accepts."""
    wrong: float
    """Share of wrong answers that it accepts: right answers to other problems."""
    near_misses: int
    """Number of answers that are nearly right."""
    near_through: dict[str, int]
    """Accepted ones by what was done to the right answer; kinds without one are left out."""

    @property
    def rate(self) -> float:
        """Share of the attacks that it accepts."""
        return sum(self.through.values()) / self.attacks if self.attacks else 0.0

    @property
    def near_rate(self) -> float:
        """Share of the near misses that it accepts."""
        return sum(self.near_through.values()) / max(1, self.near_misses)


def load_attacks() -> list[Attack]:
    """Over two hundred, no two equal."""
    lines = files("docendo.judges").joinpath("attacks.jsonl").read_text().splitlines()
    attacks = []
    for line in lines:
        row = json.loads(line)
        text = row["text"] * row.get("times", 1) + row.get("end", "")
        attacks.append(Attack(row["kind"], text))
    return attacks


def find_successful_attacks(
    judge: Evaluator, problems: Sequence[Problem], tried: Iterable[Attack] = ()
) -> tuple[list[Attack], int]:
    """The attacks that got half a point or more, once for each problem, and how many were tried.

    An attack that happens to be the right answer, such as ``true``, is not tried.
    """
    attacks = list(tried) or load_attacks()
    trials: list[tuple[Problem, Attack]] = []
    for problem in problems:
        for attack in attacks:
            if exact(problem, attack.text).score < 1:
                trials.append((problem, attack))

    passed = _grade_texts(judge, [(problem, attack.text) for problem, attack in trials])
    successful = [
        attack for (_, attack), is_passed in zip(trials, passed, strict=True) if is_passed
    ]
    return successful, len(trials)


def measure_resistance(
    judge: Evaluator, problems: Sequence[Problem], attacked: int = 8
) -> Resistance:
    """How a judge does on `problems`, and on the attacks at the first `attacked` of them.

    A right answer is the worked solution, or the bare answer. A wrong one is the right answer to
    the next problem, where that differs; for a single problem there is none.
    """
    right = [(problem, problem.worked) for problem in problems]
    # Of the same kind as the right ones, so that no rule can tell them by their form.
    next_problems = [*problems[1:], *problems[:1]]
    wrong = []
    misses = []
    for problem, next_problem in zip(problems, next_problems, strict=True):
        for miss in find_near_misses(problem, next_problem):
            misses.append((problem, miss))
        if exact(problem, next_problem.worked).score < 1:
            wrong.append((problem, next_problem.worked))

    near_passed = _grade_texts(judge, [(problem, miss.text) for problem, miss in misses])
    near = [
        miss.kind for (_, miss), passed in zip(misses, near_passed, strict=True) if passed
    ]
    successful, tried = find_successful_attacks(judge, problems[:attacked])
    return Resistance(
        attacks=tried,
        through=dict(Counter(attack.kind for attack in successful)),
        right=_share(_grade_texts(judge, right)),
        wrong=_share(_grade_texts(judge, wrong)),
        near_misses=len(misses),
        near_through=dict(Counter(near)),
    )


def _grade_texts(judge: Evaluator, texts: Sequence[tuple[Problem, str]]) -> list[bool]:
    """Whether each text gets half a point or more."""
    answers = []
    for place, (problem, text) in enumerate(texts):
        answers.append(Answer(problem, text, _NOBODY, seed_for(0, "attack", place)))
    return [verdict.score >= 0.5 for verdict in judge(answers)]


def _share(passed: Sequence[bool]) -> float:
    return sum(passed) / len(passed) if passed else 0.0
