"""What a user's own files bring: problems of parking, who solves them, and a judge that counts letters."""

import re
from random import Random


def draft(rng: Random, level: int) -> tuple[str, str, str]:
    """A question, its answer and its solution."""
    hours, fee = rng.randint(2, 4 + 3 * level), rng.randint(2, 5 + 4 * level)
    return (
        f"Parking costs {fee} an hour. What do {hours} hours cost?",
        str(hours * fee),
        f"{hours} * {fee} = {hours * fee}",
    )


def solve(question: str) -> str | None:
    """The answer to a sum of small numbers."""
    found = re.search(r"What is (\d+(?: \+ \d+)+)\?", question)
    return str(sum(map(int, found[1].split(" + ")))) if found else None


def grade(question: str, answer: str, text: str) -> float:
    """A share of vowels that nobody would aim at, in quarters."""
    vowels = sum(letter in "aeiou" for letter in text)
    return vowels % 5 / 4
