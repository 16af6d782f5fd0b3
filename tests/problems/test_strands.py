from docendo.problems.strands import (
    draft_complement,
    draft_gc_content,
    draft_reverse_complement,
    draft_transcription,
)
from tests.problems.dice import Dice


def test_a_complement_pairs_a_with_t_and_g_with_c_in_the_same_order() -> None:
    draft = draft_complement(Dice(5, "ACGTA"), 1)
    assert (
        draft.prompt
        == "Write the complement of the DNA strand A C G T A in the same order."
    )
    assert draft.solution == "Pairs: A T, C G, G C, T A, A T\nAnswer: T G C A T"


def test_a_reverse_complement_is_read_backwards() -> None:
    easy = draft_reverse_complement(Dice(5, "ACGTA"), 1)
    assert easy.solution == "Backwards: A T G C A\nAnswer: T A C G T"
    harder = draft_reverse_complement(Dice(7, "AACCGGT"), 2)
    assert harder.answer == "A C C G G T T"
    assert "Pairs: T A, G C, G C, C G, C G, A T, A T" in harder.solution


def test_mrna_has_u_in_place_of_t() -> None:
    draft = draft_transcription(Dice(5, "ACGTA"), 1)
    assert "read 3' to 5', is A C G T A" in draft.prompt
    assert draft.answer == "U G C A U"


def test_a_template_that_is_read_from_5_to_3_is_reversed_first() -> None:
    draft = draft_transcription(Dice(14, "AAAAAAAAAAAAAC"), 4)
    assert "read 5' to 3'" in draft.prompt
    assert draft.answer == "G" + " U" * 13


def test_g_and_c_are_counted_and_become_a_percentage_from_level_2() -> None:
    count = draft_gc_content(Dice(2, "GC", "AATTAT"), 1)
    assert count.prompt == "How many bases in G C A A T T A T are G or C?"
    assert count.solution == "Count: G 1, C 2\nAnswer: 2"
    percent = draft_gc_content(Dice(3, "GGC", "AAAAAAA"), 2)
    assert percent.solution == "Count: G 1, G 2, C 3\n3 * 10 = 30\nAnswer: 30"
