"""Single problems that are worth meeting again: those that a student sometimes solves and sometimes does not."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from random import Random
from typing import Any, NamedTuple

from docendo.league.curriculum import replay_weights
from docendo.records import AgentId, Episode, Problem, TaskType, mean_score, problem_of

__all__ = ["ProblemReplay", "ReplayEntry"]


class ReplayEntry(NamedTuple):
    problem: Problem
    score: float
    """p(1-p) of all attempts at it, with any lesson, in the round when it was last met."""
    round: int


@dataclass
class ProblemReplay:
    """Prioritized Level Replay (Jiang et al. 2021) over single problems, for every student and kind of problem."""

    share: float = 0.0
    """How often a problem from the deck is met instead of a fresh one; 0 keeps no deck."""
    beta: float = 0.3
    rho: float = 0.1
    size: int = 64
    """Problems kept of each student and kind; those met longest ago leave first."""
    clock: int = 0
    cards: dict[str, dict[str, ReplayEntry]] = field(default_factory=dict)
    """By student and kind, and then by the problem's key."""

    def draw(
        self, student: AgentId, kind: TaskType, avoid: Sequence[Problem], seed: int
    ) -> Problem | None:
        """A problem to meet again, none of `avoid`; None where a fresh one is better or none is known."""
        rng, keys = Random(seed), {p.key for p in avoid}
        cards = [
            c
            for key, c in self.cards.get(_place(student, kind), {}).items()
            if key not in keys
        ]
        if not cards or rng.random() >= self.share:
            return None
        weights = replay_weights(
            [c.score for c in cards],
            [self.clock - c.round for c in cards],
            self.beta,
            self.rho,
        )
        return rng.choices(cards, weights.tolist())[0].problem

    def observe(self, episodes: Sequence[Episode]) -> None:
        """Take in what was met: keep what varied, drop what was always or never solved."""
        met: dict[tuple[str, str], list[Episode]] = {}
        for e in episodes:
            self.clock = max(self.clock, e.round)
            if self.share and e.attempts:
                met.setdefault(
                    (_place(e.match.student, e.match.kind), e.test.key), []
                ).append(e)
        for (place, key), found in met.items():
            pile = self.cards.setdefault(place, {})
            pile.pop(key, None)
            rate = mean_score([attempt for e in found for attempt in e.attempts])
            if 0 < rate < 1:
                pile[key] = ReplayEntry(found[0].test, rate * (1 - rate), found[0].round)
            while len(pile) > self.size:
                del pile[next(iter(pile))]

    def state(self) -> dict[str, Any]:
        """JSON from which `restore` makes an equal object."""
        piles = {
            place: [[asdict(c.problem), c.score, c.round] for c in pile.values()]
            for place, pile in self.cards.items()
        }
        return {"clock": self.clock, "cards": piles}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.clock, self.cards = state["clock"], {}
        for place, pile in state["cards"].items():
            cards = [ReplayEntry(problem_of(fields), *rest) for fields, *rest in pile]
            self.cards[place] = {c.problem.key: c for c in cards}


def _place(student: AgentId, kind: TaskType) -> str:
    return f"{student}|{kind}"
