"""Molecular biology and genetics. Bases and alleles are separated by spaces, so that each is one token."""

from collections.abc import Iterable, Sequence
from itertools import product
from math import prod
from random import Random

from docendo.problems.procedural import Draft, ProceduralSource, draft_with_steps
from docendo.problems.quantities import bonds, chargaff, growth

__all__ = ["BIOLOGY"]

_DNA, _RNA = "ACGT", "ACGU"
_DNA_PAIRS = dict(zip(_DNA, "TGCA", strict=True))
_RNA_PAIRS = dict(zip(_DNA, "UGCA", strict=True))

_CODE = dict(
    zip(
        map("".join, product("UCAG", repeat=3)),
        "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG",
        strict=True,
    )
)
"""The standard genetic code (NCBI translation table 1): mRNA codon to one-letter amino acid, * for stop."""

_SENSE = tuple(codon for codon, acid in _CODE.items() if acid != "*")
_STOPS = tuple(codon for codon, acid in _CODE.items() if acid == "*")
_FIRST_CODONS = "AUG UUU AAA GGG CCC UGG GCU CAU GAU UAU ACU GUU"
_MORE_CODONS = " UCU CGU AAU GAA CAA AUU CUU UGU GGU CCU UUC AAG"


def _spaced(letters: Iterable[str]) -> str:
    return " ".join(letters)


def _letters(rng: Random, alphabet: str, length: int) -> str:
    return "".join(rng.choices(alphabet, k=length))


_LENGTHS = {1: (5, 6), 2: (7, 8), 3: (10, 12), 4: (14, 16), 5: (20, 24)}


def _strand(rng: Random, level: int) -> str:
    return _letters(rng, _DNA, rng.randint(*_LENGTHS[level]))


def _paired(strand: str, pairs: dict[str, str]) -> tuple[str, str]:
    """The partner of each base, and the step that lists them in pairs."""
    partners = [pairs[base] for base in strand]
    return _spaced(partners), "Pairs: " + ", ".join(
        map(_spaced, zip(strand, partners, strict=True))
    )


def _complement(rng: Random, level: int) -> Draft:
    strand = _strand(rng, level)
    answer, pairs = _paired(strand, _DNA_PAIRS)
    return draft_with_steps(
        f"Write the complement of the DNA strand {_spaced(strand)} in the same order.",
        answer,
        [pairs],
    )


def _reverse_complement(rng: Random, level: int) -> Draft:
    strand = _strand(rng, level)
    backwards = strand[::-1]
    answer, pairs = _paired(backwards, _DNA_PAIRS)
    steps = [f"Backwards: {_spaced(backwards)}"] + ([pairs] if level > 1 else [])
    return draft_with_steps(
        f"Write the reverse complement of the DNA strand {_spaced(strand)}.", answer, steps
    )


def _transcription(rng: Random, level: int) -> Draft:
    """From level 4 the template is read 5' to 3', so that it has to be turned round first."""
    strand = _strand(rng, level)
    turned = level >= 4
    read = "5' to 3'" if turned else "3' to 5'"
    answer, pairs = _paired(strand[::-1] if turned else strand, _RNA_PAIRS)
    steps = ([f"Backwards: {_spaced(strand[::-1])}"] if turned else []) + [pairs]
    prompt = f"The DNA template strand, read {read}, is {_spaced(strand)}. Write the mRNA from 5' to 3'."
    return draft_with_steps(prompt, answer, steps)


def _codon_step(codon: str) -> str:
    acid = _CODE[codon]
    return f"{_spaced(codon)} = {'stop' if acid == '*' else acid}"


def _leader(rng: Random) -> str:
    """One to seven bases after which A U G is the first A U G."""
    while True:
        letters = _letters(rng, _RNA, rng.randint(1, 7))
        if (letters + "AUG").index("AUG") == len(letters):
            return letters


