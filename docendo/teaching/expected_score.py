"""A student's expected score without a lesson: few control attempts, helped by what is known of it."""

from collections.abc import Sequence
from typing import NamedTuple

from docendo.records import AgentId, Rollout, mean_score

__all__ = ["ControlEstimate", "estimate_drifts", "shrink_control"]


class ControlEstimate(NamedTuple):
    """What is known of a student's score at a test without a lesson."""

    student: AgentId
    control: Sequence[Rollout]
    rate: float
    """The student's running rate at the task type."""
    weight: float
    """What the rate counts, in attempts; 0 where it says nothing of the test."""


def estimate_drifts(
    estimates: Sequence[ControlEstimate], strength: float
) -> dict[AgentId, float]:
    """How far each student is above its running rates by now, from this round's controls.

    A running rate lags behind a student that improves, so every lesson would seem to help it. The
    drift is the mean of control minus rate over the student's matches, shrunk towards 0 as if by
    `strength` attempts without drift.
    """
    attempts: dict[AgentId, float] = {}
    residuals: dict[AgentId, float] = {}
    for student, control, rate, weight in estimates:
        attempts.setdefault(student, strength)
        residuals.setdefault(student, 0.0)
        if weight:
            attempts[student] += len(control)
            residuals[student] += len(control) * (mean_score(control) - rate)

    drifts = {}
    for student, residual in residuals.items():
        drifts[student] = residual / attempts[student] if attempts[student] else 0.0
    return drifts


def shrink_control(control: Sequence[Rollout], rate: float, weight: float) -> float:
    """The controls' mean score, shrunk towards `rate` as if by `weight` more attempts.

    With C controls of mean m it is (C m + w r) / (C + w): the posterior mean under a Beta prior
    of mean r and strength w.
    """
    # One or two controls alone are 0 or 1 by chance, and the gain would be as noisy as they are.
    return (mean_score(control) * len(control) + rate * weight) / (len(control) + weight)
