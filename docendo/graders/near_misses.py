"""Wrong answers that look right: what a grader lets through that reads only a part of an answer."""

import re
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from docendo.graders.answer import exact
from docendo.graders.gym import has_scorer
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


class NearMiss(NamedTuple):
    kind: str
    text: str


def find_near_misses(problem: Problem, neighbour: Problem) -> list[NearMiss]:
    """A final answer of each kind that can be made of a right answer, and is another one as text.

    The last kind takes the answer of `neighbour`. None are made where tests or a task's own scorer
    may find such an answer right.
    """
    if problem.tests or not problem.answer or has_scorer(problem):
        return []
    answer = problem.answer.strip()
    number = _read_decimal(answer)
    changed = _change_text(answer) if number is None else _change_number(answer, number)
    texts = [*changed, neighbour.answer]

    misses = []
    for kind, text in zip(NEAR_MISSES, texts, strict=True):
        miss = NearMiss(kind, f"Answer: {text}")
        if text and exact(problem, miss.text).score < 1:
            misses.append(miss)
    return misses


def _read_decimal(answer: str) -> Decimal | None:
    try:
        number = Decimal(answer.replace(",", "").strip("$%"))
    except InvalidOperation:
        return None
    return number if number.is_finite() and len(f"{number:f}") <= _MAX_DIGITS else None


def _change_number(answer: str, number: Decimal) -> list[str]:
    last_digit = Decimal(1).scaleb(int(number.as_tuple().exponent))
    # Beyond what a tolerance is for, however large the number is.
    neighbour = number + max(last_digit, abs(number) / 50)
    return [
        re.sub(r"[0-9.,]+", lambda digits: digits[0][::-1].strip("."), answer),
        f"{-number:f}",
        f"{Decimal(f'{number:.0e}'):f}",
        f"{neighbour.quantize(last_digit):f}",
    ]


def _change_text(answer: str) -> list[str]:
    words = re.findall(r"\w+", answer)
    reverse = iter(words[::-1])
    permuted = re.sub(r"\w+", lambda _: next(reverse), answer)
    return [permuted if len(set(words)) > 1 else answer[::-1], "", "", answer[:-1]]
