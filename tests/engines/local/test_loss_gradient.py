"""The gradient of a loss by log-probabilities, and what is measured of it, by hand."""

from math import log

import pytest
import torch
from torch import Tensor

from docendo.engines.local.loss_gradient import differentiate_loss, loss_inputs_of
from docendo.learning.losses import LossInputs, PPOClip
from docendo.records import Target
from tests.engines.toys import ANN, BOB, surprise

LOGPROBS = torch.tensor([-1.0, -2.0, -3.0])


def targets() -> list[Target]:
    """Two sampled tokens of weight 0.5, and one of weight -1 that nobody sampled."""
    return [
        Target(ANN, (1,), (5, 6), 0.5, (-1.5, -2.5)),
        Target(BOB, (1,), (7,), -1.0),
    ]


def test_a_loss_is_given_the_tokens_of_all_targets_in_order() -> None:
    inputs = loss_inputs_of(targets(), LOGPROBS)
    assert inputs.weights_K.tolist() == [0.5, 0.5, -1.0]
    assert inputs.sequence_ids_K.tolist() == [0, 0, 1]
    assert inputs.mask_K.tolist() == [1, 1, 1]


def test_tokens_that_nobody_sampled_count_as_sampled_by_the_present_weights() -> None:
    inputs = loss_inputs_of(targets(), LOGPROBS)
    assert inputs.old_logprobs_K.tolist() == [-1.5, -2.5, -3.0]


def test_a_token_that_was_forced_has_no_weight_and_no_mask() -> None:
    forced = targets()[0]._replace(sampled=(True, False))
    inputs = loss_inputs_of([forced], LOGPROBS[:2])
    assert inputs.weights_K.tolist() == [0.5, 0.0]
    assert inputs.mask_K.tolist() == [1, 0]


def test_the_gradient_is_that_of_the_summed_loss() -> None:
    gradient, measures = differentiate_loss(targets(), LOGPROBS, surprise)
    assert gradient.tolist() == [-0.5, -0.5, 1.0]
    assert measures.loss_S.tolist() == [0.5 * 1 + 0.5 * 2, -3.0]
    assert measures.weighted_S.tolist() == [2, 1]
    assert measures.clipped_S.tolist() == [0, 0]


def test_tokens_without_gradient_are_counted_as_clipped() -> None:
    # the first token's ratio is 2, above 1.2; the second's is 1
    sampled = Target(ANN, (1,), (5, 6), 0.5, (-1.0 - log(2), -2.0))
    gradient, measures = differentiate_loss([sampled], LOGPROBS[:2], PPOClip(0.2, 0.2))
    assert gradient.tolist() == pytest.approx([0.0, -0.5])
    assert measures.clipped_S.tolist() == [1]


def test_a_loss_that_ignores_the_graph_outside_changes_no_gradient_mode() -> None:
    modes: list[bool] = []

    def spy(inputs: LossInputs) -> Tensor:
        modes.append(torch.is_grad_enabled())
        return surprise(inputs)

    with torch.no_grad():
        differentiate_loss(targets(), LOGPROBS, spy)
        modes.append(torch.is_grad_enabled())
    assert modes == [True, False]
