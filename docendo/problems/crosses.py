"""Crosses by Punnett squares: one gene, or several that assort independently."""

from collections.abc import Sequence
from itertools import product
from random import Random

from docendo.problems.bases import spaced
from docendo.problems.procedural import Draft, draft_with_steps

__all__ = ["draft_cross"]

_GENES = "ABDEFGHJLMNPQRTY"
"""Letters whose lower case looks different."""
_ORGANISMS = ("peas", "mice", "flies")


def draft_cross(rng: Random, level: int) -> Draft:
    """The expected offspring of a cross.

    One gene up to level 2, two genes above, three at level 5.
    """
    return _one_gene(rng, level) if level <= 2 else _many_genes(rng, level)


def _one_gene(rng: Random, level: int) -> Draft:
    """A percentage at level 1, a number above 0 at level 2."""
    gene = rng.choice(_GENES)
    # At level 2 an answer of 0 would be the same for any number of offspring.
    genotypes = _genotypes(gene)
    while True:
        mother = rng.choice(genotypes)
        father = rng.choice(genotypes)
        target = rng.choice(("dominant", "recessive", *genotypes))
        offspring = _offspring(mother, father)
        if target in genotypes:
            count = offspring.count(target)
            event = f"be {spaced(target)}"
        else:
            count = _count_trait(offspring, gene, target)
            event = f"show the {target} trait"
        if count or level == 1:
            break

    cross = f"{spaced(mother)} x {spaced(father)}"
    squares = _list_squares(offspring)
    if level == 1:
        prompt = (
            f"In {rng.choice(_ORGANISMS)}, cross {cross}. "
            f"What percent of the offspring are expected to {event}?"
        )
        steps = [squares, f"{count} * 25 = {count * 25}"]
        return draft_with_steps(prompt, count * 25, steps)

    quarter = rng.randint(2, 20)
    steps = [
        squares,
        f"{quarter * 4} / 4 = {quarter}",
        f"{count} * {quarter} = {count * quarter}",
    ]
    prompt = (
        f"The cross {cross} has {quarter * 4} offspring. How many are expected to {event}?"
    )
    return draft_with_steps(prompt, count * quarter, steps)


def _many_genes(rng: Random, level: int) -> Draft:
    """Two genes, three at level 5, that assort independently; the answer is never 0."""
    genes = sorted(rng.sample(_GENES, 3 if level == 5 else 2))
    # A dictionary, so that every level draws the same random numbers.
    unit = {3: 1, 4: rng.randint(2, 12), 5: rng.randint(1, 10)}[level]
    while True:
        mother = [rng.choice(_genotypes(gene)) for gene in genes]
        father = [rng.choice(_genotypes(gene)) for gene in genes]
        traits = [rng.choice(("dominant", "recessive")) for _ in genes]
        squares = list(map(_offspring, mother, father))
        counts = list(map(_count_trait, squares, genes, traits))
        if all(counts):
            break

    # Mendel's second law: unlinked genes are independent, so that of 4 ** n squares the product
    # of the counts shows all traits.
    steps = []
    for offspring, count in zip(squares, counts, strict=True):
        steps.append(f"{_list_squares(offspring)}: {count}")
    so_far = counts[0]
    for count in counts[1:]:
        steps.append(f"{so_far} * {count} = {so_far * count}")
        so_far *= count
    total = 4 ** len(genes)
    if unit > 1:
        steps.append(f"{total * unit} / {total} = {unit}")
        steps.append(f"{so_far} * {unit} = {so_far * unit}")

    cross = f"{spaced(''.join(mother))} x {spaced(''.join(father))}"
    events = []
    for gene, trait in zip(genes, traits, strict=True):
        letter = gene if trait == "dominant" else gene.lower()
        events.append(f"{trait} {letter}")
    prompt = (
        f"With unlinked genes, {cross} has {total * unit} offspring. "
        f"How many are expected to show {' and '.join(events)}?"
    )
    return draft_with_steps(prompt, so_far * unit, steps)


def _genotypes(gene: str) -> tuple[str, str, str]:
    return (gene * 2, gene + gene.lower(), gene.lower() * 2)


def _offspring(mother: str, father: str) -> list[str]:
    """The four squares, row by row, the dominant allele first."""
    # capitals are sorted before small letters
    return ["".join(sorted(pair)) for pair in product(mother, father)]


def _count_trait(offspring: Sequence[str], gene: str, trait: str) -> int:
    """How many of the offspring show the dominant or the recessive trait."""
    dominant = sum(gene in child for child in offspring)
    return dominant if trait == "dominant" else len(offspring) - dominant


def _list_squares(offspring: Sequence[str]) -> str:
    return ", ".join(map(spaced, offspring))
