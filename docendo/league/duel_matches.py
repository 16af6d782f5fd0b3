"""Opponents for games between agents, by role as in AlphaStar."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from docendo.errors import UserError
from docendo.league.matchmaking import (
    Among,
    Chooser,
    Mixture,
    PrioritizedSelfPlay,
    SelfPlay,
    draw,
    even,
    hard,
)
from docendo.league.standings import LiveStandings
from docendo.parts import PartConfig
from docendo.records import AgentId, Pairing, base_agent

__all__ = [
    "EXPLOITER",
    "LEAGUE_EXPLOITER",
    "MAIN",
    "AlphaStarConfig",
    "DuelMatchmaker",
    "alphastar",
]

MAIN = "main"
EXPLOITER = "exploiter"
LEAGUE_EXPLOITER = "league-exploiter"
_FLOOR = 0.1
"""Probability shared out equally, so that no opponent is forgotten."""


def alphastar(roles: Mapping[AgentId, str]) -> dict[str, Chooser]:
    """The choosers of each role, as in AlphaStar (Vinyals et al. 2019); `roles` are the learners'.

    A main agent plays itself (35 %), everybody and their copies by how hard they are (50 %),
    and exploiters and their copies (15 %). An exploiter plays the main agents as they are now,
    a league exploiter the whole league. AlphaStar's last 15 % include forgotten main agents;
    here the floor under the 50 % covers those.
    """

    def is_exploiter(name: AgentId) -> bool:
        return roles.get(base_agent(name)) in {EXPLOITER, LEAGUE_EXPLOITER}

    def is_main_now(name: AgentId) -> bool:
        # Copies have no role of their own, so only agents that still learn are found here.
        return roles.get(name) == MAIN

    main = Mixture(
        [
            (0.35, SelfPlay()),
            (0.5, PrioritizedSelfPlay(hard, _FLOOR)),
            (0.15, Among(is_exploiter, PrioritizedSelfPlay(even, _FLOOR))),
        ]
    )
    return {
        MAIN: main,
        EXPLOITER: Among(is_main_now, PrioritizedSelfPlay(even, _FLOOR)),
        LEAGUE_EXPLOITER: PrioritizedSelfPlay(hard, _FLOOR),
    }


@dataclass(frozen=True)
class DuelMatchmaker:
    """Learners take turns; each gets an opponent from the chooser of its role."""

    game: str
    roles: Mapping[AgentId, str]
    """Roles of all learners."""
    choosers: Mapping[str, Chooser]
    """By role."""
    scripted_players: Sequence[AgentId] = field(default_factory=tuple)
    """Hard-coded opponents, which never have a turn."""

    def __call__(
        self, present: Sequence[AgentId], standings: LiveStandings, count: int, seed: int
    ) -> list[Pairing]:
        """`count` pairings. `present` are the learners and their frozen copies.

        Raises UserError where nobody learns.
        """
        learners = [name for name in present if name in self.roles]
        opponents = [*present, *self.scripted_players]
        if count and not learners:
            raise UserError(f"{self.game}: no agent learns, so there is nobody to pair")

        rng = np.random.default_rng(seed)
        pairings: list[Pairing] = []
        while len(pairings) < count:
            for i in rng.permutation(len(learners))[: count - len(pairings)]:
                learner = learners[i]
                chooser = self.choosers[self.roles[learner]]
                candidates = standings.opponents_of(learner, opponents, self.game)
                opponent = draw(chooser, candidates, rng)
                pairings.append(Pairing(learner, opponent, self.game))
        return pairings


class AlphaStarConfig(PartConfig):
    """AlphaStar's mixture: 35 % self-play, 50 % hard opponents, 15 % exploiters."""

    type: str = "alphastar"

    def build(self, context: Any = None) -> Chooser:
        """The chooser of main agents; `context` are the roles of all learners."""
        return alphastar(context)[MAIN]
