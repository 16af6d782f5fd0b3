import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docendo.league.posteriors import GainPosterior
from tests.toys import shares


def gains(*seen: float) -> GainPosterior:
    values = np.array(seen)
    return GainPosterior(
        *(np.array([x]) for x in (values.sum(), (values**2).sum(), float(len(values)), 0.0))
    )


def test_a_rate_is_the_mean_of_its_beta_posterior() -> None:
    belief = shares((0, 0), (3, 3), (9, 10))
    assert belief.mean_N.tolist() == pytest.approx([1 / 2, 4 / 5, 10 / 12])
    assert belief.variance_N.tolist() == pytest.approx([1 / 6, 4 / 30, 20 / 156])


def test_the_interval_is_wide_after_one_game_and_narrow_after_a_hundred() -> None:
    low, high = shares((1, 1), (100, 100)).interval()
    assert low.tolist() == pytest.approx([0.1581, 0.9641], abs=1e-4)
    assert (high - low)[0] > 0.8
    assert (high - low)[1] < 0.04


def test_a_gain_is_students_t_around_its_mean() -> None:
    belief = gains(0.5, 0.5, 0.5)
    assert belief.mean_N.tolist() == [1.5 / 4]
    # worked by hand: b = 0.1 + (0.75 - 1.5 * 0.375) / 2 = 0.19375, a = 2.5, scale^2 = b / (a * 4)
    assert belief.spread_N.tolist() == pytest.approx([(0.19375 / 10) ** 0.5])
    low, high = belief.interval()
    half = (
        2.570582 * (0.19375 / 10) ** 0.5
    )  # the 97.5 % point of t with 5 degrees of freedom
    assert (low[0], high[0]) == pytest.approx((0.375 - half, 0.375 + half), abs=1e-6)


@given(st.lists(st.floats(-1, 1), max_size=30))
def test_intervals_hold_their_mean_and_stay_in_bounds(seen: list[float]) -> None:
    low, high = gains(*seen).interval()
    assert -1 <= low[0] <= gains(*seen).mean_N[0] <= high[0] <= 1


@given(st.integers(0, 200).flatmap(lambda n: st.tuples(st.floats(0, n), st.just(n))))
def test_the_interval_of_a_rate_holds_its_mean(seen: tuple[float, int]) -> None:
    belief = shares(seen)
    low, high = belief.interval()
    assert 0 <= low[0] <= belief.mean_N[0] <= high[0] <= 1


def test_draws_from_a_posterior_have_its_mean_and_spread() -> None:
    rng, belief, gained = np.random.default_rng(0), shares((3, 10)), gains(*[0.1, 0.3] * 20)
    for one in (belief, gained):
        drawn = np.array([one.sample(rng)[0] for _ in range(4000)])
        assert drawn.mean() == pytest.approx(
            one.mean_N[0], abs=4 * one.spread_N[0] / 4000**0.5
        )
        assert drawn.std() == pytest.approx(one.spread_N[0], rel=0.1)
