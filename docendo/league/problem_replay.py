"""A replay buffer of single problems that a student sometimes solves and sometimes does not."""

from collections import defaultdict
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
    """p(1-p) of all attempts at it, with any lesson, in the round when it was tried last."""
    round: int


@dataclass
class ProblemReplay:
    """Prioritized Level Replay (Jiang et al. 2021) over single problems, by student and task type."""

    fraction: float
    """Share of problems that are replayed instead of new; 0 stores nothing."""
    beta: float = 0.3
    rho: float = 0.1
    capacity: int = 64
    """Problems stored of each student and task type; those tried longest ago are dropped first."""
    clock: int = 0
    """The newest round that was observed."""
    entries: dict[str, dict[str, ReplayEntry]] = field(default_factory=dict)
    """By student and task type, and then by the problem's key."""

    def draw(
        self, student: AgentId, task_type: TaskType, avoid: Sequence[Problem], seed: int
    ) -> Problem | None:
        """A problem to try again, none of `avoid`; None if a new one is better or none is stored."""
        rng = Random(seed)
        stored = dict(self.entries.get(_place(student, task_type), {}))
        for problem in avoid:
            stored.pop(problem.key, None)
        if not stored or rng.random() >= self.fraction:
            return None

        entries = list(stored.values())
        scores = [entry.score for entry in entries]
        staleness = [self.clock - entry.round for entry in entries]
        weights = replay_weights(scores, staleness, self.beta, self.rho)
        return rng.choices(entries, weights.tolist())[0].problem

    def observe(self, episodes: Sequence[Episode]) -> None:
        """Store the problems whose outcome varied; drop those always or never solved."""
        episodes_of = defaultdict[tuple[str, str], list[Episode]](list)
        for episode in episodes:
            self.clock = max(self.clock, episode.round)
            if self.fraction and episode.attempts:
                place = _place(episode.match.student, episode.match.task_type)
                episodes_of[place, episode.test.key].append(episode)

        for (place, key), same_test in episodes_of.items():
            stored = self.entries.setdefault(place, {})
            # taken out first: what is put back becomes the newest in the order
            stored.pop(key, None)

            # p(1-p) is the variance of the reward, in place of PLR's mean absolute TD error,
            # which needs a value function. At p of 0 or 1 there is no gradient to replay for.
            rate = mean_score([rollout for e in same_test for rollout in e.attempts])
            if 0 < rate < 1:
                first = same_test[0]
                stored[key] = ReplayEntry(first.test, rate * (1 - rate), first.round)
            if len(stored) > self.capacity:
                del stored[next(iter(stored))]

    def state(self) -> dict[str, Any]:
        """JSON from which `restore` makes an equal object."""
        cards = {}
        for place, stored in self.entries.items():
            cards[place] = [
                (asdict(entry.problem), *entry[1:]) for entry in stored.values()
            ]
        return {"clock": self.clock, "cards": cards}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.clock = state["clock"]
        self.entries = {}
        for place, cards in state["cards"].items():
            stored = self.entries[place] = {}
            for fields, score, round_index in cards:
                problem = problem_of(fields)
                stored[problem.key] = ReplayEntry(problem, score, round_index)


def _place(student: AgentId, task_type: TaskType) -> str:
    return f"{student}|{task_type}"
