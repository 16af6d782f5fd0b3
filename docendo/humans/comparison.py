"""Two agents answer a person without their names, and the person says which answer is better. No printing here.

The terminal (`docendo chat`) is one face of it; a web page can be another.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from random import Random
from typing import NamedTuple

from docendo.errors import UserError
from docendo.humans.votes import VoteStore
from docendo.interfaces import Engine
from docendo.prompts import INSTRUCTION, solve_prompt
from docendo.records import AgentId, Opinion, Request, Vote, base_agent
from docendo.seeds import seed_for

__all__ = [
    "AnswerPair",
    "ComparisonSession",
]


class AnswerPair(NamedTuple):
    """Two answers to one question; who wrote them is for the host alone until the person has spoken."""

    prompt: str
    first: AgentId
    second: AgentId
    texts: tuple[str, str]


@dataclass
class ComparisonSession:
    engine: Engine
    agents: Sequence[AgentId]
    """Two or more."""
    opinions: VoteStore
    person: str
    seed: int = 0
    max_tokens: int = 128
    temperature: float = 0.7
    instructions: Mapping[AgentId, str] = field(default_factory=dict)
    """System prompts of the agents that have their own; copies of an agent have its own."""
    round: int | None = None
    """After which the agents are as they are here."""
    recorded: list[tuple[int, Opinion]] = field(default_factory=list)
    """The person's opinions of this session, with their numbers."""
    question_count: int = 0

    def __post_init__(self) -> None:
        self.agents = list(dict.fromkeys(self.agents))
        if len(self.agents) < 2:
            raise UserError(
                f"two agents are needed to compare answers; there is {', '.join(self.agents) or 'none'}"
            )

    def ask(self, prompt: str) -> AnswerPair:
        """The answers of the two agents that were compared with each other least, in an order by chance.

        Raises UseError for an empty question.
        """
        if not prompt.strip():
            raise UserError("an empty question; type one, or q to leave")
        first, second = self._chosen(
            seed_for(self.seed, "who", self.person, self.question_count, prompt)
        )
        seeds = [
            seed_for(self.seed, "answer", self.person, self.question_count, prompt, agent)
            for agent in (first, second)
        ]
        requests = [
            Request(
                agent=agent,
                messages=solve_prompt(
                    prompt.strip(), self.instructions.get(base_agent(agent), INSTRUCTION)
                ),
                seed=seed,
                max_tokens=self.max_tokens,
                temperature=self.temperature,
                purpose="play",
            )
            for agent, seed in zip((first, second), seeds, strict=True)
        ]
        self.question_count += 1
        one, other = self.engine.sample(requests)
        return AnswerPair(prompt.strip(), first, second, (one.text, other.text))

    def record(self, pair: AnswerPair, vote: Vote, right: str = "") -> Opinion:
        """Keep what the person says of a pair, durably."""
        opinion = Opinion(
            self.person,
            pair.prompt,
            pair.first,
            pair.second,
            pair.texts,
            vote,
            right.strip(),
        )
        self.recorded.append((self.opinions.record(opinion, self.round), opinion))
        return opinion

    def undo(self) -> AnswerPair | None:
        """Take the last opinion of this session back; its pair, to be said again, or None where there is none."""
        if not self.recorded:
            return None
        number, opinion = self.recorded.pop()
        self.opinions.delete(number)
        return AnswerPair(opinion.prompt, opinion.first, opinion.second, opinion.texts)

    def _chosen(self, seed: int) -> tuple[AgentId, AgentId]:
        rng, counts = (
            Random(seed),
            Counter(frozenset((o.first, o.second)) for o in self.opinions.read_opinions()),
        )
        pair = min(
            combinations(self.agents, 2), key=lambda p: (counts[frozenset(p)], rng.random())
        )
        first, second = rng.sample(pair, 2)
        return first, second
