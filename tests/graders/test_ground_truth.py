"""The ground truth compares text, and runs a problem's tests where it has any."""

import pytest

from docendo.graders.ground_truth import TruthConfig, ground_truth, ground_truth_evaluator
from docendo.records import AgentId, Answer, Problem

SUM = Problem("d", "f", 1, "What is 2 + 2?", "4")
PROGRAM = Problem("d", "f", 1, "Double x.", "x * 2", tests=("f(3) == 6",))
QUESTION = Problem("d", "f", 1, "Which colour do you like?", "")


@pytest.mark.parametrize(
    ("problem", "text", "score"),
    [
        (SUM, "Answer: 4", 1),
        (SUM, "Answer: 5", 0),
        (PROGRAM, "Answer: x + x", 1),
        (PROGRAM, "Answer: x * 3", 0),
        (QUESTION, "Answer: blue", 0),
    ],
)
def test_the_ground_truth_of_a_problem(problem: Problem, text: str, score: float) -> None:
    assert ground_truth()(problem, text).score == score
    answer = Answer(problem, text, AgentId("ann"), 0)
    assert ground_truth_evaluator()([answer])[0].score == score


def test_it_applies_where_there_is_an_answer_or_a_test() -> None:
    applies = [
        TruthConfig().applies(Answer(problem, "", AgentId("ann"), 0))
        for problem in (SUM, PROGRAM, QUESTION)
    ]
    assert applies == [True, True, False]
