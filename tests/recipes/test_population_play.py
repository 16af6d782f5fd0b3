from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from population_play import (
    Method,
    PolicyGradient,
    RoundResult,
    fictitious_play,
    prioritized_play,
    psro,
    self_play,
    softmax,
    train,
)

from docendo.games.kuhn_exact import KuhnPoker, first_seat_payoff
from docendo.games.matrix import (
    Game,
    best_response,
    biased_rock_paper_scissors,
    disc_game,
    exploitability,
    payoff,
    rock_paper_scissors,
)
from docendo.league.matchmaking import SelfPlay
from docendo.league.snapshot_rules import EveryRounds, Never, WhenStronger

RPS, KUHN = rock_paper_scissors(), KuhnPoker()
GAMES = (RPS, biased_rock_paper_scissors(), disc_game(5), KUHN)


@cache
def last(game: Game, method: Method, rounds: int, seed: int = 0) -> RoundResult:
    *_, result = train(game, method, rounds, seed)
    return result


def likeliest(method: Method, rounds: int) -> list[int]:
    """The learner's likeliest move in rock-paper-scissors after each round, repetitions left out."""
    moves = [int(result.latest_SA.argmax()) for result in train(RPS, method, rounds)]
    return [move for i, move in enumerate(moves) if i == 0 or move != moves[i - 1]]


def test_naive_self_play_cycles() -> None:
    moves = likeliest(self_play(), 100)
    assert len(moves) > 9
    assert all(after == (before + 1) % 3 for before, after in pairwise(moves))


@pytest.mark.parametrize("game", GAMES[:3], ids=lambda game: game.name)
def test_the_last_policy_of_self_play_stays_exploitable_and_the_mean_does_not(
    game: Game,
) -> None:
    results = list(train(game, self_play(), 200))
    assert all(result.latest > 0.75 for result in results[100:])
    assert results[0].mean > 0.25
    assert results[-1].mean < 0.08


def test_naive_self_play_stays_exploitable_in_kuhn_poker() -> None:
    results = list(train(KUHN, self_play(), 200))
    assert min(result.latest for result in results[100:]) > 0.15
    assert results[-1].mean < 0.05


@pytest.mark.parametrize(
    ("game", "rounds"),
    [(g, 450) for g in GAMES[:3]] + [(KUHN, 200)],
    ids=lambda x: getattr(x, "name", x),
)
def test_fictitious_play_converges_to_the_equilibrium(game: Game, rounds: int) -> None:
    result = last(game, fictitious_play(), rounds)
    assert result.mean == exploitability(game, result.mean_SA) < 0.05


@pytest.mark.parametrize("game", GAMES, ids=lambda game: game.name)
def test_prioritized_play_converges_to_the_equilibrium(game: Game) -> None:
    assert last(game, prioritized_play(), 150).mean < 0.05


@pytest.mark.parametrize("game", GAMES, ids=lambda game: game.name)
def test_the_equilibrium_over_snapshots_converges_to_that_of_the_game(
    game: Game,
) -> None:
    result = last(game, psro(), 30)
    assert result.chosen == exploitability(game, result.chosen_SA) < 0.05


def test_kuhn_poker_is_worth_a_loss_of_one_eighteenth_to_the_first_player() -> None:
    for answer in (
        last(KUHN, fictitious_play(), 200).mean_SA,
        last(KUHN, psro(), 30).chosen_SA,
    ):
        assert first_seat_payoff(answer, answer) == pytest.approx(-1 / 18, abs=0.02)


def test_policy_gradient_finds_the_best_response() -> None:
    theirs = softmax(np.random.default_rng(0).normal(size=(12, 2)))
    found = payoff(
        KUHN, softmax(PolicyGradient(steps=500)(KUHN, np.zeros((12, 2)), theirs)), theirs
    )
    assert found == pytest.approx(
        payoff(KUHN, best_response(KUHN, theirs), theirs), abs=1e-3
    )


def test_the_gradient_is_zero_at_an_equilibrium_of_full_support() -> None:
    logits = np.log([[0.25, 0.5, 0.25]])
    assert PolicyGradient()(
        biased_rock_paper_scissors(), logits, softmax(logits)
    ) == pytest.approx(logits)


def test_a_step_adds_the_advantages() -> None:
    # against rock: rock 0, paper 1, scissors -1; evenly played they are worth 0
    assert PolicyGradient(rate=0.5, steps=1)(
        RPS, np.zeros((1, 3)), np.array([[1.0, 0, 0]])
    ).tolist() == [[0, 0.5, -0.5]]


def test_a_softmax_holds_probabilities_however_large_the_logits() -> None:
    assert softmax(np.array([[1e4, 0.0], [-1e4, -1e4]])).tolist() == [[1, 0], [0.5, 0.5]]


def test_the_same_seed_makes_the_same_population() -> None:
    def ends(seed: int) -> list[list[float]]:
        return last(RPS, prioritized_play(), 5, seed).mean_SA.tolist()

    assert ends(3) == ends(3) != ends(4)


def test_the_mean_policy_is_over_the_kept_snapshots() -> None:
    results = list(train(RPS, replace(fictitious_play(), rule=EveryRounds(3)), 6))
    kept = [results[2].latest_SA, results[5].latest_SA]
    first = results[0].mean_SA
    assert [np.array_equal(result.mean_SA, first) for result in results] == [
        True,
        True,
        False,
        False,
        False,
        False,
    ]
    assert results[-1].mean_SA == pytest.approx(sum(kept, first) / 3)
    (once,) = train(RPS, replace(fictitious_play(), rule=Never()), 1)
    assert np.array_equal(once.mean_SA, first)


def test_a_snapshot_is_taken_when_the_learner_beats_its_past() -> None:
    slow = Method(
        SelfPlay(),
        fresh=False,
        learn=PolicyGradient(0.1, 5),
        rule=WhenStronger(0.1, RPS.name, min_games=1),
    )
    results = list(train(RPS, slow, 60))
    copied = [not np.array_equal(a.mean_SA, b.mean_SA) for a, b in pairwise(results)]
    assert 0 < sum(copied) < 30


def test_no_rounds_give_no_results() -> None:
    assert list(train(RPS, fictitious_play(), 0)) == []
