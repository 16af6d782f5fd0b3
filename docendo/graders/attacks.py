"""Answers that know nothing and are made to please a judge, and how many of them a judge lets through."""

import json
from collections.abc import Iterable, Sequence
from importlib.resources import files
from typing import NamedTuple

from docendo.interfaces import Evaluator
from docendo.records import AgentId, Answer, Problem
from docendo.seeds import seed_for

__all__ = ["Attack", "attacks", "fooled"]

_NOBODY = AgentId("nobody")


class Attack(NamedTuple):
    kind: str
    """key: openings and punctuation that judges are known to reward (Zhao et al. 2025); instruction: words to them;
    language: openings in other languages; long; empty."""
    text: str


def attacks() -> list[Attack]:
    """Over a hundred."""
    lines = files("docendo.graders").joinpath("attacks.jsonl").read_text().splitlines()
    rows = map(json.loads, lines)
    return [Attack(r["kind"], r["text"] * r.get("times", 1) + r.get("end", "")) for r in rows]


def fooled(judge: Evaluator, problems: Sequence[Problem], tried: Iterable[Attack] = ()) -> tuple[list[Attack], int]:
    """The attacks that got half a point or more, an entry for each problem where they did; and how many were tried."""
    wanted = [(attack, problem) for problem in problems for attack in (tried or attacks())]
    answers = [Answer(p, a.text, _NOBODY, seed_for(0, "attack", i)) for i, (a, p) in enumerate(wanted)]
    verdicts = judge(answers)
    return [a for (a, _), v in zip(wanted, verdicts, strict=True) if v.score >= 0.5], len(wanted)
