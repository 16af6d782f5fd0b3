"""What a student would score without a lesson: its control, its past rate, and its drift."""

from random import Random
from statistics import fmean

import pytest

from docendo.records import Completion, Rollout, Verdict
from docendo.teaching.expected_score import (
    ControlEstimate,
    estimate_drifts,
    shrink_control,
)
from tests.toys import ANN, BOB, attempts


@pytest.mark.parametrize(
    ("scores", "rate", "weight", "expected"),
    [
        ((1, 0, 0, 0), 0.0, 0.0, 1 / 4),
        ((1, 0, 0, 0), 0.75, 4.0, (1 + 3) / 8),
        ((1, 1), 0.5, 2.0, (2 + 1) / 4),
        ((0, 0, 0, 0), 1.0, 1.0, 1 / 5),
    ],
)
def test_the_control_is_shrunk_towards_the_running_rate(
    scores: tuple[int, ...], rate: float, weight: float, expected: float
) -> None:
    assert shrink_control(attempts(*scores), rate, weight) == pytest.approx(expected)


def test_a_student_above_its_rates_has_drifted_upwards() -> None:
    """Ann is 1/2 above her rates in eight attempts; four attempts of the prior are without drift."""
    estimates = [
        ControlEstimate(ANN, attempts(1, 1, 0, 0), rate=0.0, weight=4.0),
        ControlEstimate(ANN, attempts(1, 1, 1, 1), rate=0.5, weight=1.0),
        ControlEstimate(BOB, attempts(0, 0), rate=0.0, weight=4.0),
    ]
    assert estimate_drifts(estimates, strength=4.0) == {
        ANN: pytest.approx(8 * 0.5 / 12),
        BOB: 0.0,
    }


def test_a_problem_that_the_rate_does_not_describe_says_nothing_of_the_drift() -> None:
    replayed = ControlEstimate(ANN, attempts(1, 1), rate=0.0, weight=0.0)
    assert estimate_drifts([replayed], strength=4.0) == {ANN: 0.0}
    assert estimate_drifts([replayed], strength=0.0) == {ANN: 0.0}


def test_useless_lessons_to_a_student_that_improves_earn_nothing_on_average() -> None:
    """A student rises from 0.1 to 0.9 within 40 rounds; lessons change nothing.

    Against the running rate alone a lesson would seem to bring 0.04: half of
    the 0.08 by which the rate lags four rounds behind.
    """
    rng = Random(1)
    gains: list[float] = []
    gains_without_drift: list[float] = []
    rate = 0.1
    for round_index in range(40):
        chance = 0.1 + 0.8 * round_index / 39

        def answer(count: int, chance: float = chance) -> list[Rollout]:
            scores = [float(rng.random() < chance) for _ in range(count)]
            return [Rollout(Completion(""), Verdict(score, "")) for score in scores]

        estimates = [ControlEstimate(ANN, answer(4), rate, weight=4.0) for _ in range(24)]
        drift = estimate_drifts(estimates, strength=4.0)[ANN]
        for estimate in estimates:
            with_lesson = fmean(rollout.verdict.score for rollout in answer(4))
            expected = shrink_control(estimate.control, rate + drift, estimate.weight)
            gains.append(with_lesson - expected)
            lagging = shrink_control(estimate.control, rate, estimate.weight)
            gains_without_drift.append(with_lesson - lagging)

        seen = fmean(r.verdict.score for e in estimates for r in e.control)
        rate = 0.8 * rate + 0.2 * seen

    assert abs(fmean(gains)) < 0.02
    assert fmean(gains_without_drift) > 0.03
