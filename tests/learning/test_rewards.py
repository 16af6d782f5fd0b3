import pytest

from docendo.learning.rewards import GainReward
from tests.toys import episode, lesson


def test_the_student_earns_its_scores_and_the_teacher_how_much_it_raised_them() -> None:
    payoff = GainReward(-0.5)(episode(scores=(1, 1, 0, 1), expected=0.25))
    assert payoff.student == (1, 1, 0, 1)
    assert payoff.teacher == pytest.approx(0.75 - 0.25)


def test_a_lesson_that_confused_the_student_costs_the_teacher() -> None:
    assert GainReward(-0.5)(episode(scores=(0, 0), expected=0.5)).teacher == -0.5


def test_a_lesson_that_the_gate_stopped_earns_the_penalty_and_the_student_nothing() -> None:
    assert GainReward(penalty=-0.7)(episode(scores=(), lesson=lesson(0))) == (-0.7, ())
