"""How often the best possible reader of `docendo.problems.rules` is right after some worked examples.

python benchmarks/ideal_reader.py [--level 3]

It knows everything but a word's rules, which it thinks equally likely. No training can make a base better, on
average over words; a base that is worse has not learned to read its examples.
"""

import argparse
from collections import Counter
from fractions import Fraction
from itertools import chain, combinations, product
from math import comb

from docendo.problems.rules import DOMAINS, PLACES, STYLES, Style

SHOWN = (0, 1, 2, 3)
ALL = (0, 1, 2)
SETS = [*chain.from_iterable(combinations(ALL, size) for size in range(4))]


def share_right(groups: int, style: Style, shown: int, length: int = 5) -> Fraction:
    """The chance to be right at `length` symbols, after so many examples of that length.

    Of one group, places S are shown and places T are asked. Inclusion and exclusion over both turn the sum over all
    draws into a polynomial, whose coefficient of u^a v^b counts questions from a and from b symbols.
    """
    of_one = Counter[tuple[int, int]]()
    for seen, asked in product(SETS, SETS):
        chance = chance_of_group(known_places(style, seen, shown), asked)
        for a, b in product(range(len(seen) + 1), range(len(asked) + 1)):
            sign = (-1) ** (len(seen) - a + len(asked) - b)
            of_one[a, b] += chance * sign * comb(len(seen), a) * comb(len(asked), b)

    of_all = Counter({(0, 0): Fraction(1)})
    for _ in range(groups):
        longer = Counter[tuple[int, int]]()
        for ((a, b), one), ((c, d), rest) in product(of_one.items(), of_all.items()):
            longer[a + c, b + d] += one * rest
        of_all = longer
    total = sum(n * a ** (shown * length) * b**length for (a, b), n in of_all.items())
    return Fraction(total) / (3 * groups) ** ((shown + 1) * length)


def known_places(style: Style, seen: tuple[int, ...], shown: int) -> tuple[int, ...]:
    """The places whose images a reader knows, of a group with these places in the examples."""
    is_told = bool(shown) if style == "why" else style == "steps" and bool(seen)
    return ALL if is_told else seen


def chance_of_group(known: tuple[int, ...], asked: tuple[int, ...]) -> Fraction:
    """The chance of the best guess at the images of the places asked."""
    images = Counter(
        (tuple(rule[p] for p in known), tuple(rule[p] for p in asked))
        for rule in PLACES.values()
    )
    best: dict[tuple[int, ...], int] = {}
    for (shown, _), count in images.items():
        best[shown] = max(best.get(shown, 0), count)
    return Fraction(sum(best.values()), len(PLACES))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--level", type=int, default=3)
    length = parser.parse_args().level + 2
    words = next(iter(DOMAINS.values())).words.values()
    for rules, style in product(words, STYLES):
        groups = len(rules.split(" "))
        right = [float(share_right(groups, style, n, length)) for n in SHOWN]
        print(f"{groups} groups  {style:6}  " + "  ".join(f"{r:.2f}" for r in right))


if __name__ == "__main__":
    main()
