"""A model that compares: which of two answers to a question is better, asked in both orders.

Axes: N answers, P pairs.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby
from typing import Literal

from docendo.interfaces import Engine
from docendo.judges.filters import rejection_reason
from docendo.judges.pointwise import NO_JUDGE_LEFT, choose_judge, sample_texts
from docendo.prompts import preference_prompt
from docendo.records import AgentId, Answer, Request, Verdict
from docendo.seeds import seed_for

__all__ = ["PairwiseJudge", "Preference"]

Preference = Literal["first", "second", "tie"]
_NEIGHBOURS = 2
"""Answers after its own that each is compared with, so up to four: all pairs would cost N^2 requests."""
_MAX_TOKENS = 8
_SCORES: dict[Preference, float] = {"first": 1.0, "tie": 0.5, "second": 0.0}
_AGREEMENTS: dict[tuple[str, ...], Preference] = {
    ("A", "B"): "first",
    ("B", "A"): "second",
}
"""What the judge says in the given order and in the other one; anything else is a tie."""
_ALONE = Verdict(0.5, "no other answer to compare it with")


@dataclass(frozen=True)
class PairwiseJudge:
    """An answer's score is its share of the comparisons with other answers to the same question.

    A tie counts half.
    """

    engine: Engine
    judges: Sequence[AgentId]
    """One of them compares each pair: neither author, and not who asked."""
    experts: Mapping[str, Collection[AgentId]] = field(default_factory=dict)
    """By domain: they come before other judges."""
    longest: int = 1000
    """Bytes of an answer that is read, so that two always fit the context."""

    def __call__(self, answers: Sequence[Answer]) -> list[Verdict]:
        """One verdict per answer, in order: 0 for what is rejected, 0.5 where there is no other answer."""
        verdicts: dict[int, Verdict] = {}
        accepted: list[int] = []
        for place, answer in enumerate(answers):
            reason = rejection_reason(answer.problem, answer.text, self.longest)
            if reason:
                verdicts[place] = Verdict(0.0, reason)
            else:
                accepted.append(place)

        pairs_P = _pair_neighbours(answers, accepted)
        preferences_P = self.prefer([(answers[i], answers[j]) for i, j in pairs_P])
        scores: dict[int, list[float]] = {place: [] for place in accepted}
        without_judge: set[int] = set()
        for (first, second), preference in zip(pairs_P, preferences_P, strict=True):
            if preference is None:
                without_judge |= {first, second}
                continue
            score = _SCORES[preference]
            scores[first].append(score)
            scores[second].append(1 - score)

        for place in accepted:
            if scores[place]:
                verdicts[place] = _mean_verdict(scores[place])
            else:
                verdicts[place] = NO_JUDGE_LEFT if place in without_judge else _ALONE
        return [verdicts[place] for place in range(len(answers))]

    def prefer(self, pairs_P: Sequence[tuple[Answer, Answer]]) -> list[Preference | None]:
        """Which of each two answers to a question is better.

        A tie unless the judge says the same in both orders; None where no judge is left. Answers
        are not filtered here.
        """
        judges_P: list[AgentId | None] = []
        requests_P: list[tuple[Request, ...]] = []
        for first, second in pairs_P:
            judge = self._choose_judge(first, second)
            judges_P.append(judge)
            # Judges are known to prefer a place, so each pair is asked in both orders.
            requests: tuple[Request, ...] = ()
            if judge is not None and first.text.strip() != second.text.strip():
                requests = (
                    _comparison_request(judge, first, second),
                    _comparison_request(judge, second, first),
                )
            requests_P.append(requests)

        text_of = sample_texts(self.engine, chain.from_iterable(requests_P))
        preferences_P: list[Preference | None] = []
        for judge, requests in zip(judges_P, requests_P, strict=True):
            votes = tuple(_read_vote(text_of[request]) for request in requests)
            preference = None if judge is None else _AGREEMENTS.get(votes, "tie")
            preferences_P.append(preference)
        return preferences_P

    def _choose_judge(self, first: Answer, second: Answer) -> AgentId | None:
        problem = first.problem
        authors = {first.author, second.author}
        experts = self.experts.get(problem.domain, ())
        return choose_judge(self.judges, problem, authors, experts)


def _comparison_request(judge: AgentId, first: Answer, second: Answer) -> Request:
    problem = first.problem
    return Request(
        agent=judge,
        messages=preference_prompt(problem.prompt, first.text.strip(), second.text.strip()),
        seed=seed_for(0, "comparing", problem.key),
        max_tokens=_MAX_TOKENS,
        temperature=0.0,
        purpose="judging",
    )


def _read_vote(text: str) -> str:
    return text.strip(" \n\"'`*.").upper()


def _pair_neighbours(
    answers: Sequence[Answer], places: Sequence[int]
) -> list[tuple[int, int]]:
    """Places of pairs: each answer with the next ones to its question, the first following the last."""

    def key(place: int) -> str:
        return answers[place].problem.key

    pairs: set[tuple[int, int]] = set()
    for _, group in groupby(sorted(places, key=key), key=key):
        cycle = list(group)
        for position, i in enumerate(cycle):
            for step in range(1, _NEIGHBOURS + 1):
                j = cycle[(position + step) % len(cycle)]
                if i != j:
                    pairs.add((min(i, j), max(i, j)))
    return sorted(pairs)


def _mean_verdict(scores: Sequence[float]) -> Verdict:
    total = sum(scores)
    return Verdict(total / len(scores), f"better in {total:g} of {len(scores)} comparisons")
