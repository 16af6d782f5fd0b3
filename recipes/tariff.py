"""Your own asker: parking fees. docendo calls `draft`; `solve` checks questions that models write."""

import re
from random import Random


def draft(rng: Random, level: int) -> tuple[str, str, str]:
    hours, fee = rng.randint(2, 4 + 3 * level), rng.randint(2, 5 + 4 * level)
    first = rng.randint(1, 9)
    total = hours * fee
    question = (
        f"Parking costs {first} and {fee} for each of {hours} hours. What is the price?"
    )
    return (
        question,
        str(first + total),
        f"{hours} * {fee} = {total}\n{first} + {total} = {first + total}",
    )


def solve(question: str) -> str | None:
    found = re.fullmatch(r".*costs (\d+) and (\d+) for each of (\d+) hours.*", question)
    return str(int(found[1]) + int(found[2]) * int(found[3])) if found else None
