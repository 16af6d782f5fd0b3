"""Duels as rows of the database, and back."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from docendo.records import AgentId, Duel, Move
from docendo.store.database import decode_text, encode_text, pack, unpack
from docendo.store.queries import insert_row
from docendo.store.rollout_json import from_json, to_json

__all__ = ["insert_duel", "read_duel"]


def insert_duel(connection: sqlite3.Connection, duel: Duel) -> None:
    """Insert a duel with all its moves."""
    moves = [[m.seat, m.view, m.choice, *to_json([m.attempt])] for m in duel.moves]
    row = (
        duel.round,
        encode_text(duel.game),
        encode_text(duel.first),
        encode_text(duel.second),
        encode_text(duel.deal),
        pack(moves),
        *duel.payoffs,
    )
    insert_row(connection, "duels", row)


def read_duel(row: Sequence[Any]) -> Duel:
    """The duel of one row of ``duels``, all columns except the id."""
    index, game, first, second, deal, moves, first_payoff, second_payoff = row
    return Duel(
        round=index,
        game=decode_text(game),
        first=AgentId(decode_text(first)),
        second=AgentId(decode_text(second)),
        deal=decode_text(deal),
        moves=tuple(
            Move(seat, view, choice, *from_json([attempt]))
            for seat, view, choice, attempt in unpack(moves)
        ),
        payoffs=(first_payoff, second_payoff),
    )
