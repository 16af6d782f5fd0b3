"""Quantities in biology: growth by doubling, and the composition of double-stranded DNA."""

from random import Random

from docendo.problems.procedural import Draft, draft_with_steps

__all__ = ["draft_bonds", "draft_chargaff", "draft_growth"]

_CULTURES = ("bacteria", "yeast cells", "algae")
_MINUTES = (10, 15, 20, 30, 40)
_PARTNERS = {"A": "T", "T": "A", "G": "C", "C": "G"}


def draft_growth(rng: Random, level: int) -> Draft:
    """The number of cells after doublings (levels 1, 2) or halvings (3).

    At level 4 some die, at level 5 the doubling time is asked for.
    """
    culture = rng.choice(_CULTURES)
    minutes = rng.choice(_MINUTES)
    if level == 5:
        return _doubling_time(rng, culture)

    if level == 1:
        times = rng.randint(1, 2)
    else:
        times = rng.randint(2, 3 + (level > 2))
    if level <= 2:
        start = rng.randint(2, 60)
    else:
        # a multiple of 2 ** times, so that halving leaves no remainder
        start = rng.randint(2, 30) * 2**times

    counts = [start]
    steps = []
    for i in range(1, times + 1):
        count = counts[-1]
        if level == 3:
            counts.append(count // 2)
            steps.append(f"{minutes * i}: {count} / 2 = {count // 2}")
        else:
            counts.append(2 * count)
            steps.append(f"{minutes * i}: {count} + {count} = {2 * count}")

    result = counts[-1]
    verb = "halve" if level == 3 else "double"
    history = f"{start} {culture} {verb} every {minutes} minutes."
    after = f"after {minutes * times} minutes?"
    if level < 4:
        return draft_with_steps(f"{history} How many are there {after}", result, steps)

    dead = rng.randint(1, result - 1)
    steps.append(f"{result} - {dead} = {result - dead}")
    prompt = f"{history} Then {dead} die. How many are left {after}"
    return draft_with_steps(prompt, result - dead, steps)


def _doubling_time(rng: Random, culture: str) -> Draft:
    times = rng.randint(2, 4)
    minutes = rng.randint(5, 60)
    start = rng.randint(2, 40)
    counts = [start * 2**i for i in range(times + 1)]
    prompt = (
        f"{start} {culture} double at a constant rate and are {counts[-1]} "
        f"after {minutes * times} minutes. How many minutes does one doubling take?"
    )
    steps = [
        ", ".join(map(str, counts)),
        f"{times} doublings",
        f"{minutes * times} / {times} = {minutes}",
    ]
    return draft_with_steps(prompt, minutes, steps)


def draft_chargaff(rng: Random, level: int) -> Draft:
    """The number of one base in DNA from the number of another (Chargaff's rule)."""
    # never the partner, which is as frequent as the base itself
    base = rng.choice("ATGC")
    pair = _PARTNERS[base]
    target = rng.choice([b for b in "ATGC" if b not in {base, pair}])
    highest = (20, 60, 150, 400, 400)[level - 1]
    base_count = rng.randint(2, highest)
    target_count = rng.randint(2, highest)

    total = 2 * (base_count + target_count)
    dna = f"Double-stranded DNA of {total} bases has {base_count} {base}."
    if level == 5:
        return _bonds_from_bases(dna, base, base_count, target_count)

    pair_total = 2 * base_count
    steps = [
        f"{base} + {pair} = {base_count} + {base_count} = {pair_total}",
        f"{target} + {_PARTNERS[target]} = {total} - {pair_total} = {total - pair_total}",
        f"{total - pair_total} / 2 = {target_count}",
    ]
    return draft_with_steps(f"{dna} How many {target} does it have?", target_count, steps)


def _bonds_from_bases(dna: str, base: str, base_count: int, other_count: int) -> Draft:
    """Hydrogen bonds from the number of all bases and of one of them."""
    pairs = base_count + other_count
    weak, strong = (base_count, other_count) if base in "AT" else (other_count, base_count)
    bonds = 2 * weak + 3 * strong
    prompt = (
        f"{dna} A-T pairs have 2 hydrogen bonds, G-C pairs 3. "
        "How many hydrogen bonds are there?"
    )
    steps = [
        f"{2 * pairs} / 2 = {pairs}",
        f"{pairs} - {base_count} = {other_count}",
        f"2 * {weak} = {2 * weak}",
        f"3 * {strong} = {3 * strong}",
        f"{2 * weak} + {3 * strong} = {bonds}",
    ]
    return draft_with_steps(prompt, bonds, steps)


def draft_bonds(rng: Random, level: int) -> Draft:
    """Hydrogen bonds of a DNA helix: two for each A-T pair and three for each G-C pair."""
    highest = (40, 99, 99, 200, 200)[level - 1]
    weak = rng.randint(2, highest)
    strong = rng.randint(2, highest)
    pairs = weak + strong
    total = 2 * weak + 3 * strong

    if level == 5:
        # backwards: two bonds for every pair, and what is left is one for each G-C pair
        prompt = (
            f"A DNA helix of {pairs} base pairs has {total} hydrogen bonds. "
            "How many of its pairs are G-C?"
        )
        steps = [f"{pairs} * 2 = {2 * pairs}", f"{total} - {2 * pairs} = {strong}"]
        return draft_with_steps(prompt, strong, steps)

    steps = [
        f"{weak} * 2 = {2 * weak}",
        f"{strong} * 3 = {3 * strong}",
        f"{2 * weak} + {3 * strong} = {total}",
    ]
    # each level hides one number more, and its step goes before the others
    composition = f"{weak} A-T pairs and {strong} G-C pairs"
    if level >= 3:
        steps.insert(0, f"{pairs} - {strong} = {weak}")
        composition = f"{pairs} base pairs, {strong} of them G-C"
    if level == 4:
        steps.insert(0, f"{2 * pairs} / 2 = {pairs}")
        composition = f"{2 * pairs} bases, {strong} of them C"
    prompt = f"A DNA helix has {composition}. How many hydrogen bonds does it have?"
    return draft_with_steps(prompt, total, steps)
