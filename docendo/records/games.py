"""What agents did: lessons and their effect, duels, questions, evaluations."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal, NamedTuple

from docendo.records.agents import AgentId
from docendo.records.answers import Completion, Rollout, Verdict, mean_score
from docendo.records.problems import Match, Problem, TaskType

__all__ = [
    "Duel",
    "Episode",
    "EvalSplit",
    "Evaluation",
    "Lesson",
    "Move",
    "Opinion",
    "Pairing",
    "Payoff",
    "Question",
    "Trial",
    "Vote",
    "by_match",
]


@dataclass(frozen=True, slots=True)
class Lesson:
    """One to three worked examples by the teacher, each the solution of one teaching problem."""

    problems: tuple[Problem, ...]
    examples: tuple[Rollout, ...]
    tries: tuple[Rollout, ...] = ()
    """The student's own answers to the problems, one each, before the lesson; empty where it was
    not asked."""

    @property
    def passed(self) -> bool:
        """The gate: every worked example reaches the right answer."""
        return all(a.verdict.score >= 1 for a in self.examples)

    @property
    def mistakes(self) -> tuple[str, ...]:
        """The student's wrong answers, one per problem, which the examples correct.

        Empty where it was right or was not asked.
        """
        if not self.tries:
            return ("",) * len(self.problems)
        texts = [t.completion.text if t.verdict.score < 1 else "" for t in self.tries]
        return tuple(texts)

    @property
    def parts(self) -> "tuple[Lesson, ...]":
        """The lesson in parts that grow: the first third of its lines, two thirds, the whole.

        Parts that are equal count once.
        """
        parts = []
        for thirds in (1, 2, 3):
            examples = tuple(_first_lines(example, thirds) for example in self.examples)
            part = replace(self, examples=examples)
            if part not in parts:
                parts.append(part)
        return tuple(parts)

    def part_after(self, hints: Sequence[Rollout]) -> "Lesson":
        """The part after which the last of the hints was right; all of the lesson where none was."""
        if hints and hints[-1].verdict.score >= 1:
            return self.parts[len(hints) - 1]
        return self


def _first_lines(example: Rollout, thirds: int) -> Rollout:
    completion = example.completion
    lines = completion.text.splitlines(keepends=True)
    text = "".join(lines[: -(-thirds * len(lines) // 3)])
    # the whole text is not cut: it stays what the teacher sampled
    if text == completion.text:
        return example
    return example._replace(completion=Completion(text.rstrip()))


class Trial(NamedTuple):
    """What a lesson did to the probability of a known right answer, before there was a test."""

    problem: Problem
    """Of the lesson's task type, with another key than its problems and the test."""
    gain: float
    """Log-probability of its worked solution after the lesson minus without, in nats per token."""


class Payoff(NamedTuple):
    teacher: float | None
    """None for a lesson that nothing was measured of: it is compared with no other."""
    student: tuple[float, ...]
    """One per attempt in `Episode.attempts`."""


