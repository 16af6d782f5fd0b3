"""Multiple choice is graded by letter or text."""

import pytest

from docendo.graders.choices import ChoiceGrader
from docendo.graders.ground_truth import ground_truth
from docendo.records import Problem, Verdict

CHOICES = ("Lima", "A dog", "x", "3.50", "Dr. Who")


def problem(answer: str) -> Problem:
    return Problem("d", "d", 1, "Which?", answer, choices=CHOICES)


@pytest.mark.parametrize(
    ("answer", "text", "score"),
    [
        ("A", "A", 1),
        ("A", "I think.\nAnswer: (a).", 1),
        ("A", "The answer is **A**.", 1),
        ("A", "Answer: A) Lima", 1),
        ("A", "Answer: lima", 1),
        ("A", "Answer: B", 0),
        ("A", "Answer: A) A dog", 0),
        ("A", "Answer: B) Lima", 0),
        ("A", "Answer: A or B", 0),
        ("A", "Answer: A dog", 0),
        ("A", "", 0),
        ("A", "Answer:", 0),
        ("B", "Answer: a dog", 1),
        ("B", "Answer: A", 0),
        ("C", "Answer: x", 1),
        ("C", "Answer: F", 0),
        ("D", "Answer: 3.5", 1),
        ("D", "Answer: D: 3.50", 1),
        ("E", "Answer: Dr. Who", 1),
        ("E", "Answer: E", 1),
    ],
)
def test_a_choice_is_right_by_letter_or_text(answer: str, text: str, score: float) -> None:
    assert ground_truth()(problem(answer), text).score == score


def test_other_problems_are_handed_on() -> None:
    grade = ChoiceGrader(lambda problem, text: Verdict(0.25, problem.answer + text))
    assert grade(Problem("d", "d", 1, "Q?", "7"), "8") == (0.25, "78")
