"""The facts of a league: payoff matrices, standings and lineage."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from docendo.analysis.overview import Analysis, analyse
from docendo.analysis.structure import collaboration
from docendo.league.standings import LiveStandings, StandingsRow
from docendo.report.facts.gains import gain_matrix
from docendo.report.facts.metrics import read_owned_series
from docendo.report.facts.run import Facts, table_name
from docendo.statistics import Estimate, clustered_mean
from docendo.store import RunDirectory

__all__ = [
    "analyse_duels",
    "analyse_lessons",
    "lineage",
    "round_metrics",
    "shared_interest",
    "standings_by_measure",
]

_Matrix = Mapping[str, Mapping[str, Estimate]]
"""By row and column."""
_Pair = tuple[str, str]
_PayoffsByDeal = dict[object, list[float]]


def analyse_lessons(facts: Facts) -> Analysis | None:
    """The matrix of gains, teachers in rows; None if fewer than two agents met."""
    analysis = _analyse(list(facts.own_domains), gain_matrix(facts))
    return analysis and replace(analysis, collaboration=shared_interest(facts))


def shared_interest(facts: Facts) -> float | None:
    """Correlation over the shown lessons of the teacher's payoff and the student's.

    The teacher's payoff is the gain, the student's its mean score: 1 where what is good for
    one is good for the other, -1 where it is bad. None for fewer than two lessons, or if
    one of the payoffs never varies.
    """
    gains = []
    scores = []
    for lesson in facts.lessons:
        if lesson.gain is not None and lesson.score is not None:
            gains.append(lesson.gain)
            scores.append(lesson.score)

    return collaboration(gains, scores)


def analyse_duels(run: RunDirectory) -> dict[str, Analysis | None]:
    """By game, mean payoffs of the row against the column.

    Deals are the independent units.

    None for a game that no two different agents played.
    """
    games: dict[str, dict[_Pair, _PayoffsByDeal]] = {}
    for duel in run.duels():
        pairs = games.setdefault(duel.game, {})
        first = table_name(duel.first)
        second = table_name(duel.second)
        # Copies of an agent have its name: a game among them compares nobody.
        if first == second:
            continue

        # Both players' deals with the same cards in one round are one draw of chance.
        deal = duel.round, duel.first, duel.second, duel.deal
        first_payoff, second_payoff = duel.payoffs
        for pair, payoff in (
            ((first, second), first_payoff),
            ((second, first), second_payoff),
        ):
            pairs.setdefault(pair, {}).setdefault(deal, []).append(payoff)

    return {game: _analyse_game(pairs) for game, pairs in games.items()}


def _analyse_game(pairs: Mapping[_Pair, _PayoffsByDeal]) -> Analysis | None:
    means: dict[str, dict[str, Estimate]] = {}
    wins: dict[_Pair, float] = defaultdict(float)
    for (row, column), deals in pairs.items():
        means.setdefault(row, {})[column] = clustered_mean(list(deals.values()))
        for payoffs in deals.values():
            for payoff in payoffs:
                wins[row, column] += (1 + payoff) / 2

    return _analyse([], means, wins)


def _analyse(
    names: Sequence[str], matrix: _Matrix, wins: Mapping[_Pair, float] | None = None
) -> Analysis | None:
    """Analyse a matrix of payoffs.

    Without `wins` they come from the payoffs and the counts.
    """
    places = {name: place for place, name in enumerate(names)}
    for row, cells in matrix.items():
        for name in (row, *cells):
            places.setdefault(name, len(places))
    if len(places) < 2 or not matrix:
        return None

    # NaN is a pair that never met, which is something else than a payoff of 0.
    shape = len(places), len(places)
    payoff = np.full(shape, np.nan)
    low = np.full(shape, np.nan)
    high = np.full(shape, np.nan)
    games = np.zeros(shape)
    won = np.zeros(shape)
    for row, cells in matrix.items():
        for column, estimate in cells.items():
            cell = places[row], places[column]
            payoff[cell] = estimate.mean
            low[cell] = math.nan if estimate.low is None else estimate.low
            high[cell] = math.nan if estimate.high is None else estimate.high
            games[cell] = estimate.n
            won[cell] = wins[row, column] if wins else 0.0

    # Teaching need not be mutual: a pair counts as often as it met in either direction.
    counts = None if wins else np.maximum(games, games.T)
    return analyse(
        list(places),
        payoff,
        counts=counts,
        wins=won if wins else None,
        low=low,
        high=high,
    )


def standings_by_measure(
    run: RunDirectory, decay: float
) -> dict[str, list[dict[str, Any]]]:
    """The standings as rows with 95 % credible intervals, without those of families.

    `evidence` is what `decay` has left.
    """
    standings = LiveStandings(decay)
    state = run.state().get("standings")
    if state:
        standings.restore(state)

    rows: dict[str, list[dict[str, Any]]] = {
        "gains": [],
        "wins": [],
        "alone": [],
        "helped": [],
    }
    for row in standings.posterior_rows():
        # The subject of a family is ``domain/family``.
        if "/" not in row.subject:
            numbers = {"mean": row.mean, "low": row.low, "high": row.high}
            rows[row.measure].append(_describe(row) | numbers | {"evidence": row.evidence})

    return rows


def _describe(row: StandingsRow) -> dict[str, Any]:
    """What a row is about, with a name for each part."""
    if row.measure == "gains":
        return {"teacher": row.row, "student": row.column, "domain": row.subject}
    if row.measure == "wins":
        return {"player": row.row, "opponent": row.column, "game": row.subject}

    kind, _, level = row.column.rpartition("/")
    domain, _, family = kind.partition("/")
    return {"agent": row.row, "domain": domain, "family": family, "level": int(level)}


def round_metrics(run: RunDirectory) -> list[dict[str, Any]]:
    """The metrics of every round of teaching, by name."""
    # Evaluations have rounds of their own in the report.
    series = [each for each in read_owned_series(run) if each.kind != "accuracy"]
    rounds: dict[int, dict[str, Any]] = {}
    for each in series:
        if each.label == "groups/total":
            rounds = {index: {"round": index} for index in sorted(each.values)}
    for each in series:
        for index in rounds.keys() & each.values:
            rounds[index][each.label] = each.values[index]

    return list(rounds.values())


def lineage(run: RunDirectory) -> list[dict[str, Any]]:
    """Every birth: round, name, how, parents, and whether it is still present."""
    return list(run.state().get("population", {}).get("births", []))
