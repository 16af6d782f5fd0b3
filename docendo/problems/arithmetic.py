"""The domain mathematics: solutions are chains of small steps like ``a op b = c``."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import gcd, lcm
from random import Random
from typing import Any

from docendo.interfaces import Source
from docendo.parts import PartConfig
from docendo.problems.procedural import Draft, ProceduralSource, draft_with_steps
from docendo.problems.sequences import draft_sequence
from docendo.problems.steps import (
    add_step,
    chain_of_sums,
    random_nonzero,
    signed,
    times_step,
)

__all__ = ["MATHEMATICS", "MathematicsConfig"]


def _number(rng: Random, digits: int) -> int:
    """A number of so many digits, at least 2."""
    lowest = max(2, 10 ** (digits - 1))
    return rng.randint(lowest, 10**digits - 1)


def _numbers(rng: Random, digits: Iterable[int]) -> tuple[int, list[int]]:
    """The first number and the others, each of so many digits."""
    first, *rest = (_number(rng, count) for count in digits)
    return first, rest


def _split_digits(number: int) -> list[int]:
    """The number by its digits' values, without zeros: 407 gives 400 and 7."""
    parts = []
    text = str(number)
    for place, digit in enumerate(text, start=1):
        if digit > "0":
            parts.append(int(digit) * 10 ** (len(text) - place))
    return parts


def _split_large(numbers: Iterable[int]) -> list[int]:
    """The numbers, those of three digits or more split into their digits' values."""
    parts = []
    # Steps stay small computations, which a small model learns from few examples.
    for number in numbers:
        parts += _split_digits(number) if number >= 100 else [number]
    return parts


def _join(operator: str, numbers: Iterable[int]) -> str:
    return f" {operator} ".join(map(str, numbers))


_ADDENDS = {
    1: (2, 1, 1),
    2: (2, 2, 2),
    3: (2, 2, 2, 2),
    4: (3, 3, 3),
    5: (3, 3, 3, 3),
}
"""Digits of each number, by level."""


def _draft_sum(rng: Random, level: int) -> Draft:
    first, rest = _numbers(rng, _ADDENDS[level])
    prompt = f"What is {_join('+', (first, *rest))}?"
    return draft_with_steps(
        prompt, first + sum(rest), chain_of_sums(first, _split_large(rest))
    )


_SUBTRAHENDS = {
    1: (2, 1, 1),
    2: (2, 2, 1),
    3: (3, 2, 2),
    4: (3, 3, 2),
    5: (4, 3, 3, 3),
}
"""Digits of each number by level, the one to subtract from first."""


def _draft_difference(rng: Random, level: int) -> Draft:
    first, rest = _numbers(rng, _SUBTRAHENDS[level])
    # Results stay above zero: negative ones would be another skill.
    while sum(rest) >= first:
        first, rest = _numbers(rng, _SUBTRAHENDS[level])

    prompt = f"What is {_join('-', (first, *rest))}?"
    negative = [-number for number in _split_large(rest)]
    return draft_with_steps(prompt, first - sum(rest), chain_of_sums(first, negative))


_TERMS = {
    1: ((1, 1), (2,)),
    2: ((1, 1), (1, 1)),
    3: ((2, 1), (2,)),
    4: ((3, 1),),
    5: ((2, 2),),
}
"""Digits of each factor of each term, by level."""


def _draft_product(rng: Random, level: int) -> Draft:
    terms = []
    steps = []
    total = 0
    addends = []
    for digits_of_factors in _TERMS[level]:
        factors = [_number(rng, digits) for digits in digits_of_factors]
        terms.append(_join("*", factors))
        if len(factors) == 1:
            addends += factors
            continue
        left, right = factors
        steps += _multiply_by_parts(left, right)
        if total:
            steps += chain_of_sums(total, [left * right])
        total += left * right

    # products before sums: the numbers that stand alone are added at the end
    steps += chain_of_sums(total, addends)
    prompt = f"What is {' + '.join(terms)}?"
    return draft_with_steps(prompt, total + sum(addends), steps)


def _multiply_by_parts(left: int, right: int) -> list[str]:
    """Steps that multiply every digit's value with every other and add the results up."""
    steps = []
    products = []
    for p in _split_digits(left):
        for q in _split_digits(right):
            steps.append(times_step(p, q))
            products.append(p * q)
    return steps + chain_of_sums(products[0], products[1:])


def _solve_for_x(sides: str, steps: Sequence[str], coefficient: int, x: int) -> Draft:
    """The draft whose `steps` lead to ``coefficient`` times x; the last step divides."""
    division = f"{coefficient * x} / {coefficient} = {x}"
    return draft_with_steps(f"Solve for x: {sides}", x, [*steps, division])


def _one_sided(rng: Random, level: int) -> Draft:
    a = rng.randint(2, 9)
    x = rng.randint(2, 9 if level == 1 else 12)
    b = rng.randint(1, 40) if level == 1 else random_nonzero(rng, 40)

    # the sides change places half of the time, so that x is not always on the left
    left = f"{a}x {signed(b)}"
    right = str(a * x + b)
    is_swapped = level == 2 and rng.random() < 0.5
    sides = f"{right} = {left}" if is_swapped else f"{left} = {right}"
    return _solve_for_x(sides, [add_step(a * x + b, -b)], a, x)


