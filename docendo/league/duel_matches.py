"""Who plays whom: opponents by role, for games between agents."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from docendo.errors import UserError
from docendo.league.matchmaking import (
    Among,
    Chooser,
    Mixture,
    Prioritized,
    Self,
    draw,
    even,
    hard,
)
from docendo.league.population import frozen
from docendo.league.standings import LiveStandings
from docendo.records import AgentId, Pairing, origin

__all__ = ["EXPLOITER", "LEAGUE_EXPLOITER", "MAIN", "DuelMatchmaker", "alphastar"]

MAIN = "main"
EXPLOITER = "exploiter"
LEAGUE_EXPLOITER = "league-exploiter"


def alphastar(roles: Mapping[AgentId, str]) -> dict[str, Chooser]:
    """The opponents of each role, as in AlphaStar (Vinyals et al. 2019).

    A main agent plays itself (35 %), everybody and everybody's past by how hard they are (50 %), and exploiters (15 %).
    An exploiter plays the main agents of today, a league exploiter the whole league; both are met as such, today's and
    those of the past. AlphaStar's last 15 % go to forgotten main agents as well; here the floor under the 50 % sees to
    those.
    """
    exploiters = Among(
        lambda name: roles.get(origin(name)) in {EXPLOITER, LEAGUE_EXPLOITER},
        Prioritized(even),
    )
    today = Among(
        lambda name: not frozen(name) and roles.get(name) == MAIN, Prioritized(even)
    )
    return {
        MAIN: Mixture([(0.35, Self()), (0.5, Prioritized(hard)), (0.15, exploiters)]),
        EXPLOITER: today,
        LEAGUE_EXPLOITER: Prioritized(hard),
    }


@dataclass(frozen=True)
class DuelMatchmaker:
    """Learners take turns, and each gets an opponent by the choice of its role."""

    game: str
    roles: Mapping[AgentId, str]
    """Of all learners."""
    choices: Mapping[str, Chooser]
    """By role."""
    others: Sequence[AgentId] = field(default_factory=tuple)
    """Hard-coded players: opponents that never have a turn."""

    def __call__(
        self, present: Sequence[AgentId], standings: LiveStandings, count: int, seed: int
    ) -> list[Pairing]:
        """`count` pairings. `present` are the learners and their frozen copies. Raises UseError for no opponent."""
        rng, pairings = np.random.default_rng(seed), list[Pairing]()
        learners, players = [a for a in present if not frozen(a)], [*present, *self.others]
        if count and not learners:
            raise UserError(f"{self.game}: nobody learns, so nobody needs an opponent")
        while len(pairings) < count:
            for i in rng.permutation(len(learners))[: count - len(pairings)]:
                slate = standings.opponents_of(learners[i], players, self.game)
                pairings.append(
                    Pairing(
                        learners[i],
                        draw(self.choices[self.roles[learners[i]]], slate, rng),
                        self.game,
                    )
                )
        return pairings
