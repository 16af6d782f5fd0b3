"""Works out the answers of some of reasoning-gym's tasks a second way, from their questions alone.

python benchmarks/gym_answers.py            # a line per task and level: checked, wrong, not understood
"""

import argparse
import math
import re
from collections.abc import Callable
from fractions import Fraction
from string import ascii_letters

from docendo.datasets.reasoning_gym import GymItem, sound_tasks

Check = Callable[[str, str], bool]
BASES = {"binary": 2, "hexadecimal": 16}
SPAN = 99_991


def numbers(text: str) -> list[int]:
    return list(map(int, re.findall(r"-?\d+", text)))


def value(text: str) -> Fraction:
    """Of an expression of numbers, with exact division."""
    safe = re.fullmatch(r"[\d.\s()+*/-]+", text)
    if not safe:
        raise ValueError(text)
    return Fraction(eval(re.sub(r"\d+(\.\d+)?", lambda m: f"Fraction('{m[0]}')", text)))  # noqa: S307


def last_line(text: str) -> str:
    return text.strip().splitlines()[-1].strip()


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text, re.DOTALL)
    if not match:
        raise ValueError(text)
    return match[1]


def arithmetic(question: str, answer: str) -> bool:
    return value(last_line(question).strip(ascii_letters + " :=.?")) == Fraction(answer)


def product(question: str, answer: str) -> bool:
    return value(found(r": ([\d* ]+)", question)) == int(answer)


def factors(question: str, answer: str) -> bool:
    parts = numbers(answer)
    primes = all(p > 1 and all(p % d for d in range(2, math.isqrt(p) + 1)) for p in parts)
    return primes and math.prod(parts) == numbers(question)[0]


def simplified(question: str, answer: str) -> bool:
    top, bottom = numbers(answer)
    return (
        Fraction(*numbers(found("fraction (.*?) to", question))) == Fraction(top, bottom)
        and math.gcd(top, bottom) == 1
    )


def primes_between(question: str, answer: str) -> bool:
    low, high = numbers(question)[:2]
    return sum(
        n > 1 and all(n % d for d in range(2, math.isqrt(n) + 1))
        for n in range(low, high + 1)
    ) == int(answer)


def converted(question: str, answer: str) -> bool:
    line = last_line(question)
    match = re.search(
        r"(binary|hexadecimal|base-\d+) number (\w+) to (binary|hexadecimal|base-\d+)", line
    )
    if not match:
        raise ValueError(line)
    one, other = (
        BASES.get(base) or int(base.removeprefix("base-")) for base in (match[1], match[3])
    )
    return int(match[2], one) == int(answer, other)


def letters(question: str, answer: str) -> bool:
    return found('text: "(.*)"', question).lower().count(
        found('letter "(.)"', question)
    ) == int(answer)


def sorted_words(question: str, answer: str) -> bool:
    line = last_line(question)
    return answer.split(", ") == sorted(
        line.split(": ")[1].split(", "), reverse="descending" in line
    )


def reversed_words(question: str, answer: str) -> bool:
    return answer.split(", ") == last_line(question).split(": ", 1)[1].split(", ")[::-1]


def equation(question: str, answer: str) -> bool:
    line = last_line(question).split(": ")[1]
    sides = re.sub(r"[a-z]", f"({answer})", line).split("=")
    return value(sides[0]) == value(sides[1])


def spread(question: str, answer: str) -> bool:
    """Minutes until all oranges of a grid are rotten."""
    rows = [
        line.split()
        for line in question.splitlines()
        if re.fullmatch(r"[012]( [012])+\s*", line)
    ]
    cells = {(i, j): int(c) for i, row in enumerate(rows) for j, c in enumerate(row)}
    minutes = 0
    while turning := [
        (i, j) for (i, j), c in cells.items()
        if c == 1 and 2 in (cells.get((i + 1, j)), cells.get((i - 1, j)), cells.get((i, j + 1)), cells.get((i, j - 1)))
    ]:  # fmt: skip
        cells |= dict.fromkeys(turning, 2)
        minutes += 1
    return int(answer) == (-1 if 1 in cells.values() else minutes)


def courses(question: str, answer: str) -> bool:
    pairs = [
        tuple(numbers(pair))
        for pair in re.findall(
            r"\(\d+, \d+\)", question.split("Return")[0].split("prerequisite")[-1]
        )
    ]
    before = {
        c: {first for course, first in pairs if course == c}
        for c in {x for pair in pairs for x in pair}
    }
    while ready := {c for c, needed in before.items() if not needed}:
        before = {c: needed - ready for c, needed in before.items() if c not in ready}
    return str(not before) == answer


CHECKS: dict[str, Check] = {
    "base_conversion": converted,
    "basic_arithmetic": arithmetic,
    "bitwise_arithmetic": lambda q, a: eval(last_line(q)) == int(a, 16),  # noqa: S307
    "chain_sum": arithmetic,
    "count_bits": lambda q, a: numbers(q)[-1].bit_count() == int(a),
    "count_primes": primes_between,
    "course_schedule": courses,
    "decimal_chain_sum": arithmetic,
    "fraction_simplification": simplified,
    "gcd": lambda q, a: math.gcd(*numbers(q.split(":")[1])) == int(a),
    "lcm": lambda q, a: math.lcm(*numbers(q.split(":")[1])) == int(a),
    "letter_counting": letters,
    "prime_factorization": factors,
    "products": product,
    "rotten_oranges": spread,
    "simple_equations": equation,
    "spell_backward": lambda q, a: last_line(q).rsplit(": ")[-1] == a[::-1],
    "word_sequence_reversal": reversed_words,
    "word_sorting": sorted_words,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-n", type=int, default=150, help="items of each level")
    parser.add_argument(
        "--levels", type=int, default=0, help="levels to look at; 0: those that are taken"
    )
    options = parser.parse_args()
    for task, check in CHECKS.items():
        for level in range(1, (options.levels or sound_tasks()[task].levels) + 1):
            wrong, unread = list[str](), 0
            for k in range(options.n):
                entry = GymItem(task, level, k * 104729 % SPAN).entry()
                try:
                    if not check(entry["question"], str(entry["answer"]).strip()):
                        wrong.append(f"{last_line(entry['question'])} -> {entry['answer']}")
                except (ValueError, IndexError):
                    unread += 1
            shown = f"{task} {level}: {options.n} checked, {len(wrong)} wrong, {unread} not understood"
            print(shown + (f"; first: {wrong[0][-90:]}" if wrong else ""))


if __name__ == "__main__":
    main()
