"""Tasks of reasoning-gym: which are taken, what is drawn, and what their own scorers take for right."""

from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest

from docendo.build.evaluators import ground_truth_evaluator
from docendo.build.school import read_catalog
from docendo.config.load import parse_config
from docendo.datasets.split import split_of
from docendo.errors import RunError, UserError
from docendo.graders.answer import UnitTestGrader, exact, never_raises
from docendo.graders.audit import audit
from docendo.interfaces import Source
from docendo.problems import gym
from docendo.problems.gym import GymGrader, load_gym, rejected_tasks, sound_tasks
from docendo.problems.pool import AskerPool
from docendo.records import AgentId, Answer, Problem
from docendo.sandbox.monty import Sandbox

SCORED = sorted(name for name, task in sound_tasks().items() if task.graded == "scored")
TIMES = "\N{MULTIPLICATION SIGN}"
GUESSES = [
    "nan",
    "inf",
    "None",
    "True",
    "[]",
    "{}",
    '""',
    "[[]]",
    "0/0",
    "1e999",
    "Solution:",
    "yes and no",
    "*",
    ",",
]


@pytest.fixture
def puzzles() -> Source:
    pytest.importorskip("reasoning_gym")
    return load_gym(["chain_sum", "jugs"], "puzzles")


def drawn(name: str, count: int = 3, level: int = 1) -> list[Problem]:
    return load_gym([name], "puzzles").draw(name, level, count, 7, "train")


def test_every_task_is_either_taken_or_refused_with_a_reason() -> None:
    registry = pytest.importorskip("reasoning_gym.factory").DATASETS
    assert set(sound_tasks()) | set(rejected_tasks()) == set(registry)
    assert not set(sound_tasks()) & set(rejected_tasks())
    assert all(rejected_tasks().values())
    assert {task.graded for task in sound_tasks().values()} == {"exact", "scored"}


def test_the_same_seed_draws_the_same_problems_and_no_problem_is_in_both_streams(
    puzzles: Source,
) -> None:
    train, held = (
        puzzles.draw("chain_sum", 2, 60, 1, stream) for stream in ("train", "held-out")
    )
    assert train == load_gym(["chain_sum"], "puzzles").draw("chain_sum", 2, 60, 1, "train")
    assert len({p.key for p in train + held}) == 120
    assert {split_of(p) for p in train} == {"train"}
    assert puzzles.draw("chain_sum", 2, 60, 2, "train") != train
    assert {p.source.rsplit(":", 1)[0] for p in train} == {
        "reasoning-gym 0.1.25/chain_sum/2"
    }


def test_a_task_that_is_too_small_says_how_many_it_has(puzzles: Source) -> None:
    with pytest.raises(
        UserError, match=r"puzzles/chain_sum level 1 has only \d+ train problems, not 5000"
    ):
        puzzles.draw("chain_sum", 1, 5000, 1, "train")


@pytest.mark.parametrize(
    ("family", "level", "said"),
    [("chain_sums", 1, "did you mean 'chain_sum'"), ("jugs", 9, "1 to")],
)
def test_an_unknown_task_or_level_is_told(
    family: str, level: int, said: str, puzzles: Source
) -> None:
    with pytest.raises(UserError, match=said):
        puzzles.draw(family, level, 1, 1, "train")


def test_factors_count_in_any_order_and_only_if_they_are_right() -> None:
    pytest.importorskip("reasoning_gym")
    grade = never_raises(GymGrader(exact))
    for problem in drawn("prime_factorization", 5):
        factors = problem.answer.split(f" {TIMES} ")
        assert grade(problem, f"I see.\nAnswer: {TIMES.join(factors[::-1])}.").score == 1
        for wrong in (
            factors[:-1],
            [*factors, "1"],
            [*factors, "x"],
            ["1", *factors] * 40,
            [],
        ):
            assert grade(problem, f"Answer: {TIMES.join(wrong)}").score == 0, wrong


def test_a_longer_way_that_works_counts() -> None:
    pytest.importorskip("reasoning_gym")
    grade = never_raises(GymGrader(exact))
    for problem in drawn("jugs"):
        longer = problem.answer.replace("[", '["fill A", "empty A", ', 1)
        assert grade(problem, f"Answer: {longer}").score == 1
        assert exact(problem, f"Answer: {longer}").score == 0
        assert grade(problem, 'Answer: ["fill A", "empty A"]').score == 0


