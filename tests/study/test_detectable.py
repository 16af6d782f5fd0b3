"""Which difference so many seeds can tell."""

from pathlib import Path

import pytest

from docendo.errors import UserError
from docendo.study.detectable import describe_detectable, find_detectable, pool_deviation
from docendo.study.result_files import write_result
from docendo.study.results import ArmResult
from tests.study.leagues import planned
from tests.study.toys import answers, result


@pytest.mark.parametrize(
    ("seeds", "effect"),
    # of tables of the power of a paired t test, two-sided 5 %, power 80 %
    [(3, 3.264), (5, 1.682), (10, 0.996), (30, 0.529)],
)
def test_the_detectable_difference_is_that_of_the_tables(seeds: int, effect: float) -> None:
    assert find_detectable(seeds, 2.0) == pytest.approx(2 * effect, abs=0.002)


def made(arm: str, **right: int) -> dict[int, ArmResult]:
    """Results of an arm that has so many of 10 problems right, by seed (``s0``)."""
    results = {}
    for name, count in right.items():
        keys = answers(("a",), letters_flip="1" * count + "0" * (10 - count))
        keys["a"] |= {"letters/turn": keys["a"]["letters/flip"]}
        keys["a"] |= {"numbers/sums": keys["a"]["letters/flip"]}
        results[int(name[1:])] = result(arm, int(name[1:]), keys)
    return results


def test_the_deviation_of_a_difference_is_pooled_over_regimes() -> None:
    joint = made("joint-rl", s0=5, s1=5, s2=5)
    regimes = [
        # differences 0.1 and 0.3 vary by 0.02, those of three seeds by 0.01 on average
        {"teaching": made("teaching", s0=6, s1=8), "joint-rl": joint},
        {"teaching": made("teaching", s0=4, s1=5, s2=6, s7=9), "joint-rl": joint},
        {"teaching": made("teaching", s0=9), "joint-rl": joint},
    ]
    assert pool_deviation(regimes) == pytest.approx(((0.02 + 0.02) / 3) ** 0.5)
    with pytest.raises(UserError, match="no regime has teaching and joint-rl in two seeds"):
        pool_deviation(regimes[2:])


def test_a_plan_says_what_its_fresh_seeds_can_tell(tmp_path: Path) -> None:
    for arm, right in (("teaching", (6, 8)), ("joint-rl", (5, 5))):
        for seed, count in enumerate(right):
            write_result(tmp_path / "old", made(arm, **{f"s{seed}": count})[seed])
    plan = planned(tmp_path, seeds=[2, 3, 4, 5, 6], earlier=["old"])
    # 1.682 deviations of 0.1414
    assert "told: 23.8 points with 5 seeds" in describe_detectable(plan)
    assert "teaching minus joint-rl in old" in describe_detectable(plan)
    own = planned(tmp_path, seeds=[2, 3, 4, 5, 6], earlier=["old"], seed_deviation=2.0)
    assert "told: 3.4 points" in describe_detectable(own)
    assert "unknown" in describe_detectable(planned(tmp_path, seeds=5))

    with pytest.raises(UserError, match=r"seeds: 0, 1 were used in .*old; fresh .* with 2"):
        planned(tmp_path, seeds=3, earlier=["old"])
    with pytest.raises(UserError, match="none holds no results of a study"):
        planned(tmp_path, earlier=["none"])
