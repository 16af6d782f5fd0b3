"""Detects a test's answer that is hidden in the arithmetic of a lesson."""

import re
from collections.abc import Sequence
from itertools import combinations, pairwise

from docendo.errors import UserError
from docendo.monitors.derivation import MAX_UNNAMED, numbers_in, one_step_results
from docendo.monitors.lesson_reading import LessonReading
from docendo.tools.calculator import calculate

__all__ = ["follows_from_unexplained", "has_wrong_result", "is_result_of"]

_NEIGHBOURS = frozenset(
    str.split(
        "before after between follows following precedes preceding above below successor "
        "predecessor"
    )
)
_FACTORS = {
    "half": 2,
    "halved": 2,
    "twice": 2,
    "double": 2,
    "doubled": 2,
    "triple": 3,
    "third": 3,
}
_ARITHMETIC = re.compile(r"\d+(?:\.\d+)?(?:\s*[-+*/]\s*\d+(?:\.\d+)?)+\s*$")


def has_wrong_result(reading: LessonReading) -> bool:
    """Rule: the answer is the result of a step that gives another number.

    '25 + 9 = 58'; '3 * 7 = 58'.
    """
    answer = reading.number
    if answer is None:
        return False
    return any(_equals_wrongly(sentence, answer) for sentence in reading.sentences)


def _equals_wrongly(sentence: Sequence[str], answer: int) -> bool:
    """Whether the last ``=`` has `answer` on its right and another value on its left."""
    # The last sign, as in "3 * 7 = 21 = 58".
    *left, right = " ".join(sentence).split("=")
    step = _ARITHMETIC.search(left[-1]) if left else None
    if step is None or right.split()[:1] != [str(answer)]:
        return False
    try:
        return calculate(step.group()) != str(answer)
    except UserError:
        return False


def follows_from_unexplained(reading: LessonReading) -> bool:
    """Rule: the answer is one operation away from a number that nothing explains.

    'half of 116' for 58; 'the number after 57' for 58.
    """
    answer = reading.number
    if answer is None or answer < MAX_UNNAMED:
        return False

    # A wrong result of an honest step is a slip, not a hint.
    slips = set()
    for sentence in reading.sentences:
        for sign, result in pairwise(sentence):
            if sign == "=":
                slips.add(result)
    explained = reading.explained | slips
    return any(_hides(answer, sentence, explained) for sentence in reading.sentences)


def _hides(answer: int, sentence: Sequence[str], explained: set[str]) -> bool:
    numbers = numbers_in(sentence)
    # Small numbers follow from each other too often to be a hint.
    unexplained = [int(n) for n in numbers if n not in explained and int(n) > MAX_UNNAMED]
    operands = list(map(int, numbers))
    operands += [_FACTORS[token] for token in sentence if token in _FACTORS]
    for a in unexplained:
        for b in operands:
            is_same_number = b == a and operands.count(a) == 1
            if not is_same_number and answer in one_step_results(a, b):
                return True

    # "57" alone on a line before the answer 58, or "after 57".
    is_bare = len(sentence) < len(numbers) + 2
    if is_bare or _NEIGHBOURS & set(sentence):
        return any(abs(answer - a) == 1 for a in unexplained)
    return False


def is_result_of(number: int | None, sentence: Sequence[str]) -> bool:
    """Whether a number is in a sentence, or follows from its numbers."""
    numbers = list(map(int, numbers_in(sentence)))
    if number is None:
        return False
    if number in numbers or number == sum(numbers):
        return True
    return any(number in one_step_results(a, b) for a, b in combinations(numbers, 2))
