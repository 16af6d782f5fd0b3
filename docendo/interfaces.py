"""The verbs of the loop. Implementations satisfy these by shape; nobody inherits."""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

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
    Verdict,
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


class Grader(Protocol):
    def __call__(self, problem: Problem, text: str) -> Verdict:
        """The score of `text` as an answer, in [0, 1]. Never raises, whatever `text` holds."""
        ...


class Reward(Protocol):
    def __call__(self, episode: Episode) -> Payoff: ...


class Learner(Protocol):
    def update(self, credits: Sequence[Credit], examples: Sequence[Example]) -> dict[str, float]:
        """Train on one round; returns what was measured while training."""
        ...


class Standings(Protocol):
    def rate(self, row: AgentId, column: AgentId, domain: str) -> float: ...


class Matchmaker(Protocol):
    def __call__(self, agents: Sequence[AgentId], standings: Standings, count: int, seed: int) -> list[Match]: ...
