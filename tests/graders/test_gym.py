"""The grader that asks reasoning-gym's own scorers."""

from dataclasses import replace
from pathlib import Path

import pytest

from docendo.datasets.reasoning_gym import sound_tasks
from docendo.errors import RunError
from docendo.graders.answer import exact, never_raises
from docendo.graders.audit import audit
from docendo.graders.ground_truth import ground_truth_evaluator
from docendo.graders.gym import GymGrader
from docendo.problems.gym import load_gym
from docendo.records import AgentId, Answer, Problem

pytest.importorskip("reasoning_gym")

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
PUZZLES = load_gym(["chain_sum", "jugs"], "puzzles")


def drawn(name: str, count: int = 3, level: int = 1) -> list[Problem]:
    return load_gym([name], "puzzles").draw(name, level, count, 7, "train")


def test_factors_count_in_any_order_and_only_if_they_are_right() -> None:
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


def test_a_longer_solution_that_works_is_right() -> None:
    grade = never_raises(GymGrader(exact))
    for problem in drawn("jugs"):
        longer = problem.answer.replace("[", '["fill A", "empty A", ', 1)
        assert grade(problem, f"Answer: {longer}").score == 1
        assert exact(problem, f"Answer: {longer}").score == 0
        assert grade(problem, 'Answer: ["fill A", "empty A"]').score == 0


@pytest.mark.parametrize("name", SCORED)
def test_task_scorers_accept_right_answers_only_and_run_no_code(
    name: str, tmp_path: Path
) -> None:
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


def test_a_small_audit_of_some_tasks_passes() -> None:
    found = audit(PUZZLES, ground_truth_evaluator(), 1, 0)
    assert found.passed, [c.first for c in found.checks if c.failures]


def test_ground_truth_uses_the_scorer_of_a_gym_task_and_no_other_problem() -> None:
    (jug,) = PUZZLES.draw("jugs", 1, 1, 1, "train")
    longer = jug.answer.replace("[", '["fill A", "empty A", ', 1)
    plain = Problem("d", "f", 1, "1 + 1?", "2", source="reasoning-gym 0.1.25/mine/1:2")
    answers = [(jug, longer), (jug, "[]"), (plain, "2"), (plain, "3")]
    verdicts = ground_truth_evaluator()(
        [Answer(p, f"Answer: {text}", AgentId("ada"), 1) for p, text in answers]
    )
    assert [v.score for v in verdicts] == [1, 0, 1, 0]


def test_a_problem_that_another_version_made_stops_the_run() -> None:
    (problem,) = PUZZLES.draw("jugs", 1, 1, 1, "train")
    with pytest.raises(RunError, match="is another problem here; expected reasoning-gym"):
        never_raises(GymGrader(exact))(
            replace(problem, prompt="Something else?"), "Answer: 1"
        )
