import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docendo.league.candidates import teachers_of
from docendo.league.standings import LiveStandings
from docendo.records import AgentId, Episode, TaskType
from tests.toys import ANN, BOB, CAT, attempts, empty_standings, episode, lesson, match

SMALL = TaskType("sums", "small", 1)


def at(round: int, **parts) -> Episode:
    made = episode(**parts)
    return replace(made, round=round)


def mean_gain(standings: LiveStandings, teacher: AgentId, student: AgentId, subject: str):
    return float(standings.gains([teacher], [student], subject).mean_N[0])


def test_without_results_gains_and_evidence_are_0_and_intervals_are_full() -> None:
    standings = empty_standings()
    assert mean_gain(standings, ANN, BOB, "sums") == 0.0
    assert standings.unaided_rate(BOB, "sums/small", 1) == (0.0, 0.0)
    low, high = standings.win_rates([ANN], [BOB], "kuhn").interval()
    assert (low[0], high[0]) == pytest.approx((0.025, 0.975)), (
        "a rate of which nothing is known is anywhere"
    )
    low, high = standings.gains([ANN], [BOB], "sums").interval()
    assert (low[0], high[0]) == (-1, 1)


def test_gains_are_kept_by_pair_and_by_domain_and_family() -> None:
    standings = LiveStandings(decay=1.0)
    standings.record_episodes(
        [
            episode((1, 1), 0.5, match=match(ANN, BOB), test=1),
            episode((1, 0), 0.25, match=match(ANN, BOB), test=2),
            episode((0, 0), 0.5, match=match(BOB, ANN)),
            episode((1, 1), 0.0, match=match(ANN, BOB, "plums")),
        ]
    )
    # the prior counts as one lesson of gain 0
    for subject in ("sums", "sums/small"):
        assert mean_gain(standings, ANN, BOB, subject) == pytest.approx((0.5 + 0.25) / 3)
        assert mean_gain(standings, BOB, ANN, subject) == pytest.approx(-0.5 / 2)
    assert mean_gain(standings, ANN, BOB, "plums") == pytest.approx(1 / 2)
    assert mean_gain(standings, ANN, CAT, "sums") == 0.0
    assert teachers_of(
        standings, BOB, [ANN, CAT], "sums"
    ).posterior.mean_N.tolist() == pytest.approx([0.25, 0.0])


def test_a_lesson_stopped_by_the_gate_has_gain_0_and_its_control_counts() -> None:
    standings = empty_standings()
    standings.record_episodes(
        [
            episode((), 0.0, lesson(0), control=(0,), test=1),
            episode((1, 1), 0.5, lesson(1), control=(0,)),
        ]
    )
    assert mean_gain(standings, ANN, BOB, "sums") == pytest.approx(1 / 3)
    assert standings.unaided_rate(BOB, "sums/small", 1) == (0.0, 2.0)


def test_worked_solutions_copied_by_an_oracle_do_not_count_as_its_skill() -> None:
    standings = LiveStandings(decay=1.0, oracles=frozenset({ANN}))
    standings.record_episodes([episode((1, 1), 0.0, lesson(1), control=(0,))])
    assert standings.unaided_rate(ANN, "sums/small", 1) == (0.0, 0.0)
    assert standings.unaided_rate(BOB, "sums/small", 1) == (0.0, 1.0)


def test_the_worked_examples_of_a_lesson_count_as_solved_alone() -> None:
    standings = LiveStandings(decay=1.0)
    # two lessons of two worked examples: the problems were solved 1 and 1/2 of the time
    standings.record_episodes([episode(lesson=lesson(1, 0)), episode(lesson=lesson(1, 1))])
    assert standings.unaided_rate(ANN, "sums/small", 1) == (0.75, 2.0)
    assert standings.rates_unaided(
        [ANN, CAT], [SMALL, SMALL]
    ).mean_N.tolist() == pytest.approx([2.5 / 4, 1 / 2])


