import pytest

from docendo.errors import UserError
from docendo.records import Episode, Match, Request
from docendo.teaching.game import play_matches
from tests.teaching.toys import Known, helped
from tests.toys import (
    ANN,
    BOB,
    CAT,
    Few,
    Scripted,
    Sums,
    classroom,
    match,
    problem,
    said,
    teaching_rules,
    wrong,
)

THREE = [match(ANN, BOB), match(ANN, CAT), match(CAT, BOB)]


def half_taught(request: Request) -> str:
    """Half of the lessons are wrong."""
    return (
        wrong(request)
        if request.purpose == "lesson" and request.seed % 2
        else helped(request)
    )


def test_lessons_are_written_before_the_test_problem_exists() -> None:
    log: list[str] = []
    room = classroom(helped, sources={"sums": Sums(log=log)}, engine=Scripted(helped, log))
    play_matches(room, 0, [match()], Known(), seed=1)
    assert log == ["draw", "lesson", "draw", "attempt+control"]


def test_any_number_of_matches_takes_two_batches() -> None:
    for count in (1, 3, 12):
        room = classroom(helped)
        assert len(play_matches(room, 0, (THREE * 4)[:count], Known(), seed=1)) == 2 * count
        assert len(room.engine.batches) == 2


def test_the_test_problem_has_another_key_and_the_same_family_and_level() -> None:
    room = classroom(
        helped,
        teaching_rules(examples=3),
        sources={"sums": Sums(families=("small", "large"))},
    )
    pairs = [
        Match(ANN, BOB, "sums", f, level) for f in ("small", "large") for level in (1, 2)
    ]
    for seed in range(20):
        for e in play_matches(room, 0, pairs, Known(), seed):
            assert e.test.key not in {p.key for p in e.lesson.problems}
            assert {(p.family, p.level) for p in (e.test, *e.lesson.problems)} == {
                (e.match.family, e.match.level)
            }


def test_two_problems_are_enough_and_the_test_is_always_the_other_one() -> None:
    room = classroom(helped, sources={"sums": Few([problem(1), problem(2)])})
    for seed in range(10):
        for e in play_matches(room, 0, [match()], Known(), seed):
            assert {e.test, *e.lesson.problems} == {problem(1), problem(2)}


def test_one_problem_is_not_enough_to_test_what_was_taught_with_it() -> None:
    with pytest.raises(UserError, match="only 1 problems, not 2"):
        play_matches(
            classroom(helped, sources={"sums": Few([problem(1)])}),
            0,
            [match()],
            Known(),
            seed=1,
        )


def test_the_rules_count_lessons_examples_attempts_and_controls() -> None:
    room = classroom(
        helped, teaching_rules(lessons=3, examples=2, attempts=5, control_attempts=7)
    )
    episodes = play_matches(room, 9, THREE, Known(), seed=1)
    assert [e.match for e in episodes] == [m for m in THREE for _ in range(3)]
    assert {e.round for e in episodes} == {9}
    assert (
        {len(e.lesson.problems) for e in episodes}
        == {len(e.lesson.examples) for e in episodes}
        == {2}
    )
    assert {len(e.attempts) for e in episodes} == {5}
    assert {len(e.control) for e in episodes} == {7}
    assert {
        p: sum(r.purpose == p for r in room.engine.requests)
        for p in ("lesson", "control", "attempt")
    } == {
        "lesson": 3 * 3 * 2,
        "control": 3 * 7,
        "attempt": 3 * 3 * 5,
    }


def test_a_wrong_lesson_is_not_shown_and_has_no_gain() -> None:
    room = classroom(half_taught, teaching_rules(lessons=8))
    episodes = play_matches(room, 0, THREE, Known(), seed=1)
    stopped = [e for e in episodes if not e.lesson.passed]
    assert 0 < len(stopped) < len(episodes)
    assert all(e.attempts == () and e.gain is None for e in stopped)
    assert all(e.gain == 1.0 for e in episodes if e.lesson.passed)
    shown = [said(r) for r in room.engine.requests if r.purpose == "attempt"]
    assert len(shown) == 4 * (len(episodes) - len(stopped))
    assert not any("muddle" in text for text in shown)


def test_one_wrong_example_of_three_stops_the_lesson() -> None:
    def third_is_wrong(request: Request) -> str:
        return (
            wrong(request)
            if request.messages[-1].content == problem(3).prompt
            else helped(request)
        )

    room = classroom(
        third_is_wrong,
        teaching_rules(examples=3),
        sources={"sums": Few([problem(n) for n in (1, 2, 3, 4)])},
    )
    for seed in range(10):
        for e in play_matches(room, 0, [match()], Known(), seed):
            assert e.lesson.passed == (problem(3) not in e.lesson.problems)
            assert bool(e.attempts) == e.lesson.passed


def test_the_lessons_of_a_match_share_their_problems_their_test_and_its_control() -> None:
    episodes = play_matches(
        classroom(half_taught, teaching_rules(lessons=3)), 0, THREE * 2, Known(), seed=1
    )
    for i in range(0, len(episodes), 3):
        first, *others = episodes[i : i + 3]
        for e in others:
            assert e.control is first.control
            assert (e.lesson.problems, e.test, e.expected) == (
                first.lesson.problems,
                first.test,
                first.expected,
            )


def test_the_same_match_twice_in_a_round_has_two_tests() -> None:
    episodes = play_matches(classroom(helped), 0, [match(), match()], Known(), seed=1)
    assert (
        len({e.test.key for e in episodes})
        == len({e.lesson.problems for e in episodes})
        == 2
    )


def test_the_control_is_answered_without_the_lesson() -> None:
    room = classroom(helped)
    play_matches(room, 0, THREE, Known(), seed=1)
    for request in room.engine.requests:
        assert len(request.messages) == (4 if request.purpose == "attempt" else 2)


def test_every_lesson_request_has_its_own_seed_and_the_limits_of_the_rules() -> None:
    room = classroom(helped, teaching_rules(max_tokens=17, temperature=0.7))
    play_matches(room, 0, THREE * 3, Known(), seed=1)
    assert len({r.seed for r in room.engine.requests}) == len(room.engine.requests)
    assert {(r.max_tokens, r.temperature) for r in room.engine.requests} == {(17, 0.7)}


def test_the_same_seed_plays_the_same_episodes_and_another_one_other_problems() -> None:
    def play(seed: int) -> list[Episode]:
        return play_matches(classroom(half_taught), 0, THREE, Known(), seed)

    assert play(1) == play(1)
    assert {e.test.key for e in play(1)}.isdisjoint(e.test.key for e in play(2))


def test_no_matches_make_no_episodes() -> None:
    assert play_matches(classroom(helped), 0, [], Known(), seed=1) == []


@pytest.mark.parametrize(
    ("evidence", "want"),
    [(0.0, 0.0), (1.0, 0.25 / 5), (4.0, 1.0 / 8), (20.0, 1.0 / 8)],
    ids=[
        "never tried",
        "tried once",
        "tried as often as the prior counts",
        "more evidence counts no more",
    ],
)
def test_four_failed_controls_and_a_running_rate_of_one_half(
    evidence: float, want: float
) -> None:
    """The drift is -1/4: four attempts half below the rate, and four of the prior without drift."""
    e, *_ = play_matches(
        classroom(helped, teaching_rules(control_shrinkage=4.0)),
        0,
        [match()],
        Known(0.5, evidence),
        seed=1,
    )
    assert e.expected == pytest.approx(want)
    assert e.expected_gain == pytest.approx(1 - want)
    assert e.gain == 1
