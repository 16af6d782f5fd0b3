import numpy as np

from docendo.league.probabilities import mix_with_uniform, uniform


def test_equal_probabilities_sum_to_one_and_none_are_none() -> None:
    assert uniform(4).tolist() == [0.25] * 4
    assert uniform(0).tolist() == []


def test_a_floor_is_distributed_equally() -> None:
    """A tenth over four is 0.025 each; what is left is nine tenths of the weights."""
    mixed = mix_with_uniform(np.array([1.0, 0.0, 0.0, 0.0]), 0.1)
    assert mixed.tolist() == [0.9 + 0.025, 0.025, 0.025, 0.025]
    assert mix_with_uniform(np.array([0.75, 0.25]), 0.0).tolist() == [0.75, 0.25]
