from dataclasses import replace

import pytest

from docendo.learning.advantages import assign_advantages
from docendo.learning.baselines import LeaveOneOut
from docendo.learning.groups import (
    Group,
    Practice,
    group_attempts,
    group_duels,
    group_lessons,
    group_practice,
)
from docendo.records import Payoff
from tests.toys import ANN, BOB, CAT, attempts, duel, episode, lesson, match, pay, problem


def test_students_are_compared_over_the_attempts_after_one_lesson() -> None:
    shown, stopped = episode(scores=(1, 0, 0)), episode(scores=(), lesson=lesson(0))
    (only,) = group_attempts(pay([shown, stopped]))
    assert only == Group(
        BOB, "student", "sums", (1, 0, 0), tuple((a.completion,) for a in shown.attempts)
    )


def test_teachers_are_compared_over_the_lessons_of_one_match() -> None:
    lessons = [lesson(1, text="good"), lesson(1, text="useless"), lesson(0, text="wrong")]
    scores = [(1, 1), (0, 0), ()]
    episodes = [episode(s, 0.25, one) for s, one in zip(scores, lessons, strict=True)]
    (only,) = group_lessons(pay(episodes))
    assert (only.agent, only.role, only.domain) == (ANN, "teacher", "sums")
    assert only.rewards == (0.75, -0.25, -0.5)
    earned = assign_advantages([only], LeaveOneOut())
    assert [c.advantage for c in earned] == pytest.approx(
        [0.75 + 0.375, -0.25 - 0.125, -0.5 - 0.25]
    )
    assert [c.completion.text for c in earned] == ["good 0", "useless 0", "wrong 0"]


def test_every_example_of_a_lesson_gets_the_advantage_of_the_lesson() -> None:
    pair = [episode((1, 1), 0.0, lesson(1, 1, 1)), episode((), 0.0, lesson(1, 0, 1))]
    earned = assign_advantages(group_lessons(pay(pair)), LeaveOneOut())
    assert [c.advantage for c in earned] == [1.5, 1.5, 1.5, -1.5, -1.5, -1.5]


def test_the_same_match_twice_is_two_groups_where_the_taught_problems_differ() -> None:
    first, again = lesson(1, first=1), lesson(1, first=2)
    groups = group_lessons(
        pay([episode(lesson=one) for one in (first, first, again, again)])
    )
    assert [len(g.rewards) for g in groups] == [2, 2]


def test_the_same_match_twice_is_two_groups_where_only_the_test_differs() -> None:
    groups = group_lessons(pay([episode(test=n) for n in (7, 7, 8, 8)]))
    assert [len(g.rewards) for g in groups] == [2, 2]


def test_two_students_of_one_teacher_are_two_groups() -> None:
    groups = group_lessons(
        pay([episode(match=match(ANN, s)) for s in (BOB, BOB, "cat", "cat")])
    )
    assert [len(g.rewards) for g in groups] == [2, 2]


def test_practice_is_compared_over_the_attempts_at_one_problem() -> None:
    tried = attempts(1, 0)
    assert group_practice([Practice(ANN, problem(), tried)]) == [
        Group(ANN, "practice", "sums", (1, 0), tuple((a.completion,) for a in tried))
    ]


def test_duels_are_compared_over_the_repetitions_of_one_deal() -> None:
    long, short = duel("check", "bet", "fold", payoff=-0.5), duel("bet", "call", payoff=1.0)
    mine, others = group_duels([long, short])
    assert mine == Group(
        ANN,
        "first player",
        "kuhn",
        (-0.5, 1.0),
        (
            (long.moves[0].attempt.completion, long.moves[2].attempt.completion),
            (short.moves[0].attempt.completion,),
        ),
    )
    assert (others.agent, others.role, others.rewards) == (
        BOB,
        "second player",
        (0.5, -1.0),
    )
    earned = assign_advantages([mine], LeaveOneOut())
    assert [(c.completion.text, c.advantage) for c in earned] == [
        ("move 0", -1.5),
        ("move 2", -1.5),
        ("move 0", 1.5),
    ]


def test_another_deal_seat_opponent_or_game_is_a_separate_group() -> None:
    others = [
        duel("bet", "call"),
        duel("bet", "call", deal="jack king"),
        duel("bet", "call", first=BOB, second=ANN),
        duel("bet", "call", second=CAT),
        duel("1", "2", game="tic-tac-toe"),
    ]
    groups = [g for g in group_duels(others * 2) if g.agent == ANN]
    assert [(g.role, len(g.rewards)) for g in groups] == [
        ("first player", 2),
        ("first player", 2),
        ("second player", 2),
        ("first player", 2),
        ("first player", 2),
    ]


def test_a_player_who_won_before_its_first_move_gets_no_advantage() -> None:
    broken, played = duel("", payoff=-1.0), duel("bet", "fold")
    _, theirs = group_duels([broken, played, played])
    assert theirs.agent == BOB
    assert theirs.rewards == (-0.5, -0.5)


def test_an_agent_that_plays_itself_learns_from_both_seats() -> None:
    groups = group_duels([duel("bet", "call", second=ANN)] * 3)
    assert [(g.role, g.rewards) for g in groups] == [
        ("first player", (0.5,) * 3),
        ("second player", (-0.5,) * 3),
    ]


def test_a_lesson_that_earned_nothing_measurable_is_in_no_group() -> None:
    shown, dropped = pay([episode(scores=(1,))])[0], episode(scores=())
    unpaid = replace(dropped, payoff=Payoff(None, ()))
    (group,) = group_lessons([shown, unpaid])
    assert len(group.rewards) == len(group.completions) == 1
