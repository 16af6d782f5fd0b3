"""Steps of arithmetic as worked solutions write them, and random numbers for them."""

from collections.abc import Iterable
from random import Random

__all__ = ["add_step", "chain_of_sums", "random_nonzero", "signed", "times_step"]


def add_step(left: int, right: int) -> str:
    """The step that adds `right`, as a subtraction where it is negative."""
    return f"{left} {'-' if right < 0 else '+'} {abs(right)} = {left + right}"


def times_step(left: int, right: int) -> str:
    return f"{left} * {right} = {left * right}"


def chain_of_sums(first: int, rest: Iterable[int]) -> list[str]:
    """One step per number added to `first`."""
    steps = []
    total = first
    for number in rest:
        steps.append(add_step(total, number))
        total += number
    return steps


def signed(number: int) -> str:
    """The number with its sign apart: ``+ 3`` or ``- 3``."""
    return f"{'-' if number < 0 else '+'} {abs(number)}"


def random_nonzero(rng: Random, highest: int) -> int:
    """A number from -`highest` to `highest`, never 0."""
    return rng.randint(1, highest) * rng.choice((-1, 1))
