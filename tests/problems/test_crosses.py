from docendo.problems.crosses import draft_cross
from tests.problems.dice import Dice


def test_one_of_four_squares_of_two_carriers_shows_the_recessive_trait() -> None:
    draft = draft_cross(Dice("A", "Aa", "Aa", "recessive", "peas"), 1)
    assert draft.prompt.startswith("In peas, cross A a x A a. What percent")
    assert draft.solution == "A A, A a, A a, a a\n1 * 25 = 25\nAnswer: 25"


def test_at_level_1_an_answer_may_be_zero_and_at_level_2_not() -> None:
    draft = draft_cross(Dice("A", "AA", "AA", "recessive", "mice"), 1)
    assert draft.answer == "0"
    dice = Dice("A", "AA", "AA", "recessive", "Aa", "aa", "Aa", 5)
    draft = draft_cross(dice, 2)
    assert draft.prompt == (
        "The cross A a x a a has 20 offspring. How many are expected to be A a?"
    )
    assert draft.answer == "10"


def test_nine_of_sixteen_show_both_dominant_traits() -> None:
    parents = ("Aa", "Bb", "Aa", "Bb")
    draft = draft_cross(Dice("BA", 2, 1, *parents, "dominant", "dominant"), 3)
    assert draft.prompt == (
        "With unlinked genes, A a B b x A a B b has 16 offspring. "
        "How many are expected to show dominant A and dominant B?"
    )
    assert draft.answer == "9"


def test_more_offspring_scale_the_number_of_squares() -> None:
    parents = ("Aa", "Bb", "Aa", "Bb")
    draft = draft_cross(Dice("AB", 3, 1, *parents, "dominant", "recessive"), 4)
    assert "has 48 offspring" in draft.prompt
    assert draft.prompt.endswith("show dominant A and recessive b?")
    assert draft.answer == "9"
    assert draft.solution.endswith("3 * 1 = 3\n48 / 16 = 3\n3 * 3 = 9\nAnswer: 9")
