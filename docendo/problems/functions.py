"""One-line Python functions to write and to repair, with tests like ``f(3) == 11``."""

from collections.abc import Callable, Sequence
from operator import add, mul, sub
from random import Random
from typing import NamedTuple

from docendo.problems.procedural import Draft, draft_with_steps

__all__ = ["draft_expression", "draft_fix"]

# Even and odd, zero and negative: a wrong function differs from the right one somewhere.
_INPUTS = (0, 1, 2, 5, 8, 11, -3)
_OPERATORS: dict[str, Callable[[int, int], int]] = {"+": add, "-": sub, "*": mul}
_VERBS = {"+": "add", "-": "subtract", "*": "multiply by"}
_NAMES = {"+": "plus", "-": "minus", "*": "times"}

_OPERATORS_OF_STEPS = {
    1: ("*", "+-"),
    2: ("+-", "*"),
    3: ("+-*", "+-*", "+-"),
}
"""What each step of an expression may be, by level."""

_Step = tuple[str, int]
"""An operator and its right operand."""


def draft_expression(rng: Random, level: int) -> Draft:
    """A function to write: from its steps, from two examples (level 4), by cases (level 5)."""
    if level == 4:
        return _expression_of_line(rng)
    if level == 5:
        cases = _Cases.draw(rng)
        prompt = f"Write a Python expression for f(x): {cases.words}."
        return draft_with_steps(prompt, cases.code, cases.lines, _tests(cases.value))

    steps = []
    for operators in _OPERATORS_OF_STEPS[level]:
        steps.append((rng.choice(operators), rng.randint(2, 40)))
    code = _expressions(steps)[-1]
    prompt = f"Write a Python expression for f(x): take x, {_in_words(steps)}."
    return draft_with_steps(prompt, code, _explain(steps), _tests(_function(steps)))


def _expression_of_line(rng: Random) -> Draft:
    a = rng.randint(2, 40)
    b = rng.randint(1, 60)
    lines = [f"b = f(0) = {b}", f"a = f(1) - b = {a + b} - {b} = {a}"]
    prompt = (
        f"f(x) = a * x + b, with f(0) = {b} and f(1) = {a + b}. "
        "Write a Python expression for f(x)."
    )
    return draft_with_steps(prompt, f"x * {a} + {b}", lines, _tests(lambda x: a * x + b))


def draft_fix(rng: Random, level: int) -> Draft:
    """A one-line function to repair.

    By level: one step, two steps, missing parentheses, slices, cases.
    """
    if level == 4:
        return _fix_slice(rng)
    if level == 5:
        return _fix_cases(rng)

    highest = 60 if level == 1 else 20
    steps = []
    for _ in range(2 if level > 1 else 1):
        steps.append((rng.choice("+-*"), rng.randint(2, highest)))
    if level == 3:
        # a sum and then a product, the one order in which parentheses matter
        steps = [(rng.choice("+-"), rng.randint(2, 60))]
        steps.append(("*", rng.randint(2, 30)))

    right = _expressions(steps)[-1]
    wrong = _expressions(_break_step(rng, steps, highest))[-1]
    if level == 3:
        wrong = right.replace("(", "").replace(")", "")
    goal = f"take x, {_in_words(steps)}"
    return _repair(goal, wrong, right, _explain(steps), _tests(_function(steps)))


def _break_step(rng: Random, steps: Sequence[_Step], highest: int) -> list[_Step]:
    """The steps with another operator or another operand in one of them."""
    broken = list(steps)
    at = rng.randrange(len(steps))
    op, by = steps[at]
    if rng.random() < 0.5:
        op = rng.choice("+-*".replace(op, ""))
    else:
        by = rng.choice([n for n in range(2, highest) if n != by])
    broken[at] = (op, by)
    return broken


def _repair(
    goal: str, wrong: str, right: str, lines: Sequence[str], tests: tuple[str, ...]
) -> Draft:
    prompt = f"Fix this to {goal}.\ndef f(x): return {wrong}"
    return draft_with_steps(prompt, f"def f(x): return {right}", lines, tests)


