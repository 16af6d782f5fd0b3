from dataclasses import replace

import pytest

from docendo.learning.rewards import DenseGainReward, GainReward, pay_episode
from docendo.records import Trial
from tests.toys import episode, lesson, problem


def test_the_student_earns_its_scores_and_the_teacher_how_much_it_raised_them() -> None:
    payoff = GainReward(-0.5)(episode(scores=(1, 1, 0, 1), expected=0.25))
    assert payoff.student == (1, 1, 0, 1)
    assert payoff.teacher == pytest.approx(0.75 - 0.25)


def test_a_lesson_that_confused_the_student_costs_the_teacher() -> None:
    assert GainReward(-0.5)(episode(scores=(0, 0), expected=0.5)).teacher == -0.5


def test_a_lesson_that_the_gate_stopped_earns_the_penalty_and_the_student_nothing() -> None:
    assert GainReward(penalty=-0.7)(episode(scores=(), lesson=lesson(0))) == (-0.7, ())


def test_the_dense_gain_pays_the_teacher_and_scores_the_student() -> None:
    shown = replace(episode(scores=(1, 0)), trial=Trial(problem(7), 0.3))
    assert DenseGainReward(-0.5)(shown) == (0.3, (1, 0))
    assert DenseGainReward(-0.5)(episode(scores=(1, 1), expected=0.25)).teacher == 0.75
    assert DenseGainReward(-0.5)(episode(scores=(), lesson=lesson(0))).teacher == -0.5


def test_a_lesson_that_was_not_shown_is_paid_by_its_dense_gain_or_not_at_all() -> None:
    dropped = episode(scores=())
    tried = replace(dropped, trial=Trial(problem(7), -0.2))
    assert pay_episode(DenseGainReward(-0.5), tried).teacher == -0.2
    assert pay_episode(DenseGainReward(-0.5), dropped).teacher is None
    assert pay_episode(GainReward(-0.5), tried).teacher is None
    rejected = episode(scores=(), lesson=lesson(0))
    assert pay_episode(GainReward(-0.5), rejected).teacher == -0.5
