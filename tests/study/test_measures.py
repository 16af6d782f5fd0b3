"""The numbers of one training, by hand."""

import numpy as np
import pytest

from docendo.study.measures import (
    area_under_curve,
    measure_imitation,
    measure_result,
)
from docendo.study.results import (
    ArmResult,
    CurvePoint,
    Scores,
    TaughtStudent,
    TrainingTrace,
)
from tests.study.toys import about, answers, result

A = {"letters/flip": "0011", "letters/turn": "0001", "numbers/sums": "11"}
B = {"letters/flip": "0000", "letters/turn": "1111", "numbers/sums": "01"}


def figures(**given: object) -> dict[str, float]:
    return {
        name: float(value[0]) for name, value in measure_result(result(**given)).items()
    }


def test_domains_weigh_the_same_and_so_do_the_families_of_each():
    found = figures(
        test={
            agent: {f: 8 * key for f, key in keys.items()}
            for agent, keys in (("a", A), ("b", B))
        }
    )
    a, b = (0.375 + 1) / 2, (0.5 + 0.5) / 2
    assert found["mean"] == (a + b) / 2
    # by chance: 32 problems of flip and of turn, which are a quarter each, 16 of sums, which are half
    chance = (4 / 32 / 31 + 3 / 32 / 31) / 16 + 2 / 16 / 15 / 4
    kept = 1 - chance / ((a - b) ** 2 / 2)
    middle, away = (a + b) / 2, kept * (a - b) / 2
    assert (found["best"], found["worst"]) == pytest.approx((middle + away, middle - away))
    assert found["domain/letters"] == (0.375 + 0.5) / 2
    assert found["domain/numbers"] == 0.75
    assert found["family/letters/turn"] == (0.25 + 1) / 2


def test_one_shot_out_of_domain_and_vote_scores_are_computed_the_same_way():
    found = figures(
        test={"a": A, "b": B},
        with_lesson={"a": B, "b": B},
        ood=answers(letters_sort="1", letters_spell="0", music_notes="0001"),
        vote={"letters/flip": "0001", "numbers/sums": "11"},
    )
    assert found["with_lesson"] == 0.5
    assert found["ood"] == (0.5 + 0.25) / 2
    assert found["vote"] == (0.25 + 1) / 2


def test_forgetting_counts_an_agents_own_domains_only():
    # a lost all of its letters: 0.375 to 0; b has numbers of its own and went from 0.5 to 1
    end = {"a": {**B, "letters/flip": "0000", "letters/turn": "0000"}, "b": {**A}}
    assert (
        figures(test=end, after_experts={"a": A, "b": B})["forgotten"] == (0.375 - 0.5) / 2
    )


def test_forgetting_is_undefined_without_a_domain_or_a_first_evaluation():
    assert "forgotten" not in figures(
        test={"a": A}, after_experts={"a": A}, setup=about(("a",), expert_domains={})
    )
    assert (
        not {"forgotten", "lesson", "outside", "vote", "curve_area"}
        & figures(test={"a": A}).keys()
    )


def test_what_imitation_left_is_a_change_within_families_and_seeds():
    def trained(seed: int, withheld: str) -> ArmResult:
        """Who imitates lessons on turn gets all of it right afterwards, the other half."""
        ends = {name: {**A, "letters/turn": "0011"} for name in "ab"}
        ends["b" if withheld == "a" else "a"]["letters/turn"] = "1111"
        rows = [
            TaughtStudent(student=name, family="letters/turn", is_withheld=name == withheld)
            for name in "ab"
        ]
        starts = {} if seed == 2 else {"a": A, "b": B | {"letters/turn": "0001"}}
        return result(
            seed=seed,
            test=ends,
            after_experts=starts,
            trace=TrainingTrace(taught=tuple(rows)),
        )

    estimate = measure_imitation([trained(0, "a"), trained(1, "b"), trained(2, "a")])
    assert estimate is not None
    assert (estimate.mean, estimate.n) == (0.5, 4)
    assert measure_imitation([result()]) is None


