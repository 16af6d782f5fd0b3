"""Every answer is found again from the prompt alone: the genetic code by amino acid, crosses by counting offspring."""

import re
from fractions import Fraction
from functools import cache
from itertools import product
from random import Random

import pytest

from docendo.problems.biology import BIOLOGY
from docendo.problems.codons import GENETIC_CODE
from docendo.problems.procedural import LEVELS
from docendo.records import Problem

FAMILIES = sorted(BIOLOGY.families)
EACH = [(family, level) for family in FAMILIES for level in LEVELS]

CODONS = {
    "A": "GCU GCC GCA GCG",
    "R": "CGU CGC CGA CGG AGA AGG",
    "N": "AAU AAC",
    "D": "GAU GAC",
    "C": "UGU UGC",
    "Q": "CAA CAG",
    "E": "GAA GAG",
    "G": "GGU GGC GGA GGG",
    "H": "CAU CAC",
    "I": "AUU AUC AUA",
    "L": "UUA UUG CUU CUC CUA CUG",
    "K": "AAA AAG",
    "M": "AUG",
    "F": "UUU UUC",
    "P": "CCU CCC CCA CCG",
    "S": "UCU UCC UCA UCG AGU AGC",
    "T": "ACU ACC ACA ACG",
    "W": "UGG",
    "Y": "UAU UAC",
    "V": "GUU GUC GUA GUG",
    "*": "UAA UAG UGA",
}
BY_HAND = {codon: acid for acid, codons in CODONS.items() for codon in codons.split()}


@cache
def thousand(family: str, level: int) -> list[Problem]:
    return BIOLOGY.draw(family, level, 1000, 3, "train")


def draw(family: str, level: int) -> list[Problem]:
    return thousand(family, level)[:200]


def strands(prompt: str) -> list[str]:
    """Every run of two or more spaced bases, without the spaces; A U G in words is not one of them."""
    prompt = prompt.replace("the first A U G", "")
    return [run.replace(" ", "") for run in re.findall(r"\b[ACGTU](?: [ACGTU])+\b", prompt)]


def protein(mrna: str, level: int) -> str:
    start = mrna.index("AUG") if level == 5 else 0
    acids = [BY_HAND[mrna[k : k + 3]] for k in range(start, len(mrna) - 2, 3)]
    return " ".join(acids[: acids.index("*")] if level >= 4 else acids)


def share(cross: str, wanted: str) -> float:
    """The share of all offspring that are wanted, counted one by one."""
    parents = [
        [sorted(side[k : k + 2]) for k in range(0, len(side), 2)]
        for side in cross.replace(" ", "").split("x")
    ]
    gametes = [list(product(*parent)) for parent in parents]
    children = [
        ["".join(sorted(pair)) for pair in zip(m, f, strict=True)]
        for m in gametes[0]
        for f in gametes[1]
    ]
    if match := re.fullmatch(r"be (\w) (\w)", wanted):
        return sum(child == ["".join(match.groups())] for child in children) / len(children)
    if match := re.fullmatch(r"show the (dominant|recessive) trait", wanted):
        tests = [(match[1], children[0][0][0].upper())]
    else:
        tests = re.findall(r"(dominant|recessive) (\w)", wanted)
    return sum(
        all(
            any(
                locus.lower() == 2 * letter.lower()
                and locus.islower() == (trait == "recessive")
                for locus in child
            )
            for trait, letter in tests
        )
        for child in children
    ) / len(children)


def expected_offspring(prompt: str) -> float:
    cross = re.search(r"((?:\b[A-Za-z] )+x(?: [A-Za-z]\b)+)", prompt)
    wanted = re.search(r"expected to (.*)\?$", prompt)
    assert cross
    assert wanted
    count = re.search(r"(\d+) offspring", prompt)
    return share(cross[1], wanted[1]) * (int(count[1]) if count else 100)


