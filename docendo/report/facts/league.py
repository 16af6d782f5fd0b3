"""From a run directory to payoff matrices: what lessons gave whom, and who beats whom in duels."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from docendo.analysis.overview import Analysis, analyse
from docendo.analysis.structure import collaboration
from docendo.league.standings import LiveStandings
from docendo.records import AgentId, TaskType
from docendo.report.facts.run import Facts, gain_matrix, table_name
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

_Meetings = Mapping[str, Mapping[str, Estimate]]
"""By row and column."""


def analyse_lessons(facts: Facts) -> Analysis | None:
    """The matrix of gains, teachers down, students across; None where fewer than two agents met."""
    found = _analysed(list(facts.owns), gain_matrix(facts))
    return found and replace(found, collaboration=shared_interest(facts))


def shared_interest(facts: Facts) -> float | None:
    """Correlation, over the lessons that were shown, of what the teacher was paid for and what the student was.

    The teacher's is the gain, the student's its mean score: 1 where what is good for one is good for the other, -1
    where it is bad. None for fewer than two lessons, or where one of the payoffs never varies.
    """
    shown = [
        (x.gain, x.score)
        for x in facts.lessons
        if x.gain is not None and x.score is not None
    ]
    return collaboration([gain for gain, _ in shown], [score for _, score in shown])


def analyse_duels(run: RunDirectory) -> dict[str, Analysis | None]:
    """By game, mean payoffs of the row against the column; the independent units of their intervals are the deals.

    None for a game that no two different agents played.
    """
    deals: dict[str, dict[tuple[str, str], dict[object, list[float]]]] = {}
    for d in run.duels():
        pairs, first, second = (
            deals.setdefault(d.game, {}),
            table_name(d.first),
            table_name(d.second),
        )
        if first != second:
            unit = d.round, d.first, d.second, d.deal
            for pair, payoff in (
                ((first, second), d.payoffs[0]),
                ((second, first), d.payoffs[1]),
            ):
                pairs.setdefault(pair, {}).setdefault(unit, []).append(payoff)
    return {game: _of_game(pairs) for game, pairs in deals.items()}


def _of_game(
    deals: Mapping[tuple[str, str], Mapping[object, list[float]]],
) -> Analysis | None:
    meetings: dict[str, dict[str, Estimate]] = defaultdict(dict)
    won: dict[tuple[str, str], float] = {}
    for (row, column), units in deals.items():
        meetings[row][column] = clustered_mean(list(units.values()))
        won[row, column] = sum(
            (1 + payoff) / 2 for payoffs in units.values() for payoff in payoffs
        )
    return _analysed([], meetings, won)


def _analysed(
    names: Sequence[str],
    meetings: _Meetings,
    won: Mapping[tuple[str, str], float] | None = None,
) -> Analysis | None:
    names = list(
        dict.fromkeys(
            (*names, *(n for row, cells in meetings.items() for n in (row, *cells)))
        )
    )
    if len(names) < 2 or not meetings:
        return None
    payoff, low, high = (np.full((len(names), len(names)), np.nan) for _ in range(3))
    games, wins = (np.zeros_like(payoff) for _ in range(2))
    place = {name: i for i, name in enumerate(names)}
    for row, cells in meetings.items():
        for column, estimate in cells.items():
            at = place[row], place[column]
            payoff[at] = estimate.mean
            low[at], high[at] = (
                math.nan if bound is None else bound
                for bound in (estimate.low, estimate.high)
            )
            games[at] = estimate.n
            wins[at] = won[row, column] if won else 0.0
    # teaching need not be mutual: a pair counts as often as it met in either direction
    games = np.maximum(games, games.T)
    return analyse(names, payoff, None if won else games, wins if won else None, low, high)


def standings_by_measure(
    run: RunDirectory, decay: float
) -> dict[str, list[dict[str, Any]]]:
    """The standings as rows with 95 % credible intervals; `evidence` is what `decay` has left. Not by family."""
    standings = LiveStandings(decay)
    if state := run.state().get("standings"):
        standings.restore(state)
    found: dict[str, list[dict[str, Any]]] = {
        "gains": [],
        "wins": [],
        "alone": [],
        "helped": [],
    }
    for (what, subject), table in standings.tables.items():
        cells = [(row, column) for row, column, *_ in table.cells()]
        if not cells or "/" in subject:
            continue
        rows, columns = [AgentId(row) for row, _ in cells], [column for _, column in cells]
        belief: Any
        if what in {"gains", "wins"}:
            read = standings.gains if what == "gains" else standings.win_rates
            belief = read(rows, [AgentId(c) for c in columns], subject)
            names = [_pair(what, row, column, subject) for row, column in cells]
        else:
            kinds = [_kind(column) for column in columns]
            belief = (
                standings.rates_after_lesson
                if what == "helped"
                else standings.rates_unaided
            )(rows, kinds)
            names = [
                {"agent": row, **kind._asdict()}
                for row, kind in zip(rows, kinds, strict=True)
            ]
        low, high = belief.interval()
        numbers = zip(names, belief.mean_N, low, high, belief.evidence_N, strict=True)
        found[what] += [
            name
            | {"mean": float(m), "low": float(lo), "high": float(hi), "evidence": float(e)}
            for name, m, lo, hi, e in numbers
        ]
    return found


def _pair(what: str, row: str, column: str, subject: str) -> dict[str, Any]:
    if what == "gains":
        return {"teacher": row, "student": column, "domain": subject}
    return {"player": row, "opponent": column, "game": subject}


def _kind(text: str) -> TaskType:
    kind, _, level = text.rpartition("/")
    domain, _, family = kind.partition("/")
    return TaskType(domain, family, int(level))


def round_metrics(run: RunDirectory) -> list[dict[str, Any]]:
    """Every round of teaching: how much of what was sampled could be learned from, and from how many partners."""
    series = {
        name: dict(values)
        for name, values in run.metrics().items()
        if not name.startswith("held-out/")
    }
    indices = sorted(series.get("groups", {}))
    return [
        {"round": i}
        | {n: v[i] for n, v in series.items() if i in v and math.isfinite(v[i])}
        for i in indices
    ]


def lineage(run: RunDirectory) -> list[dict[str, Any]]:
    """Every birth: round, name, how, parents, and whether it is still present."""
    return list(run.state().get("population", {}).get("births", []))
