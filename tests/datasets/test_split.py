"""The split of a problem depends on its content alone."""

from dataclasses import replace

from docendo.datasets.split import HELD_OUT_SHARE, question_id, split_of, split_of_question
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


def test_a_question_is_one_question_however_it_is_spelled() -> None:
    for same in (
        "what is  1 + 1",
        "WHAT IS 1 + 1 ?",
        "What\nis \uff11 + 1?!"[:-1],
        "What is 1 + 1..",
    ):
        assert question_id(same) == question_id("What is 1 + 1?")
    for other in ("What is 1 + 11?", "What is 1 + 1!", "Whatis 1 + 1?"):
        assert question_id(other) != question_id("What is 1 + 1?")


def test_about_one_question_in_five_is_held_out() -> None:
    splits = [split_of_question(question_id(problem.prompt)) for problem in PROBLEMS]
    assert abs(splits.count("held-out") - len(PROBLEMS) / HELD_OUT_SHARE) < 50


def test_choices_are_part_of_a_question_in_any_order() -> None:
    assert question_id("Which?", ["a", "B "]) == question_id("which", ["b", "A."])
    assert question_id("Which?", ["a", "b"]) != question_id("Which?", ["a", "c"])
    assert question_id("Which?", ["a"]) != question_id("Which? a")