def mutation(prompt: str, level: int) -> str:
    before, after = strands(prompt)
    if len(before) != len(after):
        assert level == 5
        return "frameshift"
    [k] = [k for k, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
    if level <= 2:
        return str(k + 1) if level == 1 else f"{before[k]} {k + 1} {after[k]}"
    old, new = (BY_HAND[mrna[k - k % 3 : k - k % 3 + 3]] for mrna in (before, after))
    return "silent" if old == new else "nonsense" if new == "*" else "missense"


def culture(prompt: str) -> int:
    """Lives through the minutes one by one."""
    numbers = list(map(int, re.findall(r"\d+", prompt)))
    if "one doubling" in prompt:
        start, end, minutes = numbers
        return next(
            t
            for t in range(1, minutes + 1)
            if minutes % t == 0 and start * 2 ** (minutes // t) == end
        )
    (start, period), lost, minutes = numbers[:2], sum(numbers[2:-1]), numbers[-1]
    cells = Fraction(start)
    for minute in range(1, minutes + 1):
        if minute % period == 0:
            cells = cells / 2 if "halve" in prompt else cells * 2
    return int(cells) - lost if cells.denominator == 1 else -1


def composition(prompt: str) -> int:
    """Builds the strands: every base stands opposite its partner."""
    total, known, base = (
        int(re.search(r"of (\d+) bases", prompt)[1]),
        *re.search(r"has (\d+) ([ATGC])", prompt).groups(),
    )
    partner = dict(zip("ATGC", "TACG", strict=True))
    strand = base * int(known)
    strand += ("G" if base in "AT" else "A") * (total // 2 - len(strand))
    both = strand + "".join(partner[b] for b in strand)
    asked = re.search(r"How many ([ATGC]) ", prompt)
    return both.count(asked[1]) if asked else sum(2 if b in "AT" else 3 for b in strand)


def helix(prompt: str) -> int:
    """Tries every number of G-C pairs until the helix fits what is said of it."""
    numbers = list(map(int, re.findall(r"\d+", prompt)))
    if "hydrogen bonds. How many of its" in prompt:
        pairs, total = numbers
        return next(gc for gc in range(pairs + 1) if 3 * gc + 2 * (pairs - gc) == total)
    if "A-T pairs and" in prompt:
        return len("at" * numbers[0]) + len("gcx" * numbers[1])
    pairs = numbers[0] // 2 if "bases" in prompt else numbers[0]
    return sum(3 if i < numbers[1] else 2 for i in range(pairs))


def solve(problem: Problem) -> str:
    prompt, level = problem.prompt, problem.level
    if problem.family == "punnett":
        return f"{expected_offspring(prompt):g}"
    if problem.family == "mutations":
        return mutation(prompt, level)
    if problem.family in {"growth", "chargaff", "bonds"}:
        return str(
            {"growth": culture, "chargaff": composition, "bonds": helix}[problem.family](
                prompt
            )
        )
    [strand] = strands(prompt)
    if problem.family == "translation":
        return protein(strand, level)
    if problem.family == "gc_content":
        count = len(re.sub("[AT]", "", strand))
        return str(count if level == 1 else 100 * count // len(strand))
    if problem.family == "reverse_complement" or "template strand, read 5'" in prompt:
        strand = strand[::-1]
    return " ".join(
        strand.translate(str.maketrans("ACGT", "UGCA" if "mRNA" in prompt else "TGCA"))
    )


@pytest.mark.parametrize(("family", "level"), EACH)
def test_an_independent_solver_finds_the_same_answers(family, level):
    for problem in draw(family, level):
        assert problem.answer == solve(problem), problem.prompt


@pytest.mark.parametrize(("family", "level"), EACH)
def test_a_solution_reasons_and_then_ends_with_the_answer(family, level):
    for problem in draw(family, level):
        *steps, last = problem.solution.split("\n")
        assert steps
        assert last == f"Answer: {problem.answer}"


@pytest.mark.parametrize("family", ["punnett", "gc_content"])
def test_every_product_and_quotient_in_a_solution_is_true(family):
    steps = [
        step
        for level in LEVELS
        for p in draw(family, level)
        for step in p.solution.split("\n")
        if " = " in step
    ]
    assert steps
    for step in steps:
        left, operator, right, result = re.fullmatch(
            r"(\d+) ([*/]) (\d+) = (\d+)", step
        ).groups()
        assert int(result) == (
            int(left) * int(right) if operator == "*" else int(left) / int(right)
        )


@pytest.mark.parametrize(("family", "level"), EACH)
def test_bases_are_always_separated_by_spaces(family, level):
    for problem in draw(family, level):
        assert not re.search(
            r"[ACGTU]{2}", f"{problem.prompt} {problem.solution}".replace("DNA", "")
        )


def test_the_genetic_code_equals_a_handwritten_table():
    assert len(BY_HAND) == 64
    assert GENETIC_CODE == BY_HAND


def test_the_start_codon_of_level_five_is_the_first_one_in_any_frame():
    for problem in draw("translation", 5):
        assert problem.answer.startswith("M ")
        assert strands(problem.prompt)[0].index("AUG") in range(1, 8)


@pytest.mark.parametrize(("family", "level"), EACH)
def test_a_thousand_training_problems_and_two_hundred_held_out_ones_share_nothing(
    family, level
):
    train = thousand(family, level)
    held_out = BIOLOGY.draw(family, level, 200, 3, "held-out")
    assert len({problem.key for problem in (*train, *held_out)}) == 1200
    assert len({problem.prompt for problem in (*train, *held_out)}) == 1200
    assert all(p.answer.strip() and "\n" not in p.answer for p in train)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_seed_gives_the_same_problems(family):
    assert BIOLOGY.draw(family, 2, 1000, 3, "train")[:200] == draw(family, 2)
    assert BIOLOGY.families[family](Random(5), 3) == BIOLOGY.families[family](Random(5), 3)


def test_the_cross_counter_agrees_with_hand_made_numbers():
    assert share("A a x A a", "show the recessive trait") == 1 / 4
    assert share("A a x a a", "be A a") == 1 / 2
    assert share("A a B b x A a B b", "show dominant A and dominant B") == 9 / 16
    assert share("A a B b x a a B b", "show dominant A and recessive b") == 1 / 8


def test_the_other_solvers_agree_with_hand_made_answers():
    assert protein("AUGUUUAAA", 1) == "M F K"
    assert protein("GCAUGGGGUAACC", 5) == "M G"
    assert mutation("C A G becomes U A G", 3) == "nonsense"
    assert mutation("A A T C A T and A T T C A T", 1) == "2"
    assert (
        culture("3 algae double every 10 minutes. How many are there after 20 minutes?")
        == 12
    )
    assert (
        culture(
            "8 algae double every 10 minutes. Then 3 die. How many are left after 10 minutes?"
        )
        == 13
    )
    assert (
        helix(
            "A DNA helix has 2 A-T pairs and 3 G-C pairs. How many hydrogen bonds does it have?"
        )
        == 13
    )
    assert composition("DNA of 20 bases has 4 A. How many G does it have?") == 6
