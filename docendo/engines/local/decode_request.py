"""One answer that is to be decoded, and what is decoded of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from docendo.engines.constrained.logits import Guide
from docendo.records import Request

__all__ = ["DecodeRequest", "DecodeResult", "PromptKey", "ThinkingMeter"]


class PromptKey(NamedTuple):
    """A prompt as one agent reads it."""

    slot: int
    """The agent's slot in the adapter bank."""
    ids: tuple[int, ...]


@dataclass
class ThinkingMeter:
    """Counts the thinking tokens of one answer, which `take` gets in order."""

    begin: int
    end: int
    left: int
    """Tokens that may still be thought."""
    is_open: bool
    """Whether the answer is inside a block."""

    def take(self, token: int) -> None:
        if token in {self.begin, self.end}:
            self.is_open = token == self.begin
        elif self.is_open:
            self.left -= 1

    @property
    def must_end(self) -> bool:
        """Whether the next token is the end mark."""
        return self.is_open and self.left <= 0


class DecodeRequest(NamedTuple):
    """A request in token ids."""

    slot: int
    prompt: tuple[int, ...]
    request: Request
    guide: Guide | None = None
    meter: ThinkingMeter | None = None
    """Where thinking has a limit of its own."""

    @property
    def key(self) -> PromptKey:
        """Requests of equal keys share the reading of their prompt."""
        return PromptKey(self.slot, self.prompt)


@dataclass
class DecodeResult:
    """An answer in token ids; it grows until it is finished."""

    tokens: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    was_sampled: list[bool] = field(default_factory=list)
    """Whether each token could have been another one."""
    finished: bool = False
    non_finite: bool = False
    """Whether it ended because the agent's logits were not finite."""

    def close(self, length: int, ending: Sequence[int]) -> None:
        """Keeps the first `length` tokens and puts `ending`, which nobody sampled, behind them."""
        self.tokens[length:] = ending
        self.logprobs[length:] = [0.0] * len(ending)
        self.was_sampled[length:] = [False] * len(ending)