def test_what_the_student_was_asked_before_the_lesson_counts_as_tried_alone() -> None:
    standings = LiveStandings(decay=1.0)
    taught = replace(lesson(1, 1), tries=attempts(1, 0))
    standings.record_episodes([episode(control=(1, 1), lesson=taught)] * 2)
    assert standings.unaided_rate(BOB, "sums/small", 1) == (2 / 3, 3.0)


def test_a_lesson_that_was_not_chosen_is_no_gain_of_0() -> None:
    shown, dropped = episode((1, 1), 0.0, control=(0,)), episode((), control=(0,))
    means = []
    for episodes in ([shown], [shown, dropped]):
        standings = LiveStandings(decay=1.0)
        standings.record_episodes(episodes)
        means += standings.gains([ANN], [BOB], "sums").mean_N.tolist()
    assert means[0] == means[1] > 0


def test_the_control_of_a_match_is_one_observation_whatever_its_size() -> None:
    standings = LiveStandings(decay=1.0)
    standings.record_episodes(
        [
            episode((1, 1), 0.0, control=(1, 0, 0, 0)),
            episode((1, 0), 0.0, control=(1, 0, 0, 0)),
        ]
    )
    assert standings.unaided_rate(BOB, "sums/small", 1) == (0.25, 1.0)
    helped, gains = (
        standings.rates_after_lesson([BOB], [SMALL]),
        standings.gains([ANN], [BOB], "sums"),
    )
    assert (helped.total_N.tolist(), helped.evidence_N.tolist()) == ([0.75], [1.0])
    assert (gains.total_N.tolist(), gains.evidence_N.tolist()) == ([0.5], [1.0])


def test_a_replayed_problem_does_not_count_for_its_task_type() -> None:
    standings = LiveStandings(decay=1.0)
    standings.record_episodes([replace(episode((1, 1), 0.0, control=(1, 0)), again=True)])
    assert standings.unaided_rate(BOB, "sums/small", 1) == (0.0, 0.0)
    assert standings.rates_after_lesson([BOB], [SMALL]).evidence_N.tolist() == [0.0]
    assert mean_gain(standings, ANN, BOB, "sums") == 0.25, (
        "but what the lesson gave counts: 0.5 and the prior's 0"
    )


def test_a_match_with_another_test_or_other_lessons_is_a_new_observation() -> None:
    standings = LiveStandings(decay=1.0)
    first, second = lesson(1, first=1), lesson(1, first=2)
    played = [(7, first), (7, first), (8, first), (7, second), (7, second)]
    standings.record_episodes(
        [episode(test=test, lesson=one, control=(1, 0)) for test, one in played]
    )
    assert standings.unaided_rate(BOB, "sums/small", 1) == (0.5, 3.0)
    standings.record_episodes(
        [episode(test=test, lesson=first, control=(1, 0)) for test in (1, 2, 1)]
    )
    assert standings.unaided_rate(BOB, "sums/small", 1) == (0.5, 6.0), (
        "adjacent lessons are of one match, others are not"
    )


def test_all_records_decay_with_the_rounds_whoever_plays() -> None:
    standings = LiveStandings(decay=0.5)
    standings.record_episodes([at(0, control=(1, 1))])
    standings.record_episodes([at(2, control=(0,), match=match(ANN, CAT))])
    assert standings.unaided_rate(BOB, "sums/small", 1) == (1.0, 0.25), (
        "one problem, two rounds ago"
    )
    standings.record_episodes([at(3, control=(0, 0))])
    assert standings.unaided_rate(BOB, "sums/small", 1) == (
        pytest.approx(0.125 / 1.125),
        1.125,
    )


