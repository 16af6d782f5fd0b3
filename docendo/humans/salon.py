"""Two agents answer a person without their names, and the person says which answer is better. No printing here.

The terminal (`docendo play`) is one face of it; a web page can be another.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Literal, NamedTuple

from docendo.errors import UseError
from docendo.humans.opinions import Opinions
from docendo.interfaces import Engine
from docendo.prompts import solve
from docendo.records import AgentId, Opinion, Request
from docendo.seeds import seed_for

__all__ = ["Pair", "Salon", "Word"]

Word = Literal["first", "second", "tie", "both bad"]


class Pair(NamedTuple):
    """Two answers to one question; who wrote them is for the host alone until the person has spoken."""

    prompt: str
    first: AgentId
    second: AgentId
    texts: tuple[str, str]


@dataclass
class Salon:
    engine: Engine
    agents: Sequence[AgentId]
    """Two or more."""
    opinions: Opinions
    person: str
    seed: int = 0
    max_tokens: int = 128
    temperature: float = 0.7
    said: list[tuple[int, Opinion]] = field(default_factory=list)
    """The person's opinions of this session, with their numbers."""
    asked: int = 0

    def __post_init__(self) -> None:
        if len(self.agents) < 2:
            raise UseError(f"two agents are needed to compare answers; there is {', '.join(self.agents) or 'none'}")

    def ask(self, prompt: str) -> Pair:
        """The answers of two agents, of those who were compared least. Raises UseError for an empty question."""
        if not prompt.strip():
            raise UseError("an empty question; type one, or q to leave")
        first, second = self._chosen(seed_for(self.seed, "who", self.asked))
        requests = [
            Request(a, solve(prompt.strip()), seed_for(self.seed, "answer", self.asked, a), self.max_tokens,
                    self.temperature, "play")
            for a in (first, second)
        ]  # fmt: skip
        self.asked += 1
        one, other = self.engine.sample(requests)
        return Pair(prompt.strip(), first, second, (one.text, other.text))

    def say(self, pair: Pair, word: Word, right: str = "") -> Opinion:
        """Keep what the person says of a pair, durably."""
        opinion = Opinion(self.person, pair.prompt, pair.first, pair.second, pair.texts, word, right.strip())
        self.said.append((self.opinions.say(opinion), opinion))
        return opinion

    def undo(self) -> Opinion | None:
        """Take the last opinion of this session back; None where there is none."""
        if not self.said:
            return None
        number, opinion = self.said.pop()
        self.opinions.take_back(number)
        return opinion

    def _chosen(self, seed: int) -> tuple[AgentId, AgentId]:
        rng, counts = Random(seed), Counter(a for o in self.opinions.all() for a in (o.first, o.second))
        order = sorted(self.agents, key=lambda a: (counts[a], rng.random()))[:2]
        rng.shuffle(order)
        return order[0], order[1]
