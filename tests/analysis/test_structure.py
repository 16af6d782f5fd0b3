from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docendo.analysis.equilibrium import max_entropy_nash
from docendo.analysis.structure import (
    collaboration,
    count_three_cycles,
    decompose,
    diversity,
    embed_in_disc,
    mean_payoffs,
    nash_clusters,
)
from tests.league.toys import LADDER, RPS, games

CYCLE, STEPS = np.array(RPS, dtype=float), np.array(LADDER, dtype=float)


def test_a_mixed_game_is_decomposed_into_the_two_parts_it_was_built_from() -> None:
    steps = 0.5 * (np.arange(3)[:, None] - np.arange(3))
    parts = decompose(steps + CYCLE)
    assert parts.cyclic == pytest.approx(CYCLE)
    assert parts.transitive == pytest.approx(np.sqrt((steps**2).sum() / 6))
    assert parts.cyclic_size == pytest.approx(1)
    assert parts.share == pytest.approx(6 / (6 + 3))


@given(games(numbers=st.floats(-1, 1)))
def test_transitive_and_cyclic_parts_are_orthogonal_and_the_cyclic_has_no_skill(
    game: np.ndarray,
) -> None:
    parts = decompose(game)
    assert (parts.cyclic * (game - parts.cyclic)).sum() == pytest.approx(0, abs=1e-8)
    assert mean_payoffs(parts.cyclic) == pytest.approx(0, abs=1e-8)


def test_the_disc_of_a_pure_cycle_is_a_regular_triangle_that_gives_the_payoffs() -> None:
    found = embed_in_disc(CYCLE)
    assert found.share == pytest.approx(1)
    lengths = np.linalg.norm(found.points, axis=1)
    assert lengths == pytest.approx([lengths[0]] * 3)
    assert found.points[0] == pytest.approx([lengths[0], 0])
    x, y = found.points.T
    assert np.outer(x, y) - np.outer(y, x) == pytest.approx(CYCLE)


def test_the_disc_shows_the_stronger_of_two_cycles() -> None:
    zero = np.zeros((3, 3))
    found = embed_in_disc(np.block([[CYCLE, zero], [zero, 2 * CYCLE]]))
    assert found.share == pytest.approx(4 / 5)
    assert np.linalg.norm(found.points[:3]) == pytest.approx(0, abs=1e-9)
    assert embed_in_disc(np.zeros((3, 3))).share is None


def test_a_transitive_ladder_has_one_cluster_per_agent() -> None:
    found = nash_clusters(STEPS)
    assert [c.members for c in found] == [(0,), (1,), (2,), (3,)]
    assert [c.skill for c in found] == pytest.approx([2, 2 / 3, -2 / 3, -2])
    assert {(c.longest_cycle, c.three_cycles) for c in found} == {(0, 0.0)}


def test_a_champion_above_a_cycle_above_a_loser_is_three_clusters() -> None:
    game = np.zeros((5, 5))
    game[1:4, 1:4] = CYCLE
    game[0, 1:], game[1:, 0] = 1, -1
    game[:4, 4], game[4, :4] = 1, -1
    found = nash_clusters(game)
    assert [c.members for c in found] == [(0,), (1, 2, 3), (4,)]
    assert [c.longest_cycle for c in found] == [0, 3, 0]
    assert [c.three_cycles for c in found] == [0, 1, 0]
    assert [c.skill for c in found] == pytest.approx([1, 0, -1])


def test_the_longest_cycle_of_five_on_a_circle_is_five() -> None:
    # everybody beats the next two
    game = np.array(
        [
            [0 if i == j else 1 if (j - i) % 5 in (1, 2) else -1 for j in range(5)]
            for i in range(5)
        ]
    )
    (only,) = nash_clusters(game.astype(float))
    assert (only.longest_cycle, only.three_cycles) == (5, 3)


@given(games(3, 6))
def test_the_number_of_three_cycles_agrees_with_counting_them(game: np.ndarray) -> None:
    counted = [0] * len(game)
    for i, j, k in permutations(range(len(game)), 3):
        counted[i] += int(game[i, j] > 0 and game[j, k] > 0 and game[k, i] > 0)
    assert count_three_cycles(game).tolist() == counted


@given(games())
def test_every_agent_is_in_exactly_one_cluster(game: np.ndarray) -> None:
    members = [i for c in nash_clusters(game) for i in c.members]
    assert sorted(members) == list(range(len(game)))


def test_diversity_is_positive_only_where_the_top_is_a_cycle() -> None:
    assert diversity(CYCLE, max_entropy_nash(CYCLE)) == pytest.approx(1 / 3)
    assert diversity(STEPS, max_entropy_nash(STEPS)) == 0
    assert diversity(np.zeros((3, 3)), np.full(3, 1 / 3)) == 0


def test_collaboration_is_1_in_a_shared_game_and_minus_1_in_a_zero_sum_game() -> None:
    assert collaboration([1, 2, 3], [2, 4, 6]) == pytest.approx(1)
    assert collaboration([1, 2, 3], [-1, -2, -3]) == pytest.approx(-1)
    assert collaboration([1, -1, 1, -1], [1, 1, -1, -1]) == pytest.approx(0)
    assert collaboration([1, 1], [0, 5]) is None
    assert collaboration([1], [1]) is None
    assert collaboration([], []) is None
    assert collaboration([0.1, 0.1, 0.1], [0.3, 0.2, 0.1]) is None