def curve(*points: tuple[float, float]) -> list[CurvePoint]:
    """Of two agents, one always 0.2 above, the other as much below."""
    spread = {"a": 0.2, "b": -0.2}
    return [
        CurvePoint(flops=x, accuracy={k: {"d": y + v} for k, v in spread.items()})
        for x, y in points
    ]


@pytest.mark.parametrize(
    ("points", "wanted"),
    [
        ([(0, 0.2), (100, 0.6)], 0.4),
        ([(0, 0.2), (50, 0.6)], 0.4 / 2 + 0.6 / 2),
        ([(0, 0.2), (200, 0.6)], 0.3),
        ([(50, 0.4)], 0.4),
        ([(25, 0.2), (75, 0.6)], 0.2 / 4 + 0.4 / 2 + 0.6 / 4),
        ([(200, 0.2), (300, 0.6)], 0.2),
    ],
    ids=[
        "whole",
        "last value held",
        "beyond the budget",
        "one point",
        "both ends held",
        "all of it beyond",
    ],
)
def test_the_area_under_the_curve_is_its_mean_over_the_budget(
    points: list[tuple[float, float]], wanted: float
):
    assert area_under_curve(curve(*points), 100.0) == pytest.approx(wanted)


def test_a_drawn_problem_counts_as_often_as_it_was_drawn():
    def last_only(family: str, n: int) -> np.ndarray:
        return np.array([[0.0] * (n - 1) + [n]], np.float32)

    found = measure_result(result(test={"a": A, "b": B}), last_only)
    assert found["mean"][0] == (1 + (0 + 1) / 2 / 2 + 0.5) / 2
    assert found["best"][0] == found["mean"][0], "chance alone would spread the two as far"
    sure = {
        agent: {f: digit * len(key) for f, key in A.items()}
        for agent, digit in (("a", "1"), ("b", "0"))
    }
    assert measure_result(result(test=sure), last_only)["best"][0] == 1


def test_the_best_of_equal_members_is_their_mean() -> None:
    rng = np.random.default_rng(1)
    gaps, naive = [], []
    for _ in range(200):
        coins = {
            a: {"letters/flip": "".join("01"[int(x)] for x in rng.random(64) < 0.5)}
            for a in "abcd"
        }
        found = figures(
            test=coins,
            setup=about(
                ("a", "b", "c", "d"), domains={"letters": ("flip",)}, expert_domains={}
            ),
        )
        gaps.append(found["best"] - found["mean"])
        naive.append(
            max(keys["letters/flip"].count("1") / 64 for keys in coins.values())
            - found["mean"]
        )
    assert np.mean(naive) > 0.05
    assert abs(np.mean(gaps)) < 0.02


def test_best_and_worst_are_shrunk_by_the_spread_expected_from_chance() -> None:
    # variance of 0.5 and 0: 1/8; by chance: two members, four problems, deviations of 1/4: 8 / 16 / 4 / 3 = 1/24
    some = {"a": {"letters/flip": "1100"}, "b": {"letters/flip": "0000"}}
    found = figures(
        test=some, setup=about(domains={"letters": ("flip",)}, expert_domains={})
    )
    kept = 1 - (1 / 24) / (1 / 8)
    assert (found["best"], found["worst"]) == pytest.approx(
        (0.25 + kept * 0.25, 0.25 - kept * 0.25)
    )


def test_best_and_worst_are_not_shrunk_where_members_differ_everywhere() -> None:
    some = {"a": {"letters/flip": "1111"}, "b": {"letters/flip": "0000"}}
    found = figures(
        test=some, setup=about(domains={"letters": ("flip",)}, expert_domains={})
    )
    assert (found["best"], found["worst"]) == (1, 0)


def test_forgetting_pairs_agents_by_name_in_any_order():
    scores = Scores(test={"a": A, "b": B}, after_experts={"b": B, "a": A})
    found = measure_result(result(test=scores.test, after_experts=scores.after_experts))
    assert found["forgotten"][0] == 0
