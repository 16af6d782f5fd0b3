"""Every answer is found again from the prompt alone, by exact fractions and a small expression reader."""

import ast
import re
from fractions import Fraction
from functools import cache
from math import gcd
from random import Random

import pytest

from docendo.problems.arithmetic import MATHEMATICS
from docendo.problems.procedural import LEVELS
from docendo.records import Problem

FAMILIES = sorted(MATHEMATICS.families)
EACH = [(family, level) for family in FAMILIES for level in LEVELS]


@cache
def thousand(family: str, level: int) -> list[Problem]:
    return MATHEMATICS.draw(family, level, 1000, 3, "train")


def draw(family: str, level: int) -> list[Problem]:
    return thousand(family, level)[:200]


def value(text: str, x: int = 0) -> Fraction:
    """The exact value of an expression in which 3x is three times `x`."""

    def walk(node: ast.expr) -> Fraction:
        if isinstance(node, ast.Constant):
            return Fraction(str(node.value))
        if isinstance(node, ast.Name):
            return Fraction(x)
        if isinstance(node, ast.UnaryOp):
            return -walk(node.operand)
        assert isinstance(node, ast.BinOp)
        left, right = walk(node.left), walk(node.right)
        if isinstance(node.op, ast.Div):
            return left / right
        if isinstance(node.op, ast.Mult):
            return left * right
        return left + right if isinstance(node.op, ast.Add) else left - right

    return walk(ast.parse(re.sub(r"(\d)([x(])", r"\1*\2", text), mode="eval").body)


def root(prompt: str) -> Fraction:
    left, right = prompt.removeprefix("Solve for x: ").split(" = ")
    at_0, at_1 = (value(left, x) - value(right, x) for x in (0, 1))
    return -at_0 / (at_1 - at_0)


def next_term(prompt: str, level: int) -> int:
    numbers = [int(n) for n in re.findall(r"\d+", prompt)]
    if level <= 2:
        return 2 * numbers[-1] - numbers[-2]
    if level == 3:
        factor, a, b, c = numbers
        assert c - b == factor * (b - a)
        return c + factor * (c - b)
    if level == 4:
        a, b, c, d = numbers
        assert d - 3 * c + 3 * b - a == 0
        return 3 * d - 3 * c + b
    p, q, a, b = numbers
    for _ in range(3):
        a, b = b, p * b + q * a
    return b


def solve(problem: Problem) -> Fraction | int:
    if problem.family == "equations":
        return root(problem.prompt)
    if problem.family == "sequences":
        return next_term(problem.prompt, problem.level)
    return value(
        problem.prompt.removeprefix("What is ").split(" as a fraction")[0].rstrip("?")
    )


@pytest.mark.parametrize(("family", "level"), EACH)
def test_an_independent_solver_finds_the_same_answers(family, level):
    for problem in draw(family, level):
        assert Fraction(problem.answer) == solve(problem), problem.prompt


@pytest.mark.parametrize(("family", "level"), EACH)
def test_every_step_of_a_solution_is_true_and_the_last_one_gives_the_answer(family, level):
    for problem in draw(family, level):
        *steps, last = problem.solution.split("\n")
        assert last == f"Answer: {problem.answer}"
        assert steps
        for step in steps:
            if not step.startswith("by "):
                left, right = step.split(" = ")
                assert value(left) == value(right), step
        assert re.split(r"= |: ", steps[-1])[-1] in {
            problem.answer,
            problem.answer.split("/")[0],
        }


@pytest.mark.parametrize("level", LEVELS)
def test_fractions_come_in_lowest_terms_and_never_whole(level):
    for problem in draw("fractions", level):
        numerator, denominator = map(int, problem.answer.split("/"))
        assert numerator > 0
        assert denominator > 1
        assert gcd(numerator, denominator) == 1


def test_differences_stay_above_zero():
    assert all(
        int(problem.answer) > 0
        for level in LEVELS
        for problem in draw("differences", level)
    )


@pytest.mark.parametrize(("family", "level"), EACH)
def test_a_thousand_training_problems_and_two_hundred_held_out_ones_share_nothing(
    family, level
):
    train = thousand(family, level)
    held_out = MATHEMATICS.draw(family, level, 200, 3, "held-out")
    assert len({problem.key for problem in (*train, *held_out)}) == 1200
    assert len({problem.prompt for problem in (*train, *held_out)}) == 1200
    assert all(p.answer.strip() and "\n" not in p.answer for p in train)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_seed_gives_the_same_problems(family):
    assert MATHEMATICS.draw(family, 2, 1000, 3, "train")[:200] == draw(family, 2)
    assert MATHEMATICS.families[family](Random(5), 3) == MATHEMATICS.families[family](
        Random(5), 3
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_the_easy_levels_are_short(family):
    for level in (1, 2):
        for problem in draw(family, level):
            assert len(problem.prompt.split()) <= 25
            assert len(re.findall(r"\d|[^\d\s]+|\n", problem.solution)) <= 20 + 10 * level


def test_higher_levels_take_more_steps():
    for family in set(FAMILIES) - {"fractions"}:
        lengths = [sum(len(p.solution) for p in draw(family, level)) for level in (1, 3, 5)]
        assert lengths == sorted(lengths)


def test_the_expression_reader_agrees_with_hand_made_numbers():
    assert value("27 + 35 + 14") == 76
    assert value("3 * 4 + 17") == 29
    assert value("1/4 + 3/8 - 1/2") == Fraction(1, 8)
    assert value("5 * -7") == -35
    assert root("Solve for x: 3x + 5 = 20") == 5
    assert root("Solve for x: 5(x - 2) = 2(x + 8) - 8") == 6
    assert (
        next_term(
            "The steps grow by the same number each time. What comes next: 8, 18, 32, 50?",
            4,
        )
        == 72
    )
