"""What is computed at once, and doing less at once where memory runs out."""

import gc
import sys
from collections.abc import Callable
from dataclasses import dataclass
from traceback import clear_frames
from typing import TypeVar

from docendo.errors import RunError

__all__ = ["MemoryLimits", "is_out_of_memory", "recover", "with_backoff"]

_Result = TypeVar("_Result")

_MESSAGES = ("can't allocate memory", "not enough memory", "out of memory", "bad_alloc")
"""On a processor PyTorch raises a RuntimeError that says so in words alone."""


@dataclass
class MemoryLimits:
    """How much an engine computes at once; halved for good where memory runs out."""

    max_num_seqs: int
    """The most completions in flight."""
    max_tokens_per_microbatch: int
    """Of all workers together; bounds the memory of a backward pass."""
    cache_bytes: int = 2 * 2**30
    """Size of the key-value cache: where prompts are long, fewer completions are in flight."""
    prefill_tokens: int = 2048
    """Tokens of the prompts that are read together."""

    def microbatch_tokens(self, workers: int) -> int:
        """One worker's share of so many, at least one token."""
        return max(1, self.max_tokens_per_microbatch // workers)

    def halve_sampling(self, attempted: int) -> None:
        """Memory did not suffice for `attempted` completions.

        Raises RunError where there was a single one.
        """
        if self.max_num_seqs == 1 and self.prefill_tokens == 1:
            raise RunError(
                "out of memory with a single answer in flight; "
                "use a smaller model or shorter answers"
            )
        self.max_num_seqs = max(1, min(self.max_num_seqs, attempted) // 2)
        self.prefill_tokens = max(1, self.prefill_tokens // 2)

    def halve_microbatches(self) -> None:
        """Memory did not suffice for a pass. Raises RunError where it was over single tokens."""
        if self.max_tokens_per_microbatch == 1:
            raise RunError(
                "out of memory at 1 tokens a micro-batch; use a smaller model or rank"
            )
        self.max_tokens_per_microbatch //= 2


def with_backoff(run: Callable[[], _Result], shrink: Callable[[], None]) -> _Result:
    """The result of `run`. Where memory runs out, it calls `shrink` and tries again.

    `shrink` raises RunError where no less is possible. Other errors of `run` are raised.
    """
    while True:
        try:
            return run()
        except (MemoryError, RuntimeError) as error:
            recover(error)
            shrink()


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an allocator failed."""
    if isinstance(error, RunError):
        return False
    if isinstance(error, MemoryError):
        return True
    return any(message in str(error) for message in _MESSAGES)


def recover(error: BaseException) -> None:
    """Frees what was allocated before an allocator failed. Raises any other error again."""
    if not is_out_of_memory(error):
        raise error
    clear_frames(error.__traceback__)
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        gc.collect()  # recorded steps are in cycles
        torch.cuda.empty_cache()
