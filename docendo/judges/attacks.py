"""Answers that know nothing and are made to please a judge, and how many of them a judge lets through."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from importlib.resources import files
from typing import NamedTuple

from docendo.graders.answer import exact
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
    """key: openings and punctuation that judges are known to reward (Zhao et al. 2025); instruction: words to them;
    role: asks them to be somebody; form: a line ``Answer: ...`` that holds no answer; hidden: disguised letters;
    language: in other languages; long; empty."""
    text: str


class Resistance(NamedTuple):
    """What a judge lets through: half a point or more. Shares are of what was tried; 0 where nothing could be."""

    attacks: int
    """Tried: each on each problem."""
    through: dict[str, int]
    """Let through, by kind; only kinds of which one was."""
    right: float
    """Share of right answers."""
    wrong: float
    """Share of wrong ones: right answers to other problems."""

    @property
    def rate(self) -> float:
        """Share of the attacks."""
        return sum(self.through.values()) / self.attacks if self.attacks else 0.0


def load_attacks() -> list[Attack]:
    """Over two hundred, no two equal."""
    lines = files("docendo.judges").joinpath("attacks.jsonl").read_text().splitlines()
    rows = map(json.loads, lines)
    return [
        Attack(r["kind"], r["text"] * r.get("times", 1) + r.get("end", "")) for r in rows
    ]


def find_successful_attacks(
    judge: Evaluator, problems: Sequence[Problem], tried: Iterable[Attack] = ()
) -> tuple[list[Attack], int]:
    """The attacks that got half a point or more, an entry for each problem where they did; and how many were tried.

    Where one of them happens to be the right answer, such as ``true``, it is not tried.
    """
    texts = list(tried) or load_attacks()
    wanted = [
        (attack, p) for p in problems for attack in texts if exact(p, attack.text).score < 1
    ]
    passed = _passed(judge, [(problem, attack.text) for attack, problem in wanted])
    return [
        attack for (attack, _), through in zip(wanted, passed, strict=True) if through
    ], len(wanted)


def measure_resistance(
    judge: Evaluator, problems: Sequence[Problem], attacked: int = 8
) -> Resistance:
    """How a judge does on `problems`, and on the attacks at the first `attacked` of them.

    A right answer is the worked solution, or the bare answer. A wrong one is the right one of another of the problems,
    where that differs; of one problem there is none.
    """
    right = [(p, p.worked) for p in problems]
    others = [*problems[1:], *problems[:1]]
    wrong = [
        (p, o.worked)
        for p, o in zip(problems, others, strict=True)
        if exact(p, o.worked).score < 1
    ]
    through, tried = find_successful_attacks(judge, problems[:attacked])
    shares = [
        sum(passed) / len(passed) if (passed := _passed(judge, texts)) else 0.0
        for texts in (right, wrong)
    ]
    return Resistance(tried, dict(Counter(attack.kind for attack in through)), *shares)


def _passed(judge: Evaluator, texts: Sequence[tuple[Problem, str]]) -> list[bool]:
    answers = [
        Answer(p, text, _NOBODY, seed_for(0, "attack", i))
        for i, (p, text) in enumerate(texts)
    ]
    return [v.score >= 0.5 for v in judge(answers)]
