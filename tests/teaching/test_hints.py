"""Hints that grow: the student is shown no more of a lesson than it needs."""

from docendo.records import Request
from docendo.teaching.classroom import LessonOptions
from docendo.teaching.game import play_matches
from tests.teaching.toys import Known, by_first_line
from tests.toys import classroom, match, right, said, teaching_rules, wrong

RULES = teaching_rules(options=LessonOptions(growing_hints=True), max_tokens=64)


def in_steps(request: Request, needed: str) -> str:
    """A teacher of three lines; a student that is right where it has read the one that it needs."""
    if request.purpose == "lesson":
        return by_first_line(request).replace("\n", "\ncarry the two\n")
    return right(request) if needed in said(request) else wrong(request)


def test_the_part_after_which_the_student_is_right_is_shown_in_its_attempts() -> None:
    for needed, scores, lines in (
        ("the one", [1], 1),
        ("the two", [0, 1], 2),
        ("!", [0, 0], 3),
    ):
        room = classroom(lambda request, n=needed: in_steps(request, n), RULES)
        for e in play_matches(room, 0, [match()], Known(), seed=1):
            assert [hint.verdict.score for hint in e.hints] == scores
            assert len(e.shown.examples[0].completion.text.splitlines()) == lines
            assert len(e.attempts) == RULES.attempts
        shown = [
            r.messages[2].content for r in room.engine.requests if r.purpose == "attempt"
        ]
        assert {len(text.splitlines()) for text in shown} == {lines}


def test_attempts_are_sampled_anew_after_the_hint_that_sufficed() -> None:
    """What chose the part would make it look better than it is."""
    room = classroom(lambda request: in_steps(request, "the one"), RULES)
    play_matches(room, 0, [match()], Known(), seed=1)
    seeds = [r.seed for r in room.engine.requests]
    assert len(set(seeds)) == len(seeds)
    purposes = [r.purpose for r in room.engine.requests]
    assert (purposes.count("hint"), purposes.count("attempt")) == (2, 2 * RULES.attempts)


def test_a_lesson_of_one_line_is_shown_at_once() -> None:
    room = classroom(lambda request: right(request).splitlines()[-1], RULES)
    for e in play_matches(room, 0, [match()], Known(), seed=1):
        assert (e.hints, e.shown) == ((), e.lesson)


def test_a_match_costs_no_more_answers_than_its_rules_say() -> None:
    rules = teaching_rules(
        candidates=5, options=LessonOptions(correction=True, growing_hints=True)
    )
    room = classroom(lambda request: in_steps(request, "!"), rules)
    play_matches(room, 0, [match()], Known(), seed=1)
    assert len(room.engine.requests) == rules.answers
