"""Two-player zero-sum games in words: values made of pure functions.

The state of a game is its deal and the moves so far. Players alternate, the first player
begins, both see every move, and the game is over where the player to move has no legal
move. Chance acts once, in the deal.
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
    "Moves",
    "TextGame",
    "Turn",
    "demonstrate_rules",
    "information_sets",
    "legal_moves_in",
    "play_random",
    "read_move",
]

_ORNAMENT = " .!\"'`*"
# As `prompts.move_prompt` writes the legal moves.
_OPTION = re.compile("'Answer: (.+?)'")


Moves = tuple[str, ...]
"""Moves in order, of both players in turn."""


@dataclass(frozen=True)
class TextGame:
    name: str
    rules: str
    """The beginning of every prompt. It names no deal, so that tests can search prompts for
    deals."""
    deals: tuple[str, ...]
    """All that chance can do, equally likely."""
    hand: Callable[[str, int], str]
    """(deal, seat) -> the part of the deal that this player sees."""
    view: Callable[[str, Moves], str]
    """(hand, moves) -> what the player to move reads. It never gets the other hand, so it
    cannot show it."""
    legal: Callable[[str, Moves], Moves]
    """(hand, moves) -> the legal moves, each a few words on one line; none where the game
    is over."""
    payoff: Callable[[str, Moves], float]
    """(deal, all moves) -> what the first player wins and the second loses; 1 is the full
    stake."""

    def __post_init__(self) -> None:
        if not self.deals:
            raise UserError(
                f"game {self.name!r} has no deals; "
                "one empty text is enough where chance does nothing"
            )

    def draw(self, count: int, seed: int) -> list[str]:
        """`count` deals, each equally likely; none comes again before all others have come."""
        rng = Random(seed)
        deals: list[str] = []
        while len(deals) < count:
            deals += rng.sample(self.deals, len(self.deals))
        return deals[:count]

    def turn(self, deal: str, moves: Moves) -> "Turn | None":
        """What the player to move knows; None where the game is over."""
        turn = Turn(self, self.hand(deal, len(moves) % 2), moves)
        return turn if turn.legal else None


class Turn(NamedTuple):
    """One information set: all that the player to move knows."""

    game: TextGame
    hand: str
    moves: Moves = ()

    @property
    def name(self) -> str:
        """The hand and the moves so far: ``king``, ``jack check bet``."""
        return " ".join((self.hand, *self.moves)).strip()

    @property
    def seat(self) -> int:
        """0 is the first player, 1 the second."""
        return len(self.moves) % 2

    @property
    def legal(self) -> Moves:
        return self.game.legal(self.hand, self.moves)

    @property
    def view(self) -> str:
        return self.game.view(self.hand, self.moves)

    def prompt(self, instruction: str = prompts.INSTRUCTION) -> tuple[Message, ...]:
        """The prompt of a player with this instruction."""
        return prompts.move_prompt(self.game.rules, self.view, self.legal, instruction)


def information_sets(game: TextGame) -> list[Turn]:
    """Every turn that a player can meet, once: 12 in Kuhn poker.

    Walks the whole tree: for small games.
    """
    turns: dict[Turn, None] = {}
    for deal in game.deals:
        turns |= dict.fromkeys(_walk_turns(game, deal, ()))
    return list(turns)


def _walk_turns(game: TextGame, deal: str, moves: Moves) -> Iterator[Turn]:
    turn = game.turn(deal, moves)
    if turn is None:
        return
    yield turn
    for move in turn.legal:
        yield from _walk_turns(game, deal, (*moves, move))


def read_move(text: str, legal: Sequence[str]) -> tuple[str, Verdict]:
    """The legal move that `text` ends with, and score 1.

    Without one: an empty move, score 0 and the reason.

    The move is read as any final answer is, from the last line ``Answer: ...``. Never
    raises, whatever `text` holds.
    """
    answer = final_answer(text)
    if answer is None:
        return "", Verdict(0.0, "no move")

    # case, full stops and quotation marks are no part of a move: what is trained is the play
    moves_by_text = {_normalize(move): move for move in legal}
    move = moves_by_text.get(_normalize(answer))
    if move is None:
        return "", Verdict(0.0, f"{answer[:60]!r} is not one of {', '.join(legal)}")
    return move, Verdict(1.0, "legal")


def _normalize(move: str) -> str:
    return move.strip(_ORNAMENT).casefold()


def demonstrate_rules(
    game: TextGame, count: int, seed: int, instruction: str = prompts.INSTRUCTION
) -> list[tuple[tuple[Message, ...], str]]:
    """`count` pairs (prompt, text) that show the legal moves.

    They are turns of random games, each answered with every legal move.

    Who imitates them learns which moves there are and how they are written, and nothing of
    how to play well.
    """
    rng = Random(seed)
    pairs: list[tuple[tuple[Message, ...], str]] = []
    while len(pairs) < count:
        # every legal move, so that imitation makes none of them likelier than another
        turn = rng.choice(_play_random_game(game, rng))
        prompt = turn.prompt(instruction)
        shuffled = rng.sample(turn.legal, len(turn.legal))
        pairs += [(prompt, f"Answer: {move}") for move in shuffled]
    return pairs[:count]


def _play_random_game(game: TextGame, rng: Random) -> list[Turn]:
    deal = rng.choice(game.deals)
    turns: list[Turn] = []
    moves: Moves = ()
    while turn := game.turn(deal, moves):
        turns.append(turn)
        moves = (*moves, rng.choice(turn.legal))
    return turns


def legal_moves_in(request: Request) -> list[str]:
    """The legal moves, as the prompt of a turn lists them.

    Raises UserError for any other prompt.
    """
    # the last line alone: what stands before it may quote moves
    last_line = request.messages[-1].content.rpartition("\n")[2]
    moves = _OPTION.findall(last_line)
    if not moves:
        raise UserError(
            f"{request.agent} is a program that plays games; it cannot answer anything else"
        )
    return moves


def play_random(request: Request) -> str:
    """A player that makes a random legal move."""
    return f"Answer: {Random(request.seed).choice(legal_moves_in(request))}"