def _translation(rng: Random, level: int) -> Draft:
    known = _SENSE if level > 2 else (_FIRST_CODONS + _MORE_CODONS * (level == 2)).split()
    codons = rng.choices(
        known, k=level + 2 if level < 4 else rng.randint(level - 1, level + 1)
    )
    before = after = where = ""
    if level >= 4:
        codons = ["AUG", *codons, rng.choice(_STOPS)]
        after = _letters(rng, _RNA, rng.randint(1, 6))
        where = ", up to the first stop codon"
    if level == 5:
        before = _leader(rng)
        where = ", from the first A U G up to the first stop codon in its frame"
    acids = _spaced(_CODE[codon] for codon in codons if codon not in _STOPS)
    mrna = _spaced(before + "".join(codons) + after)
    prompt = (
        f"Translate the mRNA {mrna}, read 5' to 3'{where}, into one-letter amino acids."
    )
    return draft_with_steps(prompt, acids, map(_codon_step, codons))


_GENES = "ABDEFGHJLMNPQRTY"
_ORGANISMS = ("peas", "mice", "flies")


def _showing(offspring: Sequence[str], gene: str, trait: str) -> int:
    """How many of the offspring show the dominant or the recessive trait."""
    dominant = sum(gene in child for child in offspring)
    return dominant if trait == "dominant" else len(offspring) - dominant


def _genotype(rng: Random, gene: str) -> str:
    return rng.choice((gene * 2, gene + gene.lower(), gene.lower() * 2))


def _offspring(mother: str, father: str) -> list[str]:
    """The four squares, row by row, the dominant allele first."""
    return ["".join(sorted(pair)) for pair in product(mother, father)]


def _squares(offspring: Sequence[str]) -> str:
    return ", ".join(map(_spaced, offspring))


def _one_gene(rng: Random, level: int) -> Draft:
    """A percentage at level 1, a number above 0 at level 2."""
    gene = rng.choice(_GENES)
    genotypes = (gene * 2, gene + gene.lower(), gene.lower() * 2)
    while True:
        mother, father = rng.choice(genotypes), rng.choice(genotypes)
        wanted = rng.choice(("dominant", "recessive", *genotypes))
        offspring = _offspring(mother, father)
        if wanted in genotypes:
            count, event = offspring.count(wanted), f"be {_spaced(wanted)}"
        else:
            count, event = _showing(offspring, gene, wanted), f"show the {wanted} trait"
        if count or level == 1:
            break
    cross, squares = f"{_spaced(mother)} x {_spaced(father)}", _squares(offspring)
    if level == 1:
        prompt = f"In {rng.choice(_ORGANISMS)}, cross {cross}. What percent of the offspring are expected to {event}?"
        return draft_with_steps(
            prompt, count * 25, [squares, f"{count} * 25 = {count * 25}"]
        )
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
    unit = {3: 1, 4: rng.randint(2, 12), 5: rng.randint(1, 10)}[level]
    while True:
        parents = [[_genotype(rng, gene) for gene in genes] for _ in range(2)]
        traits = [rng.choice(("dominant", "recessive")) for _ in genes]
        squares = [
            _offspring(mother, father) for mother, father in zip(*parents, strict=True)
        ]
        counts = [_showing(*row) for row in zip(squares, genes, traits, strict=True)]
        if all(counts):
            break
    total = 4 ** len(genes)
    steps = [
        f"{_squares(row)}: {count}" for row, count in zip(squares, counts, strict=True)
    ]
    steps += [
        f"{prod(counts[:k])} * {counts[k]} = {prod(counts[: k + 1])}"
        for k in range(1, len(genes))
    ]
    if unit > 1:
        steps += [
            f"{total * unit} / {total} = {unit}",
            f"{prod(counts)} * {unit} = {prod(counts) * unit}",
        ]
    cross = " x ".join(_spaced("".join(parent)) for parent in parents)
    names = (
        gene if trait == "dominant" else gene.lower()
        for gene, trait in zip(genes, traits, strict=True)
    )
    event = " and ".join(map(_spaced, zip(traits, names, strict=True)))
    prompt = f"With unlinked genes, {cross} has {total * unit} offspring. How many are expected to show {event}?"
    return draft_with_steps(prompt, prod(counts) * unit, steps)


def _punnett(rng: Random, level: int) -> Draft:
    return _one_gene(rng, level) if level <= 2 else _many_genes(rng, level)


