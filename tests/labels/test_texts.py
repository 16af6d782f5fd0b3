"""Which texts of a round can be labelled, by whom, and after which lesson."""

from dataclasses import replace

import pytest

from docendo.labels.texts import (
    Text,
    find_attempts,
    find_demonstrations,
    find_taught,
    headroom,
)
from docendo.learning.withholding import Withholding
from docendo.records import BASE, TeachingOption
from docendo.school import Recipients
from tests.labels.toys import SMALL, played, practice, record, school
from tests.toys import (
    ANN,
    BOB,
    BY_THE_BOOK,
    CAT,
    attempt,
    attempts,
    episode,
    lesson,
    match,
    problem,
)


def test_a_right_lesson_is_labelled_by_its_teacher_for_all_who_imitate_it() -> None:
    told = episode((0, 0), expected=0.0)
    toy = school(recipients=Recipients(lessons={"sums": [CAT, BOB]}))
    texts = list(find_demonstrations(toy, played([told]), 0))
    assert [(t.student, t.labeller, t.lesson) for t in texts] == [
        (BOB, ANN, None),
        (CAT, ANN, None),
    ]
    assert texts[0].problem == told.lesson.problems[0]
    assert texts[0].rollout
    assert texts[0].rollout.completion.text == "lesson 0"
    assert not texts[0].rollout.completion.tokens, "its student's own tokens are learned"


def test_a_right_attempt_after_a_lesson_is_labelled_by_whoever_read_it() -> None:
    helped = episode((0, 1), expected=0.25, lesson=lesson(0))
    (text,) = find_demonstrations(school(), played([helped]), 0)
    assert (text.student, text.labeller, text.lesson) == (BOB, BOB, helped.lesson)
    assert text.rollout
    assert text.rollout.completion.text == "attempt 1"


def test_a_reader_reads_as_much_of_a_lesson_as_its_student_was_shown() -> None:
    whole = lesson(1, text="first\nsecond\nthird")
    met = replace(episode((0, 1), 0.25, lesson=whole, control=(0,)), hints=attempts(0, 1))
    (text,) = find_attempts(school(), played([met]), 0, reader="self")
    assert text.lesson
    assert text.lesson.examples[0].completion.text == "first\nsecond"
    *_, helped = find_demonstrations(school(), played([met]), 0)
    assert helped.lesson == text.lesson


def test_lessons_that_harmed_are_nobodys_text() -> None:
    assert not list(find_demonstrations(school(), played([episode((0, 0), 0.5)]), 0))


def test_a_lesson_that_is_withheld_reaches_nobodys_weights_by_labels() -> None:
    withholding = Withholding(1.0, 0, {"sums": [BOB]})
    toy = school(recipients=Recipients(lessons={"sums": [CAT]}, withholding=withholding))
    met = played([episode((0, 1), expected=0.25, control=(0,))])
    assert {t.student for t in find_demonstrations(toy, met, 0)} == {CAT}
    assert not list(find_attempts(toy, met, 0, reader="base"))


def test_solutions_are_labelled_by_their_author_for_others_alone() -> None:
    toy = school(recipients=Recipients(solutions={ANN: [ANN, CAT]}))
    tried = played(practice=[practice(700, 0, 1), practice(701, 0)])
    (text,) = find_demonstrations(toy, tried, 0)
    assert (text.student, text.labeller) == (CAT, ANN)


@pytest.mark.parametrize(("reader", "labeller"), [("self", BOB), ("base", BASE)])
def test_controls_are_read_after_the_lesson_that_helped_most(reader, labeller) -> None:
    control = (0, 0.5)
    worse = episode((0, 0), lesson=lesson(1, text="worse"), control=control)
    better = episode((1, 0), lesson=lesson(1, text="better"), control=control)
    rejected = episode((), lesson=lesson(0), control=control)
    texts = list(
        find_attempts(school(), played([worse, better, rejected]), 0, reader=reader)
    )
    assert texts == [
        Text(BOB, labeller, better.test, tried, better.lesson) for tried in better.control
    ]
    assert not list(find_attempts(school(), played([rejected]), 0, reader=reader))


def test_practice_is_read_after_a_worked_example_of_another_problem() -> None:
    toy = school()
    tried = practice(700, 0, 1)
    texts = list(find_attempts(toy, played(practice=[tried]), 0, reader="self"))
    assert [t.rollout for t in texts] == list(tried.attempts)
    shot = texts[0].lesson
    assert shot
    assert shot.passed
    assert shot.problems[0].key != problem(700).key
    assert shot.problems[0].task_type == SMALL
    assert shot.examples[0].completion.text.startswith(BY_THE_BOOK)


def test_a_worked_example_comes_from_verified_texts_of_others_first() -> None:
    toy = school()
    toy.demonstrations.add([(CAT, (problem(5), "carry"))])
    tried = [practice(700, 0, agent=CAT), practice(5, 0, agent=CAT)]
    (text,) = find_attempts(toy, played(practice=tried), 0, reader="self")
    assert text.problem == problem(700), "of its own text there is no other example"
    assert text.lesson
    assert text.lesson.examples[0].completion.text == "carry"


def test_students_try_each_domain_of_others_with_its_best_expert() -> None:
    toy = school(
        teaching_options=[
            TeachingOption(SMALL, (ANN, CAT), (BOB, CAT)),
            TeachingOption(SMALL._replace(domain="plums"), (BOB,), (CAT,)),
        ]
    )
    record(toy, ANN, 0.25)
    record(toy, CAT, 0.75)
    met = episode(control=(0, 1), match=match(ANN, BOB))
    texts = list(find_taught(toy, played([met]), 0, count=3))
    found = [(t.student, t.problem.domain, t.labeller, t.rollout) for t in texts]
    assert found == [
        *[(BOB, "sums", CAT, tried) for tried in met.control],
        *[(BOB, "sums", CAT, None)] * 3,
        *[(CAT, "plums", BOB, None)] * 3,
        *[(CAT, "sums", ANN, None)] * 3,
    ], "nobody is its own expert"
    assert texts == list(find_taught(toy, played([met]), 0, count=3))


def test_headroom_is_the_labellers_rate_minus_the_students() -> None:
    toy = school()
    record(toy, ANN, 1.0)
    record(toy, BOB, 0.0)
    text = Text(BOB, ANN, problem(), attempt())
    # both posteriors are of 50 scores and a prior of two
    assert headroom(toy, text) == pytest.approx(51 / 52 - 1 / 52)
    toy.league.standings.record_after_lesson([(BOB, SMALL, 1.0)] * 50, 0)
    assert headroom(toy, text._replace(labeller=BOB, lesson=lesson(1))) == pytest.approx(
        51 / 52 - 1 / 52
    )
