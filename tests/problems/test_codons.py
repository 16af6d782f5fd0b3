import pytest

from docendo.problems.biology import BIOLOGY
from docendo.problems.codons import GENETIC_CODE, draft_mutation, draft_translation
from tests.problems.dice import Dice


def test_the_genetic_code_has_61_codons_for_20_amino_acids_and_three_stops() -> None:
    stops = {codon for codon, acid in GENETIC_CODE.items() if acid == "*"}
    assert stops == {"UAA", "UAG", "UGA"}
    assert len(GENETIC_CODE) == 64
    assert len(set(GENETIC_CODE.values())) == 21


def test_the_genetic_code_is_the_one_of_biopython() -> None:
    table = pytest.importorskip("Bio.Data.CodonTable").unambiguous_rna_by_id[1]
    assert table.forward_table | dict.fromkeys(table.stop_codons, "*") == GENETIC_CODE


def test_a_translation_names_the_amino_acid_of_each_codon() -> None:
    draft = draft_translation(Dice(["AUG", "UUU", "AAA"]), 1)
    assert "the mRNA A U G U U U A A A, read 5' to 3'," in draft.prompt
    assert draft.solution == "A U G = M\nU U U = F\nA A A = K\nAnswer: M F K"


def test_at_level_4_a_translation_ends_at_the_stop_codon() -> None:
    draft = draft_translation(Dice(3, ["GGG", "CCC", "UUU"], "UAA", 2, "GG"), 4)
    assert "A U G G G G C C C U U U U A A G G" in draft.prompt
    assert draft.answer == "M G P F"


def test_before_the_start_codon_of_level_5_there_is_no_other_one() -> None:
    """Leaders with A U G, or with an A or A U at their end and the codon's first bases, are redrawn."""
    dice = Dice(4, ["GGG"] * 4, "UAG", 1, "C", 3, "AUG", 2, "CC")
    draft = draft_translation(dice, 5)
    assert "the mRNA C C A U G" in draft.prompt
    assert draft.answer == "M G G G G"


def test_a_substitution_is_found_at_its_place() -> None:
    draft = draft_mutation(Dice("AACATT", 2, "G"), 1)
    assert "do A A C A T T and A A G A T T differ?" in draft.prompt
    assert draft.solution == "1 A A, 2 A A, 3 C G\nAnswer: 3"
    assert draft_mutation(Dice("AACATTGG", 2, "G"), 2).answer == "C 3 G"


@pytest.mark.parametrize(
    ("effect", "after", "meaning"),
    [("silent", "CAA", "Q"), ("missense", "CGG", "R"), ("nonsense", "UAG", "stop")],
)
def test_a_mutation_is_classified_by_the_amino_acids(effect, after, meaning) -> None:
    draft = draft_mutation(Dice(["CAG", "AUG"], 0, effect, ("CAG", after)), 3)
    assert draft.answer == effect
    after_spaced = " ".join(after)
    assert draft.solution.startswith(f"C A G = Q\n{after_spaced} = {meaning}\n")


def test_a_lost_base_shifts_the_frame() -> None:
    draft = draft_mutation(Dice(["AUG", "CAG", "AAA", "CCC"], 1, "frameshift", 3), 5)
    assert "A U G C A G A A A C C C becomes A U G A G A A A C C C" in draft.prompt
    assert draft.solution == "12 bases, then 11\nAnswer: frameshift"


def test_every_effect_of_a_mutation_is_asked_for() -> None:
    for level, effects in ((3, 3), (4, 3), (5, 4)):
        problems = BIOLOGY.draw("mutations", level, 100, 3, "train")
        assert len({problem.answer for problem in problems}) == effects