_SLICES = {
    "all but the first {}": "{}:",
    "all but the last {}": ":-{}",
    "the first {}": ":{}",
    "the last {}": "-{}:",
}
"""What a slice of n items is called, and its code."""


def _fix_slice(rng: Random) -> Draft:
    right_words = rng.choice(list(_SLICES))
    right_count = rng.randint(2, 20)
    # Half of the mistakes have the right number, so that the number alone tells nothing.
    slices = []
    for words in _SLICES:
        slices += [(words, right_count), (words, rng.randint(2, 20))]
    mistakes = [wrong for wrong in slices if wrong != (right_words, right_count)]
    wrong_words, wrong_count = rng.choice(mistakes)

    right_slice = _SLICES[right_words].format(right_count)
    right = f"x[{right_slice}]"
    wrong = f"x[{_SLICES[wrong_words].format(wrong_count)}]"
    bounds = [int(end) if end else None for end in right_slice.split(":")]

    # Lists that are longer and shorter than the slice, and an empty one.
    tests = []
    for start, size in ((0, 24), (5, 41), (7, 3), (0, 0)):
        items = list(range(start, start + size))
        tests.append(f"f({items}) == {items[slice(*bounds)]}")

    goal = right_words.format(right_count)
    lines = [f"{wrong} is {wrong_words.format(wrong_count)}", f"{goal} is {right}"]
    return _repair(f"return {goal} items of list x", wrong, right, lines, tuple(tests))


def _fix_cases(rng: Random) -> Draft:
    # exchanged, or one case instead of two
    cases = _Cases.draw(rng)
    even, odd = cases
    wrong = rng.choice((_Cases(odd, even), _Cases(even, even), _Cases(odd, odd)))
    goal = f"return {cases.words}"
    return _repair(goal, wrong.code, cases.code, cases.lines, _tests(cases.value))


class _Cases(NamedTuple):
    """A function that does one step to even numbers and another one to odd numbers."""

    even: _Step
    odd: _Step

    @classmethod
    def draw(cls, rng: Random) -> "_Cases":
        steps = [(op, n) for op in _OPERATORS for n in range(2, 20)]
        return cls(*rng.sample(steps, 2))

    @property
    def words(self) -> str:
        even, odd = (f"x {_NAMES[op]} {n}" for op, n in self)
        return f"{even} for even x, else {odd}"

    @property
    def codes(self) -> tuple[str, str]:
        return _expressions([self.even])[0], _expressions([self.odd])[0]

    @property
    def code(self) -> str:
        even, odd = self.codes
        return f"{even} if x % 2 == 0 else {odd}"

    @property
    def lines(self) -> list[str]:
        even, odd = self.codes
        return [f"even x: {even}", f"odd x: {odd}"]

    def value(self, x: int) -> int:
        op, n = self.odd if x % 2 else self.even
        return _OPERATORS[op](x, n)


def _in_words(steps: Sequence[_Step]) -> str:
    return ", then ".join(map(_step_in_words, steps))


def _step_in_words(step: _Step) -> str:
    op, n = step
    return f"{_VERBS[op]} {n}"


def _expressions(steps: Sequence[_Step]) -> list[str]:
    """The expression after each step, with parentheses where * needs them."""
    # * binds tighter than + and -, so that a sum needs parentheses before it is multiplied
    expressions = []
    code = "x"
    is_sum = False
    for op, n in steps:
        if op == "*" and is_sum:
            code = f"({code})"
        code = f"{code} {op} {n}"
        is_sum = op != "*"
        expressions.append(code)
    return expressions


def _explain(steps: Sequence[_Step]) -> list[str]:
    """A line per step; the last of several is left to the answer."""
    # the last expression is the answer and need not be written twice
    lines = []
    for step, code in zip(steps, _expressions(steps), strict=True):
        lines.append(f"{_step_in_words(step)}: {code}")
    return lines[: max(1, len(lines) - 1)]


def _function(steps: Sequence[_Step]) -> Callable[[int], int]:
    def run(x: int) -> int:
        for op, n in steps:
            x = _OPERATORS[op](x, n)
        return x

    return run


def _tests(function: Callable[[int], int]) -> tuple[str, ...]:
    return tuple(f"f({x}) == {function(x)}" for x in _INPUTS)