@dataclass(frozen=True, slots=True)
class Episode:
    """One lesson of one match, and what it did to the student."""

    round: int
    match: Match
    test: Problem
    """Drawn after the lesson; of the teaching problems' task type, with another key."""
    lesson: Lesson
    control: tuple[Rollout, ...]
    """The student's attempts without a lesson; shared by all lessons of the match."""
    attempts: tuple[Rollout, ...]
    """The student's attempts with the lesson; empty if the gate withheld it."""
    expected: float
    """Estimate of the student's score without the lesson, from the control and its past rate."""
    again: bool = False
    """Whether the test problem was replayed: it says nothing about others of its type."""
    payoff: Payoff | None = None
    """By the run's reward; computed once, after play."""
    trial: Trial | None = None
    """None where nothing was scored, or no right answer is known."""
    hints: tuple[Rollout, ...] = ()
    """The student's single answers to the test after growing parts of the lesson, up to the first
    right one; empty where the lesson is shown at once."""

    @property
    def gain(self) -> float | None:
        """Mean score with the lesson minus mean score of the control, on the same problem.

        None if the gate withheld the lesson.
        """
        if not self.attempts or not self.control:
            return None
        return mean_score(self.attempts) - mean_score(self.control)

    @property
    def expected_gain(self) -> float | None:
        """Mean score with the lesson minus the expected score without it: less noisy than `gain`.

        None if the gate withheld the lesson.
        """
        return mean_score(self.attempts) - self.expected if self.attempts else None

    @property
    def dense_gain(self) -> float | None:
        """How much likelier the lesson made a known right answer, in nats per token."""
        return self.trial.gain if self.trial else None

    @property
    def shown(self) -> Lesson:
        """What the student read of the lesson before its attempts."""
        return self.lesson.part_after(self.hints)

    @property
    def is_dropped(self) -> bool:
        """Whether the lesson passed and was not shown, since others of its match were chosen."""
        return self.lesson.passed and not self.attempts


class Pairing(NamedTuple):
    """Who plays whom at which game. An agent may play itself."""

    first: AgentId
    second: AgentId
    game: str


class Move(NamedTuple):
    """One turn in a duel."""

    seat: int
    """0 is the first player, 1 the second."""
    view: str
    """All that the player knew of the deal and of the moves so far."""
    choice: str
    """The move that was read; empty where it was illegal."""
    attempt: Rollout
    """Score 1 for a legal move, 0 for an illegal one."""


@dataclass(frozen=True, slots=True)
class Duel:
    """One deal of a two-player game, played to its end."""

    round: int
    game: str
    first: AgentId
    second: AgentId
    deal: str
    """The outcome of chance; in Kuhn poker both cards, such as ``king jack``."""
    moves: tuple[Move, ...]
    """The last one may be illegal: it loses the deal at the full stake."""
    payoffs: tuple[float, float]
    """The first player's and the second's, which sum to 0; 1 is the full stake."""


@dataclass(frozen=True, slots=True)
class Question:
    """What an asker wrote, and what the gate and the answerers made of it."""

    round: int
    asker: AgentId
    """An agent, the base or an endpoint."""
    persona: str
    """Whom the asker posed as; empty where it posed as nobody."""
    task_type: TaskType
    completion: Completion
    problem: Problem | None
    """None where nothing could be read."""
    refused: str
    """Why the gate refused it; empty where it was admitted."""
    tries: tuple[tuple[AgentId, float], ...] = ()
    """Who tried to answer it, and each score."""

    @property
    def payoff(self) -> float:
        """4p(1-p), where p is the answerers' share of right answers; 0 for a question that was refused or not tried."""
        if self.refused or not self.tries:
            return 0.0
        p = sum(score for _, score in self.tries) / len(self.tries)
        return 4 * p * (1 - p)


Vote = Literal["first", "second", "tie", "both bad"]
"""What a person says of two answers."""


class Opinion(NamedTuple):
    """What a person said of two answers to one question; names were hidden."""

    person: str
    prompt: str
    first: AgentId
    second: AgentId
    texts: tuple[str, str]
    choice: Vote
    right: str = ""
    """The right answer, where the person gave one."""


EvalSplit = Literal["test", "fresh"]


class Evaluation(NamedTuple):
    """One held-out problem, answered without a lesson."""

    round: int
    agent: AgentId
    problem: Problem
    text: str
    verdict: Verdict
    split: EvalSplit = "test"
    """The evaluation's own problems, which an agent's data may hold; or others, which nobody's data holds."""


def by_match(episodes: Sequence[Episode]) -> list[list[Episode]]:
    """The episodes of each match, one per lesson: neighbours that agree in problems and, word by word, control."""
    same = groupby(
        episodes, key=lambda e: (e.round, e.match, e.lesson.problems, e.test, e.control)
    )
    return [list(group) for _, group in same]
