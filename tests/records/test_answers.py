"""Verdicts on completions."""

import pytest

from docendo.records import mean_score
from tests.toys import attempts


def test_the_mean_score_is_that_of_the_verdicts() -> None:
    assert mean_score(attempts(1, 0, 0.5)) == 0.5
    assert mean_score(attempts(1)) == 1.0


def test_no_attempts_have_no_mean_score() -> None:
    with pytest.raises(ValueError, match="at least one data point"):
        mean_score(())
