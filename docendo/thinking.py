"""Thinking: a block of text before an answer, which is trained on and shown to nobody else."""

from typing import Annotated

from pydantic import Field

from docendo.parts import ConfigModel

__all__ = ["ThinkingConfig"]

_Mark = Annotated[str, Field(min_length=1)]


class ThinkingConfig(ConfigModel):
    begin: _Mark = "<think>"
    """Text that begins a block of thinking."""
    end: _Mark = "</think>"
    """Text that ends it."""
    shown: bool = False
    """Whether students, graders, judges and people are shown the thinking, too. Agents train
    on it either way."""
    max_tokens: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """Maximum number of thinking tokens in an answer. Then the end mark is put in, and the rest
    of the answer's `max_tokens` is left. 0: no limit of its own."""

    def answer(self, text: str, is_open: bool = False) -> str:
        """What others read of a text: what stands behind its last end mark.

        Empty where a block is not closed. `is_open`: the prompt has begun one.
        """
        if self.shown:
            return text
        _, end, rest = text.rpartition(self.end)
        if self.begin in rest or (is_open and not end):
            return ""
        return rest.lstrip() if end else rest
