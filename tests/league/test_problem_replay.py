import json
from collections import Counter

from docendo.league.problem_replay import ProblemReplay
from docendo.records import Episode, TaskType
from tests.toys import ANN, BOB, episode, problem

SMALL = TaskType("sums", "small", 1)


def met(scores: tuple[float, ...], test: int, round: int = 0) -> Episode:
    made = episode(scores, test=test)
    return Episode(
        round,
        made.match,
        made.test,
        made.lesson,
        made.control,
        made.attempts,
        made.expected,
    )


def drawn(deck: ProblemReplay, count: int = 400, avoid=()) -> Counter:
    return Counter(deck.draw(BOB, SMALL, avoid, seed) for seed in range(count))


def test_only_problems_whose_outcome_varied_are_replayed() -> None:
    deck = ProblemReplay(fraction=1.0)
    deck.observe([met((1, 1), 1), met((0, 0), 2), met((1, 0), 3), met((), 4)])
    assert set(drawn(deck)) == {problem(3)}
    deck.observe([met((1, 1), 3, round=1)])
    assert set(drawn(deck)) == {None}, "by now it is solved"


def test_attempts_after_all_lessons_of_a_match_score_its_problem() -> None:
    deck = ProblemReplay(fraction=1.0)
    deck.observe([met((1, 1), 1), met((0, 0), 1), met((1, 1, 1), 2), met((0,), 2)])
    assert [c.score for c in deck.entries["bob|sums/small/1"].values()] == [
        0.25,
        0.75 * 0.25,
    ]


def test_a_share_of_the_problems_is_replayed_and_the_rest_is_fresh() -> None:
    deck = ProblemReplay(fraction=0.25)
    deck.observe([met((1, 0), 3)])
    assert 60 < drawn(deck)[problem(3)] < 140
    assert set(drawn(deck, avoid=[problem(3)])) == {None}
    assert deck.draw(ANN, SMALL, (), 0) is None, "another student's deck"


def test_uncertain_problems_are_replayed_most_and_stale_ones_sometimes() -> None:
    deck = ProblemReplay(fraction=1.0, beta=0.3, rho=0.2)
    deck.observe([met((1, 0, 0, 0), 1, round=0)])
    deck.observe([met((1, 1, 0, 0), 2, round=9)])
    # rank 1 of two has 1 / (1 + 2 ** (-1 / 0.3)) = 0.91 of the 0.8 by rank; all of the 0.2 goes to the stale one
    times = drawn(deck, 2000)
    assert abs(times[problem(2)] / 2000 - 0.8 * 0.9097) < 0.03
    assert abs(times[problem(1)] / 2000 - (0.8 * 0.0903 + 0.2)) < 0.03


def test_a_replay_buffer_keeps_the_latest_problems() -> None:
    deck = ProblemReplay(fraction=1.0, capacity=3)
    for i in range(6):
        deck.observe([met((1, 0), i)])
    deck.observe([met((1, 0), 4)])
    assert [c.problem for c in deck.entries["bob|sums/small/1"].values()] == [
        problem(3),
        problem(5),
        problem(4),
    ]


def test_without_a_replay_share_no_problem_is_kept() -> None:
    deck = ProblemReplay(fraction=0.0)
    deck.observe([met((1, 0), 1)])
    assert deck.entries == {}


def test_a_replay_buffer_comes_back_from_json() -> None:
    deck, fresh = ProblemReplay(fraction=0.5), ProblemReplay(fraction=0.5)
    deck.observe([met((1, 0), i, round=i) for i in range(5)])
    fresh.restore(json.loads(json.dumps(deck.state())))
    assert fresh == deck
    assert drawn(fresh) == drawn(deck)
