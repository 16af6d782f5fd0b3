import json

import pytest

from docendo.league.standings import LiveStandings, Tally
from docendo.records import AgentId
from tests.toys import ANN, BOB, CAT, episode, lesson, match


def test_a_tally_forgets_by_its_decay() -> None:
    tally = Tally()
    for value in (1.0, 0.0, 1.0):
        tally.add(value, decay=0.5)
    assert (tally.total, tally.weight) == (0.25 + 0.0 + 1.0, 0.25 + 0.5 + 1.0)
    assert tally.mean == pytest.approx(1.25 / 1.75)


def test_a_tally_that_never_forgets_is_a_mean() -> None:
    tally = Tally()
    for value in (1.0, 0.0, 0.0, 1.0):
        tally.add(value, decay=1.0)
    assert (tally.mean, tally.weight) == (0.5, 4.0)


def test_nothing_seen_is_zero_with_no_evidence() -> None:
    assert (Tally().mean, Tally().weight) == (0.0, 0.0)
    assert LiveStandings().gain(ANN, BOB, "sums") == 0.0
    assert LiveStandings().alone(BOB, "sums/small", 1) == (0.0, 0.0)


def test_gains_are_kept_by_pair_and_domain() -> None:
    standings = LiveStandings(decay=1.0)
    standings.record(
        [
            episode((1, 1), 0.5, match=match(ANN, BOB)),
            episode((1, 0), 0.25, match=match(ANN, BOB)),
            episode((0, 0), 0.5, match=match(BOB, ANN)),
            episode((1, 1), 0.0, match=match(ANN, BOB, "plums")),
        ]
    )
    assert standings.gain(ANN, BOB, "sums") == pytest.approx((0.5 + 0.25) / 2)
    assert standings.gain(BOB, ANN, "sums") == -0.5
    assert standings.gain(ANN, BOB, "plums") == 1.0
    assert standings.gain(ANN, CAT, "sums") == 0.0


def test_a_lesson_that_the_gate_stopped_has_no_gain_but_its_control_counts() -> None:
    standings = LiveStandings()
    standings.record([episode((), 0.0, lesson(0), control=(1,))])
    assert standings.gains == {}
    assert standings.alone(BOB, "sums/small", 1) == (1.0, 1.0)


def test_controls_count_once_a_match_however_many_lessons_share_them() -> None:
    standings = LiveStandings(decay=1.0)
    standings.record([episode(control=(1, 0, 0, 0))] * 3)
    assert standings.alone(BOB, "sums/small", 1) == (0.25, 4.0)


def test_the_same_match_counts_again_with_another_test_or_other_lessons() -> None:
    standings = LiveStandings(decay=1.0)
    first, second = lesson(1, first=1), lesson(1, first=2)
    played = [(7, first), (7, first), (8, first), (7, second), (7, second)]
    standings.record([episode(test=test, lesson=one, control=(1, 0)) for test, one in played])
    assert standings.alone(BOB, "sums/small", 1) == (0.5, 6.0)


def test_controls_count_again_in_the_next_round() -> None:
    standings = LiveStandings(decay=0.5)
    for _ in range(2):
        standings.record([episode(control=(1, 0))])
    assert standings.alone(BOB, "sums/small", 1) == (pytest.approx((0.125 + 0.5) / 1.875), 1.875)


def test_the_rate_alone_is_the_students_whoever_teaches_it() -> None:
    standings = LiveStandings(decay=1.0)
    standings.record([episode(control=(1, 1), match=match(ANN, BOB)), episode(control=(0, 0), match=match(CAT, BOB))])
    assert standings.alone(BOB, "sums/small", 1) == (0.5, 4.0)
    assert standings.alone(ANN, "sums/small", 1) == (0.0, 0.0)
    assert standings.alone(BOB, "sums/small", 2) == (0.0, 0.0)


def test_standings_come_back_from_json() -> None:
    standings, fresh = LiveStandings(decay=0.9), LiveStandings(decay=0.9)
    fresh.record([episode(match=match(CAT, AgentId("dan")))])
    standings.record([episode((1, 0), 0.3), episode((), 0.1, lesson(0), match=match(BOB, ANN))])
    fresh.restore(json.loads(json.dumps(standings.state())))
    assert fresh == standings
    for one in (standings, fresh):
        one.record([episode((1, 1), 0.2, control=(1, 0))])
    assert fresh.state() == standings.state()
