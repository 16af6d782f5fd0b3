from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docendo.errors import UserError
from docendo.league.curriculum import (
    ByErrorRate,
    ByLearnability,
    ByRarity,
    PrioritizedLevelReplay,
    UniformCurriculum,
    UnlockLevels,
    replay_weights,
)
from docendo.records import TaskType
from tests.toys import shares

SCORES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=12)


def test_the_highest_score_is_replayed_most_often() -> None:
    # ranks 3, 1, 2 to the power of -10, over their sum
    expected = [1.69182795e-05, 0.999007488, 9.7559325e-04]
    assert replay_weights([0.1, 0.5, 0.3], [1, 2, 3], beta=0.1, rho=0) == pytest.approx(
        expected, rel=1e-6
    )


def test_a_share_of_the_weight_goes_to_stale_task_types() -> None:
    # ranks 2, 1 at beta 1: shares 1/3, 2/3; staleness shares 3/4, 1/4
    assert replay_weights([0, 1], [3, 1], beta=1, rho=0.5) == pytest.approx(
        [13 / 24, 11 / 24]
    )
    assert replay_weights([0, 1], [3, 1], beta=1, rho=1) == pytest.approx([0.75, 0.25])


def test_equal_scores_share_the_best_of_their_ranks() -> None:
    # ranks 1, 1, 3
    assert replay_weights([0.5, 0.5, 0.1], [0, 0, 0], beta=1, rho=0) == pytest.approx(
        [3 / 7, 3 / 7, 1 / 7]
    )
    assert replay_weights([0.2] * 4, [0] * 4, rho=0) == pytest.approx([0.25] * 4)


def test_where_nothing_is_stale_the_staleness_share_is_uniform() -> None:
    assert replay_weights([1, 0], [0, 0], rho=1) == pytest.approx([0.5, 0.5])


def test_extreme_settings_still_give_probabilities() -> None:
    assert replay_weights([3], [0]) == pytest.approx([1])
    assert replay_weights([2, 1], [0, 0], beta=1e-9, rho=0) == pytest.approx([1, 0])
    assert replay_weights([2, 1], [1e308, 1e308], beta=1e9, rho=0.5) == pytest.approx(
        [0.5, 0.5]
    )


@given(SCORES, st.floats(0.01, 100), st.floats(0, 1), st.randoms())
def test_every_task_type_has_a_probability_whatever_its_position(
    scores, beta, rho, random
) -> None:
    stale = [float(random.randrange(5)) for _ in scores]
    order = random.sample(range(len(scores)), len(scores))
    weights = replay_weights(scores, stale, beta, rho)
    moved = replay_weights([scores[i] for i in order], [stale[i] for i in order], beta, rho)
    assert weights.sum() == pytest.approx(1)
    assert (weights >= 0).all()
    assert moved == pytest.approx(weights[order])


@given(SCORES)
def test_a_higher_score_never_gets_a_smaller_probability(scores: list[float]) -> None:
    weights = replay_weights(scores, [0] * len(scores))
    assert (np.diff(weights[np.argsort(scores)]) >= -1e-12).all()


@pytest.mark.parametrize(
    ("scores", "staleness", "beta", "rho"),
    [
        ([], [], 0.1, 0.1),
        ([1], [1, 2], 0.1, 0.1),
        ([[1]], [[1]], 0.1, 0.1),
        ([float("nan")], [0], 0.1, 0.1),
        ([1], [-1], 0.1, 0.1),
        ([1], [float("inf")], 0.1, 0.1),
        ([1], [0], 0, 0.1),
        ([1], [0], float("nan"), 0.1),
        ([1], [0], 0.1, 1.5),
    ],
)
def test_curriculum_settings_out_of_range_are_refused(
    scores: Sequence, staleness: Sequence, beta: float, rho: float
) -> None:
    with pytest.raises(UserError, match="replay expected"):
        replay_weights(scores, staleness, beta, rho)


KINDS = [TaskType("sums", "small", level) for level in (1, 2, 3)] + [
    TaskType("sums", "large", 2)
]


def test_without_a_curriculum_all_task_types_are_equally_likely() -> None:
    assert UniformCurriculum()(KINDS, shares(*[(0, 0)] * 4), {}).tolist() == [0.25] * 4


def test_task_types_of_varying_outcome_get_weight_and_others_a_floor() -> None:
    belief = shares((500, 1000), (1000, 1000), (0, 1000), (0, 0))
    # p(1-p): 1/4, nearly 0 twice, and 1/6 where nothing is known
    assert ByLearnability(floor=0.2)(KINDS, belief, {}) == pytest.approx(
        [0.528, 0.052, 0.052, 0.369], abs=2e-3
    )


