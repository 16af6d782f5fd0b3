from dataclasses import replace
from math import exp, log

import pytest

from docendo.learning.losses import (
    GSPO,
    LossInputs,
    PPOClip,
    make_loss_inputs,
    policy_gradient,
)
from docendo.testing import check_loss

torch = pytest.importorskip("torch")


def inputs(logprobs, sampled, weights) -> LossInputs:
    """Every token is a completion of its own."""
    return make_loss_inputs(
        logprobs=logprobs,
        old_logprobs=sampled,
        advantages=weights,
        sequence_ids=torch.arange(len(weights)),
    )


def gradient(
    loss, ratio: list[float], weight: list[float], sampled: float = -1.0
) -> list[float]:
    """d loss / d log-probability of each token, where a token is `ratio` times as likely as when it was sampled."""
    logprobs = torch.tensor(
        [sampled + log(r) for r in ratio], dtype=torch.float64, requires_grad=True
    )
    old = torch.full_like(logprobs, sampled).detach()
    losses = loss(inputs(logprobs, old, torch.tensor(weight, dtype=torch.float64)))
    losses.sum().backward()
    return logprobs.grad.tolist()


def value(loss, logprob: float, sampled: float, weight: float) -> float:
    losses = loss(
        inputs(torch.tensor([logprob]), torch.tensor([sampled]), torch.tensor([weight]))
    )
    return losses.item()


def test_likelihood_is_minus_weight_times_log_probability() -> None:
    assert value(policy_gradient, -2.0, -1.0, 3.0) == 6.0
    assert value(policy_gradient, -2.0, -1.0, -0.5) == -1.0
    assert gradient(policy_gradient, [1.0, 4.0], [2.0, -3.0]) == [-2.0, 3.0]


def test_the_clipped_loss_is_the_smaller_of_the_free_and_the_clipped_objective() -> None:
    clipped = PPOClip(low=0.2, high=0.2)
    assert value(clipped, -1.0, -1.0, 2.0) == pytest.approx(-2.0)
    assert value(clipped, -0.5, -1.0, 2.0) == pytest.approx(-1.2 * 2)
    assert value(clipped, -1.5, -1.0, 2.0) == pytest.approx(-exp(-0.5) * 2)
    assert value(clipped, -0.5, -1.0, -2.0) == pytest.approx(exp(0.5) * 2)
    assert value(clipped, -1.5, -1.0, -2.0) == pytest.approx(0.8 * 2)


def test_at_ratio_one_the_clipped_gradient_is_that_of_likelihood() -> None:
    weights = [1.5, -0.5, 0.0, 2.0]
    assert gradient(PPOClip(0.2, 0.2), [1.0] * 4, weights) == pytest.approx(
        gradient(policy_gradient, [1.0] * 4, weights)
    )


def test_within_the_clip_the_gradient_is_weighted_by_the_ratio() -> None:
    assert gradient(PPOClip(0.2, 0.2), [1.1, 0.9], [2.0, -2.0]) == pytest.approx(
        [-2.2, 1.8]
    )


@pytest.mark.parametrize(
    ("ratio", "weight"), [(1.21, 1.0), (3.0, 0.1), (0.79, -1.0), (0.1, -0.1)]
)
def test_a_token_that_already_moved_far_enough_gets_no_gradient(
    ratio: float, weight: float
) -> None:
    assert gradient(PPOClip(0.2, 0.2), [ratio], [weight]) == [0.0]


@pytest.mark.parametrize(("ratio", "weight"), [(1.5, -1.0), (0.5, 1.0)])
def test_a_token_that_moved_against_its_advantage_keeps_its_gradient(
    ratio: float, weight: float
) -> None:
    assert gradient(PPOClip(0.2, 0.2), [ratio], [weight]) == pytest.approx(
        [-weight * ratio]
    )


def test_the_upper_and_lower_clip_are_separate_settings() -> None:
    assert value(PPOClip(low=0.1, high=0.5), 0.0, -1.0, 1.0) == pytest.approx(-1.5)
    assert value(PPOClip(low=0.1, high=0.5), -2.0, -1.0, -1.0) == pytest.approx(0.9)


def test_a_sequence_ratio_is_the_geometric_mean_of_its_tokens_ratios() -> None:
    logprobs = torch.tensor([-1.0 + log(1.21), -1.0, -2.0])
    losses = GSPO(low=0.2, high=0.2)(
        make_loss_inputs(
            logprobs=logprobs,
            old_logprobs=torch.tensor([-1.0, -1.0, -2.0]),
            advantages=torch.tensor([1.0, 1.0, -1.0]),
            sequence_ids=torch.tensor([0, 0, 1]),
        )
    )
    assert losses.tolist() == pytest.approx([-1.1, -1.1, 1.0])


def test_all_tokens_of_a_sequence_are_clipped_together() -> None:
    logprobs = torch.tensor([-1.0 + log(4.0), -1.0], requires_grad=True)
    losses = GSPO(low=0.2, high=0.2)(
        make_loss_inputs(
            logprobs=logprobs,
            old_logprobs=torch.tensor([-1.0, -1.0]),
            advantages=torch.tensor([1.0, 1.0]),
            sequence_ids=torch.tensor([0, 0]),
        )
    )
    losses.sum().backward()
    assert losses.tolist() == pytest.approx([-1.2, -1.2])
    assert logprobs.grad.tolist() == [0.0, 0.0]


def test_the_advantage_is_the_weight_without_its_scale() -> None:
    made = inputs(torch.zeros(2), torch.zeros(2), torch.tensor([0.5, -0.25]))
    scaled = replace(made, scales_K=torch.tensor([0.25, 0.25]))
    assert scaled.advantages_K.tolist() == [2.0, -1.0]


@pytest.mark.parametrize("loss", [policy_gradient, PPOClip(0.2, 0.2), GSPO(3e-4, 4e-4)])
def test_every_loss_passes_the_conformance_check(loss) -> None:
    check_loss(loss)
