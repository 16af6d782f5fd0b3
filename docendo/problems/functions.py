"""One-line Python functions to write and to repair, graded by tests like ``f(3) == 11`` that Python works out here."""

from collections.abc import Callable, Sequence
from operator import add, mul, sub
from random import Random

from docendo.problems.procedural import Draft, draft_with_steps

__all__ = ["expressions", "fix"]

_INPUTS = (0, 1, 2, 5, 8, 11, -3)
_OPERATORS: dict[str, Callable[[int, int], int]] = {"+": add, "-": sub, "*": mul}
_VERBS = {"+": "add", "-": "subtract", "*": "multiply by"}
_NAMES = {"+": "plus", "-": "minus", "*": "times"}


def expressions(rng: Random, level: int) -> Draft:
    """A function to write: from its steps, from two examples (level 4), by cases (level 5)."""
    if level == 4:
        return _line_through(rng)
    if level == 5:
        words, even, odd, function = _by_cases(rng)
        prompt, lines = (
            f"Write a Python expression for f(x): {words}.",
            [f"even x: {even}", f"odd x: {odd}"],
        )
        return draft_with_steps(prompt, _choice(even, odd), lines, _tests(function))
    kinds = (("*", "+-"), ("+-", "*"), ("+-*", "+-*", "+-"))[level - 1]
    steps = [(rng.choice(kind), rng.randint(2, 40)) for kind in kinds]
    codes = _codes(steps)
    prompt = (
        f"Write a Python expression for f(x): take x, {', then '.join(map(_said, steps))}."
    )
    return draft_with_steps(prompt, codes[-1], _worked(steps), _tests(_function(steps)))


def _line_through(rng: Random) -> Draft:
    a, b = rng.randint(2, 40), rng.randint(1, 60)
    lines = [f"b = f(0) = {b}", f"a = f(1) - b = {a + b} - {b} = {a}"]
    prompt = f"f(x) = a * x + b, with f(0) = {b} and f(1) = {a + b}. Write a Python expression for f(x)."
    return draft_with_steps(prompt, f"x * {a} + {b}", lines, _tests(lambda x: a * x + b))


def fix(rng: Random, level: int) -> Draft:
    """A one-line function to repair: one step, two steps, missing parentheses, slices, cases."""
    if level == 4:
        return _fix_slice(rng)
    if level == 5:
        return _fix_cases(rng)
    steps = [
        (rng.choice("+-*"), rng.randint(2, 60 if level == 1 else 20))
        for _ in range(min(level, 2))
    ]
    if level == 3:
        steps = [(rng.choice("+-"), rng.randint(2, 60)), ("*", rng.randint(2, 30))]
    right, broken = _codes(steps), list(steps)
    at = rng.randrange(len(steps))
    op, by = steps[at]
    if rng.random() < 0.5:
        broken[at] = (rng.choice([o for o in "+-*" if o != op]), by)
    else:
        broken[at] = (
            op,
            rng.choice([n for n in range(2, 60 if level == 1 else 20) if n != by]),
        )
    wrong = _codes(broken)[-1]
    if level == 3:
        wrong = right[-1].replace("(", "").replace(")", "")
    wanted = ", then ".join(map(_said, steps))
    return _repair(
        f"take x, {wanted}", wrong, right[-1], _worked(steps), _tests(_function(steps))
    )


def _repair(
    wanted: str, wrong: str, right: str, lines: list[str], tests: tuple[str, ...]
) -> Draft:
    prompt = f"Fix this to {wanted}.\ndef f(x): return {wrong}"
    return draft_with_steps(prompt, f"def f(x): return {right}", lines, tests)


def _fix_slice(rng: Random) -> Draft:
    kinds = {
        "the first {}": ":{}",
        "the last {}": "-{}:",
        "all but the first {}": "{}:",
        "all but the last {}": ":-{}",
    }
    words, n = rng.choice(sorted(kinds)), rng.randint(2, 20)
    others = [
        (w, m)
        for w in sorted(kinds)
        for m in (n, rng.randint(2, 20))
        if (w, m) != (words, n)
    ]
    bad, m = rng.choice(others)
    right, wrong = (f"x[{kinds[w].format(k)}]" for w, k in ((words, n), (bad, m)))
    part = slice(*(int(end) if end else None for end in kinds[words].format(n).split(":")))
    said, given = words.format(n), bad.format(m)
    cases = [
        list(range(start, start + size))
        for start, size in ((0, 24), (5, 41), (7, 3), (0, 0))
    ]
    tests = tuple(f"f({items}) == {items[part]}" for items in cases)
    lines = [f"{wrong} is {given}", f"{said} is {right}"]
    return _repair(f"return {said} items of list x", wrong, right, lines, tests)


def _fix_cases(rng: Random) -> Draft:
    words, even, odd, function = _by_cases(rng)
    wrong = _choice(*rng.choice(((odd, even), (even, even), (odd, odd))))
    lines = [f"even x: {even}", f"odd x: {odd}"]
    return _repair(f"return {words}", wrong, _choice(even, odd), lines, _tests(function))


def _by_cases(rng: Random) -> tuple[str, str, str, Callable[[int], int]]:
    """A function in words, its code for even x, its code for odd x, and the function."""
    even, odd = rng.sample([(op, n) for op in _OPERATORS for n in range(2, 20)], 2)
    said = [f"x {_NAMES[op]} {n}" for op, n in (even, odd)]
    words = f"{said[0]} for even x, else {said[1]}"
    return (
        words,
        _codes([even])[0],
        _codes([odd])[0],
        lambda x: _function([odd if x % 2 else even])(x),
    )


def _choice(even: str, odd: str) -> str:
    return f"{even} if x % 2 == 0 else {odd}"


def _said(step: tuple[str, int]) -> str:
    return f"{_VERBS[step[0]]} {step[1]}"


def _codes(steps: Sequence[tuple[str, int]]) -> list[str]:
    """The expression after each step; what came before stands in parentheses where * would take less of it."""
    codes, code, loose = list[str](), "x", False
    for op, n in steps:
        code = f"({code}) {op} {n}" if op == "*" and loose else f"{code} {op} {n}"
        loose = op != "*"
        codes.append(code)
    return codes


def _worked(steps: Sequence[tuple[str, int]]) -> list[str]:
    """A line per step; the last of several is left to the answer."""
    lines = [
        f"{_said(step)}: {code}" for step, code in zip(steps, _codes(steps), strict=True)
    ]
    return lines[: max(1, len(lines) - 1)]


def _function(steps: Sequence[tuple[str, int]]) -> Callable[[int], int]:
    def run(x: int) -> int:
        for op, n in steps:
            x = _OPERATORS[op](x, n)
        return x

    return run


def _tests(function: Callable[[int], int]) -> tuple[str, ...]:
    return tuple(f"f({x}) == {function(x)}" for x in _INPUTS)
