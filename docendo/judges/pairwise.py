"""A model that compares: which of two answers to a question is better, asked in both orders.

Axes: N answers, P pairs.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal, NamedTuple

from docendo.interfaces import Engine
from docendo.judges.filters import rejection_reason
from docendo.judges.pointwise import NO_JUDGE_LEFT, choose_judge
from docendo.prompts import preference_prompt
from docendo.records import AgentId, Answer, Request, Verdict
from docendo.seeds import seed_for

__all__ = ["PairwiseJudge", "Preference"]

Preference = Literal["first", "second", "tie"]
_NEIGHBOURS = 2
"""Answers after its own that each is compared with, so four at the most."""
_WORD = 8
_SCORE: dict[Preference, float] = {"first": 1.0, "tie": 0.5, "second": 0.0}


class _Pair(NamedTuple):
    first: int
    second: int


@dataclass(frozen=True)
class PairwiseJudge:
    """An answer's score is its share of the comparisons with other answers to the same question, a tie half of one."""

    engine: Engine
    judges: Sequence[AgentId]
    """Of whom one compares each pair: neither author, and not who asked."""
    experts: Mapping[str, Collection[AgentId]] = field(default_factory=dict)
    """Of each domain: they come before other judges."""
    longest: int = 1000
    """Bytes of an answer that is read, so that two always fit the context."""

    def __call__(self, answers: Sequence[Answer]) -> list[Verdict]:
        """One verdict per answer, in order; 0 for what is kept from a judge, 0.5 where there is nothing to compare."""
        kept = (rejection_reason(a.problem, a.text, self.longest) for a in answers)
        found = {i: Verdict(0.0, why) for i, why in enumerate(kept) if why}
        pairs_P = _pairs(answers, [i for i in range(len(answers)) if i not in found])
        scores: dict[int, list[float]] = {i: [] for i in range(len(answers))}
        asked = self.prefer([(answers[p.first], answers[p.second]) for p in pairs_P])
        for pair, choice in zip(pairs_P, asked, strict=True):
            if choice is not None:
                scores[pair.first].append(_SCORE[choice])
                scores[pair.second].append(1 - _SCORE[choice])
        alone = Verdict(0.5, "no other answer to compare it with")
        unjudged = {
            i for p, choice in zip(pairs_P, asked, strict=True) if choice is None for i in p
        }
        for i in range(len(answers)):
            none = NO_JUDGE_LEFT if i in unjudged else alone
            found.setdefault(i, _mean(scores[i]) if scores[i] else none)
        return [found[i] for i in range(len(answers))]

    def prefer(self, pairs_P: Sequence[tuple[Answer, Answer]]) -> list[Preference | None]:
        """Which of each two answers to a question is better: a tie unless the judge says the same of both orders.

        None where nobody is left to judge. The guards are the caller's.
        """
        judges_P = [self._who(*pair) for pair in pairs_P]
        requests = {
            (p, order): _request(judge, *(pair if order == 0 else pair[::-1]))
            for p, (pair, judge) in enumerate(zip(pairs_P, judges_P, strict=True))
            if judge is not None and pair[0].text.strip() != pair[1].text.strip()
            for order in (0, 1)
        }
        unique = list(dict.fromkeys(requests.values()))
        said = dict(zip(unique, self.engine.sample(unique) if unique else (), strict=True))
        votes = {
            place: said[request].text.strip(" \n\"'`*.").upper()
            for place, request in requests.items()
        }
        return [
            None if judge is None else _agreed(votes.get((p, 0), ""), votes.get((p, 1), ""))
            for p, judge in enumerate(judges_P)
        ]

    def _who(self, first: Answer, second: Answer) -> AgentId | None:
        problem = first.problem
        return choose_judge(
            self.judges,
            problem,
            {first.author, second.author},
            self.experts.get(problem.domain, ()),
        )


def _request(judge: AgentId, first: Answer, second: Answer) -> Request:
    messages = preference_prompt(
        first.problem.prompt, first.text.strip(), second.text.strip()
    )
    return Request(
        judge, messages, seed_for(0, "comparing", first.problem.key), _WORD, 0.0, "judging"
    )


def _agreed(vote: str, swapped: str) -> Preference:
    if (vote, swapped) == ("A", "B"):
        return "first"
    return "second" if (vote, swapped) == ("B", "A") else "tie"


def _pairs(answers: Sequence[Answer], places: Sequence[int]) -> list[_Pair]:
    """Each answer with the next ones to its question, in a circle."""

    def key(i: int) -> str:
        return answers[i].problem.key

    pairs = set[_Pair]()
    for _, group in groupby(sorted(places, key=key), key=key):
        ring = list(group)
        for at, i in enumerate(ring):
            others = (ring[(at + step) % len(ring)] for step in range(1, _NEIGHBOURS + 1))
            pairs |= {_Pair(min(i, j), max(i, j)) for j in others if i != j}
    return sorted(pairs)


def _mean(scores: Sequence[float]) -> Verdict:
    return Verdict(
        sum(scores) / len(scores), f"better in {sum(scores):g} of {len(scores)} comparisons"
    )