@pytest.mark.parametrize("name", SCORED)
def test_own_scorers_take_right_answers_and_no_guess_and_run_nothing(
    name: str, tmp_path: Path
) -> None:
    pytest.importorskip("reasoning_gym")
    mine, other = drawn(name, 2)
    grade = never_raises(GymGrader(exact))
    assert grade(mine, f"Answer: {mine.answer}").score == 1
    mark = tmp_path / "ran"
    code = f"__import__('pathlib').Path({str(mark)!r}).touch()"
    for guess in [*GUESSES, code, f"[{code}]", mine.prompt.splitlines()[-1]]:
        verdict = grade(mine, f"Answer: {guess}")
        assert verdict.score == 0, (guess, verdict)
    assert not mark.exists()
    assert grade(other, f"Answer: {other.answer}").score == 1


def test_a_small_audit_of_some_tasks_passes(puzzles: Source) -> None:
    found = audit(puzzles, never_raises(GymGrader(UnitTestGrader(Sandbox()))), 1, 0)
    assert found.passed, [c.first for c in found.checks if c.failures]


def test_truth_asks_the_scorer_of_a_task_and_judges_other_problems_as_ever(
    puzzles: Source,
) -> None:
    (jug,) = puzzles.draw("jugs", 1, 1, 1, "train")
    longer = jug.answer.replace("[", '["fill A", "empty A", ', 1)
    plain = Problem("d", "f", 1, "1 + 1?", "2", source="reasoning-gym 0.1.25/mine/1:2")
    answers = [(jug, longer), (jug, "[]"), (plain, "2"), (plain, "3")]
    verdicts = ground_truth_evaluator()(
        [Answer(p, f"Answer: {text}", AgentId("ada"), 1) for p, text in answers]
    )
    assert [v.score for v in verdicts] == [1, 0, 1, 0]


def test_a_problem_that_another_version_made_stops_the_run(puzzles: Source) -> None:
    (problem,) = puzzles.draw("jugs", 1, 1, 1, "train")
    with pytest.raises(RunError, match="is another problem here; wanted reasoning-gym"):
        never_raises(GymGrader(exact))(
            replace(problem, prompt="Something else?"), "Answer: 1"
        )


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "chainsum",
            r"\[askers.gym\] tasks: reasoning-gym has no task 'chainsum'; did you mean 'chain_sum'",
        ),
        (
            "countdown",
            r"\[askers.gym\] tasks: reasoning-gym's task 'countdown' is not taken: its scorer runs",
        ),
    ],
)
def test_tasks_that_are_not_there_are_told(name: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        read_catalog(parse_config(config([name]), "run.toml"))


@pytest.mark.parametrize(
    ("found", "said"), [(None, "pip install reasoning-gym==0.1.25"), ("0.2", "not 0.2")]
)
def test_a_library_that_is_missing_or_another_is_told(
    found: str | None, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gym, "version", versions(found))
    with pytest.raises(UserError, match=said):
        load_gym(["chain_sum"], "puzzles")


def versions(found: str | None) -> Callable[[str], str]:
    def version(name: str) -> str:
        if found is None:
            raise PackageNotFoundError(name)
        return found

    return version


def config(names: list[str]) -> dict[str, Any]:
    return {
        "domains": {
            "mathematics": {"families": {"sums": [1]}, "askers": {"own": 1, "gym": 1}}
        },
        "agents": {"emmy": {"domain": "mathematics"}, "ada": {}},
        "askers": {"gym": {"kind": "gym", "tasks": names}},
    }


def test_a_domain_may_have_tasks_beside_its_own_families() -> None:
    pytest.importorskip("reasoning_gym")
    source = read_catalog(parse_config(config(["chain_sum"]), "run.toml")).sources[
        "mathematics"
    ]
    assert isinstance(source, AskerPool)
    assert source.levels["chain_sum"][0] == 1
    assert source.draw("chain_sum", 1, 2, 1, "train")[0].source.startswith("reasoning-gym")
    assert source.draw("sums", 1, 2, 1, "train")[0].source == "docendo"
