"""Standings that say the same of everybody, and agents that lessons help."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from docendo.league.posteriors import GainPosterior, RatePosterior
from docendo.records import AgentId, Example, Message, Request, TaskType
from tests.toys import right, said, shares, wrong


@dataclass
class Known:
    """Standings that say the same about everybody: gain 0, and this rate without a lesson from so much evidence."""

    rate: float = 0.0
    evidence: float = 0.0

    def unaided_rate(
        self, student: AgentId, family: str, level: int
    ) -> tuple[float, float]:
        return self.rate, self.evidence

    def rates_after_lesson(
        self, students: Sequence[AgentId], task_types: Sequence[TaskType]
    ) -> RatePosterior:
        return self._same(len(task_types))

    def rates_unaided(
        self, agents: Sequence[AgentId], task_types: Sequence[TaskType]
    ) -> RatePosterior:
        return self._same(len(task_types))

    def gains(
        self, teachers: Sequence[AgentId], students: Sequence[AgentId], subject: str
    ) -> GainPosterior:
        nothing = np.zeros(max(len(teachers), len(students)))
        return GainPosterior(nothing, nothing, nothing, nothing)

    def _same(self, count: int) -> RatePosterior:
        return shares(*[(self.rate * self.evidence, self.evidence)] * count)


def helped(request: Request) -> str:
    """Ann and Cat teach well; a student is right where the lesson says how."""
    return (
        right(request)
        if request.purpose == "lesson" or "carry" in said(request)
        else wrong(request)
    )


@dataclass
class Likes:
    """A scorer: every token has log-probability -2, and 1 more for each of the words in the prompt."""

    words: tuple[str, ...] = ("carry",)
    examples: list[Example] = field(default_factory=list)
    purposes: set[str] = field(default_factory=set)

    def score(self, examples: Sequence[Example], purpose: str) -> list[tuple[float, ...]]:
        self.examples += examples
        self.purposes.add(purpose)
        scores = []
        for example in examples:
            prompt = " ".join(message.content for message in example.messages)
            liked = sum(word in prompt for word in self.words)
            scores.append((liked - 2.0,) * len(example.text.split()))
        return scores


def by_first_line(request: Request) -> str:
    """Right, whatever is said below the question or after a mistake."""
    is_lesson = request.purpose == "lesson"
    question = request.messages[1 if is_lesson else -1].content.splitlines()[0]
    return right(replace(request, messages=(Message("user", question),)))
