"""Steps of arithmetic as solutions write them."""

from random import Random

import pytest

from docendo.problems.steps import (
    add_step,
    chain_of_sums,
    random_nonzero,
    signed,
    times_step,
)


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (add_step(3, 4), "3 + 4 = 7"),
        (add_step(3, -4), "3 - 4 = -1"),
        (times_step(3, -4), "3 * -4 = -12"),
        (signed(-4), "- 4"),
        (signed(4), "+ 4"),
    ],
)
def test_a_step_is_written_with_its_sign(step: str, text: str) -> None:
    assert step == text


def test_a_chain_of_terms_has_one_step_per_number() -> None:
    assert chain_of_sums(10, [5, -3]) == ["10 + 5 = 15", "15 - 3 = 12"]
    assert chain_of_sums(10, []) == []


def test_random_numbers_of_both_signs_are_never_zero() -> None:
    numbers = {random_nonzero(Random(seed), 3) for seed in range(200)}
    assert numbers == {-3, -2, -1, 1, 2, 3}
