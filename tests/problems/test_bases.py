from random import Random

from docendo.problems.bases import DNA, RNA, random_bases, spaced


def test_letters_stand_apart() -> None:
    assert spaced("ACGU") == "A C G U"
    assert spaced("") == ""


def test_random_bases_are_of_the_alphabet_and_all_occur() -> None:
    strand = random_bases(Random(1), RNA, 200)
    assert len(strand) == 200
    assert set(strand) == set(RNA)
    assert set(random_bases(Random(1), DNA, 200)) == set("ACGT")
