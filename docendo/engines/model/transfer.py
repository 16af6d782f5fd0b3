"""Small tensors between the processor and an accelerator, without waiting where CUDA can do so.

Axes: B rows.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["pinned_buffer", "to_device", "to_host"]


def pinned_buffer(shape: Sequence[int], device: torch.device) -> Tensor:
    """Integers on the processor, in memory that `device` can read by itself if it is CUDA's."""
    return torch.empty(*shape, dtype=torch.long, pin_memory=device.type == "cuda")


def to_device(x: Tensor, device: torch.device) -> Tensor:
    """A tensor of the processor on the device; work that is queued after this sees it."""
    if device.type == "cuda":
        return x.pin_memory().to(device, non_blocking=True)
    return x.to(device)


def to_host(tokens_B: Tensor, logprobs_B: Tensor) -> tuple[list[int], list[float]]:
    """Both as lists, in one transfer."""
    device = tokens_B.device
    if device.type == "cpu":
        return tokens_B.tolist(), logprobs_B.tolist()

    on_cuda = device.type == "cuda"
    # token ids survive as doubles: 53 bits are enough
    both_2B = torch.stack([tokens_B.double(), logprobs_B.double()])
    host_2B = torch.empty(both_2B.shape, dtype=torch.double, pin_memory=on_cuda)
    host_2B.copy_(both_2B, non_blocking=on_cuda)
    if on_cuda:
        torch.cuda.current_stream(device).synchronize()

    tokens, logprobs = host_2B.tolist()
    return [int(token) for token in tokens], logprobs
