"""Mathematics with one right answer each; a solution is a chain of small steps, most of them ``a op b = c``."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import gcd, lcm
from random import Random

from docendo.problems.procedural import Draft, ProceduralSource, draft_with_steps

__all__ = ["MATHEMATICS"]


def _number(rng: Random, digits: int) -> int:
    """A number of so many digits, at least 2."""
    return rng.randint(max(2, 10 ** (digits - 1)), 10**digits - 1)


def _parts(number: int) -> list[int]:
    """The number by its digits' values, without zeros: 407 gives 400 and 7."""
    text = str(number)
    return [
        int(digit) * 10**power
        for power, digit in zip(range(len(text) - 1, -1, -1), text, strict=True)
        if digit > "0"
    ]


def _plus(left: int, right: int) -> str:
    """The step that adds `right`, as a subtraction where it is negative."""
    return f"{left} {'-' if right < 0 else '+'} {abs(right)} = {left + right}"


def _times(left: int, right: int) -> str:
    return f"{left} * {right} = {left * right}"


def _chain(first: int, rest: Iterable[int]) -> list[str]:
    """One step per number added to `first`."""
    steps = []
    for number in rest:
        steps.append(_plus(first, number))
        first += number
    return steps


def _by_parts(numbers: Iterable[int]) -> list[int]:
    """The numbers with those of three digits or more split into their digits' values."""
    return [part for n in numbers for part in (_parts(n) if n >= 100 else [n])]


_ADDENDS = {1: (2, 1, 1), 2: (2, 2, 2), 3: (2, 2, 2, 2), 4: (3, 3, 3), 5: (3, 3, 3, 3)}
"""Digits of each number."""


def _sums(rng: Random, level: int) -> Draft:
    first, *rest = (_number(rng, digits) for digits in _ADDENDS[level])
    prompt = f"What is {' + '.join(map(str, (first, *rest)))}?"
    return draft_with_steps(prompt, first + sum(rest), _chain(first, _by_parts(rest)))


_SUBTRAHENDS = {1: (2, 1, 1), 2: (2, 2, 1), 3: (3, 2, 2), 4: (3, 3, 2), 5: (4, 3, 3, 3)}
"""Digits of each number, the one to subtract from first."""


def _differences(rng: Random, level: int) -> Draft:
    first, *rest = (_number(rng, digits) for digits in _SUBTRAHENDS[level])
    while sum(rest) >= first:
        first, *rest = (_number(rng, digits) for digits in _SUBTRAHENDS[level])
    prompt = f"What is {' - '.join(map(str, (first, *rest)))}?"
    return draft_with_steps(
        prompt, first - sum(rest), _chain(first, [-n for n in _by_parts(rest)])
    )


_TERMS = {
    1: ((1, 1), (2,)),
    2: ((1, 1), (1, 1)),
    3: ((2, 1), (2,)),
    4: ((3, 1),),
    5: ((2, 2),),
}
"""Digits of each factor of each term."""


def _products(rng: Random, level: int) -> Draft:
    terms = [[_number(rng, digits) for digits in factors] for factors in _TERMS[level]]
    steps, total = list[str](), 0
    for left, right in ((t[0], t[-1]) for t in terms if len(t) == 2):
        partials = [(p, q) for p in _parts(left) for q in _parts(right)]
        steps += [_times(p, q) for p, q in partials]
        first, *rest = (p * q for p, q in partials)
        steps += _chain(first, rest)
        steps += _chain(total, [left * right] if total else [])
        total += left * right
    plain = [t[0] for t in terms if len(t) == 1]
    prompt = f"What is {' + '.join(' * '.join(map(str, t)) for t in terms)}?"
    return draft_with_steps(prompt, total + sum(plain), steps + _chain(total, plain))


def _signed(number: int) -> str:
    return f"{'-' if number < 0 else '+'} {abs(number)}"


def _nonzero(rng: Random, most: int) -> int:
    return rng.randint(1, most) * rng.choice((-1, 1))


def _solved(sides: str, steps: Sequence[str], coefficient: int, x: int) -> Draft:
    """The draft whose `steps` lead to ``coefficient`` times x; the last step divides."""
    return draft_with_steps(
        f"Solve for x: {sides}", x, [*steps, f"{coefficient * x} / {coefficient} = {x}"]
    )


def _one_sided(rng: Random, level: int) -> Draft:
    a, x = rng.randint(2, 9), rng.randint(2, 9 if level == 1 else 12)
    b = rng.randint(1, 40) if level == 1 else _nonzero(rng, 40)
    left, right = f"{a}x {_signed(b)}", str(a * x + b)
    sides = (
        f"{right} = {left}" if level == 2 and rng.random() < 0.5 else f"{left} = {right}"
    )
    return _solved(sides, [_plus(a * x + b, -b)], a, x)


def _two_sided(rng: Random) -> Draft:
    a, c, x, b = rng.randint(4, 9), rng.randint(2, 3), rng.randint(2, 12), _nonzero(rng, 20)
    d = (a - c) * x + b
    return _solved(
        f"{a}x {_signed(b)} = {c}x {_signed(d)}", [_plus(a, -c), _plus(d, -b)], a - c, x
    )


def _one_bracket(rng: Random) -> Draft:
    a, c, x, b = rng.randint(4, 9), _nonzero(rng, 3), _nonzero(rng, 12), _nonzero(rng, 9)
    total = a * (x + b) + c * x
    sides = f"{a}(x {_signed(b)}) {_signed(c).removesuffix('1')}x = {total}"
    return _solved(sides, [_times(a, b), _plus(a, c), _plus(total, -a * b)], a + c, x)


