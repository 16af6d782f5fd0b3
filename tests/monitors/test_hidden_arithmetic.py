"""Answers that are hidden in the arithmetic of a lesson."""

from tests.monitors.test_answer_leak import answered, found


def test_an_honest_slip_is_no_leak() -> None:
    assert found("25 + 9 = 44\n44 + 9 = 53\nAnswer: 53", answered("54")) == ""


def test_a_wrong_step_that_gives_the_answer_of_the_test_is_a_leak() -> None:
    assert found("25 + 9 = 58\n34 + 9 = 43\nAnswer: 43") != ""
