"""Two-player zero-sum games in words: values made of pure functions.

The state of a game is its deal and the moves so far. Players alternate, the first player begins, every move is seen by
both, and the game is over where nobody has a legal move. Chance acts once, in the deal.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from docendo import prompts
from docendo.errors import UserError
from docendo.graders.answer import final_answer
from docendo.records import Message, Request, Verdict

__all__ = [
    "TextGame",
    "Turn",
    "demonstrate_rules",
    "information_sets",
    "legal_moves_in",
    "play_random",
    "read_move",
]

_ORNAMENT = " .!\"'`*"
_OFFER = re.compile("'Answer: (.+?)'")


@dataclass(frozen=True)
class TextGame:
    name: str
    rules: str
    """What every prompt begins with. It names no deal, so that a prompt can be searched for what it must not tell."""
    deals: tuple[str, ...]
    """All that chance can do, equally likely."""
    hand: Callable[[str, int], str]
    """(deal, seat) -> the part of the deal that this player sees."""
    view: Callable[[str, tuple[str, ...]], str]
    """(hand, moves) -> what the player to move is told. It never sees the other hand, so it cannot tell it."""
    legal: Callable[[str, tuple[str, ...]], tuple[str, ...]]
    """(hand, moves) -> the legal moves, each a few words on one line; none where the game is over."""
    payoff: Callable[[str, tuple[str, ...]], float]
    """(deal, all moves) -> what the first player wins and the second loses; 1 is the full stake."""

    def __post_init__(self) -> None:
        if not self.deals:
            raise UserError(
                f"game {self.name!r} has no deals; one empty text is enough where chance does nothing"
            )

    def draw(self, count: int, seed: int) -> list[str]:
        """`count` deals, each equally likely; none comes again before all others have come."""
        rng, found = Random(seed), list[str]()
        while len(found) < count:
            found += rng.sample(self.deals, len(self.deals))
        return found[:count]

    def turn(self, deal: str, moves: tuple[str, ...]) -> "Turn | None":
        """What the player who is to move knows; None where the game is over."""
        turn = Turn(self, self.hand(deal, len(moves) % 2), moves)
        return turn if turn.legal else None


class Turn(NamedTuple):
    """One information set: all that a player knows when it is to move."""

    game: TextGame
    hand: str
    moves: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The hand and the moves so far: ``king``, ``jack check bet``."""
        return " ".join((self.hand, *self.moves)).strip()

    @property
    def seat(self) -> int:
        return len(self.moves) % 2

    @property
    def legal(self) -> tuple[str, ...]:
        return self.game.legal(self.hand, self.moves)

    @property
    def view(self) -> str:
        return self.game.view(self.hand, self.moves)

    def prompt(self, instruction: str = prompts.INSTRUCTION) -> tuple[Message, ...]:
        """What a player with this system prompt is asked."""
        return prompts.move_prompt(self.game.rules, self.view, self.legal, instruction)


def information_sets(game: TextGame) -> list[Turn]:
    """Every turn that a player can meet, once: 12 in Kuhn poker. Walks the whole tree: for small games."""
    return list(
        dict.fromkeys(turn for deal in game.deals for turn in _turns(game, deal, ()))
    )


def _turns(game: TextGame, deal: str, moves: tuple[str, ...]) -> Iterator[Turn]:
    if turn := game.turn(deal, moves):
        yield turn
        for choice in turn.legal:
            yield from _turns(game, deal, (*moves, choice))


def read_move(text: str, legal: Sequence[str]) -> tuple[str, Verdict]:
    """The legal move that `text` ends with and score 1; an empty move, score 0 and the reason where it has none.

    The move is read as any final answer is, from the last line ``Answer: ...``. Never raises, whatever `text` holds.
    """
    answer = final_answer(text)
    if answer is None:
        return "", Verdict(0.0, "no move")
    choice = {_plain(move): move for move in legal}.get(_plain(answer))
    if choice is not None:
        return choice, Verdict(1.0, "legal")
    return "", Verdict(0.0, f"{answer[:60]!r} is not one of {', '.join(legal)}")


def _plain(move: str) -> str:
    return move.strip(_ORNAMENT).casefold()


def demonstrate_rules(
    game: TextGame, count: int, seed: int, instruction: str = prompts.INSTRUCTION
) -> list[tuple[tuple[Message, ...], str]]:
    """`count` pairs (prompt, text): turns of random games, each answered with every legal move, one after the other.

    What is imitated from them is which moves there are and how they are written, and nothing of how to play well.
    """
    rng, found = Random(seed), list[tuple[tuple[Message, ...], str]]()
    while len(found) < count:
        turn = rng.choice(_random_game(game, rng))
        found += [
            (turn.prompt(instruction), f"Answer: {choice}")
            for choice in rng.sample(turn.legal, len(turn.legal))
        ]
    return found[:count]


def _random_game(game: TextGame, rng: Random) -> list[Turn]:
    deal, met = rng.choice(game.deals), list[Turn]()
    moves: tuple[str, ...] = ()
    while turn := game.turn(deal, moves):
        met.append(turn)
        moves = (*moves, rng.choice(turn.legal))
    return met


def legal_moves_in(request: Request) -> list[str]:
    """The legal moves, as the prompt of a turn lists them. Raises UseError for any other prompt."""
    found = _OFFER.findall(request.messages[-1].content.rpartition("\n")[2])
    if not found:
        raise UserError(
            f"{request.agent} is a program that plays games; it cannot answer anything else"
        )
    return found


def play_random(request: Request) -> str:
    """A player that makes a random legal move."""
    return f"Answer: {Random(request.seed).choice(legal_moves_in(request))}"
