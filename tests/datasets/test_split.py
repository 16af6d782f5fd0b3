"""The split of a problem depends on its content alone."""

from dataclasses import replace

from docendo.datasets.split import HELD_OUT_SHARE, split_of
from docendo.records import Problem

PROBLEMS = [Problem("d", "f", 1, f"What is {n} + 1?", str(n + 1)) for n in range(1000)]


def test_about_one_problem_in_five_is_held_out() -> None:
    held_out = [problem for problem in PROBLEMS if split_of(problem) == "held-out"]
    expected = len(PROBLEMS) / HELD_OUT_SHARE
    assert abs(len(held_out) - expected) < 50, "four standard deviations of chance"


def test_a_problem_is_in_the_split_of_its_key_wherever_it_comes_from() -> None:
    for problem in PROBLEMS[:50]:
        elsewhere = replace(problem, source="another file", solution="Another way.")
        assert elsewhere.key == problem.key
        assert split_of(elsewhere) == split_of(problem)
        is_held_out = int(problem.key, 16) % 5 == 0
        assert split_of(problem) == ("held-out" if is_held_out else "train")
