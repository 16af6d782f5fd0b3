"""The genetic code: translation of mRNA, and what a mutation does to it."""

from collections.abc import Sequence
from itertools import product
from random import Random

from docendo.problems.bases import DNA, RNA, random_bases, spaced
from docendo.problems.procedural import Draft, draft_with_steps

__all__ = ["GENETIC_CODE", "draft_mutation", "draft_translation"]

GENETIC_CODE = dict(
    zip(
        map("".join, product("UCAG", repeat=3)),
        "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG",
        strict=True,
    )
)
"""The standard genetic code (NCBI translation table 1): mRNA codon to one-letter amino
acid, * for stop."""

_SENSE = tuple(codon for codon, acid in GENETIC_CODE.items() if acid != "*")
_STOPS = tuple(codon for codon, acid in GENETIC_CODE.items() if acid == "*")
_LEVEL_1_CODONS = "AUG UUU AAA GGG CCC UGG GCU CAU GAU UAU ACU GUU"
_LEVEL_2_CODONS = f"{_LEVEL_1_CODONS} UCU CGU AAU GAA CAA AUU CUU UGU GGU CCU UUC AAG"


def draft_translation(rng: Random, level: int) -> Draft:
    """The amino acids of an mRNA.

    From level 4 it ends in a stop codon, at level 5 it begins before A U G.
    """
    codons_by_level: dict[int, Sequence[str]] = {
        1: _LEVEL_1_CODONS.split(),
        2: _LEVEL_2_CODONS.split(),
    }
    count = level + 2 if level < 4 else rng.randint(level - 1, level + 1)
    codons = rng.choices(codons_by_level.get(level, _SENSE), k=count)

    # the stop codon ends the frame, and the bases after it are there to be left out
    leader = ""
    trailer = ""
    where = ""
    if level >= 4:
        codons = ["AUG", *codons, rng.choice(_STOPS)]
        trailer = random_bases(rng, RNA, rng.randint(1, 6))
        where = ", up to the first stop codon"
    if level == 5:
        leader = _random_leader(rng)
        where = ", from the first A U G up to the first stop codon in its frame"

    acids = spaced(GENETIC_CODE[codon] for codon in codons if codon not in _STOPS)
    mrna = spaced(leader + "".join(codons) + trailer)
    prompt = (
        f"Translate the mRNA {mrna}, read 5' to 3'{where}, into one-letter amino acids."
    )
    return draft_with_steps(prompt, acids, map(_translate_step, codons))


def _random_leader(rng: Random) -> str:
    """One to seven bases after which A U G is the first A U G."""
    # An earlier A U G, which may begin in the leader and end in the first codon, would be
    # where translation starts.
    while True:
        letters = random_bases(rng, RNA, rng.randint(1, 7))
        if (letters + "AUG").index("AUG") == len(letters):
            return letters


def _translate_step(codon: str) -> str:
    acid = GENETIC_CODE[codon]
    return f"{spaced(codon)} = {'stop' if acid == '*' else acid}"


def _effect(before: str, after: str) -> str:
    if GENETIC_CODE[after] == "*":
        return "nonsense"
    return "silent" if GENETIC_CODE[after] == GENETIC_CODE[before] else "missense"


def _changes_by_effect() -> dict[str, list[tuple[str, str]]]:
    """Every change of one base in a sense codon, as (before, after), by its effect."""
    changes: dict[str, list[tuple[str, str]]] = {
        "silent": [],
        "missense": [],
        "nonsense": [],
    }
    for before in _SENSE:
        for place, base in product(range(3), RNA):
            after = before[:place] + base + before[place + 1 :]
            if after != before:
                changes[_effect(before, after)].append((before, after))
    return changes


_CHANGES = _changes_by_effect()


def draft_mutation(rng: Random, level: int) -> Draft:
    """Where a base was substituted (levels 1 and 2), or what a change does to the protein."""
    return _substitution(rng, level) if level <= 2 else _classification(rng, level)


def _substitution(rng: Random, level: int) -> Draft:
    """The place of the change at level 1; at level 2 the letters too."""
    before = random_bases(rng, DNA, 6 if level == 1 else 8)
    place = rng.randrange(len(before))
    base = rng.choice(DNA.replace(before[place], ""))
    after = before[:place] + base + before[place + 1 :]

    compared = zip(range(1, place + 2), before, after, strict=False)
    steps = [", ".join(f"{n} {old} {new}" for n, old, new in compared)]
    if level == 1:
        prompt = (
            f"At which position, counting from 1, do {spaced(before)} and {spaced(after)} "
            "differ?"
        )
        return draft_with_steps(prompt, place + 1, steps)

    prompt = (
        f"{spaced(before)} mutates to {spaced(after)}. "
        "Write the old base, its position from 1, the new base."
    )
    return draft_with_steps(prompt, f"{before[place]} {place + 1} {base}", steps)


def _classification(rng: Random, level: int) -> Draft:
    """The effect of a change in the reading frame.

    At level 5 a base before the last codon may be lost.
    """
    # The effect is drawn first: 71 % of all changes are missense, and a guess of that would be
    # right most of the time.
    codons = rng.choices(_SENSE, k=level - 1)
    place = rng.randrange(len(codons))
    effects = list(_CHANGES)
    options = "silent, missense or nonsense"
    if level == 5:
        effects.append("frameshift")
        options = "silent, missense, nonsense or frameshift"
    effect = rng.choice(effects)

    steps = []
    if effect == "frameshift":
        before = "".join(codons)
        # Not from the last codon: behind it no codon would shift.
        lost = rng.randrange(len(before) - 3)
        after = before[:lost] + before[lost + 1 :]
    else:
        old, new = rng.choice(_CHANGES[effect])
        codons[place] = old
        before = "".join(codons)
        codons[place] = new
        after = "".join(codons)
        steps = [_translate_step(old), _translate_step(new)]
    if level == 5:
        steps.insert(0, f"{len(before)} bases, then {len(after)}")

    prompt = (
        f"In frame, the mRNA {spaced(before)} becomes {spaced(after)}. "
        f"Is the mutation {options}?"
    )
    return draft_with_steps(prompt, effect, steps)
