"""How written questions are read, and the shape that is expected of them."""

import pytest

from docendo.asking.gate import measure_shape, parse_question
from docendo.problems.arithmetic import MATHEMATICS
from docendo.records import Problem


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Question: What is 1 + 2?\nAnswer: 3", ("What is 1 + 2?", "3", "")),
        (
            "Question: What is 1 + 2 + 3?\nSolution: 1 + 2 = 3\n3 + 3 = 6\nAnswer: 6\n",
            ("What is 1 + 2 + 3?", "6", "1 + 2 = 3\n3 + 3 = 6\nAnswer: 6"),
        ),
        ("Question: a\nSolution: Answer: 6", ("a", "6", "")),
        ("question: a\nb\nAnswer: c", ("a\nb", "c", "")),
        ("Question: a Answer: b", None),
        ("What is 1 + 2?\nAnswer: 3", None),
        ("Question:\nAnswer: 3", None),
        ("Question: a\nAnswer:", None),
        ("Question: a\nAnswer: b\nand more", None),
        ("", None),
    ],
)
def test_a_text_is_parsed_into_question_and_answer_or_rejected(
    text: str, found: tuple[str, str, str] | None
) -> None:
    assert parse_question(text) == found


def test_the_shape_of_a_task_type_is_measured_on_its_problems() -> None:
    shape = measure_shape(MATHEMATICS.draw("fractions", 1, 10, 1, "train"))
    assert shape.answer_sorts == {"fraction"}
    assert measure_shape(
        [
            Problem("d", "f", 1, "What is 5 + 6?", "11"),
            Problem("d", "f", 1, "x", "the blue door"),
        ]
    ).answer_sorts == {
        "number",
        "words",
    }
