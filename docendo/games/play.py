"""Duels: agents play text games, every deal several times and from both seats.

Axes: P pairings, D deals per pairing, S = 2 seatings of each deal, G repetitions of each
seating.
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
    deals: int
    """D. Where it is a multiple of all deals that a game has, nobody has better cards than
    the other."""
    repeats: int
    """G, at least 2: an agent's payoffs are compared between the repetitions of one deal."""
    max_tokens: int
    temperature: float

    def __post_init__(self) -> None:
        if self.deals < 1 or self.repeats < 2 or self.max_tokens < 1:
            raise UserError(
                f"duels need at least 1 deal, 1 token and 2 repeats; got {self}"
            )


@dataclass
class _OngoingDuel:
    game: TextGame
    players: tuple[AgentId, AgentId]
    deal: str
    seed: int
    moves: list[Move] = field(default_factory=list)

    @property
    def choices(self) -> tuple[str, ...]:
        return tuple(move.choice for move in self.moves)

    @property
    def turn(self) -> Turn | None:
        """Whose turn it is and what that player knows; None where the duel is over."""
        choices = self.choices
        return None if "" in choices else self.game.turn(self.deal, choices)

    @property
    def payoffs(self) -> tuple[float, float]:
        """The first player's and the second's; an illegal move has lost the full stake."""
        # As bad as the worst legal play: who is losing gains nothing by breaking off.
        if "" in self.choices:
            return (-1.0, 1.0) if self.moves[-1].seat == 0 else (1.0, -1.0)

        # A difference, so that a draw is 0.0 and not -0.0.
        payoff = self.game.payoff(self.deal, self.choices)
        return payoff, 0.0 - payoff

    def finish(self, round_index: int) -> Duel:
        first, second = self.players
        return Duel(
            round=round_index,
            game=self.game.name,
            first=first,
            second=second,
            deal=self.deal,
            moves=tuple(self.moves),
            payoffs=self.payoffs,
        )


@dataclass(frozen=True)
class DuelRunner:
    """Plays duels in batches."""

    engine: Engine
    games: Mapping[str, TextGame]
    """By name."""
    instructions: Mapping[AgentId, str]
    """The system prompt of each agent; copies of an agent have its own."""
    rules: DuelRules

    def play(
        self, round_index: int, pairings_P: Sequence[Pairing], seed: int
    ) -> list[Duel]:
        """All P x D x S x G duels of a round, the repetitions of a seating adjacent.

        One batch per ply holds the movers of all duels that still run. A duel depends on
        its own pairing, its place in the list and the seed, and on nothing else in the
        batch. Raises UserError for an unknown game.
        """
        duels = []
        for p, pairing in enumerate(pairings_P):
            duels += self._deal(pairing, seed_for(seed, p))

        # A batch per ply: a duel cannot go on before its last move is known, others can.
        while running := [(duel, turn) for duel in duels if (turn := duel.turn)]:
            requests = [self._request(duel, turn) for duel, turn in running]
            completions = self.engine.sample(requests)
            for (duel, turn), completion in zip(running, completions, strict=True):
                duel.moves.append(_parse_move(turn, completion))

        return [duel.finish(round_index) for duel in duels]

    def _deal(self, pairing: Pairing, seed: int) -> list[_OngoingDuel]:
        if pairing.game not in self.games:
            raise UserError(
                f"no game {pairing.game!r}{suggestion(pairing.game, self.games)}"
            )
        # Duplicate deals: both sit in both seats with the same cards, so that luck cancels out.
        game = self.games[pairing.game]
        deals_D = game.draw(self.rules.deals, seed_for(seed, "deals"))
        seatings_S = (
            (pairing.first, pairing.second),
            (pairing.second, pairing.first),
        )

        duels = []
        repeats_G = range(self.rules.repeats)
        for (d, deal), (s, players), g in product(
            enumerate(deals_D), enumerate(seatings_S), repeats_G
        ):
            duel_seed = seed_for(seed, "duel", d, s, g)
            duels.append(_OngoingDuel(game, players, deal, duel_seed))
        return duels

    def _request(self, duel: _OngoingDuel, turn: Turn) -> Request:
        agent = duel.players[turn.seat]
        return Request(
            agent=agent,
            messages=turn.prompt(self.instructions[base_agent(agent)]),
            seed=seed_for(duel.seed, len(turn.moves)),
            max_tokens=self.rules.max_tokens,
            temperature=self.rules.temperature,
            purpose="duel",
        )


def _parse_move(turn: Turn, completion: Completion) -> Move:
    choice, verdict = read_move(completion.text, turn.legal)
    return Move(turn.seat, turn.view, choice, Rollout(completion, verdict))