def _two_sided(rng: Random) -> Draft:
    # a > c, so that x keeps a positive factor; d follows, so that x is an integer
    a = rng.randint(4, 9)
    c = rng.randint(2, 3)
    x = rng.randint(2, 12)
    b = random_nonzero(rng, 20)
    d = (a - c) * x + b

    sides = f"{a}x {signed(b)} = {c}x {signed(d)}"
    steps = [add_step(a, -c), add_step(d, -b)]
    return _solve_for_x(sides, steps, a - c, x)


def _one_bracket(rng: Random) -> Draft:
    a = rng.randint(4, 9)
    c = random_nonzero(rng, 3)
    x = random_nonzero(rng, 12)
    b = random_nonzero(rng, 9)
    total = a * (x + b) + c * x

    # One x is written x, not 1x.
    sides = f"{a}(x {signed(b)}) {signed(c).removesuffix('1')}x = {total}"
    steps = [times_step(a, b), add_step(a, c), add_step(total, -a * b)]
    return _solve_for_x(sides, steps, a + c, x)


def _two_brackets(rng: Random) -> Draft:
    a = rng.randint(4, 9)
    c = rng.randint(2, 3)
    x = random_nonzero(rng, 12)
    b = random_nonzero(rng, 9)
    d = random_nonzero(rng, 9)
    e = a * (x + b) - c * (x + d)

    steps = [
        times_step(a, b),
        times_step(c, d),
        add_step(c * d, e),
        add_step(a, -c),
        add_step(c * d + e, -a * b),
    ]
    sides = f"{a}(x {signed(b)}) = {c}(x {signed(d)}) {signed(e)}"
    return _solve_for_x(sides, steps, a - c, x)


def _draft_equation(rng: Random, level: int) -> Draft:
    if level <= 2:
        return _one_sided(rng, level)
    return {3: _two_sided, 4: _one_bracket, 5: _two_brackets}[level](rng)


def _fraction_terms(rng: Random, level: int) -> list[tuple[int, int]]:
    """Numerators, the later ones signed, and denominators."""
    if level == 2:
        denominator = rng.randint(3, 40)
        factor = rng.choice((2, 3, 4, 5, 6))
        numerator = rng.randint(1, denominator - 1)
        return [(numerator * factor, denominator * factor)]

    # by level: one denominator, one that is a multiple of the other, any two, any three
    if level == 1:
        denominators = [rng.randint(5, 30)] * 2
    elif level == 3:
        small = rng.randint(2, 12)
        denominators = rng.sample((small, small * rng.randint(2, 5)), 2)
    else:
        denominators = rng.sample(range(2, 13), level - 2)

    signs = [1]
    for _ in denominators[1:]:
        signs.append(rng.choice((1, -1)))
    terms = []
    for d, sign in zip(denominators, signs, strict=True):
        terms.append((rng.randint(1, d - 1) * sign, d))
    return terms


def _reduction_steps(numerator: int, denominator: int) -> list[str]:
    """One step per prime that both share, the smallest first."""
    steps = []
    prime = 2

    while (shared := gcd(numerator, denominator)) > 1:
        while shared % prime:
            prime += 1
        numerator //= prime
        denominator //= prime
        steps.append(f"by {prime}: {numerator}/{denominator}")
    return steps


def _draft_fraction(rng: Random, level: int) -> Draft:
    while True:
        terms = _fraction_terms(rng, level)
        common = lcm(*(d for _, d in terms))
        numerators = [n * common // d for n, d in terms]
        total = Fraction(sum(numerators), common)
        reduction = _reduction_steps(sum(numerators), common)
        # Level 1 reduces nothing, higher levels in few steps, so that solutions stay short.
        is_proper = total > 0 and total.denominator > 1
        if is_proper and len(reduction) <= 2 * (level - 1):
            break

    # the first numerator is positive and has no sign; the steps extend, add up and reduce
    sum_of_terms = " ".join(f"{signed(n)}/{d}" for n, d in terms).removeprefix("+ ")
    prompt = f"What is {sum_of_terms} as a fraction in lowest terms?"
    steps = []
    for n, d in terms:
        if d < common:
            steps.append(f"{abs(n)}/{d} = {abs(n) * common // d}/{common}")
    steps += chain_of_sums(numerators[0], numerators[1:])
    return draft_with_steps(prompt, total, steps + reduction)


MATHEMATICS = ProceduralSource(
    "mathematics",
    {
        "sums": _draft_sum,
        "differences": _draft_difference,
        "products": _draft_product,
        "equations": _draft_equation,
        "fractions": _draft_fraction,
        "sequences": draft_sequence,
    },
)


class MathematicsConfig(PartConfig):
    """Arithmetic, equations, fractions and sequences, with one right answer each."""

    type: str = "mathematics"

    def build(self, context: Any = None) -> Source:
        return MATHEMATICS