def test_decayed_records_have_wider_intervals() -> None:
    standings = LiveStandings(decay=0.5)
    standings.record_games([(ANN, BOB, 1.0)] * 8, "kuhn", 0)
    sure = standings.win_rates([ANN], [BOB], "kuhn").interval()
    standings.record_games([(CAT, BOB, 1.0)], "kuhn", 3)
    unsure = standings.win_rates([ANN], [BOB], "kuhn").interval()
    assert unsure[0] < sure[0]
    assert standings.win_rates([ANN], [BOB], "kuhn").stale_N.tolist() == [3]
    assert standings.win_rates([ANN], [CAT], "kuhn").stale_N.tolist() == [4], "never"


def test_a_game_result_counts_for_both_players() -> None:
    standings = LiveStandings(decay=1.0)
    standings.record_games([(ANN, BOB, 1.0), (ANN, BOB, 0.5)], "kuhn", 0)
    # a Beta prior of one win and one loss
    assert standings.win_matrix([ANN, BOB], "kuhn").tolist() == [
        [0.5, 2.5 / 4],
        [1.5 / 4, 0.5],
    ]
    assert standings.win_rates([ANN], [BOB], "chess").evidence_N.tolist() == [0.0]


def test_skills_are_plain_success_rates_of_the_known_task_types() -> None:
    standings = LiveStandings(decay=0.5)
    large = TaskType("sums", "large", 1)
    standings.record_practice(
        [(ANN, SMALL, 1.0)] * 4 + [(ANN, SMALL, 0.0)] * 4 + [(ANN, large, 1.0)] * 2, 0
    )
    standings.record_games([(ANN, BOB, 1.0), (ANN, BOB, 1.0), (ANN, CAT, 0.5)], "kuhn", 0)
    assert standings.skills(ANN) == {str(SMALL): 0.5, "kuhn": pytest.approx(2.5 / 3)}, (
        "of the others too little is known"
    )
    assert standings.skills(BOB) == {}
    standings.record_practice([(BOB, large, 1.0)], 1)
    assert standings.skills(ANN) == {str(SMALL): 0.5}, (
        "what fades is known less, and does not get better by it"
    )


def test_a_snapshot_starts_with_the_record_of_its_agent() -> None:
    standings, copy = LiveStandings(decay=1.0), AgentId("ann@3")
    standings.record_episodes(
        [
            episode((1, 1), 0.0, match=match(ANN, BOB)),
            episode((0, 0), 0.5, match=match(CAT, ANN)),
        ]
    )
    standings.record_games([(ANN, BOB, 1.0)], "kuhn", 0)
    standings.copy_agent(copy, ANN)
    assert (
        mean_gain(standings, copy, BOB, "sums")
        == mean_gain(standings, ANN, BOB, "sums")
        == 0.5
    )
    assert (
        mean_gain(standings, CAT, copy, "sums")
        == mean_gain(standings, CAT, ANN, "sums")
        == -0.25
    )
    assert standings.win_rates([copy, BOB], [BOB, copy], "kuhn").total_N.tolist() == [
        1.0,
        0.0,
    ]
    assert standings.unaided_rate(copy, "sums/small", 1) == standings.unaided_rate(
        ANN, "sums/small", 1
    )
    standings.record_episodes([episode((0, 0), 0.0, match=match(copy, BOB))])
    assert mean_gain(standings, ANN, BOB, "sums") == 0.5, (
        "from then on they go their own ways"
    )
    standings.copy_agent(AgentId("eve@1"), AgentId("eve"))
    assert mean_gain(standings, AgentId("eve@1"), BOB, "sums") == 0.0


def test_replacing_an_agent_forgets_its_record_and_no_other() -> None:
    standings = LiveStandings(decay=1.0)
    standings.record_games([(ANN, BOB, 1.0), (CAT, BOB, 1.0)], "kuhn", 0)
    standings.record_episodes([episode(match=match(CAT, ANN))])
    standings.clear_agent(ANN)
    assert standings.win_rates(
        [ANN, BOB, CAT], [BOB, ANN, BOB], "kuhn"
    ).evidence_N.tolist() == [
        0.0,
        0.0,
        1.0,
    ]
    assert standings.gains([CAT], [ANN], "sums").evidence_N.tolist() == [0.0]


