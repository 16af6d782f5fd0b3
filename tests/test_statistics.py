"""Intervals against numbers from the literature and from paper and pencil."""

from random import Random

import numpy as np
import pytest

from docendo.statistics import (
    PairedScores,
    clustered_mean,
    clustered_share,
    difference_of_shares,
    estimate_share,
    paired_change,
    stratified_difference,
    t_quantile,
    wilson_interval,
)


def test_wilson_intervals_have_the_published_values() -> None:
    assert wilson_interval(0.5, 4) == pytest.approx((0.1500, 0.8500), abs=1e-4)
    assert wilson_interval(0.0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert wilson_interval(1.0, 10) == pytest.approx((0.7225, 1.0), abs=1e-4)
    assert wilson_interval(0.81, 263) == pytest.approx((0.7582, 0.8529), abs=2e-3)


def test_the_share_of_scores_has_wilsons_interval() -> None:
    share = estimate_share([1.0, 0.5, 0.0, 0.5])
    assert (share.mean, share.n) == (0.5, 4)
    assert (share.low, share.high) == wilson_interval(0.5, 4)


def test_with_one_score_per_group_the_interval_is_student_t() -> None:
    mean, low, high, n = clustered_mean([[1.0], [2.0], [3.0], [4.0], [5.0], [6.0]])
    assert (mean, n) == (3.5, 6)
    assert low == pytest.approx(3.5 - 2.5706 * 0.76376, abs=1e-3)
    assert high == pytest.approx(3.5 + 2.5706 * 0.76376, abs=1e-3)


def test_copies_of_a_score_within_its_group_do_not_narrow_the_interval() -> None:
    once, thrice = (
        clustered_mean([[0.1], [0.4], [0.3]]),
        clustered_mean([[0.1] * 3, [0.4] * 3, [0.3] * 3]),
    )
    assert thrice[:3] == pytest.approx(once[:3])
    assert thrice.n == 9


def test_one_group_has_a_mean_and_no_interval() -> None:
    assert clustered_mean([[0.0, 0.5]]) == (0.25, None, None, 2)


def test_the_interval_of_a_share_stays_within_0_and_1_and_has_a_width() -> None:
    mean, low, high, _ = clustered_share([[0.0], [0.0], [0.0], [0.0]])
    assert (mean, low) == (0.0, 0.0)
    assert high == pytest.approx(wilson_interval(0.0, 4)[1])
    mean, low, high, _ = clustered_share([[1.0], [0.0], [1.0], [0.0]])
    assert 0.1 < (low or 0) < mean < (high or 0) < 0.9


def test_a_rise_on_every_problem_has_a_narrow_interval_above_0() -> None:
    strata = [[PairedScores((0.0,), (1,), (1.0,), (1,)) for _ in range(5)]]
    assert paired_change(strata) == (0.0, 1.0, 1.0, 1.0, 1.0)


def test_the_interval_of_a_rise_contains_it() -> None:
    random = Random(3)
    covered = 0
    for seed in range(100):
        drawn = [
            (float(random.random() < 0.3), float(random.random() < 0.5)) for _ in range(80)
        ]
        strata = [
            [PairedScores((before,), (1,), (after,), (1,)) for before, after in drawn]
        ]
        _, _, _, low, high = paired_change(strata, seed, resamples=200)
        covered += (low or 0) <= 0.2 <= (high or 0)
    assert 88 <= covered <= 100


def test_an_agent_measured_once_is_left_out_of_a_paired_change() -> None:
    problems = [PairedScores((0.0, 1.0), (1, 1), (1.0, 0.0), (1, 0)) for _ in range(3)]
    assert paired_change([problems]) == (0.0, 1.0, 1.0, 1.0, 1.0)
    assert paired_change([[], []]) == (None,) * 5


def test_the_difference_of_two_shares_by_hand() -> None:
    """Newcombe (1998), table II: 56/70 and 48/80, method 10: 0.0524 to 0.3339."""
    _, _, gap = difference_of_shares([1.0] * 56 + [0.0] * 14, [1.0] * 48 + [0.0] * 32)
    assert (gap.mean, gap.low, gap.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)


def test_a_difference_within_strata_is_that_of_a_regression() -> None:
    rng = np.random.default_rng(4)
    strata = [
        (rng.normal(i, 1, 3 + i).tolist(), rng.normal(i, 1, 2).tolist()) for i in range(3)
    ]
    design = []
    for i, sides in enumerate(strata):
        for treated, scores in zip((1.0, 0.0), sides, strict=True):
            design += [[treated, *np.eye(3)[i], score] for score in scores]
    x_N4, y_N = np.split(np.array(design), [4], axis=1)
    coefficients, (squares,), _, _ = np.linalg.lstsq(x_N4, y_N)
    error = np.sqrt(squares / (len(y_N) - 4) * np.linalg.inv(x_N4.T @ x_N4)[0, 0])

    alone: tuple[list[float], list[float]] = ([9.0], [])
    estimate = stratified_difference([*strata, alone])
    assert estimate is not None
    assert estimate.high is not None
    assert estimate.n == len(y_N)
    assert estimate.mean == pytest.approx(coefficients[0, 0])
    assert estimate.high - estimate.mean == pytest.approx(t_quantile(len(y_N) - 4) * error)
    assert stratified_difference([alone]) is None
    assert stratified_difference([([1.0], [0.0])]) == (1.0, None, None, 2)
