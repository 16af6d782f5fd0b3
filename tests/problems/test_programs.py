"""The programming problems: right by Python's own account, short, and enough of them."""

import ast
import contextlib
import io
import re

import pytest

from docendo.assertions.suite import read_suite
from docendo.graders.answer import exact
from docendo.graders.unit_tests import UnitTestGrader
from docendo.problems.procedural import LEVELS
from docendo.problems.programs import PROGRAMMING
from docendo.records import Problem
from docendo.sandbox.monty import build_strict_monty

FAMILIES = sorted(PROGRAMMING.families)
CODE = {"expressions", "fix"}
by_tests = UnitTestGrader(build_strict_monty())

every_level = pytest.mark.parametrize(
    ("family", "level"), [(f, n) for f in FAMILIES for n in LEVELS]
)


def drawn(family: str, level: int, count: int = 60) -> list[Problem]:
    return PROGRAMMING.draw(family, level, count, 3, "train")


def printed(source: str) -> str:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(source, {})  # noqa: S102
    return out.getvalue().strip()


def value(source: str, names: dict[str, object] | None = None) -> object:
    return eval(source, names or {})  # noqa: S307


@every_level
def test_every_family_has_enough_problems(family: str, level: int) -> None:
    train = PROGRAMMING.draw(family, level, 1000, 1, "train")
    held_out = PROGRAMMING.draw(family, level, 200, 1, "held-out")
    assert not {p.key for p in train} & {p.key for p in held_out}
    assert not {p.prompt for p in train} & {p.prompt for p in held_out}


@every_level
def test_a_prompt_asks_for_one_answer_only(family: str, level: int) -> None:
    answers: dict[str, str] = {}
    for problem in drawn(family, level, 500):
        assert answers.setdefault(problem.prompt, problem.answer) == problem.answer


@every_level
def test_the_solution_ends_with_the_answer_and_is_short(family: str, level: int) -> None:
    for problem in drawn(family, level):
        *steps, last = problem.solution.split("\n")
        assert last == f"Answer: {problem.answer}"
        assert steps
        assert len(problem.prompt.split()) <= 30
        assert len(problem.solution) <= (0, 75, 100, 160, 160, 220)[level]


@every_level
def test_the_answer_is_not_in_the_prompt_of_a_repair_or_an_expression(
    family: str, level: int
) -> None:
    if family in CODE:
        assert all(
            problem.answer not in problem.prompt.split("\n")
            for problem in drawn(family, level)
        )


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("family", ["trace", "booleans"])
def test_python_prints_the_answer(family: str, level: int) -> None:
    for problem in drawn(family, level, 200):
        question, source = problem.prompt.split("\n", 1)
        assert question == "What does this print?"
        assert printed(source) == problem.answer


@pytest.mark.parametrize("level", LEVELS)
def test_python_finds_the_item_or_slice(level: int) -> None:
    for problem in drawn("indexing", level, 200):
        match = re.fullmatch(r"s = (.*)\nWhat is (.*)\?", problem.prompt)
        assert match
        assert repr(value(match[2], {"s": ast.literal_eval(match[1])})) == problem.answer
        assert problem.answer != "[]"


@pytest.mark.parametrize("level", LEVELS)
def test_python_counts_the_same_number(level: int) -> None:
    for problem in drawn("counting", level, 200):
        assert (
            str(value(problem.prompt.removeprefix("What is ").removesuffix("?")))
            == problem.answer
        )


@pytest.mark.parametrize("level", LEVELS)
def test_letters_are_counted_one_by_one_and_stand_apart(level: int) -> None:
    for problem in drawn("counting", level):
        text = re.findall('"([a-z ]+)"', problem.prompt)[1 if level == 4 else 0]
        running = problem.solution.split("\n")[0].split(" ")
        assert "".join(running[::2]) == text.replace(" ", "")
        assert running[-1] == problem.answer


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("family", sorted(CODE))
def test_python_agrees_that_the_code_passes_its_tests(family: str, level: int) -> None:
    for problem in drawn(family, level):
        names: dict[str, object] = {}
        code = (
            problem.answer
            if problem.answer.startswith("def f(x): return ")
            else f"def f(x): return {problem.answer}"
        )
        exec(code, names)  # noqa: S102
        assert len(problem.tests) >= 4
        for line in problem.tests:
            assert value(line, names) is True
            assert read_suite((line,)).cases[0].expected


def words_to_value(words: str, x: int) -> int:
    """A reader of "take x, add 3, then multiply by 2" that shares no code with the writer."""
    for verb, n in re.findall(r"(add|subtract|multiply by) (\d+)", words):
        x = {"add": x + int(n), "subtract": x - int(n), "multiply by": x * int(n)}[verb]
    return x


@pytest.mark.parametrize("level", [1, 2, 3])
@pytest.mark.parametrize("family", sorted(CODE))
def test_the_tests_of_a_program_agree_with_its_description(family: str, level: int) -> None:
    for problem in drawn(family, level):
        words = problem.prompt.split("\n")[0]
        for line in problem.tests:
            match = re.fullmatch(r"f\((-?\d+)\) == (-?\d+)", line)
            assert match
            assert words_to_value(words, int(match[1])) == int(match[2])


@pytest.mark.parametrize("level", LEVELS)
def test_the_function_to_fix_is_broken(level: int) -> None:
    for problem in drawn("fix", level, 12):
        assert by_tests(problem, f"Answer: {problem.prompt.split(chr(10))[1]}").score == 0


@every_level
def test_gold_answers_and_solutions_pass_the_grader(family: str, level: int) -> None:
    grade = by_tests if family in CODE else exact
    for problem in drawn(family, level, 8):
        assert grade(problem, f"Answer: {problem.answer}").score == 1
        assert grade(problem, problem.solution).score == 1
        assert grade(problem, problem.prompt).score == 0


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("family", sorted(set(FAMILIES) - CODE))
def test_no_constant_guess_is_right_too_often(family: str, level: int) -> None:
    answers = [problem.answer for problem in drawn(family, level, 400)]
    assert max(map(answers.count, set(answers))) < 0.45 * len(answers)


def test_the_worked_solution_of_a_counting_problem_lists_each_letter() -> None:
    problem = next(p for p in drawn("counting", 1) if p.answer == "2")
    assert re.fullmatch(r"([a-z] \d ?){5}\nAnswer: 2", problem.solution)
