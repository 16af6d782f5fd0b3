from math import isnan

import pytest
import torch

from docendo.engines.lora.gradient_noise import estimate_gradient_noise


def test_equal_halves_differ_by_noise_alone() -> None:
    assert (
        estimate_gradient_noise(torch.tensor([3.0, 1.0]), torch.tensor([1.0, 2.0]), (4, 4))
        == 2**2 + 1**2
    )


def test_halves_of_unequal_size_are_not_mistaken_for_noise() -> None:
    """Three completions with gradient (1, 2) each, and one with the same."""
    each = torch.tensor([1.0, 2.0])
    assert estimate_gradient_noise(3 * each, each, (3, 1)) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(("n", "m"), [(4, 4), (6, 2), (7, 1)])
def test_over_many_draws_the_estimate_is_the_variance_of_the_sum(n: int, m: int) -> None:
    """Eight completions; in each of three parameters the variance is 4, so that of their sum is 3 * 8 * 4 = 96."""
    draws = 5 + 2 * torch.randn(20_000, 8, 3, generator=torch.Generator().manual_seed(0))
    found = [
        estimate_gradient_noise(draw[:n].sum(0), draw[n:].sum(0), (n, m)) for draw in draws
    ]
    assert sum(found) / len(found) == pytest.approx(96, rel=0.03)


@pytest.mark.parametrize("counts", [(0, 3), (3, 0), (0, 0)])
def test_one_half_alone_gives_no_estimate(counts: tuple[int, int]) -> None:
    assert isnan(estimate_gradient_noise(torch.ones(2), torch.zeros(2), counts))
