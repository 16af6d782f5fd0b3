"""Cycles that noise draws are told from cycles that are there."""

import numpy as np
import pytest

from docendo.analysis.noise import CyclicNoise, estimate_cyclic_noise
from docendo.analysis.overview import analyse, describe_best
from docendo.analysis.structure import decompose

ROCK = np.array([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]])
LADDER = np.array([[0.0, 0.5, 1.0], [-0.5, 0.0, 0.5], [-1.0, -0.5, 0.0]])
NAMES = ("ann", "bob", "cat")


def around(payoff: np.ndarray, half_width: float) -> tuple[np.ndarray, np.ndarray]:
    return payoff - half_width, payoff + half_width


def noise_of(payoff: np.ndarray, low: np.ndarray, high: np.ndarray) -> CyclicNoise | None:
    filled = np.nan_to_num(payoff)
    return estimate_cyclic_noise(payoff, low, high, decompose((filled - filled.T) / 2))


def test_a_sure_cycle_is_more_than_noise() -> None:
    noise = noise_of(ROCK, *around(ROCK, 0.1))
    assert noise is not None
    assert not noise.explains_cycles
    assert noise.p_value < 0.05


def test_a_small_cycle_with_wide_intervals_cannot_be_told_from_noise() -> None:
    payoff = 0.02 * ROCK
    noise = noise_of(payoff, *around(payoff, 0.3))
    assert noise is not None
    assert noise.explains_cycles
    assert noise.high > 0.02, "chance alone makes larger cycles than the one that is there"


def test_a_ladder_with_hardly_any_noise_shows_hardly_any_cycle() -> None:
    noise = noise_of(LADDER, *around(LADDER, 0.01))
    assert noise is not None
    assert noise.high < 0.02


def test_equal_agents_seldom_seem_to_have_a_cycle_that_is_more_than_noise() -> None:
    """Payoffs of equal agents are noise alone: about one population in twenty is called cyclic."""
    rng = np.random.default_rng(7)
    called_cyclic = 0
    for _ in range(60):
        upper = np.triu(rng.standard_normal((4, 4)) * 0.1, 1)
        payoff = upper - upper.T
        noise = noise_of(payoff, *around(payoff, 0.196))
        assert noise is not None
        called_cyclic += not noise.explains_cycles
    assert called_cyclic <= 9


def test_without_intervals_or_differences_there_is_nothing_to_say() -> None:
    unknown = np.full((3, 3), np.nan)
    assert noise_of(ROCK, unknown, unknown) is None
    still = np.zeros((3, 3))
    assert noise_of(still, *around(still, 0.1)) is None


def test_pairs_that_never_met_have_no_noise() -> None:
    payoff = LADDER.copy()
    payoff[0, 2] = payoff[2, 0] = np.nan
    low, high = around(payoff, 0.1)
    assert noise_of(payoff, low, high) is not None


@pytest.mark.parametrize(
    ("games", "sentence"),
    [
        (1000, "ann is the best: the interval of its rating lies above all others."),
        (
            1,
            "ann has the best rating, but its interval overlaps with that of bob, cat: it may be chance.",
        ),
    ],
)
def test_one_sentence_says_who_is_best_and_how_sure_that_is(
    games: int, sentence: str
) -> None:
    analysis = analyse(NAMES, 0.6 * LADDER, np.full((3, 3), float(games)))
    assert describe_best(analysis) == sentence


def test_of_lessons_the_sentence_speaks_of_helping() -> None:
    analysis = analyse(NAMES, 0.6 * LADDER, np.full((3, 3), 1000.0))
    assert describe_best(analysis, of_lessons=True).startswith("ann helps the others more")
