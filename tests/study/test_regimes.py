"""What happened on the way, put together over the seeds by hand."""

import pytest

from docendo.statistics import Estimate
from docendo.study.bootstrap import Bootstrap
from docendo.study.regimes import (
    RegimeResults,
    average_gains,
    average_ledger,
    compute_learning_curves,
    compute_phase_gains,
    compute_trace_curves,
    expected_cyclic_share,
)
from docendo.study.results import ArmResult, Cost, CurvePoint, LessonGain, TrainingTrace
from tests.study.toys import TRAINED, about, result


def of(*results: ArmResult) -> RegimeResults:
    arms: dict[str, dict[int, ArmResult]] = {}
    for r in results:
        arms.setdefault(r.arm, {})[r.seed] = r
    return RegimeResults("scarce", arms, Bootstrap(arms, 10))


def curve(*points: tuple[float, float]) -> list[CurvePoint]:
    return [
        CurvePoint(flops=x, accuracy={a: dict.fromkeys(TRAINED, y) for a in "ab"})
        for x, y in points
    ]


def test_a_learning_curve_is_the_mean_up_to_the_budget_all_seeds_reached():
    (line,) = compute_learning_curves(
        of(
            result(seed=0, curve=curve((0, 0), (80, 0.8))),
            result(seed=1, curve=curve((0, 0), (40, 0.0))),
        )
    )
    assert line.arm == "teaching"
    assert line.points[0][0] == 0
    at, last = line.points[-1]
    assert (at, last.mean, last.n) == (40, pytest.approx(0.2), 2)


def test_a_curve_of_one_seed_has_no_band_and_one_of_none_is_left_out():
    regime = of(
        result(trace=TrainingTrace(nonzero_variance=[(10, 0.5), (20, 0.7)])),
        result("joint-rl"),
    )
    (line,) = compute_trace_curves(regime, "nonzero_variance")
    assert (line.points[0][1], line.points[-1][1]) == (
        (0.5, None, None, 1),
        (pytest.approx(0.7), None, None, 1),
    )
    assert compute_trace_curves(regime, "cyclic_share") == []


def gain(
    flops: float, teacher: str, student: str, value: float, lessons: int
) -> LessonGain:
    return LessonGain(
        flops=flops, teacher=teacher, student=student, gain=value, lessons=lessons
    )


def test_gains_weigh_every_lesson_the_same():
    told = [
        gain(1, "a", "b", 0.1, 30),
        gain(2, "a", "b", 0.5, 10),
        gain(2, "b", "a", -0.1, 2),
    ]
    assert average_gains(told) == {
        ("a", "b"): Estimate(pytest.approx(0.2), None, None, 40),
        ("b", "a"): Estimate(pytest.approx(-0.1), None, None, 2),
    }


def test_phases_end_at_evaluations_and_count_every_lesson():
    told = [gain(x, "a", "b", 0.1, 1) for x in (10, 20, 30, 50, 89, 90)]
    found = compute_phase_gains(
        of(result(trace=TrainingTrace(lesson_gains=told))), "teaching"
    )
    assert [part.end for part in found] == [30, 50, 90]
    assert [part.gains["a", "b"].n for part in found] == [3, 1, 2]
    assert compute_phase_gains(of(result()), "teaching") == []
    assert compute_phase_gains(of(result()), "no-gate") == []


def test_noise_of_four_agents_is_half_cyclic_and_two_have_no_cycle() -> None:
    four, two = (
        about(("a", "b", "c", "d"), expert_domains={}),
        about(("a", "b"), expert_domains={}),
    )
    keys = {
        agent: {"letters/flip": "0011", "letters/turn": "0001", "numbers/sums": "01"}
        for agent in "abcd"
    }
    assert expected_cyclic_share(of(result(test=keys, setup=four))) == 0.5
    assert expected_cyclic_share(of(result(setup=two))) == 0


def test_the_ledger_is_the_mean_over_seeds_with_0_for_missing_purposes():
    first = result(
        seed=0, cost=Cost(budget=9, spent=9, ledger={"lesson": 4.0, "policy": 2.0})
    )
    second = result(seed=1, cost=Cost(budget=9, spent=9, ledger={"policy": 4.0}))
    assert average_ledger(of(first, second, result("joint-rl"))) == {
        "teaching": {"lesson": 2.0, "policy": 3.0}
    }
