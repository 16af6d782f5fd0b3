import sys

import numpy as np
import pytest
from hypothesis import given

from docendo.analysis.equilibrium import TIE, max_entropy_nash, nash_support
from docendo.errors import UserError
from tests.league.toys import RPS, copied, games


def test_the_support_is_the_union_over_all_equilibria() -> None:
    # two cycles that tie with each other, and an agent that loses to everybody
    game = np.zeros((7, 7))
    game[:3, :3] = game[3:6, 3:6] = RPS
    game[6, :6], game[:6, 6] = -1, 1
    assert nash_support(game).tolist() == [True] * 6 + [False]
    assert max_entropy_nash(game) == pytest.approx([1 / 6] * 6 + [0])


def test_an_equilibrium_share_of_one_millionth_is_kept() -> None:
    game = np.array([[0, -1, 1e-6], [1, 0, -1], [-1e-6, 1, 0]])
    assert nash_support(game).all()
    assert max_entropy_nash(game) == pytest.approx(
        np.array([1, 1e-6, 1]) / (2 + 1e-6), rel=1e-6
    )


@given(games())
def test_copies_of_an_agent_are_in_the_equilibrium_support_together(
    game: np.ndarray,
) -> None:
    for agent in range(len(game)):
        inside = nash_support(copied(game, agent))
        assert inside[agent] == inside[-1]


@given(games())
def test_agents_outside_the_support_lose_to_some_equilibrium_and_members_never_do(
    game: np.ndarray,
) -> None:
    earned = game @ max_entropy_nash(game)
    assert (abs(earned[nash_support(game)]) < 1e-9).all()
    assert (earned < 1e-9).all()


@pytest.mark.parametrize("seed", range(4))
def test_a_hundred_agents_are_solved_to_the_last_digits(seed: int) -> None:
    upper = np.triu(np.random.default_rng(seed).normal(size=(100, 100)), 1)
    game = upper - upper.T
    assert (game @ max_entropy_nash(game)).max() < 1e-12


@pytest.mark.parametrize("seed", range(8))
def test_payoffs_of_very_different_sizes_still_have_an_equilibrium(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sizes, upper = 10.0 ** -rng.integers(0, 5, 30), np.triu(rng.normal(size=(30, 30)), 1)
    game = (upper - upper.T) * np.outer(sizes, sizes)
    mixture = max_entropy_nash(game)
    assert mixture.sum() == pytest.approx(1)
    assert (
        game @ mixture
    ).max() < 30 * TIE  # each of 30 may be dropped for a share below TIE


def test_without_scipy_the_error_names_the_package_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(UserError, match=r"pip install 'docendo\[league\]'"):
        max_entropy_nash(np.array(RPS, dtype=float))
