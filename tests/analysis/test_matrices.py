"""Square matrices, checked."""

import numpy as np
import pytest

from docendo.analysis.matrices import as_antisymmetric, as_square, most_uneven_pair
from docendo.errors import UserError


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ([[0, 1]], "has the shape"),
        ([[0]], "has 1 agent"),
        ([[0, 1], [float("nan"), 0]], r"payoff\[1\]\[0\] is nan"),
        ([[0, 1e101], [0, 0]], r"payoff\[0\]\[1\] is 1e\+101"),
        ([["a", "b"], ["c", "d"]], "is no matrix of numbers"),
    ],
)
def test_what_is_no_square_matrix_of_numbers_is_refused(values: object, fault: str) -> None:
    with pytest.raises(UserError, match=fault):
        as_square(values)  # type: ignore[arg-type]


def test_unknown_payoffs_pass_where_gaps_are_allowed() -> None:
    matrix = as_square([[0, 1], [float("nan"), 0]], gaps=True)
    assert np.isnan(matrix[1, 0])


def test_a_pair_that_adds_up_to_something_is_refused_and_rounding_is_evened_out() -> None:
    with pytest.raises(UserError, match=r"add up to 0\.5; expected 0"):
        as_antisymmetric([[0, 1], [-0.5, 0]])
    assert as_antisymmetric([[0, 1], [-1 + 1e-9, 0]])[0, 1] == pytest.approx(1 - 5e-10)


def test_the_most_uneven_pair_is_named_with_its_excess() -> None:
    rates = np.array([[0.5, 0.7], [0.4, 0.5]])
    row, column, excess = most_uneven_pair(rates, total=1.0)
    assert {row, column} == {0, 1}
    assert excess == pytest.approx(0.1)
