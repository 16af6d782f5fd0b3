"""The tables of a study."""

from pathlib import Path

from docendo.study.bootstrap import Bootstrap
from docendo.study.markdown import render_markdown
from docendo.study.regimes import RegimeResults, split_by_regime
from docendo.study.result_files import load_study, write_result
from docendo.study.result_tables import (
    tabulate_closures,
    tabulate_costs,
    tabulate_lessons,
)
from docendo.study.results import ArmResult, Cost, LessonGain, TrainingTrace
from tests.study.toys import about, answers, result


def test_round_statistics_are_means_over_evaluations_and_lessons(tmp_path: Path) -> None:
    gains = tuple(
        LessonGain(flops=x, teacher="a", student="b", gain=g, lessons=n)
        for x, g, n in ((1, 0.5, 10), (2, 0.1, 30))
    )
    write_result(
        tmp_path,
        result(
            trace=TrainingTrace(
                nonzero_variance=((1, 0.2), (2, 0.6)),
                gate_passed=((1, 1.0),),
                lesson_gains=gains,
            )
        ),
    )
    told = render_markdown(study := load_study(tmp_path), split_by_regime(study, 10))
    assert "| teaching | 40% | 100% | \N{EN DASH} | +0.20 (40) |" in told


def private(**arms: tuple[int, tuple[str, ...] | None]) -> RegimeResults:
    """Arms with so many of 100 right answers, and what travelled in them."""
    results: dict[str, dict[int, ArmResult]] = {}
    for name, (right, travelled) in arms.items():
        keys = answers(("a",), letters_flip="1" * right + "0" * (100 - right))
        setup = about(("a",), domains={"letters": ("flip",)}, travelled=travelled)
        arm = name.replace("_", "-")
        results[arm] = {seed: result(arm, seed, keys, setup=setup) for seed in (0, 1)}
    return RegimeResults("private", results, Bootstrap(results, 100))


def test_the_closed_gap_is_told_of_arms_that_saw_no_foreign_solution() -> None:
    table = tabulate_closures(
        private(
            experts=(20, ()),
            joint_rl=(60, ("solutions",)),
            teaching=(50, ("lessons",)),
            mopd=(30, ("labels",)),
            joint_rl_shared=(80, ("solutions",)),
            teaching_no_gate=(40, None),
        )
    )
    assert [(row[0], row[1], row[2].text) for row in table.rows] == [
        ("teaching", "lessons", "75%"),
        ("mopd", "labels", "25%"),
    ]


def test_a_purpose_costs_a_share_of_the_rounds_after_the_experts() -> None:
    ledger = {"experts": 50.0, "lesson": 10.0, "imitation": 30.0}
    cost = Cost(budget=90.0, spent=90.0, ledger=ledger)
    arms = {"teaching": {0: result(cost=cost)}}
    table = tabulate_costs(RegimeResults("all", arms, Bootstrap(arms, 10)))
    cells = dict(zip(table.heads, table.rows[0], strict=True))
    assert (cells["lesson"].note, cells["imitation"].note) == ("25%", "75%")
    assert cells["experts"].note == ""


def test_lessons_are_worth_what_an_arm_has_more_than_its_control() -> None:
    arms = {
        "teaching": (50, ()),
        "teaching_no_lessons": (40, ()),
        "teaching_labels": (45, ()),
        "teaching_labels_no_lessons": (60, ()),
        "teaching_dense_gain": (55, ()),
    }
    table = tabulate_lessons(private(**arms))
    assert [(row[0], row[1].text, row[-1]) for row in table.rows] == [
        ("teaching", "+10.0", "2"),
        ("teaching-labels", "\N{MINUS SIGN}15.0", "2"),
    ]
