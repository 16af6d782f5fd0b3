"""Strands of DNA: complements, transcription, and the share of G and C."""

from random import Random

from docendo.problems.bases import DNA, random_bases, spaced
from docendo.problems.procedural import Draft, draft_with_steps

__all__ = [
    "draft_complement",
    "draft_gc_content",
    "draft_reverse_complement",
    "draft_transcription",
]

_DNA_PAIRS = dict(zip(DNA, "TGCA", strict=True))
_RNA_PAIRS = dict(zip(DNA, "UGCA", strict=True))
_LENGTHS = {
    1: (5, 6),
    2: (7, 8),
    3: (10, 12),
    4: (14, 16),
    5: (20, 24),
}
"""The shortest and the longest strand, by level."""


def draft_complement(rng: Random, level: int) -> Draft:
    """The complement of a strand, in the same order."""
    strand = _random_strand(rng, level)
    answer, pairs = _pair(strand, _DNA_PAIRS)
    prompt = f"Write the complement of the DNA strand {spaced(strand)} in the same order."
    return draft_with_steps(prompt, answer, [pairs])


def draft_reverse_complement(rng: Random, level: int) -> Draft:
    """The complement of a strand, read backwards.

    The pairs are a step of their own from level 2.
    """
    strand = _random_strand(rng, level)
    backwards = strand[::-1]
    answer, pairs = _pair(backwards, _DNA_PAIRS)

    steps = [f"Backwards: {spaced(backwards)}"]
    if level > 1:
        steps.append(pairs)
    prompt = f"Write the reverse complement of the DNA strand {spaced(strand)}."
    return draft_with_steps(prompt, answer, steps)


def draft_transcription(rng: Random, level: int) -> Draft:
    """The mRNA of a template.

    From level 4 the template is read 5' to 3' and has to be reversed first.
    """
    # mRNA grows from 5' to 3' along a template that is read from 3' to 5'
    strand = _random_strand(rng, level)
    steps = []
    template = strand
    direction = "3' to 5'"
    if level >= 4:
        template = strand[::-1]
        direction = "5' to 3'"
        steps.append(f"Backwards: {spaced(template)}")

    answer, pairs = _pair(template, _RNA_PAIRS)
    prompt = (
        f"The DNA template strand, read {direction}, is {spaced(strand)}. "
        "Write the mRNA from 5' to 3'."
    )
    return draft_with_steps(prompt, answer, [*steps, pairs])


def _random_strand(rng: Random, level: int) -> str:
    return random_bases(rng, DNA, rng.randint(*_LENGTHS[level]))


def _pair(strand: str, pairs: dict[str, str]) -> tuple[str, str]:
    """The partner of each base, and the step that lists them in pairs."""
    partners = [pairs[base] for base in strand]
    listed = ", ".join(map(spaced, zip(strand, partners, strict=True)))
    return spaced(partners), f"Pairs: {listed}"


_BASE_COUNTS = {
    1: (8, 5),
    2: (10, 6),
    3: (20, 12),
    4: (25, 16),
    5: (50, 26),
}
"""How many bases, and at most how many of them G or C, by level."""


def draft_gc_content(rng: Random, level: int) -> Draft:
    """How many bases are G or C; from level 2 the percentage."""
    length, max_count = _BASE_COUNTS[level]
    count = rng.randint(1, max_count)
    bases = rng.choices("GC", k=count)
    bases += rng.choices("AT", k=length - count)
    rng.shuffle(bases)

    # counted off one by one: G 1, C 2, C 3
    tally: list[str] = []
    for base in bases:
        if base in "GC":
            tally.append(f"{base} {len(tally) + 1}")
    steps = [f"Count: {', '.join(tally)}"]
    if level == 1:
        prompt = f"How many bases in {spaced(bases)} are G or C?"
        return draft_with_steps(prompt, count, steps)

    # From level 2 on, every length divides 100.
    percent_each = 100 // length
    percent = count * percent_each
    steps.append(f"{count} * {percent_each} = {percent}")
    prompt = f"What percent of the {length} bases in {spaced(bases)} are G or C?"
    return draft_with_steps(prompt, percent, steps)
