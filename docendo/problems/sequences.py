"""Sequences of numbers to continue: arithmetic, affine, quadratic, and linear recurrences."""

from random import Random

from docendo.problems.procedural import Draft, draft_with_steps
from docendo.problems.steps import add_step, random_nonzero, times_step

__all__ = ["draft_sequence"]


def draft_sequence(rng: Random, level: int) -> Draft:
    """The next term of a sequence; at level 5 the fifth term of a recurrence."""
    if level <= 2:
        return _arithmetic(rng, level)
    return {3: _affine, 4: _quadratic, 5: _recurrence}[level](rng)


def _arithmetic(rng: Random, level: int) -> Draft:
    if level == 1:
        step = rng.randint(2, 20)
        a = rng.randint(1, 90)
    else:
        step = random_nonzero(rng, 30)
        a = rng.randint(101, 200)
    b = a + step
    c = b + step

    # the larger minus the smaller: a negative difference would be another skill
    difference = add_step(b, -a) if step > 0 else add_step(a, -b)
    prompt = (
        f"Each step {'adds' if step > 0 else 'subtracts'} the same number. "
        f"What comes next: {a}, {b}, {c}?"
    )
    return draft_with_steps(prompt, c + step, [difference, add_step(c, step)])


def _affine(rng: Random) -> Draft:
    first = rng.randint(1, 20)
    factor = rng.randint(2, 5)
    addend = rng.randint(1, 30)
    second = factor * first + addend
    third = factor * second + addend

    prompt = (
        f"Each term is {factor} times the one before plus a fixed number. "
        f"What comes next: {first}, {second}, {third}?"
    )
    steps = [
        times_step(factor, first),
        add_step(second, -factor * first),
        times_step(factor, third),
        add_step(factor * third, addend),
    ]
    return draft_with_steps(prompt, factor * third + addend, steps)


def _quadratic(rng: Random) -> Draft:
    first = rng.randint(1, 30)
    step = rng.randint(1, 12)
    growth = rng.randint(2, 9)
    terms = [first]
    for k in range(3):
        terms.append(terms[-1] + step + k * growth)

    # second differences: the last two steps, their growth, the next step, the next term
    last_step = step + 2 * growth
    steps = [
        add_step(terms[2], -terms[1]),
        add_step(terms[3], -terms[2]),
        add_step(last_step, -step - growth),
        add_step(last_step, growth),
        add_step(terms[3], last_step + growth),
    ]
    prompt = (
        "The steps grow by the same number each time. "
        f"What comes next: {', '.join(map(str, terms))}?"
    )
    return draft_with_steps(prompt, terms[3] + last_step + growth, steps)


def _recurrence(rng: Random) -> Draft:
    p = rng.randint(2, 4)
    q = rng.randint(2, 4)
    terms = [rng.randint(1, 20), rng.randint(1, 20)]
    steps = []

    for _ in range(3):
        before_last, last = terms[-2:]
        x = p * last
        y = q * before_last
        steps.append(times_step(p, last))
        steps.append(times_step(q, before_last))
        steps.append(add_step(x, y))
        terms.append(x + y)

    prompt = (
        f"Each term is {p} times the one before plus {q} times the one before that. "
        f"The first two are {terms[0]}, {terms[1]}. What is the fifth?"
    )
    return draft_with_steps(prompt, terms[-1], steps)
