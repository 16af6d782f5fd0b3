"""Quantities in biology: growth by doubling, and the composition of double-stranded DNA."""

from random import Random

from docendo.problems.procedural import Draft, draft_with_steps

__all__ = ["bonds", "chargaff", "growth"]

_CULTURES = ("bacteria", "yeast cells", "algae")
_MINUTES = (10, 15, 20, 30, 40)
_PARTNERS = {"A": "T", "T": "A", "G": "C", "C": "G"}


def growth(rng: Random, level: int) -> Draft:
    """How many cells there are after some doublings; then halvings, both, and the doubling time."""
    culture, minutes = rng.choice(_CULTURES), rng.choice(_MINUTES)
    if level == 5:
        return _doubling_time(rng, culture)
    times = rng.randint(1, 2) if level == 1 else rng.randint(2, 3 + (level > 2))
    start = rng.randint(2, 60) if level <= 2 else rng.randint(2, 30) * 2**times
    halved = level == 3
    counts = [start // 2**i if halved else start * 2**i for i in range(times + 1)]
    verb = "halve" if halved else "double"
    prompt = f"{start} {culture} {verb} every {minutes} minutes. How many are there after {minutes * times} minutes?"
    steps = [
        f"{minutes * (i + 1)}: "
        + (f"{count} / 2 = {count // 2}" if halved else f"{count} + {count} = {2 * count}")
        for i, count in enumerate(counts[:-1])
    ]
    if level < 4:
        return draft_with_steps(prompt, counts[-1], steps)
    lost = rng.randint(1, counts[-1] - 1)
    left = counts[-1] - lost
    prompt = prompt.replace("How many", f"Then {lost} die. How many").replace(
        "there after", "left after"
    )
    return draft_with_steps(prompt, left, [*steps, f"{counts[-1]} - {lost} = {left}"])


def _doubling_time(rng: Random, culture: str) -> Draft:
    times, minutes, start = rng.randint(2, 4), rng.randint(5, 60), rng.randint(2, 40)
    counts = [start * 2**i for i in range(times + 1)]
    prompt = (
        f"{start} {culture} double at a constant rate and are {counts[-1]} after {minutes * times} minutes. "
        "How many minutes does one doubling take?"
    )
    chain = ", ".join(map(str, counts))
    return draft_with_steps(
        prompt,
        minutes,
        [chain, f"{times} doublings", f"{minutes * times} / {times} = {minutes}"],
    )


def chargaff(rng: Random, level: int) -> Draft:
    """The number of one base in double-stranded DNA from the number of another (Chargaff's rule)."""
    base = rng.choice("ATGC")
    pair = _PARTNERS[base]
    other = rng.choice([b for b in "ATGC" if b not in {base, pair}])
    rest = _PARTNERS[other]
    known = rng.randint(2, (20, 60, 150, 400, 400)[level - 1])
    wanted = rng.randint(2, (20, 60, 150, 400, 400)[level - 1])
    both, total = 2 * known, 2 * (known + wanted)
    if level == 5:
        weak, strong = (known, wanted) if base in "AT" else (wanted, known)
        bonds = 2 * weak + 3 * strong
        prompt = (
            f"Double-stranded DNA of {total} bases has {known} {base}. A-T pairs have 2 hydrogen bonds, G-C pairs 3. "
            "How many hydrogen bonds are there?"
        )
        count = f"{total} / 2 = {total // 2}", f"{total // 2} - {known} = {wanted}"
        sums = (
            f"2 * {weak} = {2 * weak}",
            f"3 * {strong} = {3 * strong}",
            f"{2 * weak} + {3 * strong} = {bonds}",
        )
        return draft_with_steps(prompt, bonds, [*count, *sums])
    prompt = f"Double-stranded DNA of {total} bases has {known} {base}. How many {other} does it have?"
    steps = [
        f"{base} + {pair} = {known} + {known} = {both}",
        f"{other} + {rest} = {total} - {both} = {total - both}",
        f"{total - both} / 2 = {wanted}",
    ]
    return draft_with_steps(prompt, wanted, steps)


def bonds(rng: Random, level: int) -> Draft:
    """Hydrogen bonds of a DNA helix: two for each A-T pair and three for each G-C pair."""
    most = (40, 99, 99, 200, 200)[level - 1]
    weak, strong = rng.randint(2, most), rng.randint(2, most)
    pairs, total = weak + strong, 2 * weak + 3 * strong
    if level == 5:
        prompt = f"A DNA helix of {pairs} base pairs has {total} hydrogen bonds. How many of its pairs are G-C?"
        return draft_with_steps(
            prompt,
            strong,
            [f"{pairs} * 2 = {2 * pairs}", f"{total} - {2 * pairs} = {strong}"],
        )
    steps = [
        f"{weak} * 2 = {2 * weak}",
        f"{strong} * 3 = {3 * strong}",
        f"{2 * weak} + {3 * strong} = {total}",
    ]
    known = f"{weak} A-T pairs and {strong} G-C pairs"
    if level >= 3:
        steps.insert(0, f"{pairs} - {strong} = {weak}")
        known = f"{pairs} base pairs, {strong} of them G-C"
    if level == 4:
        steps.insert(0, f"{2 * pairs} / 2 = {pairs}")
        known = f"{2 * pairs} bases, {strong} of them C"
    return draft_with_steps(
        f"A DNA helix has {known}. How many hydrogen bonds does it have?", total, steps
    )