_BASES = {1: (8, 5), 2: (10, 6), 3: (20, 12), 4: (25, 16), 5: (50, 26)}
"""How many bases, and at most how many of them G or C."""


def _gc_content(rng: Random, level: int) -> Draft:
    length, most = _BASES[level]
    count = rng.randint(1, most)
    bases = [*rng.choices("GC", k=count), *rng.choices("AT", k=length - count)]
    rng.shuffle(bases)
    tally = "Count: " + ", ".join(
        f"{base} {k}" for k, base in enumerate((b for b in bases if b in "GC"), 1)
    )
    if level == 1:
        return draft_with_steps(
            f"How many bases in {_spaced(bases)} are G or C?", count, [tally]
        )
    weight = 100 // length
    prompt = f"What percent of the {length} bases in {_spaced(bases)} are G or C?"
    return draft_with_steps(
        prompt, count * weight, [tally, f"{count} * {weight} = {count * weight}"]
    )


def _point_mutations(codon: str) -> list[str]:
    return [
        codon[:k] + base + codon[k + 1 :]
        for k in range(3)
        for base in _RNA
        if base != codon[k]
    ]


def _effect(before: str, after: str) -> str:
    if _CODE[after] == "*":
        return "nonsense"
    return "silent" if _CODE[after] == _CODE[before] else "missense"


_CHANGES = {
    effect: [(b, a) for b in _SENSE for a in _point_mutations(b) if _effect(b, a) == effect]
    for effect in ("silent", "missense", "nonsense")
}
"""Every change of one base in a codon that is not a stop, by its effect."""


def _substitution(rng: Random, level: int) -> Draft:
    """The place of the change at level 1; at level 2 the letters too."""
    before = _letters(rng, _DNA, 6 if level == 1 else 8)
    k = rng.randrange(len(before))
    after = (
        before[:k]
        + rng.choice([base for base in _DNA if base != before[k]])
        + before[k + 1 :]
    )
    steps = [
        ", ".join(
            f"{n} {b} {a}" for n, b, a in zip(range(1, k + 2), before, after, strict=False)
        )
    ]
    if level == 1:
        prompt = f"At which position, counting from 1, do {_spaced(before)} and {_spaced(after)} differ?"
        return draft_with_steps(prompt, k + 1, steps)
    prompt = f"{_spaced(before)} mutates to {_spaced(after)}. Write the old base, its position from 1, the new base."
    return draft_with_steps(prompt, f"{before[k]} {k + 1} {after[k]}", steps)


def _classified(rng: Random, level: int) -> Draft:
    """The effect of a change in the reading frame; at level 5 a base before the last codon may be lost."""
    codons = rng.choices(_SENSE, k=level - 1)
    k, effects = rng.randrange(len(codons)), list(_CHANGES)
    effect = rng.choice([*effects, "frameshift"] if level == 5 else effects)
    kinds = (
        "silent, missense, nonsense or frameshift"
        if level == 5
        else "silent, missense or nonsense"
    )
    if effect == "frameshift":
        whole = "".join(codons)
        cut = rng.randrange(len(whole) - 3)
        before, after = whole, whole[:cut] + whole[cut + 1 :]
        steps = list[str]()
    else:
        old, new = rng.choice(_CHANGES[effect])
        before, after = (
            "".join([*codons[:k], codon, *codons[k + 1 :]]) for codon in (old, new)
        )
        steps = [_codon_step(old), _codon_step(new)]
    lengths = [f"{len(before)} bases, then {len(after)}"] if level == 5 else []
    prompt = f"In frame, the mRNA {_spaced(before)} becomes {_spaced(after)}. Is the mutation {kinds}?"
    return draft_with_steps(prompt, effect, lengths + steps)


def _mutations(rng: Random, level: int) -> Draft:
    return _substitution(rng, level) if level <= 2 else _classified(rng, level)


BIOLOGY = ProceduralSource(
    "biology",
    {
        "complement": _complement,
        "reverse_complement": _reverse_complement,
        "transcription": _transcription,
        "translation": _translation,
        "punnett": _punnett,
        "gc_content": _gc_content,
        "mutations": _mutations,
        "growth": growth,
        "chargaff": chargaff,
        "bonds": bonds,
    },
)
