"""The verbs of the loop. Implementations satisfy these by shape; nobody inherits."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol

from docendo.records import (
    AgentId,
    Completion,
    Credit,
    Episode,
    Example,
    Match,
    Payoff,
    Problem,
    Request,
    Target,
    Verdict,
    Work,
)

__all__ = [
    "Asker",
    "Engine",
    "Grader",
    "Learner",
    "Matchmaker",
    "Reward",
    "Source",
    "Standings",
    "Stream",
    "Trainable",
]

Stream = Literal["train", "held-out"]
"""Two halves of every source that share no problem, split by the problem's key."""


class Source(Protocol):
    """Problems of one domain, by family and level."""

    @property
    def domain(self) -> str: ...

    @property
    def levels(self) -> Mapping[str, Sequence[int]]:
        """The levels of each family, ascending."""
        ...

    def draw(self, family: str, level: int, count: int, seed: int, stream: Stream) -> list[Problem]:
        """`count` problems with different keys. Raises UseError where there are not that many."""
        ...


class Asker(Protocol):
    def ask(self, count: int, seed: int) -> list[Problem]: ...


class Engine(Protocol):
    def sample(self, requests: Sequence[Request]) -> list[Completion]:
        """One completion per request, in order. Same requests and weights, same tokens."""
        ...

    def drain(self) -> list[Work]:
        """The compute spent since the last call."""
        ...


class Grader(Protocol):
    def __call__(self, problem: Problem, text: str) -> Verdict:
        """The score of `text` as an answer, in [0, 1]. Never raises, whatever `text` holds."""
        ...


class Trainable(Protocol):
    """What a learner needs of an engine."""

    def target(self, example: Example) -> Target:
        """An example as the engine's own token ids."""
        ...

    def train(
        self,
        targets: Sequence[Target],
        loss: Callable[[Any, Any, Any], Any],
        rates: Mapping[AgentId, float],
        purpose: str,
    ) -> dict[AgentId, float]:
        """One optimizer step for every agent that has targets. Returns the norms of the gradients.

        `loss` maps (log-probabilities, the sampler's, weights), each (K,) tokens, to the tokens' losses, (K,).
        """
        ...


class Reward(Protocol):
    def __call__(self, episode: Episode) -> Payoff: ...


class Learner(Protocol):
    def update(self, credits: Sequence[Credit], examples: Sequence[Example]) -> dict[str, float]:
        """Train on one round; returns what was measured while training."""
        ...


class Standings(Protocol):
    def gain(self, teacher: AgentId, student: AgentId, domain: str) -> float:
        """The running mean gain of lessons; 0 for a pair that never met."""
        ...

    def alone(self, student: AgentId, family: str, level: int) -> tuple[float, float]:
        """(rate, evidence): how often the student is right without a lesson, and from how many attempts.

        `family` is ``domain/family``.
        """
        ...


class Matchmaker(Protocol):
    def __call__(self, standings: Standings, count: int, seed: int) -> list[Match]: ...
