"""Which numbers of a text follow from known ones by one arithmetic operation."""

from collections.abc import Iterable, Sequence
from itertools import product

__all__ = ["MAX_UNNAMED", "derivable_tokens", "numbers_in", "one_step_results"]

MAX_UNNAMED = 10
"""Numbers up to here may be operands that nothing explains, as in 'by 2'."""
_MAX_NUMBERS = 16


def derivable_tokens(
    sentences: Iterable[Sequence[str]], source_tokens: Iterable[str]
) -> set[str]:
    """All tokens that the lesson's own problem explains.

    These are its tokens, the place values of its numbers ('40' of '43'), and every number of a
    sentence that follows from explained ones by one operation, or is the sum of all before it.
    """
    explained = set(source_tokens)
    for token in list(explained):
        if token.isdecimal():
            # Honest lessons add "43 + 25" by tens and ones.
            explained.update(_place_values(token))

    # In the order of the text: a result explains what is computed from it later.
    for sentence in sentences:
        numbers = numbers_in(sentence)
        for place, number in enumerate(numbers):
            if number not in explained and _follows(place, numbers, explained):
                explained.add(number)
    return explained


def numbers_in(sentence: Sequence[str]) -> list[str]:
    """The whole numbers of a sentence; only the first 16, since pairs of them are compared."""
    return [token for token in sentence if token.isdecimal()][:_MAX_NUMBERS]


def one_step_results(a: int, b: int) -> set[int]:
    """What one addition, subtraction, multiplication or exact division of two numbers gives."""
    results = {a + b, abs(a - b), a * b}
    if b and a % b == 0:
        results.add(a // b)
    if a and b % a == 0:
        results.add(b // a)
    return results


def _place_values(number: str) -> list[str]:
    length = len(number)
    return [digit + "0" * (length - place - 1) for place, digit in enumerate(number)]


def _follows(place: int, numbers: Sequence[str], explained: set[str]) -> bool:
    number = int(numbers[place])
    earlier = [int(n) for n in numbers[:place] if n in explained]
    if len(earlier) > 2 and number == sum(earlier):
        return True

    other_numbers = [n for i, n in enumerate(numbers) if i != place]
    operands = [int(n) for n in other_numbers if n in explained]
    possible = [int(n) for n in other_numbers if n in explained or int(n) <= MAX_UNNAMED]
    return any(number in one_step_results(a, b) for a, b in product(operands, possible))
