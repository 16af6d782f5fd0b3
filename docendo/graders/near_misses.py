"""Wrong answers that look right: what a grader lets through that reads only a part of an answer."""

import re
from decimal import Context, Decimal
from typing import NamedTuple

from docendo.graders.gym import has_scorer
from docendo.graders.notation import read_quantity
from docendo.graders.numbers import Numeric
from docendo.records import Problem

__all__ = ["NEAR_MISSES", "NearMiss", "find_near_misses"]

NEAR_MISSES = (
    "its parts in another order",
    "the other sign",
    "rounded to one digit",
    "a neighbour",
    "the answer to another problem",
)
"""What is done to a right answer."""
_MAX_DIGITS = 30
_EXACT = Context(prec=2 * _MAX_DIGITS)
"""Python's own context has 28 digits."""


class NearMiss(NamedTuple):
    kind: str
    text: str


def find_near_misses(problem: Problem, neighbour: Problem) -> list[NearMiss]:
    """A final answer of each kind that can be made of a right answer, and is another one.

    The last kind takes the answer of `neighbour`. None are made where tests or a task's own scorer
    may find such an answer right.
    """
    if problem.tests or not problem.answer or has_scorer(problem):
        return []
    texts = [*_change(problem.answer.strip()), neighbour.answer]

    misses = []
    for kind, text in zip(NEAR_MISSES, texts, strict=True):
        miss = NearMiss(kind, f"Answer: {text}")
        # What is within a hundredth may be right where a tolerance is set.
        if text and Numeric(0.01)(problem, miss.text).score < 1:
            misses.append(miss)
    return misses


def _change(answer: str) -> list[str]:
    quantity = read_quantity(answer)
    digits = re.search(r"-?[0-9][0-9,.]*", answer)
    # The unit stays: who does not read it is not wrong.
    if quantity and quantity.is_all and digits and len(digits[0]) <= _MAX_DIGITS:
        before, after = answer[: digits.start()], answer[digits.end() :]
        return [f"{before}{number}{after}" for number in _change_number(digits[0])]
    return _change_text(answer)


def _change_number(digits: str) -> list[str]:
    number = Decimal(digits.replace(",", "").strip("."))
    last_digit = Decimal(1).scaleb(int(number.as_tuple().exponent))
    # Beyond what a tolerance is for, however large the number is.
    neighbour = _EXACT.add(number, max(last_digit, abs(number) / 50))
    return [
        re.sub(r"[0-9.,]+", lambda match: match[0][::-1].strip("."), digits),
        f"{-number:f}",
        f"{Decimal(f'{number:.0e}'):f}",
        f"{neighbour.quantize(last_digit, context=_EXACT):f}",
    ]


def _change_text(answer: str) -> list[str]:
    words = re.findall(r"\w+", answer)
    reverse = iter(words[::-1])
    permuted = re.sub(r"\w+", lambda _: next(reverse), answer)
    return [permuted if len(set(words)) > 1 else answer[::-1], "", "", answer[:-1]]
