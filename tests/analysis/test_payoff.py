"""The five public functions: exact values, bad input, and what has to hold for every game."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.optimize import linprog

from docendo.analysis.payoff import (
    alpha_rank,
    bradley_terry,
    cyclic_share,
    nash,
    nash_average,
)
from docendo.errors import UserError
from tests.league.toys import ELO_WINS, LADDER, RPS, TRANSITIVE, copied, games

THIRDS = [1 / 3, 1 / 3, 1 / 3]


def test_rock_paper_scissors_is_one_third_each_and_purely_cyclic() -> None:
    assert nash(RPS) == pytest.approx(THIRDS, abs=1e-12)
    assert alpha_rank(RPS) == pytest.approx(THIRDS, abs=1e-12)
    assert cyclic_share(RPS) == 1.0


def test_nash_averaging_of_a_transitive_game_is_its_best_agent() -> None:
    strategy, values = nash_average(TRANSITIVE)
    assert strategy.tolist() == [0, 0, 1]
    assert values.tolist() == [-1, -1, 0]


def test_a_ladder_has_no_cyclic_share_and_one_best_agent() -> None:
    assert cyclic_share(LADDER) == 0.0
    assert nash(LADDER).tolist() == [1, 0, 0, 0]
    assert alpha_rank(LADDER) == pytest.approx([1, 0, 0, 0])


def test_bradley_terry_reproduces_the_elo_test_of_openspiel() -> None:
    first, second, third = bradley_terry(ELO_WINS)
    assert first == pytest.approx(third, abs=1e-12)
    assert first > second
    drawn = np.array(ELO_WINS) + np.array([[0, 0.5, 0], [0.5, 0, 0], [0, 0, 0]])
    first, second, third = bradley_terry(drawn)
    assert third > first > second


def test_a_win_rate_is_the_logistic_function_of_the_rating_difference() -> None:
    assert bradley_terry([[0, 3], [1, 0]]) == pytest.approx(
        [math.log(3) / 2, -math.log(3) / 2]
    )


def test_bradley_terry_agrees_with_choix() -> None:
    import choix

    wins = np.random.default_rng(0).integers(1, 9, (6, 6)).astype(float)
    assert bradley_terry(wins) == pytest.approx(
        choix.ilsr_pairwise_dense(wins * (1 - np.eye(6)), tol=1e-12), abs=1e-7
    )


@pytest.mark.parametrize(
    "wins", [[[0, 5], [0, 0]], [[0, 0], [0, 0]], np.diag([1, 1, 1]), [[0, 1e9], [0, 0]]]
)
def test_ratings_are_finite_where_the_maximum_likelihood_is_infinite(wins: object) -> None:
    ratings = bradley_terry(wins)
    assert np.isfinite(ratings).all()
    assert ratings.sum() == pytest.approx(0)


def test_an_undefeated_agent_gets_a_draw_against_a_phantom_player() -> None:
    strong, weak = bradley_terry([[0, 5], [0, 0]])
    expected = 5 / (1 + math.exp(weak - strong)) + 1 / (1 + math.exp(-strong))
    assert (strong, expected) == (pytest.approx(-weak), pytest.approx(5.5))


def test_two_groups_that_never_met_are_rated_separately() -> None:
    wins = np.zeros((4, 4))
    wins[0, 1], wins[1, 0], wins[2, 3], wins[3, 2] = 3, 1, 3, 1
    assert bradley_terry(wins)[[0, 1]] == pytest.approx(bradley_terry(wins)[[2, 3]])


def test_rock_with_a_doubled_payoff_is_played_less() -> None:
    # paper beats rock by 2: p @ game = 0 has the solution (1, 1, 2) / 4 for rock, paper, scissors
    biased = [[0, -2, 1], [2, 0, -1], [-1, 1, 0]]
    assert nash(biased) == pytest.approx([1 / 4, 1 / 4, 1 / 2], abs=1e-12)


def test_an_entropy_maximum_on_an_edge_of_the_equilibria_is_found() -> None:
    # two copies of rock, one of which also beats a fourth agent that the other does not
    game = np.array(
        [
            [0, 0, -1, 1, 0],
            [0, 0, -1, 1, 1],
            [1, 1, 0, -1, 0],
            [-1, -1, 1, 0, 0],
            [0, -1, 0, 0, 0.0],
        ]
    )
    assert nash(game) == pytest.approx(_best_of_many(game), abs=1e-6)


def _best_of_many(game: np.ndarray) -> np.ndarray:
    """The entropy maximum by scipy's general solver, an independent way."""
    from scipy.optimize import minimize

    n = len(game)
    found = minimize(
        lambda p: float(p @ np.log(np.maximum(p, 1e-300))),
        np.full(n, 1 / n),
        jac=lambda p: np.log(np.maximum(p, 1e-300)) + 1,
        bounds=[(0, 1)] * n,
        constraints=[
            {"type": "eq", "fun": lambda p: p.sum() - 1},
            {"type": "ineq", "fun": lambda p: -game @ p},
        ],
        method="SLSQP",
        options={"maxiter": 500, "ftol": 1e-14},
    )
    return found.x


