import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docendo.learning.advantages import assign_advantages, discarded_usage, measure_groups
from docendo.learning.baselines import LeaveOneOut, RunningMean
from docendo.learning.groups import (
    Group,
    Practice,
    group_attempts,
    group_duels,
    group_lessons,
    group_practice,
)
from docendo.records import Completion, Usage
from tests.toys import ANN, BOB, CAT, attempts, duel, episode, lesson, match, pay, problem

REWARDS = st.lists(st.floats(-1, 1, width=32), min_size=2, max_size=16)


def group(*rewards: float, role: str = "student", agent=ANN, domain: str = "sums") -> Group:
    return Group(
        agent,
        role,
        domain,
        rewards,
        tuple((Completion(f"text {i}"),) for i in range(len(rewards))),
    )


def test_leave_one_out_takes_the_mean_of_the_others_from_each() -> None:
    assert LeaveOneOut().advantages(group(1, 0, 0, 0)) == pytest.approx(
        [1, -1 / 3, -1 / 3, -1 / 3]
    )
    assert LeaveOneOut().advantages(group(0.5, -0.5)) == [1, -1]


def test_a_group_of_one_has_nothing_to_compare() -> None:
    assert LeaveOneOut().advantages(group(1)) == [0]


@given(REWARDS)
def test_leave_one_out_sums_to_zero(rewards: list[float]) -> None:
    assert sum(LeaveOneOut().advantages(group(*rewards))) == pytest.approx(0, abs=1e-9)


@given(REWARDS)
def test_leave_one_out_is_the_centred_reward_times_a_factor(rewards: list[float]) -> None:
    size, mean = len(rewards), sum(rewards) / len(rewards)
    centred = [size / (size - 1) * (r - mean) for r in rewards]
    assert LeaveOneOut().advantages(group(*rewards)) == pytest.approx(centred, abs=1e-9)


@given(REWARDS, st.floats(-1, 1, width=32))
def test_leave_one_out_is_unchanged_by_a_constant_reward(
    rewards: list[float], constant: float
) -> None:
    moved = group(*(r + constant for r in rewards))
    assert LeaveOneOut().advantages(moved) == pytest.approx(
        LeaveOneOut().advantages(group(*rewards)), abs=1e-9
    )


def test_a_running_baseline_starts_with_its_first_group() -> None:
    running = RunningMean(decay=0.9)
    assert running.advantages(group(1, 0)) == [0.5, -0.5]
    assert running.means == {"ann/student/sums": 0.5}


def test_a_running_baseline_moves_a_tenth_of_the_way() -> None:
    running = RunningMean(decay=0.9)
    running.advantages(group(1, 0))
    assert running.advantages(group(1, 1)) == [0.5, 0.5]
    assert running.advantages(group(0, 1)) == pytest.approx([-0.55, 0.45])
    assert running.means["ann/student/sums"] == pytest.approx(0.9 * 0.55 + 0.1 * 0.5)


def test_every_agent_role_and_domain_has_its_own_running_baseline() -> None:
    running = RunningMean(0.9)
    running.advantages(group(1, 1))
    for other in (
        group(0, 1, agent=BOB),
        group(0, 1, role="practice"),
        group(0, 1, domain="plums"),
    ):
        assert running.advantages(other) == [-0.5, 0.5]


def test_baselines_come_back_from_json() -> None:
    running, fresh = RunningMean(0.9), RunningMean(0.9)
    running.advantages(group(1, 0))
    fresh.restore(json.loads(json.dumps(running.state())))
    assert fresh == running
    fresh.advantages(group(1, 1))
    assert running.means == {"ann/student/sums": 0.5}, "the copy is a copy"
    LeaveOneOut().restore(json.loads(json.dumps(LeaveOneOut().state())))
    assert LeaveOneOut().state() == {}


def test_groups_of_equal_rewards_are_dropped_and_counted() -> None:
    flat, useful = [group(1, 1, 1), group(0, 0)], [group(1, 0)]
    groups = [*flat, *useful, group(0, 1, role="teacher")]
    samples = assign_advantages(groups, LeaveOneOut())
    assert [sample.advantage for sample in samples] == [1, -1, -1, 1]
    assert measure_groups(groups) == {
        "groups/nonzero_variance": 0.5,
        "groups/total": 4,
        "groups/zero_variance": 2,
        "groups/nonzero_variance/student": pytest.approx(1 / 3),
        "groups/nonzero_variance/teacher": 1.0,
        "reward_variance/student": pytest.approx(0.25 / 3),
        "reward_variance/teacher": 0.25,
    }
    assert measure_groups([]) == {}


def test_a_group_of_equal_rewards_still_moves_a_running_baseline() -> None:
    running = RunningMean(decay=0.5)
    assert assign_advantages([group(0, 0), group(1, 0)], running)[0].advantage == 1
    assert running.means["ann/student/sums"] == 0.25


def test_no_groups_give_no_advantages() -> None:
    assert assign_advantages([], LeaveOneOut()) == []


def test_a_completion_at_the_baseline_earns_no_credit() -> None:
    earned = assign_advantages([group(1, 0.5, 0)], LeaveOneOut())
    assert [(c.completion.text, c.advantage) for c in earned] == [
        ("text 0", 0.75),
        ("text 2", -0.75),
    ]


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


def test_tokens_of_groups_of_equal_rewards_are_counted_as_discarded() -> None:
    long = Group(
        BOB,
        "teacher",
        "sums",
        (0, 0),
        ((Completion("", tokens=(1, 2, 3)),), (Completion("", tokens=(4,)),)),
    )
    useful = long._replace(rewards=(1, 0))
    assert discarded_usage([long, long, useful, useful._replace(agent=ANN)]) == [
        Usage(BOB, "discarded", 8, 0.0)
    ]


def test_duels_are_compared_over_the_repetitions_of_one_deal_and_pay_for_every_move() -> (
    None
):
    long, short = duel("check", "bet", "fold", payoff=-0.5), duel("bet", "call", payoff=1.0)
    mine, others = group_duels([long, short], [ANN, BOB])
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
    groups = group_duels(others * 2, [ANN])
    assert [(g.role, len(g.rewards)) for g in groups] == [
        ("first player", 2),
        ("first player", 2),
        ("second player", 2),
        ("first player", 2),
        ("first player", 2),
    ]


def test_only_learners_learn_from_duels() -> None:
    assert group_duels([duel("bet", "call")] * 2, []) == []
    assert [g.agent for g in group_duels([duel("bet", "call")] * 2, [BOB])] == [BOB]


def test_a_player_who_won_before_its_first_move_gets_no_advantage() -> None:
    broken, played = duel("", payoff=-1.0), duel("bet", "fold")
    (theirs,) = group_duels([broken, played, played], [BOB])
    assert theirs.rewards == (-0.5, -0.5)


def test_an_agent_that_plays_itself_learns_from_both_seats() -> None:
    groups = group_duels([duel("bet", "call", second=ANN)] * 3, [ANN])
    assert [(g.role, g.rewards) for g in groups] == [
        ("first player", (0.5,) * 3),
        ("second player", (-0.5,) * 3),
    ]
