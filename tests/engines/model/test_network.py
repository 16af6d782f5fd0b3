"""The head's product and one step of decoding, with a stack that says what it got."""

from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from docendo.engines.model.blocks import Heads
from docendo.engines.model.network import EagerStep, LastTokens, Network

HEAD_VD = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])


class Stack:
    """Hidden states that are (token, position) of each row."""

    def infer(self, ids_T: Tensor, positions_T: Tensor, routing: Any, plan: Any) -> Tensor:
        assert plan.columns.tolist() == [4, 5], "columns are set before the layers run"
        return torch.stack([ids_T, positions_T], 1).float()


def network() -> Network:
    return Network(Stack(), Heads(1, 1, 1, 1.0), 1, HEAD_VD, None)  # type: ignore[arg-type]


def test_logits_are_products_with_the_rows_of_the_head() -> None:
    assert network().logits(torch.tensor([[2.0, 3.0]])).tolist() == [[2.0, 3.0, 5.0]]


def test_the_gradient_of_the_hidden_states_is_a_sum_of_the_heads_rows() -> None:
    grad_TV = torch.tensor([[1.0, 0.0, 2.0]])
    assert network().logits_backward(grad_TV).tolist() == [[3.0, 2.0]]


def test_a_step_reads_the_last_tokens_at_their_positions() -> None:
    plan = SimpleNamespace(columns=None)
    plan.set_columns = lambda columns: setattr(plan, "columns", columns)
    step = EagerStep(network())
    last = LastTokens(tokens_B=[7, 8], positions_B=[10, 20], columns_B=[4, 5])
    logits_BV = step(last, None, plan)  # type: ignore[arg-type]
    assert logits_BV.tolist() == [[7.0, 10.0, 17.0], [8.0, 20.0, 28.0]]