@given(games())
def test_no_agent_beats_the_equilibrium_and_no_equilibrium_has_more_entropy(
    game: np.ndarray,
) -> None:
    firsts = np.unique(game, axis=0, return_index=True)[1]
    game = game[np.ix_(firsts, firsts)]
    assume(len(game) > 1)
    mixture = nash(game)
    assert mixture.min() >= 0
    assert mixture.sum() == pytest.approx(1)
    assert (game @ mixture).max() < 1e-9
    # entropy is largest at p exactly where every equilibrium q is inside p's support and has -q @ log p <= -p @ log p
    logs = np.log(np.where(mixture > 0, mixture, 1e-30))
    other = linprog(
        logs, A_ub=game, b_ub=np.zeros(len(game)), A_eq=np.ones((1, len(game))), b_eq=[1]
    )
    assert -other.fun <= -mixture @ logs + 1e-6


@given(games(), st.integers(0, 5))
def test_a_copy_shares_the_mass_of_its_original_and_changes_no_value(
    game: np.ndarray, agent: int
) -> None:
    agent %= len(game)
    before, after = nash_average(game), nash_average(copied(game, agent))
    assert after.values[:-1] == pytest.approx(before.values, abs=1e-7)
    assert after.values[-1] == pytest.approx(before.values[agent], abs=1e-7)
    assert after.strategy[agent] == pytest.approx(after.strategy[-1], abs=1e-7)


def test_copies_count_as_one_agent_where_there_are_many_equilibria() -> None:
    # the first two tie, the second beats the third: entropy alone would give three members a third each
    game = np.array([[0, 0, 0], [0, 0, 1], [0, -1, 0.0]])
    assert nash(game).tolist() == [0.5, 0.5, 0]
    assert nash(copied(game, 0)).tolist() == [0.25, 0.5, 0, 0.25]
    assert nash_average(copied(game, 0)).values.tolist() == [0, 0, -0.5, 0]


@given(games(numbers=st.floats(-1, 1)), st.floats(1e-6, 1e6))
def test_an_equilibrium_does_not_depend_on_the_unit_of_the_payoff(
    game: np.ndarray, unit: float
) -> None:
    mixture = nash(unit * game)
    assert (game @ mixture).max() < 1e-7
    assert mixture.sum() == pytest.approx(1)


@given(games(numbers=st.floats(-3, 3)))
def test_the_cyclic_share_is_between_0_and_1_and_falls_when_a_ladder_is_added(
    game: np.ndarray,
) -> None:
    assume(np.abs(game).max() > 1e-6)
    share = cyclic_share(game)
    assert 0 <= share <= 1
    means = game.mean(1)
    cyclic = game - (means[:, None] - means)
    if share > 1e-6:
        steps = np.arange(len(game))
        assert cyclic_share(cyclic + 10 * (steps[:, None] - steps)) < cyclic_share(cyclic)


def test_the_fixation_probability_in_a_population_of_two_is_logistic() -> None:
    # the one mutant's payoff against the one resident decides: takeover 1 / (1 + exp(-alpha * (own - theirs)))
    forth, back = 1 / (1 + math.exp(-0.5 * 3)), 1 / (1 + math.exp(0.5 * 3))
    masses = alpha_rank([[0, 2], [-1, 0]], population=2, alpha=0.5)
    assert masses == pytest.approx([forth / (forth + back), back / (forth + back)])


def test_alpha_rank_counts_the_payoff_of_a_strategy_against_itself() -> None:
    assert alpha_rank([[3, 0], [5, 1]]) == pytest.approx([0, 1])  # prisoners defect
    stag, hare = alpha_rank([[4, 0], [3, 2]], population=30, alpha=1.0)
    assert hare > 0.99 > stag