def test_task_types_never_solved_get_most_weight_and_mastered_ones_least() -> None:
    belief = shares((500, 1000), (900, 1000), (0, 1000), (1000, 1000))
    # of 1 - p: 0.5, 0.1, 1 and 0, over their sum
    assert ByErrorRate(floor=0.0)(KINDS, belief, {}) == pytest.approx(
        [0.3125, 0.0625, 0.625, 0], abs=2e-3
    )
    assert ByErrorRate(floor=0.2)(KINDS, belief, {}) == pytest.approx(
        [0.3, 0.1, 0.55, 0.05], abs=2e-3
    )


def test_task_types_with_few_right_answers_get_most_weight() -> None:
    counts = {
        KINDS[0]: 4,
        KINDS[1]: 12,
    }  # one of them halves what is wanted, the other leaves a quarter
    everything = ByRarity(UniformCurriculum(), half_count=4.0)
    assert everything(KINDS, shares(*[(0, 0)] * 4), counts) == pytest.approx(
        [2 / 11, 1 / 11, 4 / 11, 4 / 11]
    )
    belief = shares((500, 1000), (900, 1000), (100, 1000), (1000, 1000))
    # of p(1-p) 25, 9, 9 and nearly 0 these are left: 12.5, 2.25, 9
    learnable = ByRarity(ByLearnability(floor=0.0), half_count=4.0)
    assert learnable(KINDS, belief, counts) == pytest.approx(
        [0.526, 0.095, 0.379, 0], abs=5e-3
    )


def test_a_locked_level_gets_no_weight_for_missing_answers() -> None:
    closed = ByRarity(UnlockLevels(UniformCurriculum(), threshold=0.7), half_count=4.0)
    counts = {KINDS[0]: 100}
    assert closed(KINDS, shares(*[(0, 0)] * 4), counts) == pytest.approx(
        [1 / 27, 0, 0, 26 / 27]
    )


def test_replay_weights_combine_rank_and_staleness() -> None:
    belief = shares((500, 1000), (900, 1000), (0, 1000), (1000, 1000), stale=0.0)
    # with beta 1 the ranks 1, 2, 3, 3 weigh 1, 1/2, 1/3, 1/3
    total = 1 + 1 / 2 + 1 / 3 + 1 / 3
    expected = [1 / total, 0.5 / total, 1 / 3 / total, 1 / 3 / total]
    assert PrioritizedLevelReplay(beta=1.0, rho=0.0)(KINDS, belief, {}) == pytest.approx(
        expected
    )
    only_stale = replace(belief, stale_N=np.array([0.0, 0.0, 3.0, 1.0]))
    assert PrioritizedLevelReplay(beta=1.0, rho=1.0)(
        KINDS, only_stale, {}
    ) == pytest.approx([0, 0, 0.75, 0.25])


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ([(0, 0), (0, 0), (0, 0), (0, 0)], [1 / 2, 0, 0, 1 / 2]),
        ([(9, 10), (0, 0), (0, 0), (0, 0)], [1 / 3, 1 / 3, 0, 1 / 3]),
        ([(5, 10), (9, 10), (0, 0), (0, 0)], [1 / 2, 0, 0, 1 / 2]),
        ([(9, 10), (9, 10), (0, 0), (0, 0)], [1 / 4] * 4),
        ([(3, 3), (0, 0), (0, 0), (0, 0)], [1 / 2, 0, 0, 1 / 2]),
    ],
    ids=[
        "nothing seen",
        "level 1 solved",
        "a level that is not solved closes all above",
        "two solved",
        "too few seen",
    ],
)
def test_levels_unlock_one_after_the_other_within_a_family(seen, expected) -> None:
    opening = UnlockLevels(UniformCurriculum(), threshold=0.7, min_evidence=8)
    assert opening(KINDS, shares(*seen), {}) == pytest.approx(expected)


@given(
    st.lists(
        st.integers(0, 20).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
        min_size=4,
        max_size=4,
    )
)
def test_every_curriculum_gives_probabilities(seen: list[tuple[int, int]]) -> None:
    for inside in (
        UniformCurriculum(),
        ByLearnability(floor=0.1),
        ByLearnability(floor=0.0),
        ByErrorRate(floor=0.1),
        ByErrorRate(floor=0.0),
        PrioritizedLevelReplay(beta=1.0, rho=0.1),
    ):
        for curriculum in (
            inside,
            UnlockLevels(inside, 0.5),
            ByRarity(inside, half_count=4.0),
        ):
            weights = curriculum(KINDS, shares(*seen), {KINDS[1]: 5})
            assert weights.min() >= 0
            assert weights.sum() == pytest.approx(1)
