"""Two agents answer a person without their names, and the person says which answer is better.

Nothing is printed here: the terminal (`docendo chat`) is one face of it, and a web page can be another.
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

__all__ = ["AnswerPair", "ComparisonSession"]


class AnswerPair(NamedTuple):
    """Two answers to one question. Who wrote them is hidden from the person until the vote."""

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
    """The round after which the agents are as they are here."""
    recorded: list[tuple[int, Opinion]] = field(default_factory=list)
    """The person's opinions of this session, with their numbers."""
    question_count: int = 0

    def __post_init__(self) -> None:
        self.agents = list(dict.fromkeys(self.agents))
        if len(self.agents) < 2:
            names = ", ".join(self.agents) or "none"
            raise UserError(f"two agents are needed to compare answers; there is {names}")

    def ask(self, prompt: str) -> AnswerPair:
        """The answers of the two agents that were compared with each other least, in a random order.

        Raises UserError for an empty question.
        """
        question = prompt.strip()
        if not question:
            raise UserError("an empty question; type one, or q to leave")
        address = (self.person, self.question_count, prompt)
        pair = self._choose_agents(seed_for(self.seed, "who", *address))

        requests = []
        for agent in pair:
            instruction = self.instructions.get(base_agent(agent), INSTRUCTION)
            request = Request(
                agent=agent,
                messages=solve_prompt(question, instruction),
                seed=seed_for(self.seed, "answer", *address, agent),
                max_tokens=self.max_tokens,
                temperature=self.temperature,
                purpose="play",
            )
            requests.append(request)

        self.question_count += 1
        first, second = self.engine.sample(requests)
        return AnswerPair(question, *pair, (first.text, second.text))

    def record(self, pair: AnswerPair, vote: Vote, right: str = "") -> Opinion:
        """Keep what the person says of a pair, durably."""
        opinion = Opinion(self.person, *pair, vote, right.strip())
        number = self.opinions.record(opinion, self.round)
        self.recorded.append((number, opinion))
        return opinion

    def undo(self) -> AnswerPair | None:
        """Take the last opinion of this session back.

        Returns its pair, to be voted on again, or None where there is none.
        """
        if not self.recorded:
            return None

        number, opinion = self.recorded.pop()
        self.opinions.delete(number)
        return AnswerPair(opinion.prompt, opinion.first, opinion.second, opinion.texts)

    def _choose_agents(self, seed: int) -> tuple[AgentId, AgentId]:
        rng = Random(seed)
        opinions = self.opinions.read_opinions()
        counts = Counter(frozenset((o.first, o.second)) for o in opinions)
        pair = min(
            combinations(self.agents, 2),
            key=lambda agents: (counts[frozenset(agents)], rng.random()),
        )

        # Neither position tells who it is, and a habit of taking the first favours nobody.
        first, second = rng.sample(pair, 2)
        return first, second