@given(games(3, 4, st.floats(-1, 1)), st.integers(2, 6), st.floats(0, 2))
def test_alpha_rank_is_the_stationary_distribution_of_the_markov_chain(
    game: np.ndarray, population: int, alpha: float
) -> None:
    payoff = game + np.diag(np.arange(len(game)))
    moves = _moves(payoff, population, alpha)
    assert alpha_rank(payoff, population, alpha) @ moves == pytest.approx(
        alpha_rank(payoff, population, alpha)
    )


def _moves(payoff: np.ndarray, m: int, alpha: float) -> np.ndarray:
    """The transition matrix as Omidshafiei et al. 2019 write it down."""
    n = len(payoff)
    moves = np.zeros((n, n))
    for r in range(n):
        for s in set(range(n)) - {r}:
            total = product = 1.0
            for k in range(1, m):
                mutant = (payoff[s, r] * (m - k) + payoff[s, s] * (k - 1)) / (m - 1)
                resident = (payoff[r, s] * k + payoff[r, r] * (m - k - 1)) / (m - 1)
                product *= math.exp(-alpha * (mutant - resident))
                total += product
            moves[r, s] = 1 / total / (n - 1)
    return moves + np.diag(1 - moves.sum(1))


def test_without_selection_alpha_rank_is_uniform() -> None:
    assert alpha_rank(TRANSITIVE, alpha=0) == pytest.approx(THIRDS)


def test_with_infinite_selection_alpha_rank_is_still_a_distribution() -> None:
    assert alpha_rank(TRANSITIVE, alpha=1e60).tolist() == [0, 0, 1]
    assert alpha_rank(RPS, alpha=1e9) == pytest.approx(THIRDS)
    two_best = [[0, 0, 1], [0, 0, 1], [-1, -1, 0]]
    assert alpha_rank(two_best, alpha=1e6) == pytest.approx([0.5, 0.5, 0])


def test_two_cycles_that_tie_share_the_mass() -> None:
    zero, cycle = np.zeros((3, 3)), np.array(RPS)
    assert alpha_rank(np.block([[cycle, zero], [zero, cycle]])) == pytest.approx(
        [1 / 6] * 6
    )


def test_lists_and_arrays_give_equal_results_and_are_not_modified() -> None:
    given_array = np.array(TRANSITIVE, dtype=np.int64)
    assert nash(given_array).tolist() == nash(TRANSITIVE).tolist()
    assert given_array.tolist() == TRANSITIVE


FUNCTIONS = [nash, nash_average, alpha_rank, cyclic_share, bradley_terry]


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([[0, 1]], "shape (1, 2); expected a row and a column for every agent"),
        ([[0, 1], [1]], "is no matrix of numbers"),
        ([["a", "b"], ["c", "d"]], "is no matrix of numbers"),
        ([0, 1], "shape (2,)"),
        ([[0]], "has 1 agent; expected at least two"),
        ([[0, math.nan], [0, 0]], "[0][1] is nan; expected a number"),
        ([[0, 1], [math.inf, 0]], "[1][0] is inf; expected a number"),
    ],
)
def test_anything_but_a_square_matrix_of_numbers_is_refused(
    function: object, values: object, said: str
) -> None:
    with pytest.raises(UserError) as refused:
        function(values)  # type: ignore[operator]
    assert said in str(refused.value)


@pytest.mark.parametrize("function", [nash, nash_average, cyclic_share])
def test_a_payoff_that_is_not_antisymmetric_is_refused_with_the_worst_pair(
    function: object,
) -> None:
    with pytest.raises(
        ValueError, match=r"payoff\[0\]\[1\] and payoff\[1\]\[0\] add up to 0.5; expected 0"
    ):
        function([[0, 1], [-0.5, 0]])  # type: ignore[operator]
    function([[0, 1], [-1 + 1e-9, 0]])  # type: ignore[operator]


def test_an_all_zero_payoff_has_no_cyclic_share_and_a_uniform_equilibrium() -> None:
    with pytest.raises(ValueError, match="all zero"):
        cyclic_share([[0, 0], [0, 0]])
    assert nash([[0, 0], [0, 0]]).tolist() == [0.5, 0.5]


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(
        UserError, match="population is 1; expected a whole number of at least 2"
    ):
        alpha_rank(RPS, population=1)
    for alpha in (-1.0, math.nan, math.inf):
        with pytest.raises(UserError, match="alpha is"):
            alpha_rank(RPS, alpha=alpha)
    with pytest.raises(UserError, match=r"wins\[1\]\[0\] is -1; expected a count"):
        bradley_terry([[0, 1], [-1, 0]])
