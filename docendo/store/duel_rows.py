"""Duels as rows of the database, and back."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from docendo.records import AgentId, Duel, Move
from docendo.store.database import pack, unpack
from docendo.store.queries import insert_row
from docendo.store.rollout_json import from_json, to_json

__all__ = ["insert_duel", "read_duel"]


def insert_duel(connection: sqlite3.Connection, duel: Duel) -> None:
    """Insert a duel with all its moves."""
    players = duel.first, duel.second
    moves = [[m.seat, m.view, m.choice, *to_json([m.attempt])] for m in duel.moves]
    row = (duel.round, duel.game, *players, duel.deal, pack(moves), *duel.payoffs)
    insert_row(connection, "duels", *row)


def read_duel(row: Sequence[Any]) -> Duel:
    """The duel of one row of ``duels``, all columns except the id."""
    index, game, first, second, deal, moves_json, *payoffs = row
    moves = []
    for seat, view, choice, attempt in unpack(moves_json):
        moves.append(Move(seat, view, choice, *from_json([attempt])))

    players = AgentId(first), AgentId(second)
    first_payoff, second_payoff = payoffs
    return Duel(index, game, *players, deal, tuple(moves), (first_payoff, second_payoff))
