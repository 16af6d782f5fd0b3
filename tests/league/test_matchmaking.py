import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docendo.errors import UserError
from docendo.league.candidates import Candidates
from docendo.league.matchmaking import (
    Among,
    LearnableTeachers,
    Mixture,
    PrioritizedSelfPlay,
    SelfPlay,
    Thompson,
    Uniform,
    UpperConfidence,
    draw,
    even,
    hard,
    linear,
    variance,
)
from docendo.records import AgentId
from tests.toys import ANN, BOB, CAT, shares

RATES = [0.1, 0.5, 0.9]
RNG = np.random.default_rng(0)


def slate(*seen: tuple[float, float], agent: AgentId = ANN) -> Candidates:
    """Ann, Bob, Cat ... as far as there are numbers, judged by (wins, games) against them."""
    known = dict(zip((ANN, BOB, CAT, AgentId("dan")), seen, strict=False))
    return Candidates(
        agent, list(known), lambda names: shares(*(known[name] for name in names))
    )


EVEN = slate((5, 10), (5, 10), (5, 10))


def test_the_weightings_have_the_published_values() -> None:
    # DI-star's prioritized fictitious self-play on the same win rates
    assert hard(RATES) == pytest.approx([0.757009, 0.233645, 0.009346], abs=1e-6)
    assert variance(RATES) == pytest.approx([0.209302, 0.581395, 0.209302], abs=1e-6)
    assert even(RATES) == pytest.approx([0.454545, 0.454545, 0.090909], abs=1e-6)
    assert linear(RATES) == pytest.approx([0.6, 1 / 3, 1 / 15])


@pytest.mark.parametrize("weigh", [hard, variance, even, linear])
def test_where_all_weights_are_zero_all_candidates_are_equally_likely(weigh) -> None:
    assert weigh([1.0, 1.0, 1.0, 1.0]).tolist() == [0.25] * 4
    assert weigh(np.array([])).tolist() == []


def test_weightings_of_a_win_rate_by_hand() -> None:
    assert (hard(0.1), variance(0.5), even(0.2), linear(0.75)) == pytest.approx(
        (0.81, 0.25, 0.5, 0.25)
    )


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_weightings_are_probabilities(rates: list[float]) -> None:
    for weigh in (hard, variance, even, linear):
        found = weigh(rates)
        assert found.min() >= 0
        assert found.sum() == pytest.approx(1)


def test_a_floor_keeps_beaten_opponents_in_play() -> None:
    beaten = slate((1000, 1000), (0, 1000))
    assert PrioritizedSelfPlay(hard, floor=0.2)(beaten, RNG) == pytest.approx(
        [0.1, 0.9], abs=1e-3
    )
    assert PrioritizedSelfPlay(hard, floor=0.0)(beaten, RNG)[0] < 1e-5


def test_learnability_is_highest_where_the_outcome_is_open() -> None:
    found = LearnableTeachers(floor=0.0)(slate((1000, 1000), (500, 1000), (0, 0)), RNG)
    assert found == pytest.approx([0.0025, 0.599, 0.399], abs=3e-3), (
        "0, 1/4, and 1/6 where nothing is known"
    )


def test_thompson_and_ucb_take_the_best_and_try_the_unknown() -> None:
    known = slate((90, 100), (10, 100), (50, 100))
    assert UpperConfidence(spreads=2.0)(known, RNG).tolist() == [1, 0, 0]
    assert UpperConfidence(spreads=2.0)(slate((50, 100), (0, 0)), RNG).tolist() == [0, 1], (
        "the unknown may be better"
    )
    rng = np.random.default_rng(1)
    taken = sum(Thompson()(slate((60, 100), (0, 0)), rng) for _ in range(500))
    assert 100 < taken[1] < 300, "a draw from Beta(1, 1) exceeds 0.6 two times in five"


def test_drawing_from_one_candidate_uses_the_same_random_numbers_in_all_rules() -> None:
    one, drawn = slate((1, 2)), []
    for choice in (Thompson(), Uniform()):
        rng = np.random.default_rng(5)
        drawn.append((draw(choice, one, rng), rng.random()))
    assert drawn[0] == drawn[1]


def test_equally_good_candidates_are_chosen_at_random() -> None:
    rng = np.random.default_rng(0)
    taken = sum(UpperConfidence(spreads=0.0)(EVEN, rng) for _ in range(300))
    assert taken.min() > 60


def test_self_play_chooses_the_agent_itself_where_it_is_a_candidate() -> None:
    assert SelfPlay()(EVEN, RNG).tolist() == [1, 0, 0]
    assert SelfPlay()(slate((1, 2), agent=CAT), RNG).tolist() == [0]


def test_a_mixture_has_alphastars_shares_and_reassigns_the_share_of_empty_rules() -> None:
    exploiters = Among(lambda name: name == CAT, Uniform())
    main = Mixture(
        [
            (0.35, SelfPlay()),
            (0.5, PrioritizedSelfPlay(even, floor=0.0)),
            (0.15, exploiters),
        ]
    )
    assert main(EVEN, RNG) == pytest.approx([0.35 + 0.5 / 3, 0.5 / 3, 0.5 / 3 + 0.15])
    nobody = Among(lambda name: False, Uniform())
    assert Mixture([(0.35, SelfPlay()), (0.65, nobody)])(EVEN, RNG).tolist() == [1, 0, 0]
    assert Mixture([(1.0, nobody)])(EVEN, RNG).tolist() == [0, 0, 0]


def test_draws_follow_the_probabilities() -> None:
    rng = np.random.default_rng(0)
    drawn = [
        draw(PrioritizedSelfPlay(hard, floor=0.0), slate((10, 1000), (500, 1000)), rng)
        for _ in range(1000)
    ]
    assert drawn.count(ANN) == pytest.approx(1000 * 0.98 / 1.23, abs=50)


def test_drawing_from_no_candidates_is_an_error() -> None:
    with pytest.raises(UserError, match="SelfPlay has nobody to choose for 'cat' among"):
        draw(SelfPlay(), slate((1, 2), agent=CAT), RNG)
    with pytest.raises(UserError, match="has nobody to choose"):
        draw(Uniform(), slate(), RNG)