NAMES = st.sampled_from([AgentId(f"a{i}") for i in range(20)])


@given(st.lists(st.tuples(NAMES, NAMES, st.floats(0, 1), st.integers(0, 5)), max_size=40))
def test_decayed_counts_agree_with_plain_sums(
    played: list[tuple[AgentId, AgentId, float, int]],
) -> None:
    standings = LiveStandings(decay=0.5)
    for row, column, score, when in sorted(played, key=lambda p: p[3]):
        standings.record_games([(row, column, score)], "game", when)
    for a in {p[0] for p in played}:
        for b in {p[1] for p in played}:
            plain = [(s, r) for x, y, s, r in played if (x, y) == (a, b)]
            plain += [(1 - s, r) for x, y, s, r in played if (y, x) == (a, b)]
            found, now = standings.win_rates([a], [b], "game"), standings.clock
            assert found.evidence_N[0] == pytest.approx(
                sum(0.5 ** (now - r) for _, r in plain)
            )
            assert found.total_N[0] == pytest.approx(
                sum(s * 0.5 ** (now - r) for s, r in plain), abs=1e-12
            )


def test_standings_come_back_from_json() -> None:
    standings, fresh = LiveStandings(decay=0.9), LiveStandings(decay=0.9)
    fresh.record_episodes([episode(match=match(CAT, AgentId("dan")))])
    standings.record_episodes(
        [episode((1, 0), 0.3), episode((), 0.1, lesson(0), match=match(BOB, ANN))]
    )
    standings.record_games([(ANN, CAT, 0.5)], "kuhn", 1)
    fresh.restore(json.loads(json.dumps(standings.state())))
    assert fresh.state() == standings.state()
    for one in (standings, fresh):
        one.record_episodes(
            [
                at(
                    3,
                    scores=(1, 1),
                    expected=0.2,
                    control=(1, 0),
                    match=match(AgentId("eve"), BOB),
                )
            ]
        )
    assert fresh.state() == standings.state()
    assert np.array_equal(
        fresh.win_matrix([ANN, BOB, CAT], "kuhn"),
        standings.win_matrix([ANN, BOB, CAT], "kuhn"),
    )


def test_a_new_agent_reuses_the_row_of_a_removed_one_without_its_record() -> None:
    standings = LiveStandings(decay=0.5)
    standings.record_games([(ANN, BOB, 1.0), (CAT, BOB, 1.0)], "kuhn", 1)
    for index in range(2, 40):
        came, left = AgentId(f"ann@{index}"), AgentId(f"ann@{index - 1}")
        standings.copy_agent(came, ANN)
        standings.remove_agent(left)
        assert (
            standings.win_rates([came], [BOB], "kuhn").evidence_N
            == standings.win_rates([ANN], [BOB], "kuhn").evidence_N
        )
        assert standings.win_rates([left], [BOB], "kuhn").evidence_N == 0
    assert len(standings.agents) == 4
    assert standings.tables["wins", "kuhn"].when.shape == (8, 8)
    standings.remove_agent(CAT)
    dan = AgentId("dan")
    standings.record_games([(dan, ANN, 0.0)], "kuhn", 40)
    assert standings.win_rates([dan], [BOB], "kuhn").evidence_N == 0
    assert standings.win_rates([ANN], [BOB], "kuhn").evidence_N > 0
    again = LiveStandings(decay=0.5)
    again.restore(json.loads(json.dumps(standings.state())))
    assert again.state() == standings.state()
    for one in (standings, again):
        one.record_games([(AgentId("eve"), ANN, 1.0)], "kuhn", 41)
    assert list(again.agents.items()) == list(standings.agents.items())
    assert again.skills(ANN, 0.0) == standings.skills(ANN, 0.0)
