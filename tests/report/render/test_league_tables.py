"""The numbers of an analysis, for a page and a terminal."""

import math

from docendo.analysis.overview import analyse
from docendo.formatting import DASH, signed
from docendo.report.render.league_tables import (
    league_headlines,
    rank_by_rating,
    tabulate_agents,
    tabulate_clusters,
    tabulate_payoffs,
)

LADDER = analyse(["low", "top", "mid"], [[0, -1, -0.5], [1, 0, 0.5], [0.5, -0.5, 0]])
CYCLE = analyse(["rock", "paper", "scissors"], [[0, -1, 1], [1, 0, -1], [-1, 1, 0]])


def test_the_best_rating_comes_first() -> None:
    assert [LADDER.names[i] for i in rank_by_rating(LADDER)] == ["top", "mid", "low"]
    rows = tabulate_agents(LADDER, "hardest opponent").rows
    assert [row[:2] for row in rows] == [["top", "mid"], ["mid", "top"], ["low", "top"]]


def test_equal_ratings_keep_the_order_of_the_matrix() -> None:
    assert rank_by_rating(CYCLE) == [0, 1, 2]


def test_a_ladder_has_one_cluster_for_each_agent_and_a_cycle_has_one() -> None:
    names = [row[1] for row in tabulate_clusters(LADDER).rows]
    assert names == ["top", "mid", "low"]
    (cycle,) = tabulate_clusters(CYCLE).rows
    assert cycle[1:] == ["rock, paper, scissors", "3", "+0.00", "3", "1.0"]


def test_a_pair_that_never_met_has_a_dash_instead_of_a_payoff() -> None:
    gaps = analyse(
        ["a", "b", "c"], [[0, 0.5, math.nan], [-0.5, 0, 0.2], [math.nan, -0.2, 0]]
    )
    assert tabulate_payoffs(gaps).rows[0] == ["a", "+0.00", "+0.50", DASH]


def test_a_pure_cycle_is_wholly_cyclic_and_zero_sum() -> None:
    cyclic, best, _, collaboration = league_headlines(CYCLE)
    assert (cyclic.value, best.value, collaboration.value) == ("100%", "3 of 3", signed(-1))
