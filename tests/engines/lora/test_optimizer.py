from math import inf, isinf

import pytest
import torch
from torch import Tensor

from docendo.engines.lora.bank import AdapterBank
from docendo.engines.lora.optimizer import Adam
from docendo.records import BASE
from tests.engines.toys import ANN, BOB, CPU

SIZE = 6


def bank(*rows: Tensor) -> AdapterBank:
    """Bare weights under the agents' names, with no model behind them."""
    made = AdapterBank(1, 1.0, CPU, torch.float32, slots={BASE: 0, ANN: 1, BOB: 2})
    made.set_weights(torch.stack([torch.zeros(SIZE), *rows]))
    return made


def draws(count: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [
        torch.randn(SIZE, generator=generator) * 10 ** (i % 3 - 2) for i in range(count)
    ]


@pytest.mark.parametrize("decay", [0.0, 3.0])
def test_every_step_is_that_of_torch_after_clipping_to_1(decay: float) -> None:
    start, *steps = draws(12)
    mine, adam = bank(start.clone(), start.clone()), Adam()
    parameter = torch.nn.Parameter(start.clone())
    reference = torch.optim.AdamW(
        [parameter], lr=0.01, betas=(0.9, 0.95), eps=1e-8, weight_decay=decay
    )
    for gradient in steps:
        mine.grads_SP[1] = gradient
        norms = adam.step(mine, {ANN: 0.01}, decay)
        assert norms == {ANN: pytest.approx(float(gradient.norm()))}
        parameter.grad = gradient.clone()
        torch.nn.utils.clip_grad_norm_([parameter], 1.0)
        reference.step()
        torch.testing.assert_close(
            mine.weights_SP[1], parameter.detach(), atol=1e-6, rtol=1e-5
        )
    assert torch.equal(mine.weights_SP[2], start)


def test_every_agent_has_its_own_step_count() -> None:
    start, *steps = draws(3)
    mine, adam = bank(start.clone(), start.clone()), Adam()
    for gradient, rates in zip(steps, ({ANN: 0.1}, {ANN: 0.1, BOB: 0.1}), strict=True):
        mine.grads_SP[1:] = gradient
        adam.step(mine, rates)
    late, only = bank(start.clone(), start.clone()), Adam()
    late.grads_SP[2] = steps[1]
    only.step(late, {BOB: 0.1})
    assert adam.steps_S.tolist() == [0, 2, 1]
    assert torch.equal(mine.weights_SP[2], late.weights_SP[2])


def test_an_infinite_gradient_changes_no_weight_and_no_optimizer_state() -> None:
    start, gradient = draws(2)
    mine, adam = bank(start.clone(), start.clone()), Adam()
    mine.grads_SP[1] = gradient * inf
    assert isinf(adam.step(mine, {ANN: 0.1})[ANN])
    assert torch.equal(mine.weights_SP[1], start)
    assert not mine.grads_SP.any()
    assert not adam.steps_S.any()


def test_a_later_agent_starts_with_empty_optimizer_state() -> None:
    start, gradient = draws(2)
    mine, adam = bank(start.clone(), start.clone()), Adam()
    mine.grads_SP[1] = gradient
    adam.step(mine, {ANN: 0.1})
    mean = adam.mean_SP[1].clone()
    mine.set_weights(torch.cat([mine.weights_SP, start[None]]))
    adam.resize(mine)
    assert adam.steps_S.tolist() == [0, 1, 0, 0]
    assert torch.equal(adam.mean_SP[1], mean)
    assert not adam.mean_SP[3].any()
