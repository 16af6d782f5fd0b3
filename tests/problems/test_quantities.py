import pytest

from docendo.problems.quantities import draft_bonds, draft_chargaff, draft_growth
from tests.problems.dice import Dice


def test_three_cells_are_twelve_after_two_doublings() -> None:
    draft = draft_growth(Dice("algae", 10, 2, 3), 2)
    assert draft.prompt == (
        "3 algae double every 10 minutes. How many are there after 20 minutes?"
    )
    assert draft.solution == "10: 3 + 3 = 6\n20: 6 + 6 = 12\nAnswer: 12"


def test_halving_leaves_no_remainder() -> None:
    draft = draft_growth(Dice("algae", 10, 2, 5), 3)
    assert draft.solution == "10: 20 / 2 = 10\n20: 10 / 2 = 5\nAnswer: 5"


def test_at_level_4_those_that_die_are_subtracted() -> None:
    draft = draft_growth(Dice("algae", 10, 2, 2, 3), 4)
    assert draft.prompt.startswith("8 algae double every 10 minutes. Then 3 die.")
    assert draft.answer == "29"


def test_at_level_5_the_doubling_time_is_asked_for() -> None:
    draft = draft_growth(Dice("algae", 10, 3, 7, 4), 5)
    assert "4 algae double at a constant rate and are 32 after 21 minutes." in draft.prompt
    assert draft.solution == "4, 8, 16, 32\n3 doublings\n21 / 3 = 7\nAnswer: 7"


def test_bases_that_pair_are_equally_many() -> None:
    draft = draft_chargaff(Dice("A", "G", 4, 6), 1)
    assert draft.prompt == (
        "Double-stranded DNA of 20 bases has 4 A. How many G does it have?"
    )
    assert draft.solution == (
        "A + T = 4 + 4 = 8\nG + C = 20 - 8 = 12\n12 / 2 = 6\nAnswer: 6"
    )


def test_bonds_follow_from_the_number_of_one_base() -> None:
    draft = draft_chargaff(Dice("A", "G", 4, 6), 5)
    assert draft.answer == str(2 * 4 + 3 * 6)
    draft = draft_chargaff(Dice("C", "T", 4, 6), 5)
    assert draft.answer == str(3 * 4 + 2 * 6)


@pytest.mark.parametrize(
    ("level", "composition", "answer"),
    [
        (1, "2 A-T pairs and 3 G-C pairs", "13"),
        (3, "5 base pairs, 3 of them G-C", "13"),
        (4, "10 bases, 3 of them C", "13"),
        (5, "5 base pairs has 13 hydrogen bonds", "3"),
    ],
)
def test_an_a_t_pair_has_two_bonds_and_a_g_c_pair_three(level, composition, answer) -> None:
    draft = draft_bonds(Dice(2, 3), level)
    assert composition in draft.prompt
    assert draft.answer == answer
