"""What passes between the stages: frozen, printable, and free of behaviour.

problem -> match -> lesson -> attempt -> verdict -> episode -> payoff -> credit -> update
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import groupby
from statistics import fmean
from typing import Literal, NamedTuple, NewType

__all__ = [
    "BASE",
    "DISCARDED",
    "AgentId",
    "Attempt",
    "Completion",
    "Course",
    "Credit",
    "Duel",
    "Episode",
    "Evaluation",
    "Example",
    "Gradient",
    "Kind",
    "Lesson",
    "Match",
    "Message",
    "Move",
    "Pairing",
    "Payoff",
    "Problem",
    "Request",
    "Target",
    "Verdict",
    "Work",
    "by_match",
    "mean_score",
    "origin",
]

AgentId = NewType("AgentId", str)

DISCARDED = "discarded"
"""The purpose of work whose tokens are booked under another purpose too: nobody learns from them."""

BASE = AgentId("base")
"""The bare base model: every engine answers for it, nobody trains it."""


class Kind(NamedTuple):
    """A kind of problem: what is taught, and what a curriculum opens and closes."""

    domain: str
    family: str
    level: int

    def __str__(self) -> str:
        return f"{self.domain}/{self.family}/{self.level}"


class Message(NamedTuple):
    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Problem:
    domain: str
    family: str
    level: int
    prompt: str
    answer: str
    """Read by graders and askers only; never rendered into a prompt."""
    solution: str = ""
    """Reasoning and then a last line ``Answer: ...``; empty where the source has none."""
    tests: tuple[str, ...] = ()
    """Lines like ``f(3) == 7``: a call with literal arguments and the literal it must equal (no sets); empty where
    `answer` is compared as text."""
    source: str = ""
    """A program and its version, a file and row, or the agent that asked it."""

    @property
    def kind(self) -> Kind:
        return Kind(self.domain, self.family, self.level)

    @property
    def key(self) -> str:
        """Content hash: equal for two problems that ask the same thing, 16 hexadecimal digits."""
        text = "\x1f".join((self.domain, self.family, self.prompt, self.answer, *self.tests))
        return blake2b(text.encode(errors="surrogatepass"), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class Request:
    """One completion that is wanted. Its tokens depend on the agent's weights, the messages and the seed alone."""

    agent: AgentId
    messages: tuple[Message, ...]
    seed: int
    max_tokens: int = 64
    temperature: float = 1.0
    """0 takes the likeliest token."""
    purpose: str = "other"
    """What the ledger books the tokens under."""


@dataclass(frozen=True, slots=True)
class Completion:
    text: str
    prompt_tokens: tuple[int, ...] = ()
    tokens: tuple[int, ...] = ()
    """Ends with the end-of-turn token unless `max_tokens` cut it off."""
    logprobs: tuple[float, ...] = ()
    """One per token, under the untempered weights that sampled it, in nats."""


class Verdict(NamedTuple):
    score: float
    """0 is wrong, 1 is right."""
    reason: str


class Attempt(NamedTuple):
    completion: Completion
    verdict: Verdict


class Match(NamedTuple):
    teacher: AgentId
    student: AgentId
    domain: str
    family: str
    level: int

    @property
    def kind(self) -> Kind:
        return Kind(self.domain, self.family, self.level)


class Course(NamedTuple):
    """A kind of problem, who may teach it, and who may be taught it; nobody teaches itself."""

    kind: Kind
    teachers: tuple[AgentId, ...]
    students: tuple[AgentId, ...]


@dataclass(frozen=True, slots=True)
class Lesson:
    """One to three worked examples by the teacher, each the solution of one teaching problem."""

    problems: tuple[Problem, ...]
    examples: tuple[Attempt, ...]

    @property
    def passed(self) -> bool:
        """The gate: every worked example reaches the right answer."""
        return all(a.verdict.score >= 1 for a in self.examples)


@dataclass(frozen=True, slots=True)
class Episode:
    """One lesson of one match, and what it did to the student."""

    round: int
    match: Match
    test: Problem
    """Drawn after the lesson was written; same family and level as the teaching problems, another key."""
    lesson: Lesson
    control: tuple[Attempt, ...]
    """The student on the test problem without the lesson; shared by all lessons of the match."""
    attempts: tuple[Attempt, ...]
    """The student on the test problem with the lesson; empty where the gate stopped the lesson."""
    expected: float
    """The control's score, shrunk towards the running rate of this student on this family and level."""
    again: bool = False
    """Whether the student had met the test problem before: it was chosen, and says nothing about others of its kind."""

    @property
    def gain(self) -> float | None:
        """Mean score with the lesson minus the expected score without; None where the lesson was not shown."""
        return mean_score(self.attempts) - self.expected if self.attempts else None


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
    """All that the player was told of the deal and of the moves so far."""
    choice: str
    """The move that was read; empty where it was illegal."""
    attempt: Attempt
    """Score 1 for a legal move, 0 for an illegal one."""


@dataclass(frozen=True, slots=True)
class Duel:
    """One deal of a two-player game, played to its end."""

    round: int
    game: str
    first: AgentId
    second: AgentId
    deal: str
    """What chance gave to both: in Kuhn poker ``king jack``, the first player's card and the second's."""
    moves: tuple[Move, ...]
    """The last one may be illegal: it loses the deal at the full stake."""
    payoffs: tuple[float, float]
    """The first player's and the second's, which sum to 0; 1 is the full stake."""


class Payoff(NamedTuple):
    teacher: float
    student: tuple[float, ...]
    """One per attempt in `Episode.attempts`."""


class Credit(NamedTuple):
    """One sampled completion and what it was worth: all that the policy gradient sees."""

    agent: AgentId
    completion: Completion
    advantage: float


class Example(NamedTuple):
    """One supervised target: all that imitation sees."""

    agent: AgentId
    messages: tuple[Message, ...]
    text: str
    weight: float = 1.0


class Target(NamedTuple):
    """Token ids to train on: one credit or one example."""

    agent: AgentId
    prompt_tokens: tuple[int, ...]
    tokens: tuple[int, ...]
    weight: float
    """Advantage of a credit, weight of an example."""
    logprobs: tuple[float, ...] = ()
    """Under the weights that sampled the tokens; empty for an example, which nobody sampled."""


class Gradient(NamedTuple):
    """What one step of an agent went along."""

    norm: float
    """Not finite where the step was skipped."""
    noise: float
    """Estimate of ``E|g - E g|^2``, the chance in it; NaN where all rows of the agent were in one half of the batch."""


class Work(NamedTuple):
    """Compute that was spent."""

    agent: AgentId
    purpose: str
    tokens: int
    flops: float


class Evaluation(NamedTuple):
    """One held-out problem, answered without a lesson."""

    round: int
    agent: AgentId
    problem: Problem
    text: str
    verdict: Verdict


def origin(agent: AgentId) -> AgentId:
    """The agent that a snapshot is a copy of: ``emmy`` for ``emmy@12``; any other agent itself."""
    return AgentId(agent.partition("@")[0])


def by_match(episodes: Sequence[Episode]) -> list[list[Episode]]:
    """The episodes of each match, one per lesson: neighbours that agree in problems and, word by word, control."""
    same = groupby(episodes, key=lambda e: (e.round, e.match, e.lesson.problems, e.test, e.control))
    return [list(found) for _, found in same]


def mean_score(attempts: Sequence[Attempt]) -> float:
    """Mean verdict in [0, 1]. `attempts` is not empty."""
    return fmean(a.verdict.score for a in attempts)
