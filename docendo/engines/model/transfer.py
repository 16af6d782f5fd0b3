"""Small tensors between the processor and an accelerator, without waiting where CUDA can do so."""

from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["pinned_buffer", "to_device", "to_host"]


def pinned_buffer(shape: Sequence[int], device: torch.device) -> Tensor:
    """Whole numbers on the processor, in memory that CUDA reads by itself where `device` is one of its."""
    return torch.empty(*shape, dtype=torch.long, pin_memory=device.type == "cuda")


def to_device(x: Tensor, device: torch.device) -> Tensor:
    """`x`, which is on the processor, on the device; work that is queued after this sees it."""
    return (
        x.pin_memory().to(device, non_blocking=True)
        if device.type == "cuda"
        else x.to(device)
    )


def to_host(tokens_B: Tensor, logprobs_B: Tensor) -> tuple[list[int], list[float]]:
    """Both on the processor, in one transfer."""
    if tokens_B.device.type == "cpu":
        return tokens_B.tolist(), logprobs_B.tolist()
    both_2B = torch.stack(
        [tokens_B.double(), logprobs_B.double()]
    )  # exact: 53 bits are enough for either
    host_2B = torch.empty(
        both_2B.shape, dtype=torch.double, pin_memory=both_2B.device.type == "cuda"
    )
    host_2B.copy_(both_2B, non_blocking=both_2B.device.type == "cuda")
    if both_2B.device.type == "cuda":
        torch.cuda.current_stream(both_2B.device).synchronize()
    tokens, logprobs = host_2B.tolist()
    return [int(token) for token in tokens], logprobs
