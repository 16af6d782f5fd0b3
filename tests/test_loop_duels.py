"""Duels in rounds of the loop."""

from dataclasses import replace

import numpy as np
import pytest

from docendo.games.text_game import legal_moves_in
from docendo.records import (
    Request,
)
from tests.school_toys import helped, taught, with_arena
from tests.toys import (
    ANN,
    BOB,
    CAT,
)


def test_duels_are_played_in_every_round_and_move_the_standings() -> None:
    school = with_arena()
    for r in taught(school, rounds=3):
        assert len(r.duels) == r.metrics["duels"] == 3 * 6 * 2 * 2
        assert r.metrics["duels/legal"] == 1
        assert {d.round for d in r.duels} == {r.index}
        assert {d.first for d in r.duels} | {d.second for d in r.duels} >= {ANN, BOB, CAT}
    names = list(school.league.population.members)
    played = school.league.standings.win_matrix(names, "kuhn")
    # all deals from both seats, and everybody plays alike: nobody is better
    assert played == pytest.approx(0.5 * np.ones_like(played))


def test_only_learners_are_trained_on_duels() -> None:
    def daring(request: Request) -> str:
        if request.purpose != "duel":
            return helped(request)
        return f"Answer: {legal_moves_in(request)[request.seed % 2]}"

    school = with_arena(daring, pairings=12)
    rounds = taught(school, rounds=3)
    assert any("@" in d.second for r in rounds for d in r.duels), (
        "copies of the past are met"
    )
    moves = {id(m.attempt.completion) for r in rounds for d in r.duels for m in d.moves}
    earned = [c for credits_of_round, _ in school.learner.rounds for c in credits_of_round]
    assert {c.agent for c in earned if id(c.completion) in moves} == {ANN, BOB, CAT}


def test_a_league_of_duels_alone_needs_no_teachers() -> None:
    school = with_arena()
    experts = [replace(e, task_types=()) for e in school.experts]
    (played,) = taught(
        replace(
            school, experts=experts, league=replace(school.league, teaching_options=[])
        ),
        rounds=1,
    )
    assert played.episodes == []
    assert len(played.duels) == 72
