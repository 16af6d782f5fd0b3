"""Means, differences and their intervals: by hand where a hand can, by invariants elsewhere."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docendo.study.bootstrap import Bootstrap, dominance, effect_size
from docendo.study.results import ArmResult, CurvePoint
from tests.study.toys import about, answers, result

ONE = about(("a",), domains={"letters": ("flip",)}, expert_domains={})


def arm(name: str, *keys: str, first: int = 0) -> dict[int, ArmResult]:
    """One agent, one family, one key for each seed."""
    return {
        seed: result(name, seed, answers(("a",), letters_flip=key), setup=ONE)
        for seed, key in enumerate(keys, first)
    }


def curved(name: str, *heights: float) -> dict[int, ArmResult]:
    return {
        seed: result(
            name,
            seed,
            answers(("a",), letters_flip="01"),
            setup=ONE,
            curve=[CurvePoint(flops=0, accuracy={"a": {"letters": height}})],
        )
        for seed, height in enumerate(heights)
    }


def test_the_mean_of_an_arm_is_over_its_seeds():
    found = (
        Bootstrap({"x": arm("x", "0011", "0111")}).measures("x")["mean"].estimate("mean")
    )
    assert found.mean == 0.625
    assert found.n == 2
    assert found.low is not None
    assert found.high is not None
    assert (found.low, found.high) == (0, 1)


def test_a_resample_draws_seeds_and_widens_two_seeds_to_student_t():
    drawn = Bootstrap({"x": arm("x", "0000", "1111")}).measures("x")["mean"].mean_R
    away = 0.5 * 12.706 / 1.95996 * math.sqrt(2)
    assert [
        np.mean(np.isclose(drawn, 0.5 + x, atol=1e-3)) for x in (-away, 0, away)
    ] == pytest.approx([0.25, 0.5, 0.25], abs=0.02)


def test_the_interval_over_many_seeds_is_that_of_student_t():
    heights = [0.2, 0.4, 0.5, 0.6, 0.8, 0.3, 0.7, 0.5, 0.45, 0.55, 0.35, 0.65]
    found = (
        Bootstrap({"x": curved("x", *heights)})
        .measures("x")["curve_area"]
        .estimate("curve_area")
    )
    half = 2.201 * np.std(heights, ddof=1) / math.sqrt(12)
    assert (found.low, found.high) == pytest.approx((0.5 - half, 0.5 + half), abs=0.01)


def test_a_resample_redraws_problems_for_every_drawn_seed():
    drawn = (
        Bootstrap({"x": arm("x", "0101010101", "1010101010")}).measures("x")["mean"].mean_R
    )
    assert drawn.var() == pytest.approx(
        0.25 / 10 / 2, rel=0.06
    )  # 0.25 / 10 * 3 / 4 if a seed kept its problems


def test_arms_with_equal_answers_have_a_difference_of_exactly_0():
    keys = "00110101", "01110001", "00000001"
    found = Bootstrap({"x": arm("x", *keys), "y": arm("y", *keys)}).difference(
        "x", "y", "mean"
    )
    assert found is not None
    assert found.estimate == (0, 0, 0, 3)
    assert (found.effect, found.improvement, found.dominance) == (None, 0.5, 0.5)


def test_pairing_finds_a_difference_where_unpaired_intervals_overlap():
    low, high = (
        ("0" * 6 + "1" * 4, "0" * 8 + "1" * 2),
        ("0" * 3 + "1" * 7, "0" * 5 + "1" * 5),
    )
    boot = Bootstrap({"x": arm("x", *high), "y": arm("y", *low)})
    x, y = (boot.measures(n)["mean"].estimate("mean") for n in "xy")
    found = boot.difference("x", "y", "mean")
    assert x.low is not None and y.high is not None and x.low < y.high  # noqa: PT018
    assert found is not None
    assert found.estimate.mean == pytest.approx(0.3)
    assert found.estimate.low is not None and found.estimate.low > 0  # noqa: PT018
    assert found.improvement > 0.99


def test_only_seeds_of_both_arms_are_paired():
    boot = Bootstrap(
        {"x": arm("x", "0011", "1111", "0111"), "y": arm("y", "0111", "0001", first=1)}
    )
    found = boot.difference("x", "y", "mean")
    assert found is not None
    assert found.estimate.n == 2
    assert found.estimate.mean == pytest.approx((0.25 + 0.5) / 2)
    assert boot.difference("x", "z", "mean") is None
    assert boot.difference("x", "y", "with_lesson") is None


def test_other_arms_and_their_order_change_no_number_of_a_comparison():
    x, y, z = arm("x", "0011", "1111"), arm("y", "0110", "0001"), arm("z", "1111", "1111")
    some, more = Bootstrap({"x": x, "y": y}), Bootstrap({"z": z, "y": y, "x": x})
    assert some.difference("x", "y", "mean") == more.difference("x", "y", "mean")


def test_one_seed_has_an_interval_for_its_problems_and_none_for_its_curve():
    boot = Bootstrap({"x": curved("x", 0.5)})
    assert boot.measures("x")["curve_area"].estimate("curve_area") == (0.5, None, None, 1)
    two = (
        Bootstrap({"x": curved("x", 0.25, 0.75)})
        .measures("x")["curve_area"]
        .estimate("curve_area")
    )
    assert two == (0.5, 0, 1, 2)
    mean = boot.measures("x")["mean"].estimate("mean")
    assert mean.low is not None and mean.high is not None and mean.low < mean.high  # noqa: PT018


def test_the_closed_gap_is_the_share_of_the_way_from_experts_to_joint_training():
    keys = {
        "experts": "0" * 40 + "1" * 10,
        "teaching": "0" * 20 + "1" * 30,
        "joint-rl": "0" * 10 + "1" * 40,
    }
    found = Bootstrap({name: arm(name, key, key, key) for name, key in keys.items()})
    share = found.closure("teaching", "experts", "joint-rl").share
    assert share is not None
    assert share.mean == pytest.approx(2 / 3)
    assert share.low is not None
    assert share.high is not None
    assert 0.4 < share.low < share.high < 0.9
    assert found.closure("joint-rl", "experts", "joint-rl").share == (1, 1, 1, 3)
    assert found.closure("experts", "experts", "joint-rl").share == (0, 0, 0, 3)


def test_no_share_of_a_gap_is_given_where_there_is_no_gap():
    keys = {"experts": "0011", "teaching": "0111", "joint-rl": "0101"}
    found = Bootstrap({name: arm(name, key, key) for name, key in keys.items()})
    assert found.closure("teaching", "experts", "joint-rl") == (
        None,
        "the interval of joint-rl minus experts is not above 0, so there is no gap to close",
    )
    assert "no seed in common" in found.closure("teaching", "experts", "joint").why


def test_the_effect_size_is_hedges_g():
    # mean 2, deviation 1; Hedges' J with two degrees of freedom is 1 / sqrt(pi)
    assert effect_size([1, 2, 3]) == pytest.approx(2 / math.sqrt(math.pi))
    assert effect_size([1, 2]) is None
    assert effect_size([2, 2, 2, 2]) is None
    many = [1.0, 2.0, 3.0] * 400
    assert effect_size(many) == pytest.approx(2 / np.std(many, ddof=1), rel=0.001)


def test_dominance_counts_all_pairs_and_half_of_the_ties():
    assert dominance([1, 2], [0, 1]) == (1 + 0.5 + 1 + 1) / 4
    assert dominance([0], [1, 2, 3]) == 0


KEYS = st.lists(
    st.lists(st.text("01", min_size=5, max_size=5), min_size=2, max_size=2),
    min_size=1,
    max_size=3,
)


def population(name: str, keys: list[list[str]]) -> dict[int, ArmResult]:
    two = about(domains={"letters": ("flip",)}, expert_domains={})
    return {
        seed: result(
            name,
            seed,
            {a: {"letters/flip": k} for a, k in zip("ab", both, strict=True)},
            setup=two,
        )
        for seed, both in enumerate(keys)
    }


@given(KEYS, KEYS)
def test_measures_are_between_0_and_1_and_equal_members_are_best_and_worst(
    one: list, other: list
):
    alike = [[first, first] for first, _ in one]
    found = Bootstrap(
        {"x": population("x", alike), "y": population("y", other)}, samples=60
    ).measures("x")
    worst, mean, best = (found[name].mean_R for name in ("worst", "mean", "best"))
    assert worst == pytest.approx(mean)
    assert best == pytest.approx(mean)
    found = Bootstrap(
        {"x": population("x", one), "y": population("y", other)}, samples=60
    ).measures("x")
    worst, mean, best = (found[name].seeds_S for name in ("worst", "mean", "best"))
    assert (worst <= mean + 1e-12).all()
    assert (mean <= best + 1e-12).all()
    assert all(
        0 <= bound <= 1 for name in found for bound in found[name].estimate(name)[:3]
    )


@given(KEYS, KEYS)
def test_swapping_two_arms_negates_their_difference_for_any_answers(one: list, other: list):
    boot = Bootstrap({"x": population("x", one), "y": population("y", other)}, samples=60)
    there, back = boot.difference("x", "y", "best"), boot.difference("y", "x", "best")
    assert there is not None
    assert back is not None
    assert (there.estimate.mean, there.estimate.low, there.estimate.high) == pytest.approx(
        tuple(
            -bound
            for bound in (back.estimate.mean, back.estimate.high, back.estimate.low)
            if bound is not None
        )
    )
    assert there.improvement + back.improvement == pytest.approx(1)
    assert there.dominance + back.dominance == pytest.approx(1)
    assert there.effect == pytest.approx(-back.effect if back.effect is not None else None)


def test_shares_that_differ_by_rounding_count_as_equal() -> None:
    third = 0.1 + 0.2 - 0.05  # 0.25000000000000006
    assert third != 0.25
    assert dominance([third], [0.25]) == dominance([0.25], [third]) == 0.5
    assert effect_size([third - 0.25, 0.0, 0.0]) is None


def test_a_difference_within_rounding_names_no_winner() -> None:
    """Three families of a domain weigh a third each, which is no number of a computer's."""
    half = {f"letters/{name}": "1" * 9 + "0" for name in "abc"}
    told = about(("a",), domains={"letters": tuple("abc")}, expert_domains={})
    arms = {}
    for arm, keys in (("x", half), ("y", dict.fromkeys(half, "0" + "1" * 9))):
        arms[arm] = {seed: result(arm, seed, {"a": keys}, setup=told) for seed in range(2)}
    gap = Bootstrap(arms, 50).difference("x", "y", "mean")
    assert gap
    assert gap.estimate.mean == 0
    assert all(abs(bound) > 1e-9 or bound == 0 for bound in gap.estimate[1:3])
