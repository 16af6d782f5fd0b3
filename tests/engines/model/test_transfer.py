import torch

from docendo.engines.model.transfer import pinned_buffer, to_device, to_host

CPU = torch.device("cpu")


def test_tokens_and_log_probabilities_come_to_the_host_as_lists() -> None:
    tokens_B = torch.tensor([0, 49_151])
    logprobs_B = torch.tensor([-0.5, float("-inf")])
    assert to_host(tokens_B, logprobs_B) == ([0, 49_151], [-0.5, float("-inf")])


def test_on_the_processor_nothing_is_pinned_or_copied() -> None:
    buffer = pinned_buffer((3, 2), CPU)
    assert buffer.shape == (3, 2)
    assert buffer.dtype == torch.long
    assert not buffer.is_pinned()
    assert to_device(buffer, CPU) is buffer
