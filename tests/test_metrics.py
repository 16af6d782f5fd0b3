from dataclasses import replace
from math import exp, log

import pytest

from docendo.learning.groups import Practice
from docendo.metrics import (
    count_effective,
    count_partners,
    measure_choosing,
    measure_duels,
    measure_teaching,
    score_duels,
)
from docendo.records import AgentId, Completion, Duel, Move, Rollout, Trial, Usage, Verdict
from tests.toys import ANN, BOB, CAT, attempts, episode, lesson, match, problem

OLD, NASH = AgentId("bob@3"), AgentId("nash")
LEARNERS = {ANN, BOB, CAT}


def test_the_effective_number_of_partners_is_the_exponential_of_the_entropy() -> None:
    assert count_effective([5, 5, 5]) == pytest.approx(3)
    assert count_effective([7, 0]) == pytest.approx(1)
    assert count_effective([3, 1]) == pytest.approx(
        exp(-(0.75 * log(0.75) + 0.25 * log(0.25)))
    )
    assert count_partners(
        [(ANN, BOB), (ANN, CAT), (BOB, ANN), (BOB, ANN)]
    ) == pytest.approx((2 + 1) / 2)


def test_an_empty_round_has_no_metrics() -> None:
    assert measure_teaching([], [], LEARNERS) == {}
    assert measure_duels([], LEARNERS) == {}


def test_frozen_students_and_teachers_have_their_own_metrics() -> None:
    played = [
        episode((1, 1), 0.5, match=match(ANN, BOB), test=1),
        episode((1, 1), 0.0, match=match(ANN, OLD), test=2),
        episode((0, 0), 0.0, match=match(NASH, OLD), test=5),
        episode((0, 0), 0.25, match=match(OLD, CAT), test=3),
        episode((), lesson=lesson(0), match=match(ANN, CAT), test=4),
    ]
    found = measure_teaching(played, [Practice(ANN, problem(), attempts(1, 0))], LEARNERS)
    assert (found["gain"], found["gain/reference_students"], found["gain/snapshots"]) == (
        0.5,
        1.0,
        -0.25,
    )
    assert (found["matches"], found["gate/passed"], found["practice/score"]) == (
        5,
        0.8,
        0.5,
    )


def test_duels_report_legal_moves_and_wins_against_snapshots() -> None:
    def played(first: AgentId, second: AgentId, won: float, *legal: float) -> Duel:
        moves = [
            Move(i % 2, "", "bet" if x else "", Rollout(Completion("bet"), Verdict(x, "")))
            for i, x in enumerate(legal)
        ]
        return Duel(0, "kuhn", first, second, "king jack", tuple(moves), (won, -won))

    duels = [
        played(ANN, BOB, 1.0, 1, 1),
        played(OLD, ANN, -0.5, 1, 0),
        played(NASH, BOB, 1.0, 1, 1),
    ]
    found = measure_duels(duels, LEARNERS)
    assert (found["duels"], found["duels/legal"]) == (3, 0.75), (
        "a program's and a copy's moves do not count"
    )
    assert found["duels/past"] == 0.5
    assert found["duels/partners"] == pytest.approx(2), "ann met two, bob met two"
    assert measure_duels([played(ANN, ANN, 1.0, 1), played(ANN, BOB, 1.0, 1)], {ANN})[
        "duels/partners"
    ] == pytest.approx(2)


def test_repetitions_of_a_deal_are_one_result_and_self_play_is_left_out() -> None:
    def won(
        first: AgentId, second: AgentId, payoff: float, deal: str = "king jack"
    ) -> Duel:
        return Duel(0, "kuhn", first, second, deal, (), (payoff, -payoff))

    duels = [
        won(ANN, BOB, 1.0),
        won(ANN, BOB, 0.0),
        won(BOB, ANN, -1.0),
        won(BOB, ANN, -1.0, "jack king"),
    ]
    assert score_duels([*duels, won(ANN, ANN, 1.0)]) == [
        (ANN, BOB, 0.75),
        (BOB, ANN, 0.0),
        (BOB, ANN, 0.0),
    ]


def test_choosing_saves_the_attempts_of_dropped_lessons_less_the_scoring() -> None:
    shown = [episode((1, 0)), episode((1, 1))]
    dropped = [episode(()), episode(()), episode(())]
    rejected = episode((), lesson=lesson(0))
    usages = [
        Usage(BOB, "attempt", 80, 600.0),
        Usage(CAT, "attempt", 20, 200.0),
        Usage(BOB, "dense_gain", 30, 150.0),
        Usage(BOB, "control", 30, 9000.0),
    ]
    found = measure_choosing([*shown, *dropped, rejected], usages)
    assert found == {"choosing/dropped": 3, "choosing/saved": 3 * 400.0 - 150.0}
    assert measure_choosing([*shown, rejected], usages) == {}


def test_the_dense_gain_of_a_round_is_the_mean_over_its_trials() -> None:
    tried = [replace(episode((1,)), trial=Trial(problem(), gain)) for gain in (0.5, -0.1)]
    found = measure_teaching([*tried, episode((1,))], [], LEARNERS)
    assert found["gain/dense"] == pytest.approx(0.2)
