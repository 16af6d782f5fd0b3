"""Duels: agents play text games against each other, every deal several times and from both seats.

Axes: P pairings, D deals per pairing, S = 2 seatings of each deal, G repetitions of each seating.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from docendo.errors import UserError, suggestion
from docendo.games.text_game import TextGame, Turn, read_move
from docendo.interfaces import Engine
from docendo.records import (
    AgentId,
    Completion,
    Duel,
    Move,
    Pairing,
    Request,
    Rollout,
    base_agent,
)
from docendo.seeds import seed_for

__all__ = ["DuelRules", "DuelRunner"]


@dataclass(frozen=True)
class DuelRules:
    deals: int = 6
    """D. Where it is a multiple of all deals that a game has, nobody has better cards than the other."""
    repeats: int = 4
    """G, at least 2: what an agent earns is compared between the repetitions of one deal."""
    max_tokens: int = 16
    temperature: float = 1.0

    def __post_init__(self) -> None:
        if self.deals < 1 or self.repeats < 2 or self.max_tokens < 1:
            raise UserError(
                f"duels want 1 or more deals and tokens, and 2 or more repeats; got {self}"
            )


@dataclass
class _Table:
    """One duel while it is played."""

    game: TextGame
    players: tuple[AgentId, AgentId]
    deal: str
    seed: int
    moves: list[Move] = field(default_factory=list)

    @property
    def choices(self) -> tuple[str, ...]:
        return tuple(m.choice for m in self.moves)

    @property
    def turn(self) -> Turn | None:
        """Whose turn it is and what that player knows; None where the duel is over."""
        return None if "" in self.choices else self.game.turn(self.deal, self.choices)

    @property
    def payoffs(self) -> tuple[float, float]:
        """The first player's and the second's; an illegal move has lost the full stake."""
        if "" in self.choices:
            return (-1.0, 1.0) if self.moves[-1].seat == 0 else (1.0, -1.0)
        won = self.game.payoff(self.deal, self.choices)
        return won, 0.0 - won


@dataclass(frozen=True)
class DuelRunner:
    engine: Engine
    games: Mapping[str, TextGame]
    """By name."""
    instructions: Mapping[AgentId, str]
    """The system prompt of each agent; copies of an agent have its own."""
    rules: DuelRules = DuelRules()

    def play(self, index: int, pairings_P: Sequence[Pairing], seed: int) -> list[Duel]:
        """All duels of round `index`: P x D x S x G of them, the repetitions of a seating adjacent.

        One batch per ply holds the movers of all duels that still run. A duel depends on its own pairing, its place in
        the list and the seed, and on nothing else in the batch. Raises UseError for a game that there is not.
        """
        tables = [
            table
            for p, pairing in enumerate(pairings_P)
            for table in self._deal(pairing, seed_for(seed, p))
        ]
        while running := [(table, turn) for table in tables if (turn := table.turn)]:
            completions = self.engine.sample(
                [self._request(table, turn) for table, turn in running]
            )
            for (table, turn), completion in zip(running, completions, strict=True):
                table.moves.append(_move(turn, completion))
        return [
            Duel(index, t.game.name, *t.players, t.deal, tuple(t.moves), t.payoffs)
            for t in tables
        ]

    def _deal(self, pairing: Pairing, seed: int) -> list[_Table]:
        if pairing.game not in self.games:
            raise UserError(
                f"no game {pairing.game!r}{suggestion(pairing.game, self.games)}"
            )
        game, r = self.games[pairing.game], self.rules
        seatings_S = (pairing.first, pairing.second), (pairing.second, pairing.first)
        deals_D = game.draw(r.deals, seed_for(seed, "deals"))
        return [
            _Table(game, seatings_S[s], deals_D[d], seed_for(seed, "duel", d, s, g))
            for d, s, g in product(range(r.deals), range(2), range(r.repeats))
        ]

    def _request(self, table: _Table, turn: Turn) -> Request:
        agent, seed = table.players[turn.seat], seed_for(table.seed, len(turn.moves))
        prompt = turn.prompt(self.instructions[base_agent(agent)])
        return Request(
            agent, prompt, seed, self.rules.max_tokens, self.rules.temperature, "duel"
        )


def _move(turn: Turn, completion: Completion) -> Move:
    choice, verdict = read_move(completion.text, turn.legal)
    return Move(turn.seat, turn.view, choice, Rollout(completion, verdict))
