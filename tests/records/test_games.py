"""What agents did: lessons, their gain, questions and their payoff."""

from dataclasses import replace

import pytest

from docendo.records import AgentId, Completion, Question, TaskType, by_match
from tests.toys import CAT, attempt, episode, lesson, match


def test_a_lesson_passes_if_every_worked_example_is_right() -> None:
    assert lesson(1, 1).passed
    assert not lesson(1, 0).passed
    assert not lesson(0.5).passed


def test_the_gain_is_the_mean_score_minus_the_expected_one() -> None:
    assert episode((1, 0, 1, 1), expected=0.25).gain == 0.5
    assert episode((0, 0), expected=0.25).gain == -0.25


def test_a_lesson_that_the_gate_withheld_has_no_gain() -> None:
    assert episode(()).gain is None


@pytest.mark.parametrize(
    ("scores", "refused", "payoff"),
    [
        ((1, 0), "", 1.0),
        ((1, 0, 0, 0), "", 0.75),
        ((1, 1), "", 0.0),
        ((0, 0), "", 0.0),
        ((), "", 0.0),
        ((1, 0), "form: too long", 0.0),
    ],
)
def test_a_question_pays_most_if_half_of_the_answers_are_right(
    scores: tuple[float, ...], refused: str, payoff: float
) -> None:
    question = Question(
        round=0,
        asker=AgentId("ann"),
        persona="",
        task_type=TaskType("sums", "small", 1),
        completion=Completion("1 + 1?"),
        problem=None,
        refused=refused,
        tries=tuple((AgentId(f"agent{i}"), score) for i, score in enumerate(scores)),
    )
    assert question.payoff == payoff


def test_the_lessons_of_a_match_are_neighbours_with_its_problems_and_control() -> None:
    first, second = episode(lesson=lesson(1)), episode(lesson=lesson(0))
    another_test = episode(test=501)
    another_student = episode(match=match(student=CAT))
    another_control = replace(first, control=())
    again = episode(lesson=lesson(1))
    groups = by_match(
        [first, second, another_test, another_student, another_control, again]
    )
    assert [len(group) for group in groups] == [2, 1, 1, 1, 1]
    assert groups[0] == [first, second]


def test_a_lesson_grows_by_thirds_of_the_lines_of_each_example() -> None:
    def parts_of(*texts: str) -> list[tuple[str, ...]]:
        written = tuple(attempt(1.0, text) for text in texts)
        parts = replace(lesson(*[1] * len(texts)), examples=written).parts
        return [tuple(a.completion.text for a in part.examples) for part in parts]

    assert parts_of("a\nb\nc\n") == [("a",), ("a\nb",), ("a\nb\nc\n",)]
    assert parts_of("a\nb") == [("a",), ("a\nb",)]
    assert parts_of("a", "a\nb\nc\nd") == [
        ("a", "a\nb"),
        ("a", "a\nb\nc"),
        ("a", "a\nb\nc\nd"),
    ]
    assert parts_of("a") == [("a",)]
    assert parts_of("") == [("",)]


def test_mistakes_are_the_students_wrong_answers_and_empty_elsewhere() -> None:
    assert lesson(1, 1).mistakes == ("", "")
    tried = replace(lesson(1, 1), tries=(attempt(1.0, "yes"), attempt(0.5, "half")))
    assert tried.mistakes == ("", "half")
