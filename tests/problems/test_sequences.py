from docendo.problems.sequences import draft_sequence
from tests.problems.dice import Dice


def test_an_arithmetic_sequence_adds_or_subtracts_one_number() -> None:
    rising = draft_sequence(Dice(4, 3), 1)
    assert rising.prompt == "Each step adds the same number. What comes next: 3, 7, 11?"
    assert rising.solution == "7 - 3 = 4\n11 + 4 = 15\nAnswer: 15"
    falling = draft_sequence(Dice(5, -1, 101), 2)
    assert falling.prompt.endswith(
        "subtracts the same number. What comes next: 101, 96, 91?"
    )
    assert falling.solution == "101 - 96 = 5\n91 - 5 = 86\nAnswer: 86"


def test_an_affine_sequence_multiplies_and_adds() -> None:
    """2, 3 * 2 + 1 = 7, 3 * 7 + 1 = 22, and then 3 * 22 + 1 = 67."""
    draft = draft_sequence(Dice(2, 3, 1), 3)
    assert draft.prompt.endswith("What comes next: 2, 7, 22?")
    assert draft.answer == "67"


def test_the_steps_of_a_quadratic_sequence_grow_by_one_number() -> None:
    """Steps of 2, 5 and 8, then 11."""
    draft = draft_sequence(Dice(1, 2, 3), 4)
    assert draft.prompt.endswith("What comes next: 1, 3, 8, 16?")
    assert draft.solution.split("\n") == [
        "8 - 3 = 5",
        "16 - 8 = 8",
        "8 - 5 = 3",
        "8 + 3 = 11",
        "16 + 11 = 27",
        "Answer: 27",
    ]


def test_a_recurrence_is_followed_to_its_fifth_term() -> None:
    """1, 2, 2 * 2 + 3 * 1 = 7, 2 * 7 + 3 * 2 = 20, 2 * 20 + 3 * 7 = 61."""
    draft = draft_sequence(Dice(2, 3, 1, 2), 5)
    assert "The first two are 1, 2." in draft.prompt
    assert draft.answer == "61"
