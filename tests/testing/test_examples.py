"""Problems that the conformance checks are made with."""

from docendo.graders.answer import exact
from docendo.testing.examples import make_problem


def test_every_number_is_a_sum_of_its_own_with_its_right_answer() -> None:
    problem = make_problem(3)
    assert problem.prompt == "What is 3 + 4?"
    assert exact(problem, "Answer: 7").score == 1
    assert make_problem(4).key != problem.key