def _two_brackets(rng: Random) -> Draft:
    a, c, x = rng.randint(4, 9), rng.randint(2, 3), _nonzero(rng, 12)
    b, d = _nonzero(rng, 9), _nonzero(rng, 9)
    e = a * (x + b) - c * (x + d)
    steps = [
        _times(a, b),
        _times(c, d),
        _plus(c * d, e),
        _plus(a, -c),
        _plus(c * d + e, -a * b),
    ]
    return _solved(
        f"{a}(x {_signed(b)}) = {c}(x {_signed(d)}) {_signed(e)}", steps, a - c, x
    )


def _equations(rng: Random, level: int) -> Draft:
    if level <= 2:
        return _one_sided(rng, level)
    return {3: _two_sided, 4: _one_bracket, 5: _two_brackets}[level](rng)


def _fraction_terms(rng: Random, level: int) -> list[tuple[int, int]]:
    """Numerators, the later ones signed, and denominators."""
    if level == 2:
        d, factor = rng.randint(3, 40), rng.choice((2, 3, 4, 5, 6))
        return [(rng.randint(1, d - 1) * factor, d * factor)]
    if level == 1:
        denominators = [rng.randint(5, 30)] * 2
    elif level == 3:
        small = rng.randint(2, 12)
        denominators = rng.sample((small, small * rng.randint(2, 5)), 2)
    else:
        denominators = rng.sample(range(2, 13), level - 2)
    signs = [1, *(rng.choice((1, -1)) for _ in denominators[1:])]
    return [
        (rng.randint(1, d - 1) * sign, d)
        for d, sign in zip(denominators, signs, strict=True)
    ]


def _reduced(numerator: int, denominator: int) -> list[str]:
    """One step per prime that both share, the smallest first."""
    steps, prime = [], 2
    while (shared := gcd(numerator, denominator)) > 1:
        while shared % prime:
            prime += 1
        numerator, denominator = numerator // prime, denominator // prime
        steps.append(f"by {prime}: {numerator}/{denominator}")
    return steps


def _fractions(rng: Random, level: int) -> Draft:
    while True:
        terms = _fraction_terms(rng, level)
        common = lcm(*(d for _, d in terms))
        numerators = [n * common // d for n, d in terms]
        total = Fraction(sum(numerators), common)
        reduced = _reduced(sum(numerators), common)
        if total > 0 and total.denominator > 1 and len(reduced) <= 2 * (level - 1):
            break
    (n, d), *rest = terms
    prompt = f"What is {' '.join((f'{n}/{d}', *(f'{_signed(n)}/{d}' for n, d in rest)))} as a fraction in lowest terms?"
    widened = [
        f"{abs(n)}/{d} = {abs(n) * common // d}/{common}" for n, d in terms if d < common
    ]
    return draft_with_steps(
        prompt, total, [*widened, *_chain(numerators[0], numerators[1:]), *reduced]
    )


def _arithmetic_sequence(rng: Random, level: int) -> Draft:
    step = rng.randint(2, 20) if level == 1 else _nonzero(rng, 30)
    first = rng.randint(1, 90) if level == 1 else rng.randint(101, 200)
    a, b, c = first, first + step, first + 2 * step
    found = _plus(b, -a) if step > 0 else _plus(a, -b)
    prompt = f"Each step {'adds' if step > 0 else 'subtracts'} the same number. What comes next: {a}, {b}, {c}?"
    return draft_with_steps(prompt, c + step, [found, _plus(c, step)])


def _affine_sequence(rng: Random) -> Draft:
    first, factor, added = rng.randint(1, 20), rng.randint(2, 5), rng.randint(1, 30)
    second = factor * first + added
    third = factor * second + added
    rule = f"Each term is {factor} times the one before plus a fixed number."
    steps = [
        _times(factor, first),
        _plus(second, -factor * first),
        _times(factor, third),
        _plus(factor * third, added),
    ]
    return draft_with_steps(
        f"{rule} What comes next: {first}, {second}, {third}?",
        factor * third + added,
        steps,
    )


def _quadratic_sequence(rng: Random) -> Draft:
    first, step, growth = rng.randint(1, 30), rng.randint(1, 12), rng.randint(2, 9)
    terms = [first]
    for k in range(3):
        terms.append(terms[-1] + step + k * growth)
    last = step + 2 * growth
    steps = [_plus(terms[k + 1], -terms[k]) for k in (1, 2)]
    steps += [
        _plus(last, -step - growth),
        _plus(last, growth),
        _plus(terms[-1], last + growth),
    ]
    prompt = f"The steps grow by the same number each time. What comes next: {', '.join(map(str, terms))}?"
    return draft_with_steps(prompt, terms[-1] + last + growth, steps)


def _recurrence(rng: Random) -> Draft:
    p, q = rng.randint(2, 4), rng.randint(2, 4)
    terms, steps = [rng.randint(1, 20), rng.randint(1, 20)], list[str]()
    for _ in range(3):
        x, y = p * terms[-1], q * terms[-2]
        steps += [_times(p, terms[-1]), _times(q, terms[-2]), _plus(x, y)]
        terms.append(x + y)
    rule = f"Each term is {p} times the one before plus {q} times the one before that."
    return draft_with_steps(
        f"{rule} The first two are {terms[0]}, {terms[1]}. What is the fifth?",
        terms[-1],
        steps,
    )


def _sequences(rng: Random, level: int) -> Draft:
    if level <= 2:
        return _arithmetic_sequence(rng, level)
    return {3: _affine_sequence, 4: _quadratic_sequence, 5: _recurrence}[level](rng)


MATHEMATICS = ProceduralSource(
    "mathematics",
    {
        "sums": _sums,
        "differences": _differences,
        "products": _products,
        "equations": _equations,
        "fractions": _fractions,
        "sequences": _sequences,
    },
)
