"""What agents kept, and the population as a system, in a study's tables."""

from docendo.study.bootstrap import Bootstrap
from docendo.study.lesson_tables import tabulate_kept, tabulate_ways
from docendo.study.regimes import RegimeResults
from docendo.study.results import ArmResult, TrainingTrace, WayScore
from tests.study.toys import result


def regime(**arms: dict[int, ArmResult]) -> RegimeResults:
    return RegimeResults("all", arms, Bootstrap(arms, 10))


def test_what_was_kept_is_a_mean_over_seeds_at_each_of_three_times() -> None:
    kept = (
        {"one_shot": (1.0, 0.5, 0.25), "base_text": (-0.25, -0.5)},
        {"one_shot": (0.5, 0.25, 0.25)},
    )
    results = [result(trace=TrainingTrace(kept=measures)) for measures in kept]
    arms = {"teaching": dict(enumerate(results)), "base": {0: result("base")}}
    table = tabulate_kept(regime(**arms))
    (row,) = table.rows
    texts = [cell if isinstance(cell, str) else cell.text for cell in row]
    assert texts == [
        "teaching",
        "75% → 38% → 25%",
        "\N{EN DASH}",
        "\N{MINUS SIGN}0.25 → \N{MINUS SIGN}0.50",
    ]


def test_a_lesson_is_compared_with_every_other_way_seed_by_seed() -> None:
    def trained(seed: int, lesson: float, vote: float) -> ArmResult:
        shares = {"lesson": lesson, "alone": 0.25, "vote": vote, "teacher": 1.0}
        system = {
            way: WayScore(accuracy=share, samples=1, flops=2000.0 + seed)
            for way, share in shares.items()
        }
        return result(seed=seed, trace=TrainingTrace(system=system))

    table = tabulate_ways(
        regime(
            teaching={0: trained(0, 0.5, 0.5), 2: trained(2, 0.75, 0.25)},
            base={0: result("base")},
        )
    )
    texts = [
        [cell if isinstance(cell, str) else cell.text for cell in row] for row in table.rows
    ]
    assert [row[0] for row in texts] == ["teaching"] * 4
    assert [row[2] for row in texts] == ["62%", "25%", "38%", "100%"]
    assert [row[3] for row in texts][1:3] == ["+37.5", "+25.0"]
    assert texts[0][4] == "2 kFLOP"
